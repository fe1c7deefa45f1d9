// Fetches pictures in advance, checks their SHA-256 and decodes them before they are shown.
import { address, nap } from "./connection.js";
import { sha256 } from "./digests.js";
import { together } from "./pairs.js";
import { element } from "./view.js";

const AHEAD = 3;
const PAUSES_MS = [300, 1000, 3000, 8000];

export class Pictures {
  /** `items`: the plan's trials; `tell` gets "offline" or "damaged" while a picture does not come, "" once it is there. */
  constructor(items, signal, tell, journal) {
    this.items = items;
    this.signal = signal;
    this.tell = tell;
    this.journal = journal;
    this.coming = new Map();
  }

  /** The picture at `index`, ready to be shown at once; the next ones are on their way meanwhile. */
  async get(index) {
    for (const [other, picture] of this.coming) {
      if (other < index) {
        picture.then((shown) => images(shown).forEach(({ src }) => URL.revokeObjectURL(src)), () => {});
        this.coming.delete(other);
      }
    }
    for (let next = index; next <= Math.min(index + AHEAD, this.items.length - 1); next++) {
      if (!this.coming.has(next)) {
        this.coming.set(next, this.#load(this.items[next]));
        this.coming.get(next).catch(() => {}); // reported when the picture is needed
      }
      if (next === index) await this.coming.get(index); // the picture that is needed now comes first
    }
    return this.coming.get(index);
  }

  async #load(item) {
    if (item.pictures) {
      return together(await Promise.all(item.pictures.map((one) => this.#load({ ...one, trial: item.trial }))));
    }
    for (let attempt = 0; ; attempt++) {
      try {
        const bytes = await this.#fetch(item.url, attempt);
        if ((await sha256(bytes)) === item.sha256) {
          this.tell("");
          return await decoded(bytes, item);
        }
        this.journal.note("damaged", { trial: item.trial, bytes: bytes.byteLength });
        this.tell("damaged");
      } catch (error) {
        if (this.signal.aborted) throw error;
        this.tell("offline");
      }
      await nap(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)], this.signal);
    }
  }

  async #fetch(url, attempt) {
    const response = await fetch(address(url), { cache: attempt ? "reload" : "default", signal: this.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.arrayBuffer();
  }
}

/** What there is to see in a picture, or in several. */
export function images(picture) {
  return picture.matches("img") ? [picture] : [...picture.querySelectorAll("img")];
}

async function decoded(bytes, item) {
  const picture = element("img", { class: "picture", alt: "", draggable: "false", width: item.width, height: item.height });
  picture.src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
  await picture.decode();
  return picture;
}
