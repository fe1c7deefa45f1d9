// Colour-vision plates, one at a time: a digit, or none. Only the server knows which digit is on a plate.
import { remember } from "./arrival.js";
import { newKey } from "./digests.js";
import { element, isPlain, NONE_KEY, noneButton, withKeys, withResolvers } from "./view.js";

const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0];

export async function vision({ view, data, connection, signal }) {
  remember(data.token, data.study);
  await view.pause(
    view.text("page", "continue"),
    view.heading(view.text("thanks", "code_heading")),
    element("p", { class: "code" }, data.code),
    element("p", {}, view.text("thanks", "code")),
  );
  const key = newKey();
  const since = performance.now();
  const answers = [];
  for (const [index, url] of data.plates.entries()) answers.push(await ask(view, data, url, index, signal));
  await connection.post("/api/vision", { key, answers, at_ms: since });
}

async function ask(view, data, url, index, signal) {
  const plate = element("img", { class: "plate", src: new URL(url, document.baseURI).href, alt: view.text("vision", "picture"), draggable: "false" });
  await plate.decode().catch(() => {});
  const chosen = withResolvers();
  const choice = (digit) => element("button", { type: "button", class: "key", onclick: () => chosen.resolve(digit) }, String(digit));
  view.show(
    element("p", { class: "small" }, view.text("vision", "plate", { number: index + 1, count: data.plates.length })),
    view.heading(view.text("vision", "heading")),
    plate,
    element("div", { class: "keypad", role: "group", "aria-label": view.text("vision", "heading") }, ...DIGITS.map(choice)),
    element("div", { class: "row" }, noneButton(view.text("vision", "none"), () => chosen.resolve(null))),
    index === 0 ? element("p", { class: "small" }, view.text("vision", "about")) : null,
  );
  const keys = (event) => {
    if (!isPlain(event)) return;
    if (/^[0-9]$/.test(event.key)) chosen.resolve(Number(event.key));
    else if (event.key.toLowerCase() === NONE_KEY) chosen.resolve(null);
  };
  return withKeys(keys, chosen.promise, signal);
}
