// One session, one page: a lock separates the tabs of a browser, the server separates browsers.
import { newKey } from "./digests.js";
import { storage } from "./outbox.js";
import { aborted, sleep, withResolvers } from "./view.js";

const ANSWER_MS = 300; // in which a page that holds the lock answers, also one in the background

/** This browser's name for the session, kept over reloads. */
function browserName(token) {
  const key = `huebench.tab.${token}`;
  const name = storage.getItem(key) ?? newKey();
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

/**
 * What `work` returns, or "taken" if another page has or gets the lock; `work` gets a controller that then aborts. On plain
 * http, where browsers have no locks, the pages agree by messages.
 */
export function withLock(name, steal, signal, work) {
  return (navigator.locks ? byBrowser : byMessages)(name, steal, signal, work);
}

async function byBrowser(name, steal, signal, work) {
  const lost = new AbortController();
  const result = withResolvers();
  const options = steal ? { steal: true } : { ifAvailable: true };
  const held = navigator.locks.request(name, options, async (lock) => {
    if (!lock) return result.resolve("taken");
    const working = work(lost).then(result.resolve, (error) => (lost.signal.aborted ? result.resolve("taken") : result.reject(error)));
    await Promise.race([working, aborted(signal).catch(() => {})]);
  });
  held.catch(() => {
    lost.abort("taken"); // stolen by another page
    result.resolve("taken");
  });
  return result.promise;
}

/**
 * A page asks whether another holds the lock, and takes it if none answers. Of two that ask at once the one with the
 * smaller name gets it. Who takes it says when, and whoever took it earlier stops: also a page that was frozen and
 * answers late, and one of two that were too busy to hear each other.
 */
async function byMessages(name, steal, signal, work) {
  const lost = new AbortController();
  const channel = new BroadcastChannel(name);
  const me = newKey();
  let taken = null; // when this page took the lock
  channel.onmessage = ({ data }) => {
    if (data.what === "ask" && (taken || me < data.who)) channel.postMessage({ what: "held", for: data.who });
    else if (data.what === "ask" || (data.what === "held" && data.for === me && !taken)) lost.abort("taken");
    else if (data.what === "take" && (!taken || taken < data.at || (taken === data.at && me < data.who))) lost.abort("taken");
  };
  try {
    if (!steal) {
      channel.postMessage({ what: "ask", who: me });
      await Promise.race([answers(name, me, signal), aborted(lost.signal)]);
    }
    taken = Date.now();
    channel.postMessage({ what: "take", who: me, at: taken });
    return await Promise.race([work(lost), aborted(lost.signal), aborted(signal)]);
  } catch (error) {
    if (lost.signal.aborted) return "taken";
    throw error;
  } finally {
    channel.close();
  }
}

/** Time for answers; a busy page, as while it loads, sees its timers before its messages. */
async function answers(name, me, signal) {
  await sleep(ANSWER_MS, signal);
  const [from, to] = [new BroadcastChannel(name), new BroadcastChannel(name)];
  const arrived = new Promise((resolve) => (to.onmessage = ({ data }) => data.heard === me && resolve()));
  from.postMessage({ heard: me });
  await arrived;
  from.close();
  to.close();
}
