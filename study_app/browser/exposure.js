// Shows a picture for a time, by the screen's own frames, and measures how long it was visible.
import { aborted } from "./view.js";

/** The time of the next frame. */
function frame() {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

/**
 * Show `picture` for `milliseconds`, then hide it. As soon as `unseen()` is true (the page is hidden, or its window too
 * small), so is the picture hidden, and after `again()` it is shown anew for the whole time. Times are in ms of `performance.now()`: `onset` of the first showing,
 * `offset` of the last, `shown` all showings together; each is that of the frame after the change, when it is visible.
 */
export async function expose(picture, milliseconds, { signal, again, unseen }) {
  const measured = { onset: null, offset: null, shown: 0, exposures: 0 };
  for (let complete = false; !complete; ) {
    if (measured.exposures) await again();
    const from = await change(picture, "visible", signal);
    measured.onset ??= from;
    measured.exposures += 1;
    complete = await held(from, milliseconds, signal, unseen);
    if (!complete) picture.style.visibility = "hidden"; // nobody sees frames of a hidden page
    const until = complete ? await change(picture, "hidden", signal) : performance.now();
    measured.offset = until;
    measured.shown += until - from;
  }
  return measured;
}

async function change(picture, visibility, signal) {
  await Promise.race([frame(), aborted(signal)]);
  picture.style.visibility = visibility;
  return Promise.race([frame(), aborted(signal)]);
}

/** Wait until it is time to hide the picture; false as soon as the page is hidden, or its window too small. */
async function held(from, milliseconds, signal, unseen) {
  if (unseen()) return false;
  const over = new AbortController();
  const gone = new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(false), { signal: over.signal });
    addEventListener("resize", () => unseen() && resolve(false), { signal: over.signal });
  });
  const timed = (async () => {
    let step = 50; // the screen's own: the shortest seen, so that a frame that took long does not end the time early
    for (let last = from; ; ) {
      const now = await frame();
      step = Math.min(step, now - last);
      if (now + 2.5 * step >= from + milliseconds) return true; // hidden in the next frame, gone in the one after
      last = now;
    }
  })();
  return Promise.race([timed, gone, aborted(signal)]).finally(() => over.abort());
}
