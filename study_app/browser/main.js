// Runs the act that the server has chosen for this page, then asks for the next page.
import { arrival } from "./arrival.js";
import { connect } from "./connection.js";
import { Journal } from "./outbox.js";
import { screenCheck } from "./screen.js";
import { owned } from "./tabs.js";
import { practice, sendRest, trials } from "./trials.js";
import { View } from "./view.js";
import { vision } from "./vision.js";

const ACTS = { arrival, vision, screen: screenCheck, practice, trials };
const PATIENCE_MS = 5000;

/** Run one act. `done` asks Streamlit for the next page; if it does not come, a reload finds it. */
export async function start({ root, data, signal, done }) {
  const view = new View(root, data.texts, signal);
  try {
    if (data.act === "arrival") return arrival(view, data);
    const connection = connect(data.token, signal, (why) => view.notice(why && view.text("wait", why)));
    if (data.act === "rest") return await sendRest(connection, data.token);
    const journal = new Journal(connection, data.token);
    await owned({ view, connection, token: data.token, signal }, async (stopped) => {
      await ACTS[data.act]({ view, data, connection, journal, signal: stopped });
      await journal.flush();
      if (stopped.aborted) return;
      done();
      setTimeout(() => stopped.aborted || location.reload(), PATIENCE_MS);
    });
  } catch (error) {
    if (signal.aborted) return;
    if (error.reason && mayReload()) return location.reload(); // the server knows where this session stands
    view.failed();
    throw error;
  }
}

/** At most one reload in ten seconds, so that a page never reloads for ever. */
function mayReload() {
  const last = Number(sessionStorage.getItem("huebench.reloaded"));
  sessionStorage.setItem("huebench.reloaded", Date.now());
  return Date.now() - last > 10000;
}
