// Events beside the answers: what happened, when, sent in small parcels, each once.
import { Refused } from "./connection.js";
import { Outbox } from "./outbox.js";

const PARCEL = 50;

export class Journal {
  constructor(connection, token) {
    this.connection = connection;
    this.outbox = new Outbox("events", token);
    this.sending = Promise.resolve();
  }

  /** Note an event; it is sent with the next `flush`. `detail` holds numbers, flags and short texts. */
  note(name, detail = {}) {
    this.outbox.add({ key: crypto.randomUUID(), name, at_ms: performance.now(), detail });
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
