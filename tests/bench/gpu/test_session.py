"""A GPU session on this machine: every step made to fail in turn, time that runs out, and one real rehearsal."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bench.gpu import home, session, training_queue
from bench.gpu.journal import FILE, Step
from bench.gpu.plan import PAPER, TINY, Scale
from bench.gpu.processes import Outcome
from bench.gpu.session import Options, Session
from bench.gpu.training_queue import TrainingQueue
from pipeline.records.rows import write_json
from pipeline.settings import paths
from pipeline.settings.files import write_whole
from tests.bench.gpu.bare import bare_python
from tests.conftest import ROOT

RATE = {"images/s": 1e6}


class Made:
    """A process that has ended already."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.began = outcome, time.monotonic()

    def poll(self) -> Outcome:
        return self.outcome

    def wait(self) -> Outcome:
        return self.outcome

    def remaining(self) -> float:
        return 0.0

    def kill(self) -> None:
        pass


class Rehearsed(Session):
    """A session whose processes do nothing but leave behind what the real ones would; those of `fail` fail."""

    fail: tuple[str, ...] = ()
    started: list[str]

    def start(self, name: str, module: Sequence[str], folder: Path, limit: float, **other: Any) -> Made:
        self.started = [*getattr(self, "started", []), name]
        mended = "--eager" in module and "stubborn" not in self.fail
        if name in self.fail and not mended:
            return Made(Outcome(1.0, "ended with 1: made to fail"))
        dataset = self.place.dataset
        if name == "pack":
            write_json(folder / paths.pack(dataset, "train") / "summary.json", {"photographs": 100})
        if name == "speed":
            write_json(folder / "speed.json", {"training, bfloat16, compiled": RATE})
        if name.startswith("train: "):
            trained = name.removeprefix("train: ")
            record = {"seconds": 2.0, "images_per_second": 100.0, "epoch_seconds": [2.0], "peak_memory_bytes": 1e9}
            write_json(folder / paths.RUNS / f"train-{dataset}-{trained}.json", record)
            place = paths.segmenter if trained == "small" else paths.trained
            write_whole(folder / place(dataset, trained) / "weights.safetensors", "weights")
        return Made(Outcome(1.0, ""))


def rehearse(tmp_path: Path, scale: Scale, *fail: str, seconds: float = 600) -> Rehearsed:
    until = time.monotonic() + seconds
    options = Options(tmp_path / "home", tmp_path / "work", None, until, scale, "abc", "cpu")
    with Rehearsed(options) as rehearsed:
        rehearsed.fail = fail
        rehearsed.checks()
        rehearsed.speed()
        if rehearsed.journal.done("data"):
            TrainingQueue(rehearsed).train_all()
            rehearsed.settle()
    return rehearsed


def statuses(rehearsed: Rehearsed) -> dict[str, str]:
    saved = json.loads((rehearsed.options.out / FILE).read_text())
    return {name: step["status"] for name, step in saved["steps"].items()}


def test_a_session_trains_and_evaluates_everything(tmp_path: Path) -> None:
    found = statuses(rehearse(tmp_path, PAPER))
    assert set(found.values()) == {"done"}
    assert sum(name.startswith("train: ") for name in found) == 12
    assert sum(name.startswith("evaluate: ") for name in found) == 12
    assert {
        "machine",
        "tests: kernels",
        "tests: training",
        "data",
        "speed",
        "warm-up: semantics",
        "warm-up: larsson",
    } < set(found)


@pytest.mark.parametrize(
    "step",
    [
        "machine",
        "tests: kernels",
        "warm-up: semantics",
        "warm-up: no_semantics",
        "speed",
        "train: small",
        "evaluate: semantics_jbu",
        "evaluate: gray",
    ],
)
def test_a_step_that_fails_ends_no_other_and_the_table_says_why(tmp_path: Path, step: str) -> None:
    rehearsed = rehearse(tmp_path, TINY, step, "stubborn")
    found = statuses(rehearsed)
    named = {"evaluate: semantics_jbu": "evaluate: semantics", "evaluate: gray": "evaluate: references"}.get(step, step)
    assert {name for name, status in found.items() if status != "done"} == {named}
    table = (tmp_path / "home" / home.TABLE).read_text()
    assert any("made to fail" in line for line in table.splitlines() if line.startswith(f"| {named} | failed"))


@pytest.mark.parametrize("stage", ["fetch", "pack"])
def test_without_data_nothing_is_trained_and_the_rest_comes_home(tmp_path: Path, stage: str) -> None:
    found = statuses(rehearse(tmp_path, TINY, stage))
    assert found["data"] == "failed" and found["speed"] == "done"
    assert not any(name.startswith("train") for name in found)


def test_a_training_that_fails_is_tried_once_more_in_the_plainest_mode_and_every_row_says_so(tmp_path: Path) -> None:
    rehearsed = rehearse(tmp_path, TINY, "train: semantics")
    assert rehearsed.started.count("train: semantics") == 2
    steps = rehearsed.journal.steps
    assert steps["train: semantics"].status == "done"
    for step in ("train: semantics", "evaluate: semantics"):
        assert "float32, not compiled" in steps[step].result["how"] and "made to fail" in steps[step].result["how"]
    assert (rehearsed.place.folder("semantics") / "params.yaml").read_text().count("precision: float32") == 1


def test_a_training_that_fails_twice_is_given_up(tmp_path: Path) -> None:
    rehearsed = rehearse(tmp_path, TINY, "train: semantics", "stubborn")
    found = statuses(rehearsed)
    assert found["train: semantics"] == "failed" and "evaluate: semantics" not in found
    assert found["evaluate: no_semantics"] == "done"


def test_when_time_runs_out_trainings_are_left_out_with_the_reason(tmp_path: Path) -> None:
    rehearsed = rehearse(tmp_path, PAPER, seconds=session.LAST_WRITING + 8)
    steps = rehearsed.journal.steps
    left_out = [name for name, step in steps.items() if step.status == "left out"]
    assert left_out and all("epochs" in steps[name].reason for name in left_out)
    assert all(f"| {name} | left out |" in (tmp_path / "home" / home.TABLE).read_text() for name in left_out)


def test_a_speed_that_is_known_is_not_measured_again(tmp_path: Path) -> None:
    options = Options(tmp_path / "home", tmp_path / "work", None, time.monotonic() + 600, TINY, "abc", "cpu")
    with Rehearsed(options) as first:
        first.forget_other_machines()
        figures = {"training, bfloat16, compiled": RATE}
        first.journal.note("speed", Step("timed out", 40.0, "stopped at its limit of 40 s", figures))
    again = rehearse(tmp_path, TINY)
    assert "speed" not in again.started and again.journal.result("speed") == figures


def test_a_second_call_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    rehearse(tmp_path, TINY, "evaluate: no_semantics", "tests: training")
    again = rehearse(tmp_path, TINY)
    assert set(again.started) == {"machine", "tests: training", "evaluate: no_semantics", "evaluate: no_semantics_jbu"}
    assert set(statuses(again).values()) == {"done"}


def test_a_training_that_failed_and_no_longer_fits_makes_way_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_queue, "PLAIN_SHARE", 1e-9)
    found = statuses(rehearse(tmp_path, TINY, "train: semantics"))
    assert found["train: semantics"] == "failed" and found["evaluate: no_semantics"] == "done"


def test_a_full_disk_where_results_go_ends_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    for function in ("write_journal", "write_rows"):
        monkeypatch.setattr(home, function, full)
    rehearsed = rehearse(tmp_path, TINY)
    assert {step.status for step in rehearsed.journal.steps.values()} == {"done"}
    assert "did not come home: OSError" in capsys.readouterr().out


def test_rows_are_home_before_an_evaluation_counts_as_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    write = home.write_rows

    def noted(out: Path, work: Path, files: Sequence[Path]) -> None:
        seen.append("evaluate: semantics" in json.loads((out / FILE).read_text())["steps"])
        write(out, work, files)

    monkeypatch.setattr(home, "write_rows", noted)
    rehearse(tmp_path, TINY)
    assert not seen[0] and seen[-1]


def test_what_was_brought_home_is_gone_on_from_and_never_written_over(tmp_path: Path) -> None:
    out = tmp_path / "home"
    rehearse(tmp_path, TINY)
    before = json.loads((out / FILE).read_text())["steps"]
    for place in (["--from", str(out)], []):
        work = tmp_path / f"work{len(place)}"
        command = [sys.executable, "-m", "bench.gpu_session", "--tiny", "--minutes", "0.2", *place]
        subprocess.run([*command, "--out", str(out), "--work", str(work)], cwd=ROOT, check=True, capture_output=True)
        after = json.loads((out / FILE).read_text())["steps"]
        assert set(before) <= set(after)
        assert after["speed"] == before["speed"] and after["train: semantics"] == before["train: semantics"]


def test_a_wrong_place_to_go_on_from_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.gpu_session", "--tiny", "--from", str(tmp_path / "hoem")]
    place = ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    done = subprocess.run([*command, *place], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "hoem holds no session.json" in done.stderr and "Traceback" not in done.stderr


def kill_once(module: str, folder: Path, until: threading.Event) -> None:
    """Kill the first process that runs `module` in `folder`."""
    while not until.is_set():
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if module in (process / "cmdline").read_text() and (process / "cwd").readlink() == folder:
                    os.kill(int(process.name), signal.SIGKILL)
                    return
            except (OSError, UnicodeDecodeError):
                continue
        time.sleep(0.05)


def test_a_rehearsal_runs_where_only_the_packages_of_a_gpu_machine_are(tmp_path: Path) -> None:
    """From end to end, with one training killed on the way."""
    python, out, ended = bare_python(tmp_path / "bare"), tmp_path / "home", threading.Event()
    command = [str(python), "-m", "bench.gpu_session", "--tiny", "--minutes", "9", "--out", str(out)]
    where = tmp_path / "work" / "runs" / "no_semantics"
    killer = threading.Thread(target=kill_once, args=("pipeline.train", where, ended))
    killer.start()
    done = subprocess.run(
        [*command, "--work", str(tmp_path / "work")],
        cwd=ROOT, env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}, capture_output=True, text=True,
    )  # fmt: skip
    ended.set()
    killer.join()
    assert done.returncode == 0, done.stdout + done.stderr
    saved = json.loads((out / FILE).read_text())
    problems = {name: step["reason"] for name, step in saved["steps"].items() if step["status"] != "done"}
    assert not problems, problems
    assert "ended with -9" in saved["steps"]["train: no_semantics"]["result"]["how"]
    figures = saved["steps"]["evaluate: semantics"]["result"]["methods"]["semantics_jbu"]
    assert figures["photographs"] == 12 and all(figures[name] is not None for name in ("psnr_rgb", "miou", "ciede2000"))
    with zipfile.ZipFile(out / home.ROWS) as rows:
        names = {Path(name).name for name in rows.namelist()}
    assert {"semantics_jbu.csv", "history.csv", "semantics_jbu.webp", "original.csv"} <= names
    with Image.open(out / home.SHEET) as sheet:
        assert sheet.height == 120 * (4 + 2 * 2)
    files = list(out.iterdir())
    assert len(files) <= 8 and all(path.is_file() and path.stat().st_size <= home.LARGEST for path in files)


def test_without_data_or_gpu_it_ends_in_a_sentence(tmp_path: Path) -> None:
    for arguments, sentence in (
        ([], "give --data, a folder that --pack has made, or rehearse with --tiny"),
        (["--data", str(tmp_path)], "PyTorch sees no GPU on this machine; --tiny rehearses without one"),
        (["--pack", str(tmp_path)], "there is no VOC2012 in"),
    ):
        command = ["-m", "bench.gpu_session", "--out", str(tmp_path / "out"), *arguments]
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr
