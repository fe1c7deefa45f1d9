"""A session's steps in their order, within the minutes that there are.

The checks come first, then the speed of single parts with the GPU to themselves, then one training after another. What
is trained is evaluated beside the next training, by the other processors. The time that is left is shared out again
after each. A step that fails or runs out of time is noted with the reason and ends no other.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.gpu import home
from bench.gpu.data import unpack_checked
from bench.gpu.evaluate import SEGMENTER, figures, row_files, strip_of
from bench.gpu.journal import FILE, Journal, Step
from bench.gpu.machine import Usage, gpu
from bench.gpu.plan import Scale, trainings
from bench.gpu.processes import Running
from bench.gpu.table import DEFAULT, EVALUATE, SPEED
from bench.gpu.workplace import REFERENCES, Workplace
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.files import write_whole
from pipeline.settings.provenance import ROOT

CHECKS, SPEED_UNTIL = 58.0, 100.0  # seconds: the limit of each check; when the speed must be measured, from the start
SPEED_AT_LEAST = 40.0
COMPILING = 120.0  # seconds: the limit of a warm-up
LAST_WRITING = 8.0  # seconds
PACKING, EVALUATING = 180.0, 240.0  # seconds: limits, several times as long as it takes
WARMED = ("semantics", "no_semantics")  # before the speed is measured; the others beside the first trainings
TESTS = {
    "tests: kernels": (
        "tests/pipeline/upsampling/test_jbu_triton.py",
        "tests/pipeline/color/test_compose_triton.py",
        "tests/pipeline/networks/test_losses.py",
        "tests/pipeline/color/test_cielab.py",
        "tests/pipeline/color/test_gamut.py",
    ),
    "tests: training": ("tests/pipeline/test_train.py",),
}
PYTEST = ("pytest", "-q", "--tb=short", "-rfE", "-m", "gpu", "-p", "no:cacheprovider")  # what failed comes last


@dataclass(frozen=True)
class Options:
    """What the command line says. `until`: of `time.monotonic`; `device`: "cuda", or "cpu" in a rehearsal."""

    out: Path
    work: Path
    data: Path | None
    until: float
    scale: Scale
    commit: str
    device: str


class Session:
    """One call of the command: its clock, its processes, its journal, and what comes home."""

    def __init__(self, options: Options) -> None:
        self.options, self.scale = options, options.scale
        self.began = time.monotonic()
        self.deadline = options.until - LAST_WRITING
        self.closing = False
        self.place = Workplace(options.work, options.data is not None, options.scale)
        self.journal = Journal(self.place.work / FILE, self.changed)
        self.journal.about |= {"commit": options.commit, "scale": str(asdict(options.scale))}
        self.logs = self.place.work / "logs"
        self.usage = Usage(self.place.work / home.USAGE)
        self.beside = ThreadPoolExecutor(16)  # threads that wait for processes
        self.evaluations: list[Future[None]] = []
        self.warm_ups: dict[str, Future[Any]] = {}  # by model
        self.processes: list[Running] = []

    def __enter__(self) -> "Session":
        self.options.out.mkdir(parents=True, exist_ok=True)
        self.journal.save()
        self.usage.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        """Whatever has happened, what is there comes home."""
        self.closing = True
        for process in self.processes:
            process.kill()
        self.beside.shutdown(wait=True, cancel_futures=True)
        self.usage.__exit__()
        self.changed()
        self.bring_rows()

    def settle(self) -> None:
        """Wait for the evaluations that are under way."""
        for evaluation in self.evaluations:
            evaluation.result()

    def total(self) -> float:
        """Seconds of the whole session."""
        return self.deadline - self.began

    def left(self) -> float:
        """Seconds until everything must be home."""
        return self.deadline - time.monotonic()

    def start(
        self, name: str, module: Sequence[str], folder: Path, limit: float, threads: int = 4, beside: bool = False
    ) -> Running:
        """A module of this project as a process of its own, with a log by the step's name.

        `beside` trainings it steps back: they start a GPU's work from one processor, which must not wait.
        """
        compiled = self.place.work / "compiled"
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "TORCHINDUCTOR_CACHE_DIR": str(compiled / "inductor"),
            "TORCHINDUCTOR_COMPILE_THREADS": "4",
            "TRITON_CACHE_DIR": str(compiled / "triton"),
            "OMP_NUM_THREADS": str(threads if self.options.device == "cuda" else 1),
        }
        log = self.logs / f"{name.replace(': ', '-')}.txt"
        if self.closing:
            raise UserError("the session is over.")
        command = [*["nice", "-n", "10"] * beside, sys.executable, "-m", *module]
        running = Running(command, folder, environment, log, max(0.0, min(limit, self.left())))
        self.processes.append(running)
        return running

    def step(
        self, name: str, module: Sequence[str], limit: float, result: Path | None = None, beside: bool = False
    ) -> bool:
        """Run a module to its end and note how that went; `result` is a JSON file that it writes."""
        if not self.journal.done(name):
            folder = self.place.folder("checks")
            written = folder / (result or "no.json")
            written.unlink(missing_ok=True)
            outcome = self.start(name, module, folder, limit, beside=beside).wait()
            found = json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}
            self.journal.note(name, Step(outcome.status, outcome.seconds, outcome.reason, found))
        return self.journal.done(name)

    def submit(self, name: str, work: Callable[[], Any]) -> Future[None]:
        """Do `work` beside; see `guarded`."""
        return self.beside.submit(self.guarded, name, work)

    def guarded(self, name: str, work: Callable[[], Any]) -> None:
        """Do `work`; what goes wrong in it is noted as the failure of the step `name`."""
        began = time.monotonic()
        try:
            work()
        except Exception as error:
            self.journal.note(name, Step("failed", time.monotonic() - began, f"{type(error).__name__}: {error}"))

    # The steps before the trainings

    def checks(self) -> None:
        """What machine it is, and whether what needs a GPU is right there; meanwhile the data is packed."""
        self.place.write_params(self.place.folder("checks"))
        self.forget_other_machines()
        machine = ["bench.gpu.machine", "--out", "machine.json"]
        waiting: list[Future[Any]] = [
            self.submit("data", self.pack),
            self.submit("machine", partial(self.step, "machine", machine, CHECKS, Path("machine.json"))),
        ]
        checking = [
            self.submit(name, partial(self.step, name, [*PYTEST, *(str(ROOT / file) for file in files)], CHECKS))
            for name, files in TESTS.items()
        ]
        for model in WARMED:
            self.warm_up(model)
        if not self.knows_speed():  # whose measurement wants the GPU for itself
            waiting += [*checking, *self.warm_ups.values()]
        for one in waiting:
            one.result()

    def forget_other_machines(self) -> None:
        """An earlier call may have had another machine, and another GPU has another speed."""
        name = gpu().get("name", "none")
        if name != self.journal.about.get("GPU"):
            self.journal.forget(SPEED)
        self.journal.about["GPU"] = name
        self.journal.forget("machine")

    def pack(self) -> None:
        """Check what has travelled and pack it by the ordinary stages."""
        if self.journal.done("data") and (self.place.work / paths.pack(self.place.dataset, "train")).exists():
            return
        began = time.monotonic()
        contents = unpack_checked(self.options.data, self.place.voc) if self.options.data else {}
        folder = self.place.folder("pack")
        self.place.write_params(folder)
        for stage in ("fetch", "pack"):
            outcome = self.start(stage, [f"pipeline.{stage}", self.place.dataset], folder, PACKING).wait()
            if outcome.reason:
                raise UserError(f"{stage} {outcome.reason}")
        self.journal.note("data", Step("done", time.monotonic() - began, "", contents))

    def warm_up(self, model: str, beside: bool = False) -> None:
        """Let a network train three steps, so that what it compiles is in the cache of the real training.

        An earlier call's cache has stayed on its machine.
        """
        name, marker = f"warm-up: {model}", self.place.work / "compiled" / model

        def compiling() -> None:
            if not marker.exists():
                self.journal.forget(name)
            if self.step(name, ["bench.gpu.warm", self.place.dataset, model], COMPILING, beside=beside):
                write_whole(marker, "")

        self.warm_ups[model] = self.submit(name, compiling)

    def speed(self) -> None:
        """Every part by itself, with the GPU to itself."""
        if self.knows_speed():
            return
        limit = max(SPEED_AT_LEAST, SPEED_UNTIL - (time.monotonic() - self.began))
        size = ["--size", str(self.scale.size), "--width", str(self.scale.width), "--device", self.options.device]
        self.step(SPEED, ["bench.gpu.speed", "--out", "speed.json", *size], limit, Path("speed.json"))

    def knows_speed(self) -> bool:
        """Whether what trainings are planned by is measured; what took too long after it is not tried again."""
        return DEFAULT in self.journal.result(SPEED)

    # What is done beside the trainings

    def warm_up_others(self) -> None:
        """The networks that are still to come, one after another."""
        for model in dict.fromkeys(training.model for training in trainings(self.scale)):
            if model not in self.warm_ups:
                self.warm_up(model, beside=True)
                self.warm_ups[model].result()

    def evaluate(self, name: str, methods: Sequence[str], about: dict[str, Any]) -> None:
        """Begin the evaluation of methods whose weights lie in the folder `name`; `about` stands in their rows."""
        work = partial(self._evaluate, name, methods, about)
        self.evaluations.append(self.submit(EVALUATE + name, work))

    def _evaluate(self, name: str, methods: Sequence[str], about: dict[str, Any]) -> None:
        folder, dataset, began = self.place.folder(name), self.place.dataset, time.monotonic()
        processes = [
            self.start(f"{EVALUATE}{method}", ["bench.gpu.evaluate", dataset, method, "--device", self.options.device],
                       folder, EVALUATING, beside=True)
            for method in methods
        ]  # fmt: skip
        outcomes = [process.wait() for process in processes]
        reasons = [f"{method} {one.reason}" for method, one in zip(methods, outcomes, strict=True) if one.reason]
        found = {method: figures(folder, dataset, method) for method in methods}
        result = {**about, "methods": found}
        worst = max(outcomes, key=lambda outcome: bool(outcome.reason) + outcome.timed_out)
        self.bring_rows()  # first: what is noted as done is not done again
        self.journal.note(EVALUATE + name, Step(worst.status, time.monotonic() - began, "; ".join(reasons), result))

    # What comes home

    def changed(self) -> None:
        """After every step: the journal, its table, and the logs. A full disk there ends nothing."""
        with telling("figures and logs"):
            home.write_journal(self.options.out, self.journal)
            home.write_logs(self.options.out, self.logs)

    def bring_rows(self) -> None:
        """After every evaluation: all rows and the sheet of pictures."""
        with telling("rows and pictures"), self.journal.lock:
            folders = [self.place.folder(name) for name in ("references", *(one.name for one in trainings(self.scale)))]
            files = [
                file
                for folder in folders
                for method in (*REFERENCES, folder.name, f"{folder.name}_jbu")
                for file in row_files(folder, self.place.dataset, method)
            ]
            models = [folder / paths.RESULTS / "models" for folder in folders]
            histories = [path for folder in models for path in folder.glob("*/*/history.csv")]
            times = [path for folder in folders for path in (folder / paths.RUNS).glob("train-*.json")]
            home.write_rows(self.options.out, self.place.work, [*files, *histories, *times])
            strips = [file for file in files if file.parent.name == strip_of("").parent.name]
            home.write_sheet(self.options.out, strips)
            home.copy(self.place.work / home.USAGE, self.options.out)
            home.bring_segmenter(self.options.out, self.place.work, paths.segmenter(self.place.dataset, SEGMENTER))


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Print what keeps something from coming home; the session goes on, and the next step tries again."""
    try:
        yield
    except Exception as error:
        print(f"{what} did not come home: {type(error).__name__}: {error}", flush=True)
