// Trials of several pictures: two may come in turn, more stand in rows, and the practice says what was done to which.
import { expose } from "./exposure.js";
import { element, sleep } from "./view.js";

export const GAP = 16; // CSS px between two
export const NUMBER = 28; // CSS px of height for the number below a picture, where there are more than two

/** The pictures of a trial beside each other: two, or more in rows, each above its number. */
export function together(pictures) {
  if (pictures.length === 2) return element("div", { class: "pair" }, ...pictures);
  const figure = (picture, place) => element("figure", {}, picture, element("figcaption", { class: "number" }, String(place + 1)));
  return element("div", { class: "grid" }, ...pictures.map(figure));
}

/** The width of a grid in which so many of this width stand in a row. */
export function across(columns, width) {
  return `${Math.ceil(columns * width + (columns - 1) * GAP)}px`;
}

/**
 * Show the left picture of a pair, then the right one, each for `milliseconds`, with `pause` between them. Like `expose`:
 * `onset` is that of the first, `offset` that of the last, `shown` is both together; `exposures` is 1 unless something
 * interrupted.
 */
export async function exposeInTurn(pair, milliseconds, pause, watch) {
  const seen = [];
  for (const picture of pair.children) {
    if (seen.length) await sleep(pause, watch.signal);
    seen.push(await expose(picture, milliseconds, watch));
  }
  const [left, right] = seen;
  return { onset: left.onset, offset: right.offset, shown: left.shown + right.shown, exposures: left.exposures + right.exposures - 1 };
}

/** Whether the answer was the wanted one, and the pictures with their captions: one is `fake`, or one is `real`. */
export function verdict(view, pair, { fake, real, wanted }, values) {
  const isRight = Object.values(values).every((side) => side === wanted);
  const figures = [...pair.querySelectorAll("img")].map((picture, side) => {
    picture.style.visibility = "visible";
    const isFake = real === undefined ? side === fake : side !== real;
    const number = real === undefined ? "" : `${side + 1} · `;
    return element("figure", {}, picture, element("figcaption", {}, number + view.text("practice", isFake ? "fake" : "real")));
  });
  pair.replaceChildren(...figures);
  const said = view.text("practice", isRight ? "found" : "missed");
  if (real === undefined) return [element("p", { class: "term" }, said), pair];
  return [element("h1", { class: "plain", tabindex: -1 }, said), pair]; // the captions say the rest
}
