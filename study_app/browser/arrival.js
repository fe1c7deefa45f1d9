// The welcome page offers a volunteer who has begun on this device to continue, and knows one who has taken part.
import { storage } from "./outbox.js";
import { element } from "./view.js";

const LATEST = "huebench.latest";
const TAKEN = "huebench.taken."; // and the study's digest

/** Remember that this session is under way; forgotten when it is over. */
export function remember(token, study) {
  storage.setItem(LATEST, JSON.stringify({ token, study }));
}

export function forget() {
  storage.removeItem(LATEST);
}

/** Remember that somebody has taken part in this study on this device; not as whom. */
export function finished(study) {
  forget();
  storage.setItem(TAKEN + study, "1");
}

export function arrival(view, data) {
  let latest = null;
  try {
    latest = JSON.parse(storage.getItem(LATEST));
  } catch {
    forget();
  }
  const isUnderWay = latest?.study === data.study && /^[\w-]{22}$/.test(latest.token);
  const hasTaken = storage.getItem(TAKEN + data.study) !== null;
  document.documentElement.classList.toggle("taken-part", hasTaken && !isUnderWay && !data.second_run && !data.kept);
  if (!isUnderWay && !hasTaken) return view.root.replaceChildren();
  view.root.classList.add("arrival");
  if (!isUnderWay) return view.show(element("p", {}, view.text("welcome", data.second_run ? "taken_again" : "taken")));
  view.show(
    element("p", {}, view.text("welcome", "again")),
    element("a", { class: "main", href: address(latest.token, data.kept ?? []), target: "_self" }, view.text("welcome", "resume")),
  );
}

/** The address of a session; what a platform has added to the present one is kept. */
function address(token, kept) {
  const here = new URLSearchParams(location.search);
  const query = new URLSearchParams({ s: token });
  for (const name of kept) if (here.has(name)) query.set(name, here.get(name));
  return `?${query}`;
}
