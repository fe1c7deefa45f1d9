// The screen check: window size, zoom, and two faint grey steps, one in the dark and one in the light.
import { aborted, element, isPlain, NONE_KEY, noneButton, sleep, withKeys, withResolvers } from "./view.js";

const STEPS = [
  { name: "dark", field: 24, square: 34 },
  { name: "light", field: 228, square: 238 },
]; // sRGB
const FIELDS = 4;
const ZOOM_TOLERANCE = 0.15;

export async function screenCheck({ view, data, journal, signal }) {
  await windowIsWide(view, data.smallest_width, signal);
  let seen = await steps(view, signal);
  if (!seen) {
    const retry = await advice(view, signal);
    if (retry) seen = await steps(view, signal);
  }
  journal.note("screen", {
    width: innerWidth,
    height: innerHeight,
    zoom: devicePixelRatio,
    gray_step_seen: seen,
  });
  await journal.flush();
}

/** Wait until the window is as wide as the pictures need. */
async function windowIsWide(view, width, signal) {
  while (innerWidth < width) {
    const fits = Math.max(screen.width, screen.height) >= width;
    const words = fits ? view.text("screen", "small", { width, now: innerWidth }) : view.text("welcome", "too_small", { width });
    view.show(view.heading(view.text(...(fits ? ["screen", "heading"] : ["welcome", "too_small_heading"]))), element("p", {}, words));
    await Promise.race([new Promise((resolve) => addEventListener("resize", resolve, { once: true })), aborted(signal)]);
    await sleep(100, signal);
  }
}

async function steps(view, signal) {
  let seen = true;
  for (const step of STEPS) seen = (await ask(view, step, signal)) && seen;
  return seen;
}

async function ask(view, step, signal) {
  const right = crypto.getRandomValues(new Uint8Array(1))[0] % FIELDS;
  const chosen = withResolvers();
  const fields = Array.from({ length: FIELDS }, (_, place) => {
    const square = place === right ? element("span", { class: "square", style: `background: rgb(${step.square} ${step.square} ${step.square})` }) : null;
    const label = view.text("screen", "field", { number: place + 1 });
    const style = `background: rgb(${step.field} ${step.field} ${step.field})`;
    return element("button", { type: "button", class: "field", style, "aria-label": label, onclick: () => chosen.resolve(place) }, square);
  });
  view.show(
    view.heading(view.text("screen", "heading")),
    element("p", {}, view.text("screen", "about")),
    isZoomed() ? element("p", { class: "hint" }, view.text("screen", "zoomed")) : null,
    element("p", { class: "question" }, view.text("screen", "question")),
    element("div", { class: "fields", role: "group", "aria-label": view.text("screen", "question") }, ...fields),
    element("div", { class: "row" }, noneButton(view.text("screen", "unseen"), () => chosen.resolve(-1))),
  );
  const keys = (event) => {
    if (!isPlain(event)) return;
    if (/^[1-4]$/.test(event.key)) chosen.resolve(Number(event.key) - 1);
    else if (event.key.toLowerCase() === NONE_KEY) chosen.resolve(-1);
  };
  return (await withKeys(keys, chosen.promise, signal)) === right;
}

/** What to do about a screen that hides the step; whether the volunteer wants to try again. */
async function advice(view, signal) {
  const chosen = withResolvers();
  const button = (style, words, value) => element("button", { type: "button", class: style, onclick: () => chosen.resolve(value) }, words);
  view.show(
    view.heading(view.text("screen", "heading")),
    element("p", {}, view.text("screen", "dimmer")),
    element("div", { class: "row" }, button("quiet", view.text("page", "continue"), false), button("main", view.text("screen", "again"), true)),
  );
  return Promise.race([chosen.promise, aborted(signal)]);
}

/** On a computer, the window's outer and inner widths tell the browser's own zoom; nothing does on touch screens. */
function isZoomed() {
  if (matchMedia("(pointer: coarse)").matches || !outerWidth) return false;
  return Math.abs(outerWidth / innerWidth - 1) > ZOOM_TOLERANCE;
}
