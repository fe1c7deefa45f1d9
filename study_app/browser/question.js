// One question and its answer: yes or no, which picture, 0 to 10, or 0 to 100; by keys, mouse or touch.
import { across } from "./pairs.js";
import { element, withKeys, withResolvers } from "./view.js";

export const BACK = Symbol("back");
const SMALLER = 0.5; // of the pictures' sizes: those of the places to press
const BOUNCE_MS = 150; // the second half of a double click is no answer to the next question

/**
 * Ask one of the criteria; resolves to {value, response_ms}, or to BACK if the volunteer wants the question before.
 * `number` is its place, from 1; `seen`: the size of a picture, and how many stood in a row. What is answered with stays
 * where it is from question to question.
 */
export async function ask(view, panel, { criteria, number, scale, seen, signal }) {
  const [criterion, count] = [criteria[number - 1], criteria.length];
  const answered = withResolvers();
  const since = performance.now();
  const settle = (value) => {
    const response_ms = performance.now() - since;
    if (response_ms < BOUNCE_MS) return;
    answered.resolve(value === BACK ? BACK : { value, response_ms });
  };
  const control = { binary, sides, places, "0-10": steps, "0-100": slider }[scale.name](view, scale, settle, seen);
  const back = element("button", { type: "button", class: "back", disabled: number === 1, onclick: () => settle(BACK) }, view.text("trial", "back"));
  const heading = ["sides", "places"].includes(scale.name) ? [] : [
    element("p", { class: "small" }, view.text("trial", "question", { number, count })),
    element("p", { class: "term" }, criterion.term),
  ];
  panel.replaceChildren(
    ...heading,
    element("div", { class: "longest" }, ...longest(criteria), element("h1", { tabindex: -1, id: "question" }, criterion.question)),
    control.element,
    back,
  );
  panel.querySelector("h1").focus({ preventScroll: true });
  const keys = (event) => {
    if (event.repeat && (!scale.name.startsWith("0-") || !event.key.startsWith("Arrow"))) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!control.key(event)) {
      if (event.key !== "Backspace" || number === 1) return;
      settle(BACK);
    }
    event.preventDefault();
  };
  return withKeys(keys, answered.promise, signal);
}

/** All questions, unseen and unheard, one over the other: so each takes the room of the longest. */
function longest(criteria) {
  return criteria.map((one) => element("span", { class: "h1", "aria-hidden": "true" }, one.question));
}

function binary(view, scale, settle) {
  const letter = (name) => view.text("keys", name);
  const no = [view.text("trial", "answer_no"), `0 · ${letter("letter_no").toUpperCase()} · ←`];
  const yes = [view.text("trial", "answer_yes"), `1 · ${letter("letter_yes").toUpperCase()} · →`];
  const meanings = new Map([["0", 0], ["1", 1], ["ArrowLeft", 0], ["ArrowRight", 1], ["n", 0], ["y", 1]]);
  meanings.set(letter("letter_no"), 0).set(letter("letter_yes"), 1);
  return choices(settle, [no, yes], meanings);
}

/** Of a pair, the left picture is 0 and the right one the largest answer; where that is 2, 1 is neither. */
function sides(view, scale, settle) {
  const [left, right] = [[view.text("trial", "left"), "1 · ←"], [view.text("trial", "right"), "2 · →"]];
  const meanings = new Map([["1", 0], ["2", scale.maximum], ["ArrowLeft", 0], ["ArrowRight", scale.maximum]]);
  if (scale.maximum === 1) return choices(settle, [left, right], meanings);
  meanings.set("0", 1).set("ArrowDown", 1);
  return choices(settle, [left, [view.text("trial", "same"), "0 · ↓"], right], meanings);
}

/** Buttons for 0, 1 and so on, each with words and a hint at its keys. */
function choices(settle, named, meanings) {
  const buttons = named.map(([words, hint], value) => {
    const key = element("span", { class: "hint", "aria-hidden": "true" }, hint);
    return element("button", { type: "button", class: "answer", "data-value": value, onclick: () => settle(value) }, words, key);
  });
  return pressed(settle, meanings, element("div", { class: "row", role: "group", "aria-labelledby": "question" }, ...buttons));
}

/** Of several pictures, a button where each was, with its number, in the same rows. */
function places(view, scale, settle, { width, height, columns }) {
  const [wide, high] = [Math.max(64, width * SMALLER), Math.max(48, height * SMALLER)];
  const button = (_, value) => {
    const words = view.text("trial", "place", { number: value + 1 });
    const style = `width: ${wide}px; height: ${high}px`;
    return element("button", { type: "button", class: "answer place", style, "data-value": value, "aria-label": words, onclick: () => settle(value) }, String(value + 1));
  };
  const buttons = Array.from({ length: scale.maximum + 1 }, button);
  const meanings = new Map(buttons.map((_, value) => [String(value + 1), value]));
  const style = `max-width: ${across(columns, wide)}`;
  return pressed(settle, meanings, element("div", { class: "grid", role: "group", "aria-labelledby": "question", style }, ...buttons));
}

/** A control of buttons whose keys mean what they do. */
function pressed(settle, meanings, control) {
  return {
    element: control,
    key: (event) => {
      const value = meanings.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
      if (value !== undefined) settle(value);
      return value !== undefined;
    },
  };
}

/** Eleven buttons; keys choose, Enter confirms, so that 1 and 10 can be told apart. */
function steps(view, scale, settle) {
  let chosen = null;
  const buttons = Array.from({ length: scale.maximum + 1 }, (_, value) =>
    element("button", { type: "button", class: "key", "data-value": value, "aria-pressed": "false", onclick: () => settle(value) }, String(value)),
  );
  const choose = (value) => {
    chosen = Math.min(scale.maximum, Math.max(0, value));
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(place === chosen)));
    view.say(String(chosen));
  };
  return {
    element: element("div", { class: "scale" }, element("div", { class: "steps", role: "group", "aria-labelledby": "question" }, ...buttons), ends(view, scale.maximum)),
    key: (event) => {
      if (/^[0-9]$/.test(event.key)) choose(chosen === 1 && event.key === "0" ? 10 : Number(event.key));
      else if (event.key === "ArrowRight" || event.key === "ArrowUp") choose(chosen === null ? 5 : chosen + 1);
      else if (event.key === "ArrowLeft" || event.key === "ArrowDown") choose(chosen === null ? 5 : chosen - 1);
      else if (event.key === "Enter" && chosen !== null && !onButton(event)) settle(chosen);
      else return false;
      return true;
    },
  };
}

/**
 * A slider without a starting place, which would draw answers towards itself, and a button to confirm. Digits typed one
 * after the other make a number; the first arrow gives the middle.
 */
function slider(view, scale, settle) {
  const input = element("input", { type: "range", min: 0, max: scale.maximum, step: 1, class: "untouched", "aria-label": view.text("trial", "value", { maximum: scale.maximum }) });
  const value = element("output", {}, "–");
  const confirm = element("button", { type: "button", class: "main", disabled: true, onclick: () => settle(Number(input.value)) }, view.text("trial", "confirm"));
  let typed = "";
  const middle = Math.round(scale.maximum / 2);
  const touched = () => {
    input.classList.remove("untouched");
    value.textContent = input.value;
    confirm.disabled = false;
  };
  const set = (number) => {
    input.value = number;
    touched();
  };
  const type = (digit) => {
    typed = Number(typed + digit) > scale.maximum ? digit : String(Number(typed + digit));
    set(typed);
    view.say(typed);
  };
  for (const name of ["input", "pointerup"]) input.addEventListener(name, () => (touched(), (typed = "")));
  return {
    element: element("div", { class: "scale" }, value, input, ends(view, scale.maximum), element("div", { class: "row" }, confirm)),
    key: (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (/^[0-9]$/.test(event.key)) type(event.key);
      else if (event.key === "Backspace" && typed) set((typed = typed.slice(0, -1) || "0"));
      else if (event.key === "Home" || event.key === "End") set(event.key === "Home" ? 0 : scale.maximum);
      else if (step) {
        set(confirm.disabled ? middle : Number(input.value) + step);
        typed = "";
      } else if (event.key === "Enter" && !confirm.disabled && !onButton(event)) settle(Number(input.value));
      else return false;
      return true;
    },
  };
}

function ends(view, maximum) {
  return element("div", { class: "ends" }, element("span", {}, `0 · ${view.text("trial", "lowest")}`), element("span", {}, `${maximum} · ${view.text("trial", "highest")}`));
}

/** A focused button takes Enter itself. */
function onButton(event) {
  return event.composedPath()[0] instanceof HTMLButtonElement;
}
