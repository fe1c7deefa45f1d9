// What every page needs before and beside Streamlit's own scripts: the page's language, and presses that came while the
// connection was away.

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

/** The text that the document itself brought goes when Streamlit shows the page. */
function removeFirst() {
  if (document.querySelector("[data-testid='stHeading'], .too-small")) document.getElementById("first")?.remove();
}

new MutationObserver(() => {
  speak();
  removeFirst();
  keepUsable();
  pressAgain();
}).observe(document.getElementById("root"), { subtree: true, childList: true, attributes: true, attributeFilter: ["inert", "disabled", "lang"] });
