// What every page needs before and beside Streamlit's own scripts: the page's language, and presses that came before the
// page was there or while the connection was away.

const PATIENCE_MS = 8000; // after an early press the page says that it is still waiting
const CONTROLS = "button, input[type='checkbox'], input[type='radio']";

/** A page says its language beside the notice of `frame.open_page`. */
function speak() {
  const language = document.querySelector(".away")?.lang;
  if (language && document.documentElement.lang !== language) document.documentElement.lang = language;
}

/** Streamlit puts a dialog over a page whose websocket is away, and makes the rest inert; the study has its own notice. */
function keepUsable() {
  const page = document.getElementById("root");
  if (page.inert) page.inert = false;
}

const waiting = new Set(); // controls that were pressed while they were disabled, in this order

/** Which control of Streamlit's a press was meant for; disabled ones let it through to what is around them. */
function meant(event) {
  const around = event.target.closest?.(".stFormSubmitButton, .stButton, [data-testid='stButtonGroup'], [data-testid='stCheckbox']");
  const controls = around ? [...around.querySelectorAll(CONTROLS)] : [];
  return controls.length === 1 ? controls[0] : controls.find((one) => contains(one.closest("label") ?? one, event));
}

function contains(control, { clientX, clientY }) {
  const box = control.getBoundingClientRect();
  return box.left <= clientX && clientX < box.right && box.top <= clientY && clientY < box.bottom;
}

function remember(control) {
  if (!control?.disabled) return;
  if (!waiting.delete(control) || control.type !== "checkbox") waiting.add(control); // a second press of a box undoes the first
}

/** Press what was pressed too early, once it can be. */
function pressAgain() {
  for (const control of waiting) {
    if (control.disabled && control.isConnected) return;
    waiting.delete(control);
    if (control.isConnected) control.click();
  }
}

let focused = null; // a control that lost the focus because it was disabled

addEventListener("click", (event) => event.isTrusted && remember(meant(event)), true);
addEventListener("focusin", (event) => (focused = event.target.matches?.(CONTROLS) ? event.target : null), true);
addEventListener("keydown", (event) => {
  if (document.activeElement !== document.body || event.repeat) return;
  if (event.key === "Enter" || event.key === " ") remember(focused);
}, true);

const wayIn = document.getElementById("way_in"); // the first page's box and button until Streamlit has its own
let begins = false; // its button was pressed

function offerWayIn() {
  wayIn.hidden = hasBegun(wayIn.dataset.study); // then Streamlit's page has something else to offer
  wayIn.addEventListener("submit", (event) => {
    event.preventDefault();
    begins = true;
    wayIn.classList.add("pressed");
    setTimeout(() => (wayIn.querySelector("[role='status']").hidden = false), PATIENCE_MS);
  });
}

/** Whether this browser has begun this study, by the names of `browser/arrival.js`. */
function hasBegun(study) {
  try {
    return ["huebench.latest", `huebench.taken.${study}`].some((name) => localStorage.getItem(name) !== null);
  } catch {
    return false; // a browser without storage
  }
}

/** Streamlit's own box and button, once both can be used. */
function form() {
  const controls = [".st-key-way_in input", ".st-key-way_in button"].map((one) => document.querySelector(one));
  return controls.every((one) => one && !one.disabled) ? controls : null;
}

/**
 * The text that the document itself brought goes when Streamlit shows the page: with its box and button, or complete
 * without them. Until then its own stay, so that keys always have something to work on.
 */
function removeFirst() {
  const first = document.getElementById("first");
  if (!first || !document.querySelector("[data-testid='stHeading'], .too-small")) return;
  const isComplete = document.querySelector("[data-test-script-state='notRunning']") !== null;
  const controls = form();
  if (!controls && !(isComplete && !document.querySelector(".st-key-way_in"))) return;
  const isTicked = wayIn.querySelector("input").checked;
  const focus = wayIn.contains(document.activeElement) && document.activeElement.localName;
  first.remove();
  if (controls) passOn(...controls, isTicked, focus);
}

/** Tick and press in Streamlit's form what was ticked and pressed in the early one. */
function passOn(box, button, isTicked, focus) {
  if (focus) (focus === "input" ? box : button).focus();
  if (isTicked && !box.checked) box.click();
  if (begins) setTimeout(() => button.click(), 50); // when the form has noted the box
}

if (wayIn) offerWayIn();
new MutationObserver(() => {
  speak();
  removeFirst();
  keepUsable();
  pressAgain();
}).observe(document.getElementById("root"), { subtree: true, childList: true, attributes: true, attributeFilter: ["inert", "disabled", "lang", "data-test-script-state"] });
