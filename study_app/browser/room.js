// The room that a window has for pictures: how large they are shown, and whether it is too small for them.
import { GAP } from "./pairs.js";

const WIDEST = 720; // CSS px of a picture, or of a pair
const TALLEST = 540;
const LOWEST = 160;
const BESIDE = 130; // CSS px of height that the page needs for other things
const ROOMY = 2 / 3; // of a picture's size in a high window: below that, a low window is too small for it

export class Room {
  /** `sides`: the largest width and height of all pictures, in their own pixels; `abreast`: how many stand side by side. */
  constructor(root, sides, abreast, smallestWidth) {
    Object.assign(this, { root, sides, abreast, smallestWidth });
  }

  /** How many CSS pixels a pixel of the picture takes: whole multiples while they fit, so that all are enlarged alike; else shrunk. */
  get factor() {
    const scale = this.#scale(innerHeight - BESIDE);
    return scale >= 1 ? Math.floor(scale) : scale;
  }

  /** The height of the tallest picture, in CSS pixels. */
  get height() {
    return this.sides[1] * this.factor;
  }

  /** Whether the window is narrower than the study wants, or so low that pictures are much smaller for it. */
  get isSmall() {
    return innerWidth < this.smallestWidth || this.#scale(innerHeight - BESIDE) < ROOMY * this.#scale(TALLEST);
  }

  #scale(high) {
    const across = Math.min(this.root.clientWidth, WIDEST) - GAP * (this.abreast - 1);
    const height = Math.max(LOWEST, Math.min(high, TALLEST));
    return Math.min(across / this.abreast / this.sides[0], height / this.sides[1], 4);
  }
}
