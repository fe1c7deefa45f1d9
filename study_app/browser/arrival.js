// The welcome page offers a volunteer who has begun on this device to continue.
import { storage } from "./outbox.js";
import { element } from "./view.js";

const LATEST = "huebench.latest";

/** Remember that this session is under way; forgotten when it is over. */
export function remember(token, study) {
  storage.setItem(LATEST, JSON.stringify({ token, study }));
}

export function forget() {
  storage.removeItem(LATEST);
}

export function arrival(view, data) {
  let latest = null;
  try {
    latest = JSON.parse(storage.getItem(LATEST));
  } catch {
    forget();
  }
  if (latest?.study !== data.study || !/^[\w-]{22}$/.test(latest.token)) return view.root.replaceChildren();
  view.root.classList.add("arrival");
  view.show(
    element("p", {}, view.text("welcome", "again")),
    element("a", { class: "main", href: `?s=${latest.token}`, target: "_self" }, view.text("welcome", "resume")),
  );
}
