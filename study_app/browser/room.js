// The room that a window has for pictures: how large they are shown, and whether it is too small for them.
import { GAP, NUMBER } from "./pairs.js";

const WIDEST = { few: 720, many: 1088 }; // CSS px of a picture or a pair, and of more in rows
const TALLEST = { few: 540, many: 640 };
const LOWEST = 160;
const BESIDE = 130; // CSS px of height that the page needs for other things
const ROOMY = 2 / 3; // of a picture's size in a high window: below that, a low window is too small for it

export class Room {
  /** `sides`: the largest width and height of all pictures, in their own pixels; `count`: how many are shown at once. */
  constructor(root, sides, count, smallestWidth) {
    Object.assign(this, { root, sides, count, smallestWidth });
  }

  /** How many CSS pixels a pixel of the picture takes: whole multiples while they fit, so that all are enlarged alike; else shrunk. */
  get factor() {
    return this.#layout(innerHeight - BESIDE).factor;
  }

  /** How many stand in a row: two; of more, as many as makes all largest. */
  get columns() {
    return this.#layout(innerHeight - BESIDE).columns;
  }

  /** The height of the tallest picture, or of all rows, in CSS pixels. */
  get height() {
    const { rows } = this.#layout(innerHeight - BESIDE);
    return rows * (this.sides[1] * this.factor + this.#below) + (rows - 1) * GAP;
  }

  /** What is below each picture. */
  get #below() {
    return this.count > 2 ? NUMBER : 0;
  }

  /** Whether the window is narrower than the study wants, or so low that pictures are much smaller for it. */
  get isSmall() {
    return innerWidth < this.smallestWidth || this.#layout(innerHeight - BESIDE).scale < ROOMY * this.#layout(Infinity).scale;
  }

  #layout(high) {
    const size = this.count > 2 ? "many" : "few";
    const [width, height] = [Math.min(this.root.clientWidth, WIDEST[size]), Math.max(LOWEST, Math.min(high, TALLEST[size]))];
    let best = { factor: 0 };
    for (let columns = size === "few" ? this.count : 1; columns <= this.count; columns++) {
      const rows = Math.ceil(this.count / columns);
      const [across, down] = [(width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows - this.#below];
      const scale = Math.min(across / this.sides[0], down / this.sides[1], 4);
      const factor = scale >= 1 ? Math.floor(scale) : scale;
      const isBetter = factor > best.factor || (factor === best.factor && rows < best.rows); // then the evenest rows
      if (isBetter) best = { factor, scale, columns, rows };
    }
    return best;
  }
}
