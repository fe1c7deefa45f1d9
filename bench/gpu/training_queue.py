"""The trainings of a session, one after another: which comes next, for how long, and what to do where one fails."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.gpu.evaluate import SEGMENTER
from bench.gpu.journal import Step
from bench.gpu.machine import idle_share
from bench.gpu.plan import Choice, Pace, Training, choose, trainings
from bench.gpu.processes import Outcome, Running
from bench.gpu.session import Session
from bench.gpu.table import DEFAULT, EVALUATE, SPEED, TRAIN
from bench.gpu.workplace import REFERENCES, methods_of
from pipeline.settings import paths

START, EVALUATION = 20.0, 60.0  # seconds until measured: before a training's first epoch; of an evaluation
LEAD = 20.0  # seconds before a training's end at which the next may start, which loads and compiles first
LATE = 60.0  # seconds that a training may take beside twice what is expected
PLAIN_SHARE = 0.2  # of a network's speed that is expected of it in float32 and not compiled
UNKNOWN = 1000.0  # photographs a second of `semantics` where the speed could not be measured
SMALL = Training(SEGMENTER, SEGMENTER, 0, SEGMENTER)
DEFAULT_MODE = "as by default"


@dataclass(frozen=True)
class Trial:
    """A training that runs. `plain`: the error after which it runs in float32 and not compiled, else "".

    `expected`: seconds that its process takes; `began`: in seconds since 1970.
    """

    training: Training
    epochs: int
    of_epochs: int
    plain: str
    running: Running
    expected: float
    began: float

    def ahead(self) -> float:
        """Seconds that it still takes: by its progress bar, before that as expected, and more than the next's lead."""
        remaining = self.running.remaining()
        elapsed = time.monotonic() - self.running.began
        return max(LEAD + 1, self.expected - elapsed) if remaining is None else remaining

    @property
    def mode(self) -> str:
        """How it trains, as its rows say it."""
        return f"plainest mode (float32, not compiled), after: {self.plain}" if self.plain else DEFAULT_MODE


class TrainingQueue:
    """What waits for the GPU, and what it trains."""

    def __init__(self, session: Session) -> None:
        self.session, self.journal, self.place, self.scale = session, session.journal, session.place, session.scale
        self.plain: dict[str, str] = {}  # the error of trainings that are tried again in the plainest mode
        self.begun = {  # epochs of each group
            one.group: self.journal.result(TRAIN + one.name)["epochs"]
            for one in trainings(self.scale)
            if self.journal.done(TRAIN + one.name)
        }
        self.waiting: list[Training] = []

    def train_all(self) -> None:
        """The segmenter, then all that fit."""
        self.segmenter()
        self.waiting = [one for one in trainings(self.scale) if not self.journal.done(EVALUATE + one.name)]
        self.session.submit("warm-up", self.session.warm_up_others)
        self.evaluate_trained()
        if not self.journal.done(EVALUATE + "references"):
            self.place.write_params(self.place.folder("references"))
            self.session.evaluate("references", REFERENCES, {})
        active: list[Trial] = []
        left_out: dict[str, str] = {}
        while self.waiting or active:
            for trial in tuple(active):
                if (outcome := trial.running.poll()) is not None:
                    active.remove(trial)
                    self.ended(trial, outcome)
            started, left_out = self.next(active)
            if started is not None:
                active.append(started)
            elif not active and left_out:
                break
            time.sleep(0.1)
        for name, reason in left_out.items():
            if not self.journal.done(TRAIN + name):
                self.journal.note(TRAIN + name, Step("left out", 0.0, reason))

    def evaluate_trained(self) -> None:
        """What an earlier call has trained here and had no time to evaluate."""
        for training in list(self.waiting):
            weights = self.place.folder(training.name) / paths.trained(self.place.dataset, training.name)
            if self.journal.done(TRAIN + training.name) and (weights / "weights.safetensors").exists():
                self.waiting.remove(training)
                self.evaluate(training, self.journal.result(TRAIN + training.name))

    def evaluate(self, training: Training, result: dict[str, Any]) -> None:
        """Have a training's pictures looked at; how long and in which mode it trained stands in their rows too."""
        about = {name: result[name] for name in ("epochs", "of_epochs", "how")}
        self.session.evaluate(training.name, list(methods_of(training)), about)

    def segmenter(self) -> None:
        """What will judge all the pictures, unless it is there already; another judge's figures are then forgotten."""
        weights = self.place.work / paths.segmenter(self.place.dataset, SEGMENTER) / "weights.safetensors"
        if self.journal.done(TRAIN + SEGMENTER) and weights.exists():
            return
        for name in self.journal.all():
            if name.startswith(EVALUATE):
                self.journal.forget(name)
        outcome = self._train_segmenter("")
        if outcome.reason and not outcome.timed_out:
            self._train_segmenter(outcome.reason)

    def _train_segmenter(self, plain: str) -> Outcome:
        trial = self.start(SMALL, self.scale.segmenter_epochs, plain)
        outcome = trial.running.wait()
        self.note(trial, outcome)
        return outcome

    def next(self, active: Sequence[Trial]) -> tuple[Trial | None, dict[str, str]]:
        """Start the training that comes next, once the one that runs is about to end; or say why none fits."""
        ahead = sum(trial.ahead() for trial in active)
        if not self.waiting or len(active) > 1 or (active and ahead > LEAD):
            return None, {}
        choice = self.choice(self.session.left() - ahead)
        training = choice.training
        if training is None:
            return None, choice.left_out
        warm_up = self.session.warm_ups.get(training.model)
        if warm_up is not None and not warm_up.done():
            return None, {}  # what it compiles just now need not be compiled twice
        self.waiting.remove(training)
        self.begun[training.group] = choice.epochs
        return self.start(training, choice.epochs, self.plain.get(training.name, "")), {}

    def choice(self, seconds: float) -> Choice:
        """What to train in the `seconds` that are left: first again, if it still fits, what has failed."""
        epochs, after = self.scale.epochs, self.evaluation_seconds()
        again = [training for training in self.waiting if training.name in self.plain]
        if again:
            found = choose(again, self.begun, self.pace(plain=True), epochs, seconds, after)
            if found.training is not None:
                return found
            self.waiting = [training for training in self.waiting if training not in again]
        return choose(self.waiting, self.begun, self.pace(), epochs, seconds, after)

    def start(self, training: Training, epochs: int, plain: str) -> Trial:
        """Start a training's process."""
        folder = self.place.folder(training.name)
        self.place.write_params(folder, training, epochs, "float32" if plain else "auto")
        module = ["pipeline.train", self.place.dataset, training.name, "--device", self.session.options.device]
        expected = self.pace(bool(plain)).seconds(training.model, epochs) + LEAD
        limit = min(2 * expected + LATE, self.session.left() - self.evaluation_seconds() / 2)
        running = self.session.start(TRAIN + training.name, [*module, *["--eager"] * bool(plain)], folder, limit)
        of_epochs = self.scale.segmenter_epochs if training is SMALL else self.scale.epochs
        return Trial(training, epochs, of_epochs, plain, running, expected, time.time())

    def ended(self, trial: Trial, outcome: Outcome) -> None:
        """Note it and have it evaluated; after an error it is tried once more in the plainest mode."""
        self.note(trial, outcome)
        if not outcome.reason:
            self.evaluate(trial.training, self.journal.result(TRAIN + trial.training.name))
        elif not outcome.timed_out and not trial.plain:
            self.plain[trial.training.name] = outcome.reason
            self.waiting.insert(0, trial.training)

    def note(self, trial: Trial, outcome: Outcome) -> None:
        """Write down what a training took and came to."""
        reason, result, status = outcome.reason, {}, outcome.status
        if not reason:
            try:
                result = self.measured(trial)
            except (OSError, ValueError, KeyError) as error:
                status, reason = "failed", f"has left no record of itself: {error}"
        self.journal.note(TRAIN + trial.training.name, Step(status, outcome.seconds, reason, result))

    def measured(self, trial: Trial) -> dict[str, Any]:
        """From the run's own record and the GPU's use; the rate is that of the median epoch."""
        name, dataset = trial.training.name, self.place.dataset
        path = self.place.folder(name) / paths.RUNS / f"train-{dataset}-{name}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        ended = path.stat().st_mtime
        began = max(trial.began, ended - record["seconds"])  # a resumed one has seconds of an earlier call
        photographs = record["images_per_second"] * record["seconds"] / trial.epochs
        return {
            "epochs": trial.epochs,
            "of_epochs": trial.of_epochs,
            "images_per_second": photographs / median(record["epoch_seconds"]),
            "seconds": record["seconds"],
            "peak_memory_bytes": record["peak_memory_bytes"],
            "idle": idle_share(self.session.usage.samples(), began, ended),
            "how": trial.mode,
        }

    def pace(self, plain: bool = False) -> Pace:
        """What trainings have taken so far, by default those of the default mode; of the plainest, a share of it."""
        models = {training.name: training.model for training in (*trainings(self.scale), SMALL)}
        measured = {
            name.removeprefix(TRAIN): step
            for name, step in self.journal.all().items()
            if name.startswith(TRAIN) and step.result.get("how") == DEFAULT_MODE
        }
        rates = {models[name]: step.result["images_per_second"] for name, step in measured.items() if name in models}
        starts = [step.seconds - step.result["seconds"] for name, step in measured.items() if name != SEGMENTER]
        semantics = rates.get("semantics", self.journal.result(SPEED).get(DEFAULT, {}).get("images/s", UNKNOWN))
        start = max(3.0, median(starts) - LEAD) if starts else START
        share = PLAIN_SHARE if plain else 1.0
        slowed = {model: share * rate for model, rate in rates.items()}
        return Pace(self.photographs(), self.scale.batch_size, share * semantics, start, slowed)

    def photographs(self) -> int:
        """How many an epoch has."""
        path = self.place.work / paths.pack(self.place.dataset, "train") / "summary.json"
        return int(json.loads(path.read_text(encoding="utf-8"))["photographs"])

    def evaluation_seconds(self) -> float:
        """What an evaluation takes, by the slowest so far."""
        took = [
            step.seconds
            for name, step in self.journal.all().items()
            if name.startswith(EVALUATE) and step.status == "done" and name != EVALUATE + "references"
        ]
        return 1.1 * max(took) if took else min(EVALUATION, self.session.total() / 4)
