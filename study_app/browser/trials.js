// Practice and trials: a picture for a moment, then the questions.
import { finished, remember } from "./arrival.js";
import { Refused } from "./connection.js";
import { newKey } from "./digests.js";
import { expose } from "./exposure.js";
import { Outbox } from "./outbox.js";
import { across, exposeInTurn, verdict } from "./pairs.js";
import { images, Pictures } from "./pictures.js";
import { ask, BACK } from "./question.js";
import { Room } from "./room.js";
import { aborted, element, sleep } from "./view.js";

const CROSS_MS = 700; // a cross says where the picture will be
const LATE_MS = 2000; // a picture that takes longer is said to be on its way

/** Practice: the same as a trial, then the picture again with a word about it. */
export async function practice(act) {
  const { view, connection, journal } = act;
  const plan = await connection.get("/api/plan");
  const stage = new Stage(act, plan, plan.practice);
  const sides = plan.scale.maximum > 1 ? "ties_keys" : "sides_keys";
  const named = { binary: "binary_keys", sides, places: "places_keys" }[plan.scale.name] ?? "graded_keys";
  const keys = view.text("practice", named, { count: plan.scale.maximum + 1 });
  await view.pause(
    view.text("practice", "start"),
    view.heading(view.text("practice", "heading")),
    element("p", {}, view.text("practice", "about", { seconds: (plan.exposure_ms / 1000).toLocaleString(plan.language) })),
    element("p", { class: "small keys" }, keys),
  );
  for (const [index, item] of plan.practice.entries()) {
    stage.progress(view.text("practice", "picture", { number: index + 1, count: plan.practice.length }), index / plan.practice.length);
    const answer = await stage.run(index);
    journal.note("practice", { trial: item.trial, shown_ms: answer.timing.shown_ms, ...answer.values });
    await stage.feedback(await stage.pictures.get(index), item, answer.values);
  }
  await view.pause(view.text("practice", "go"), view.heading(view.text("practice", "over")));
  journal.note("practice_done");
}

/** The trials that count: each answer is kept in the browser until the server has acknowledged it. */
export async function trials(act) {
  const { view, data, connection, journal } = act;
  const outbox = new Outbox("answers", data.token);
  remember(data.token, data.study);
  await deliver(connection, outbox, true);
  let plan = await connection.get("/api/plan");
  const stage = new Stage(act, plan, plan.trials, (trial) => connection.post("/api/showings", { key: newKey(), trial }));
  const opened = plan.answered.length;
  let isBegun = false; // whether the server has counted the showing of the next picture with the answer before
  for (let index = opened; index < plan.trials.length; ) {
    const count = plan.trials.length;
    stage.progress(view.text("trial", "picture", { number: index + 1, count }), index / count);
    if (index > 0 && plan.breaks.includes(index)) await stage.rest(index, count);
    else if (index === opened && index > 0) await stage.ready(view.text("trial", "ready"));
    const answer = await stage.run(index, isBegun);
    const goesOn = index + 1 < count && !plan.breaks.includes(index + 1);
    const next_key = goesOn ? newKey() : null;
    outbox.add({ key: newKey(), trial: index, ...answer, decoded_sha256_ok: true, tab: view.tab, next_key });
    // The next picture waits for the acknowledgement, in most cases shorter than the cross is on the screen: so the
    // server's clock sees every exposure begin after the answer before, and at most one answer is ever on its way.
    const counted = await deliver(connection, outbox);
    journal.flush().catch(() => {});
    if (!counted) plan = await connection.get("/api/plan"); // another tab was faster
    index = counted ? index + 1 : plan.answered.length;
    isBegun = counted && goesOn;
  }
  await connection.post("/api/finish", {});
  finished(data.study);
}

/** Send answers that were given before the session lost its place; it does not go on, but they count. */
export async function sendRest(connection, token) {
  await deliver(connection, new Outbox("answers", token), true);
}

/**
 * Send what is in the outbox; `late`: from an earlier opening of the page, which shows nothing after it. False if the
 * server has other answers to a trial already; the first ones stay.
 */
async function deliver(connection, outbox, late = false) {
  let counted = true;
  for (const message of outbox.all()) {
    try {
      await connection.post("/api/answers", late ? { ...message, next_key: null } : message);
    } catch (error) {
      if (!(error instanceof Refused) || !["conflict", "order", "invalid"].includes(error.reason)) throw error;
      counted = false;
    }
    outbox.remove([message.key]);
  }
  return counted;
}

/** The place where pictures come and go and questions are asked. */
class Stage {
  /** `begins`: tells the server that a picture is about to be shown; practice is not counted. */
  constructor({ view, data, journal, signal }, plan, items, begins = async () => {}) {
    Object.assign(this, { view, journal, signal, plan, begins });
    this.pictures = new Pictures(items, signal, (why) => view.notice(why && view.text("wait", why)), journal);
    this.bar = element("div", { class: "fill" });
    this.label = element("p", { class: "small" });
    this.top = element("div", { class: "top" }, element("div", { class: "track", "aria-hidden": "true" }, this.bar), this.label);
    const shown = items.flatMap((item) => item.pictures ?? item);
    const sides = [Math.max(...shown.map((one) => one.width)), Math.max(...shown.map((one) => one.height))];
    this.room = new Room(view.root, sides, items[0].pictures?.length ?? 1, data.smallest_width);
    document.addEventListener("visibilitychange", () => this.#visibility(), { signal });
    addEventListener("offline", () => journal.note("offline"), { signal });
    addEventListener("online", () => journal.note("online"), { signal });
    addEventListener("resize", () => this.#resized(), { signal });
    this.hidden = 0;
  }

  progress(words, share) {
    this.label.textContent = words;
    this.bar.style.width = `${100 * share}%`;
  }

  async ready(sentence) {
    await this.view.pause(this.view.text("trial", "show"), this.top, this.view.heading(sentence));
  }

  async rest(done, count) {
    this.journal.note("break_began", { trial: done });
    const about = element("p", {}, this.view.text("pause", "about", { done, count }));
    await this.view.pause(this.view.text("page", "continue"), this.top, this.view.heading(this.view.text("pause", "heading")), about);
    this.journal.note("break_ended", { trial: done });
  }

  /** One picture and its questions; returns values and timing as the server takes them. `isBegun`: it is counted. */
  async run(index, isBegun = false) {
    const began = performance.now();
    this.hidden = 0;
    this.seen = null;
    const panel = element("div", { class: "questions" });
    const box = element("div", { class: "box" }, element("span", { class: "cross", "aria-hidden": "true" }, "+"), panel);
    this.view.show(this.top, box);
    const [picture] = await Promise.all([this.#next(index, box, isBegun), sleep(CROSS_MS, this.signal)]);
    await this.#watched(box);
    this.#place(picture, box);
    box.querySelector(".cross").remove();
    this.view.say(this.view.text("trial", "shown"));
    const seen = await this.#expose(picture, () => this.#again(index, box));
    this.view.say(this.view.text("trial", "gone"));
    picture.remove();
    this.picture = null;
    await sleep(this.plan.mask_ms, this.signal);
    const { values, responses } = await this.#questions(panel);
    const timing = { onset_ms: seen.onset - began, offset_ms: seen.offset - began, shown_ms: seen.shown };
    const measured = { ...timing, response_ms: responses, exposures: seen.exposures, hidden: this.hidden };
    return { values, timing: measured, seen: this.seen };
  }

  /** The picture, once it is here, somebody can see it, and the server knows that it is about to be shown. */
  async #next(index, box, isBegun) {
    box.style.minHeight = `${this.room.height}px`;
    const late = setTimeout(() => this.view.notice(this.view.text("trial", "loading")), LATE_MS);
    const picture = await this.pictures.get(index).finally(() => clearTimeout(late));
    this.view.notice("");
    await this.#watched(box);
    if (!isBegun) await this.begins(index);
    return picture;
  }

  #expose(picture, again) {
    const { arrangement, exposure_ms, mask_ms } = this.plan;
    const watch = { signal: this.signal, again, unseen: () => document.hidden || this.room.isSmall };
    if (arrangement === "in_turn") return exposeInTurn(picture, exposure_ms, mask_ms, watch);
    return expose(picture, exposure_ms, watch);
  }

  /** Put the picture into its place, not to be seen yet, and note its size. */
  #place(picture, box) {
    this.#fit(picture);
    picture.style.visibility = "hidden";
    box.append(picture);
    this.#measure();
  }

  /** The size at which the picture is seen: the smallest, if the window changes meanwhile. */
  #measure() {
    const [image] = images(this.picture);
    const [width, height] = [parseFloat(image.style.width), parseFloat(image.style.height)];
    if (!this.seen || width < this.seen.width) this.seen = { width, height, zoom: devicePixelRatio };
  }

  #resized() {
    if (!this.picture) return;
    this.#fit(this.picture);
    if (this.seen && !this.room.isSmall) this.#measure(); // in a window that is too small it is hidden at once
  }

  async #questions(panel) {
    const { criteria, scale } = this.plan;
    const values = {};
    const responses = {};
    for (let place = 0; place < criteria.length; ) {
      const criterion = criteria[place];
      const seen = { ...this.seen, columns: this.room.columns };
      const answer = await ask(this.view, panel, { criteria, number: place + 1, scale, seen, signal: this.signal });
      if (answer === BACK) {
        place -= 1;
        continue;
      }
      values[criterion.name] = answer.value;
      responses[criterion.name] = answer.response_ms;
      place += 1;
    }
    panel.replaceChildren();
    return { values, responses };
  }

  /** The picture once more, with what was done to it; only in practice. */
  async feedback(picture, item, values) {
    this.#fit(picture);
    picture.style.visibility = "visible";
    const sentence = item.feedback && this.view.heading(this.view.text("practice", item.feedback));
    sentence?.classList.add("plain");
    const shown = item.pictures ? verdict(this.view, picture, item, values) : [picture];
    await this.view.pause(this.view.text("practice", "next"), this.top, ...shown, sentence);
  }

  #fit(picture) {
    this.picture = picture;
    const { factor, columns } = this.room;
    const [one] = images(picture);
    if (picture.matches(".grid")) picture.style.maxWidth = across(columns, Number(one.getAttribute("width")) * factor);
    for (const image of images(picture)) {
      image.style.width = `${Number(image.getAttribute("width")) * factor}px`;
      image.style.height = `${Number(image.getAttribute("height")) * factor}px`;
    }
  }

  async #again(index, box) {
    await this.#visible();
    const picture = this.picture;
    picture.remove();
    if (!this.room.isSmall) {
      await this.view.pause(this.view.text("trial", "show"), this.top, this.view.heading(this.view.text("trial", "looked_away")));
      this.view.show(this.top, box);
    }
    await this.#watched(box);
    await this.begins(index);
    this.#place(picture, box);
    await sleep(CROSS_MS, this.signal);
  }

  /** Wait until the page is visible and its window large enough; if it is not, a sentence says so. */
  async #watched(box) {
    await this.#visible();
    if (!this.room.isSmall) return;
    this.view.show(this.top, this.view.heading(this.view.text("trial", "small")));
    while (this.room.isSmall) await this.#event(window, "resize");
    this.view.show(this.top, box);
    box.style.minHeight = `${this.room.height}px`;
    await sleep(CROSS_MS, this.signal);
    await this.#watched(box);
  }

  async #visible() {
    while (document.hidden) await this.#event(document, "visibilitychange");
  }

  async #event(target, name) {
    const happened = new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
    await Promise.race([happened, aborted(this.signal)]);
  }

  #visibility() {
    if (document.hidden) this.hidden += 1;
    this.journal.note(document.hidden ? "hidden" : "visible");
  }
}
