// What has to reach the server: kept in the browser's storage from before it is sent until it is acknowledged.

/** A small store that survives reloads and crashes; where the browser forbids it, it lives as long as the page. */
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
