// One session, one page: a lock separates the tabs of a browser, the server separates browsers.
import { storage } from "./outbox.js";
import { aborted, withResolvers } from "./view.js";

/** This browser's name for the session, kept over reloads. */
function browserName(token) {
  const key = `huebench.tab.${token}`;
  const name = storage.getItem(key) ?? crypto.randomUUID();
  storage.setItem(key, name);
  return name;
}

/** Run `work` while this page owns the session; when another takes over, say so and offer to take it back. */
export async function owned({ view, connection, token, signal }, work) {
  const tab = browserName(token);
  for (let steal = false; ; steal = true) {
    const over = await withLock(`huebench.${token}`, steal, signal, async (lost) => {
      if (!(await connection.post("/api/tab", { tab, take: steal })).mine) return "taken";
      const watch = () => claim(connection, tab, lost);
      document.addEventListener("visibilitychange", watch, { signal: lost.signal });
      addEventListener("focus", watch, { signal: lost.signal });
      view.tab = tab;
      view.signal = either(signal, lost.signal);
      await work(view.signal);
      return "finished";
    });
    view.signal = signal;
    if (signal.aborted || over === "finished") return;
    await view.pause(
      view.text("tab", "take"),
      view.heading(view.text("tab", "heading")),
      Object.assign(document.createElement("p"), { textContent: view.text("tab", "about") }),
    );
  }
}

/** Ask the server whether the session is still ours, whenever the volunteer comes back to this page. */
async function claim(connection, tab, lost) {
  if (document.hidden) return;
  try {
    const { content } = await connection.postOnce("/api/tab", { tab, take: false });
    if (content?.mine === false) lost.abort("taken");
  } catch {
    // Without a network nobody can take over; the next request will show it.
  }
}

/** A signal that follows the first of two; `AbortSignal.any` is too young for many tablets. */
function either(...signals) {
  const both = new AbortController();
  for (const one of signals) {
    if (one.aborted) both.abort(one.reason);
    one.addEventListener("abort", () => both.abort(one.reason), { once: true });
  }
  return both.signal;
}

/** What `work` returns, or "taken" if another tab has or gets the lock. */
async function withLock(name, steal, signal, work) {
  const lost = new AbortController();
  if (!navigator.locks) return work(lost).catch((error) => (lost.signal.aborted ? "taken" : Promise.reject(error)));
  const result = withResolvers();
  const options = steal ? { steal: true } : { ifAvailable: true };
  const held = navigator.locks.request(name, options, async (lock) => {
    if (!lock) return result.resolve("taken");
    const working = work(lost).then(result.resolve, (error) => (lost.signal.aborted ? result.resolve("taken") : result.reject(error)));
    await Promise.race([working, aborted(signal).catch(() => {})]);
  });
  held.catch(() => {
    lost.abort("taken"); // stolen by another tab
    result.resolve("taken");
  });
  return result.promise;
}
