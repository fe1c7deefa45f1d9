// Messages for the server. The browser's storage keeps each of them until the server has acknowledged it.
import { Refused } from "./connection.js";
import { newKey } from "./digests.js";

const PARCEL = 50; // events of one request

/** A store that survives reloads and crashes; if the browser forbids it, it lasts as long as the page. */
export const storage = (() => {
  try {
    localStorage.setItem("huebench.probe", "1");
    localStorage.removeItem("huebench.probe");
    return localStorage;
  } catch {
    const kept = new Map();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
      removeItem: (key) => kept.delete(key),
    };
  }
})();

export class Outbox {
  constructor(name, token) {
    this.key = `huebench.${name}.${token}`;
  }

  all() {
    try {
      return JSON.parse(storage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }

  add(message) {
    this.#write([...this.all(), message]);
  }

  /** Forget messages, by their keys, once the server has acknowledged them. */
  remove(keys) {
    this.#write(this.all().filter((message) => !keys.includes(message.key)));
  }

  #write(messages) {
    if (messages.length) storage.setItem(this.key, JSON.stringify(messages));
    else storage.removeItem(this.key);
  }
}

/** Events beside the answers: what happened and when, sent in small parcels, each once. */
export class Journal {
  constructor(connection, token) {
    this.connection = connection;
    this.outbox = new Outbox("events", token);
    this.sending = Promise.resolve();
  }

  /** Note an event; it is sent with the next `flush`. `detail` holds numbers, flags and short texts. */
  note(name, detail = {}) {
    this.outbox.add({ key: newKey(), name, at_ms: performance.now(), detail });
  }

  /** Send what has been noted; ends when the server has it. */
  flush() {
    this.sending = this.sending.then(() => this.#send());
    return this.sending;
  }

  async #send() {
    for (let parcel = this.outbox.all().slice(0, PARCEL); parcel.length; parcel = this.outbox.all().slice(0, PARCEL)) {
      try {
        await this.connection.post("/api/events", { events: parcel });
      } catch (error) {
        if (!(error instanceof Refused) || !["invalid", "events"].includes(error.reason)) throw error;
      }
      this.outbox.remove(parcel.map((event) => event.key));
    }
  }
}
