// What is on the page: one panel at a time, a line for notices, and a voice for screen readers.

/** An element with properties and children; `class`, `on...` handlers, and attributes as written. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Reject when `signal` is aborted; for use with `Promise.race`. */
export function aborted(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Wait; ends early with an error when `signal` is aborted. */
export function sleep(milliseconds, signal) {
  return Promise.race([new Promise((resolve) => setTimeout(resolve, milliseconds)), aborted(signal)]);
}

/** What `promise` resolves to, with `keys` listening to the keyboard meanwhile. */
export async function withKeys(keys, promise, signal) {
  addEventListener("keydown", keys);
  try {
    return await Promise.race([promise, aborted(signal)]);
  } finally {
    removeEventListener("keydown", keys);
  }
}

export class View {
  constructor(root, texts, signal) {
    this.texts = texts;
    this.signal = signal;
    this.root = root;
    this.panel = element("div", { class: "panel" });
    this.line = element("p", { class: "notice", role: "status" });
    this.voice = element("p", { class: "voice", "aria-live": "polite" });
    root.replaceChildren(this.panel, this.line, this.voice);
  }

  /** A text with its {places} filled. */
  text(section, key, places = {}) {
    return this.texts[section][key].replace(/\{(\w+)\}/g, (_, name) => places[name]);
  }

  /** Show these elements and nothing else, and move the focus to their heading. */
  show(...children) {
    this.panel.replaceChildren(...children.filter((child) => child != null));
    this.panel.querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
    return this.panel;
  }

  /** Say something below the panel until it is said otherwise. */
  notice(sentence) {
    if (this.line.textContent !== (sentence || "")) this.line.textContent = sentence || "";
  }

  say(sentence) {
    this.voice.textContent = sentence;
  }

  failed() {
    this.show(this.heading(this.text("page", "failed")));
  }

  heading(words) {
    return element("h1", { tabindex: -1 }, words);
  }

  /** Show elements with one button below them, and wait until it is pressed. Enter presses it from anywhere. */
  async pause(button, ...children) {
    const pressed = withResolvers();
    const main = element("button", { class: "main", type: "button", onclick: pressed.resolve }, button);
    this.show(...children, element("div", { class: "row" }, main));
    const keys = (event) => {
      const onButton = event.composedPath()[0] instanceof HTMLButtonElement;
      if (event.key === "Enter" && !event.repeat && !onButton) pressed.resolve();
    };
    await withKeys(keys, pressed.promise, this.signal);
  }
}

/** Whether a key is pressed for itself: not held down, nor with a key for commands. */
export function isPlain(event) {
  return !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey;
}

export const NONE_KEY = "x"; // the key of the button that says that there is nothing to see

/** The quiet button for somebody who sees nothing, with its key. */
export function noneButton(words, onclick) {
  const key = element("span", { class: "hint", "aria-hidden": "true" }, NONE_KEY.toUpperCase());
  return element("button", { type: "button", class: "quiet", onclick }, words, key);
}

export function withResolvers() {
  let resolve, reject;
  const promise = new Promise((first, second) => ([resolve, reject] = [first, second]));
  return { promise, resolve, reject };
}
