// Practice and trials: a picture for a moment, then the questions.
import { forget, remember } from "./arrival.js";
import { Refused } from "./connection.js";
import { newKey } from "./digests.js";
import { expose } from "./exposure.js";
import { Outbox } from "./outbox.js";
import { exposeInTurn, GAP, verdict } from "./pairs.js";
import { images, Pictures } from "./pictures.js";
import { ask, BACK } from "./question.js";
import { aborted, element, sleep } from "./view.js";

const CROSS_MS = 700; // a cross says where the picture will be
const LATE_MS = 2000; // a picture that takes longer is said to be on its way

/** Practice: the same as a trial, then the picture again with a word about it. */
export async function practice(act) {
  const { view, connection, journal } = act;
  const plan = await connection.get("/api/plan");
  const stage = new Stage(act, plan, plan.practice);
  const keys = view.text("practice", { binary: "binary_keys", sides: "sides_keys" }[plan.scale.name] ?? "graded_keys");
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
  await deliver(connection, outbox);
  let plan = await connection.get("/api/plan");
  const stage = new Stage(act, plan, plan.trials);
  const opened = plan.answered.length;
  for (let index = opened; index < plan.trials.length; ) {
    const count = plan.trials.length;
    stage.progress(view.text("trial", "picture", { number: index + 1, count }), index / count);
    if (index > 0 && plan.breaks.includes(index)) await stage.rest(index, count);
    else if (index === opened && index > 0) await stage.ready(view.text("trial", "ready"));
    const answer = await stage.run(index);
    outbox.add({ key: newKey(), trial: index, ...answer, decoded_sha256_ok: true, tab: view.tab });
    // The next picture waits for the acknowledgement, in most cases shorter than the cross is on the screen: so the
    // server's clock sees every exposure begin after the answer before, and at most one answer is ever on its way.
    const counted = await deliver(connection, outbox);
    journal.flush().catch(() => {});
    if (!counted) plan = await connection.get("/api/plan"); // another tab was faster
    index = counted ? index + 1 : plan.answered.length;
  }
  await connection.post("/api/finish", {});
  forget();
}

/** Send answers that were given before the session lost its place; it does not go on, but they count. */
export async function sendRest(connection, token) {
  await deliver(connection, new Outbox("answers", token));
}

/** Send what is in the outbox. False if the server has other answers to a trial already; the first ones stay. */
async function deliver(connection, outbox) {
  let counted = true;
  for (const message of outbox.all()) {
    try {
      await connection.post("/api/answers", message);
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
  constructor({ view, journal, signal }, plan, items) {
    Object.assign(this, { view, journal, signal, plan });
    this.pictures = new Pictures(items, signal, (why) => view.notice(why && view.text("wait", why)), journal);
    this.bar = element("div", { class: "fill" });
    this.label = element("p", { class: "small" });
    this.top = element("div", { class: "top" }, element("div", { class: "track", "aria-hidden": "true" }, this.bar), this.label);
    const shown = items.flatMap((item) => item.pictures ?? item);
    this.sides = [Math.max(...shown.map((one) => one.width)), Math.max(...shown.map((one) => one.height))];
    this.abreast = items[0].pictures?.length ?? 1;
    document.addEventListener("visibilitychange", () => this.#visibility(), { signal });
    addEventListener("offline", () => journal.note("offline"), { signal });
    addEventListener("online", () => journal.note("online"), { signal });
    addEventListener("resize", () => this.picture && this.#fit(this.picture), { signal });
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

  /** One picture and its questions; returns values and timing as the server takes them. */
  async run(index) {
    const began = performance.now();
    this.hidden = 0;
    const panel = element("div", { class: "questions" });
    const box = element("div", { class: "box" }, element("span", { class: "cross", "aria-hidden": "true" }, "+"), panel);
    this.view.show(this.top, box);
    box.style.minHeight = `${this.sides[1] * this.#factor()}px`;
    const late = setTimeout(() => this.view.notice(this.view.text("trial", "loading")), LATE_MS);
    const [picture] = await Promise.all([this.pictures.get(index), sleep(CROSS_MS, this.signal)]);
    clearTimeout(late);
    this.view.notice("");
    this.#fit(picture);
    picture.style.visibility = "hidden";
    box.append(picture);
    await this.#visible();
    box.querySelector(".cross").remove();
    this.view.say(this.view.text("trial", "shown"));
    const seen = await this.#expose(picture, () => this.#again(box));
    this.view.say(this.view.text("trial", "gone"));
    picture.remove();
    this.picture = null;
    await sleep(this.plan.mask_ms, this.signal);
    const { values, responses } = await this.#questions(panel);
    const timing = { onset_ms: seen.onset - began, offset_ms: seen.offset - began, shown_ms: seen.shown };
    return { values, timing: { ...timing, response_ms: responses, exposures: seen.exposures, hidden: this.hidden } };
  }

  #expose(picture, again) {
    const { arrangement, exposure_ms, mask_ms } = this.plan;
    if (arrangement === "in_turn") return exposeInTurn(picture, exposure_ms, mask_ms, this.signal, again);
    return expose(picture, exposure_ms, this.signal, again);
  }

  async #questions(panel) {
    const { criteria, scale } = this.plan;
    const values = {};
    const responses = {};
    for (let place = 0; place < criteria.length; ) {
      const criterion = criteria[place];
      const answer = await ask(this.view, panel, { criteria, number: place + 1, scale, signal: this.signal });
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
    const sentence = this.view.heading(this.view.text("practice", item.feedback));
    sentence.classList.add("plain");
    const shown = item.pictures ? verdict(this.view, picture, item.fake, values) : [picture];
    await this.view.pause(this.view.text("practice", "next"), this.top, ...shown, sentence);
  }

  /** Whole multiples of a picture's own pixels while they fit, so that all pictures are enlarged alike; else shrunk. */
  #fit(picture) {
    this.picture = picture;
    const factor = this.#factor();
    for (const image of images(picture)) {
      image.style.width = `${Number(image.getAttribute("width")) * factor}px`;
      image.style.height = `${Number(image.getAttribute("height")) * factor}px`;
    }
  }

  /** How many CSS pixels a pixel of the picture takes, in the room that the page has. */
  #factor() {
    const across = Math.min(this.view.root.clientWidth, 720) - GAP * (this.abreast - 1);
    const [width, height] = [across / this.abreast, Math.max(160, Math.min(innerHeight - 130, 540))];
    const scale = Math.min(width / this.sides[0], height / this.sides[1], 4);
    return scale >= 1 ? Math.floor(scale) : scale;
  }

  async #again(box) {
    await this.#visible();
    this.picture.remove();
    await this.view.pause(this.view.text("trial", "show"), this.top, this.view.heading(this.view.text("trial", "looked_away")));
    this.view.show(this.top, box);
    box.append(this.picture);
    await sleep(CROSS_MS, this.signal);
  }

  async #visible() {
    while (document.hidden) {
      const changed = new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
      await Promise.race([changed, aborted(this.signal)]);
    }
  }

  #visibility() {
    if (document.hidden) this.hidden += 1;
    this.journal.note(document.hidden ? "hidden" : "visible");
  }
}
