// Trials of two pictures: they may come in turn, and the practice says what was done to which.
import { expose } from "./exposure.js";
import { element, sleep } from "./view.js";

export const GAP = 16; // CSS px between the two

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

/** Whether the answer was the wanted one, and the pair with its captions. */
export function verdict(view, pair, { fake, wanted }, values) {
  const isRight = Object.values(values).every((side) => side === wanted);
  const figures = [...pair.children].map((picture, side) => {
    picture.style.visibility = "visible";
    const caption = view.text("practice", side === fake ? "fake" : "real");
    return element("figure", {}, picture, element("figcaption", {}, caption));
  });
  pair.replaceChildren(...figures);
  return [element("p", { class: "term" }, view.text("practice", isRight ? "found" : "missed")), pair];
}
