// Requests that are repeated, with growing pauses, until the network and the server are back.
import { aborted } from "./view.js";

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 8000;
const TIMEOUT_MS = 15000;
const QUIET_MS = 1200; // the volunteer reads about waits that are longer than this

/** The server refuses the request for good; repeating it is of no use. */
export class Refused extends Error {
  constructor(reason, sentence) {
    super(sentence);
    this.reason = reason || "unknown";
  }
}

/** Addresses relative to the app, which may lie below a path of its own. */
export function address(path) {
  return new URL(path.replace(/^\//, ""), document.baseURI).href;
}

/** Requests of one session. `tell` gets "offline" or "busy" while something waits for network or server, "" when it is over. */
export function connect(token, signal, tell) {
  const authorized = { Authorization: `Bearer ${token}` };

  async function once(method, path, body, keepalive) {
    const init = { method, headers: { ...authorized }, cache: "no-store", keepalive, signal: AbortSignal.timeout(TIMEOUT_MS) };
    if (body !== undefined) {
      init.headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    const response = await fetch(address(path), init);
    const content = await response.json();
    if (response.ok) return { content };
    const passing = response.status >= 500 || (response.status === 429 && content.retry_after_ms !== undefined);
    if (passing) return { retryMs: content.retry_after_ms ?? 0 };
    throw new Refused(content.reason, content.error);
  }

  async function request(method, path, body) {
    const since = performance.now();
    let why = "offline";
    for (let attempt = 0; ; attempt++) {
      let wait = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.75 + Math.random() / 2);
      const warning = setTimeout(() => tell(why), Math.max(0, QUIET_MS - (performance.now() - since)));
      try {
        const { content, retryMs } = await once(method, path, body);
        if (content) {
          tell("");
          return content;
        }
        why = "busy";
        wait = Math.max(wait, retryMs);
      } catch (error) {
        if (error instanceof Refused || signal.aborted) throw error;
        why = "offline";
      } finally {
        clearTimeout(warning);
      }
      if (performance.now() - since > QUIET_MS) tell(why);
      await nap(wait, signal);
    }
  }

  return {
    get: (path) => request("GET", path),
    post: (path, body) => request("POST", path, body),
    /** One attempt, for what may be lost when a page closes; it is repeated at the next opening. */
    postOnce: (path, body) => once("POST", path, body, true),
  };
}

/** Wait, but no longer than until the network is back. */
export function nap(milliseconds, signal) {
  const waited = new Promise((resolve) => {
    const timer = setTimeout(finish, milliseconds);
    function finish() {
      clearTimeout(timer);
      removeEventListener("online", finish);
      resolve();
    }
    addEventListener("online", finish);
  });
  return Promise.race([waited, aborted(signal)]);
}
