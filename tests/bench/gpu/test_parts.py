"""The parts of a GPU session: who is trained for how long, processes with limits, the table, and what comes home."""

import io
import json
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.gpu import home, machine, sheets
from bench.gpu.journal import FILE, Journal, Step
from bench.gpu.plan import PAPER, TINY, Pace, choose, trainings
from bench.gpu.processes import Running
from bench.gpu.table import goals, markdown
from bench.gpu_results import timeline
from tests.conftest import environment

PHOTOGRAPHS = 3131
PACE = Pace(PHOTOGRAPHS, batch_size=40, semantics=1400.0, start=10.0, rates={})
NAMES = [training.name for training in trainings(PAPER)]


def chosen(names: list[str], seconds: float, begun: dict[str, int] | None = None, pace: Pace = PACE):
    waiting = [training for training in trainings(PAPER) if training.name in names]
    return choose(waiting, begun or {}, pace, PAPER.epochs, seconds, after=0.0)


def test_the_papers_networks_come_first_and_with_three_seeds() -> None:
    assert NAMES[:6] == [
        "semantics",
        "no_semantics",
        "semantics_seed1",
        "no_semantics_seed1",
        "semantics_seed2",
        "no_semantics_seed2",
    ]
    assert NAMES[6:] == ["zhang", "iizuka", "larsson", "siggraph17", "semantics_again"]
    assert {training.name for training in trainings(TINY)} < set(NAMES)


def test_a_training_that_fits_gets_all_its_epochs() -> None:
    choice = chosen(NAMES, 600)
    assert choice.training is not None
    assert (choice.training.name, choice.epochs, choice.left_out) == ("semantics", 40, {})


def test_the_two_of_a_pair_share_what_is_left() -> None:
    choice = chosen(NAMES, 120)
    assert choice.training is not None and choice.training.name == "semantics"
    assert 8 <= choice.epochs < 40
    both = sum(PACE.seconds(model, choice.epochs) for model in ("semantics", "no_semantics"))
    one_more = sum(PACE.seconds(model, choice.epochs + 1) for model in ("semantics", "no_semantics"))
    assert both <= 120 < one_more


def test_the_second_of_a_pair_gets_no_more_epochs_than_the_first() -> None:
    choice = chosen(["no_semantics", "zhang"], 1000, begun={"seed 0": 12})
    assert choice.training is not None and (choice.training.name, choice.epochs) == ("no_semantics", 12)


def test_what_does_not_fit_is_passed_over_with_the_reason() -> None:
    choice = chosen(["siggraph17", "semantics_again"], 40)
    assert choice.training is not None and choice.training.name == "semantics_again"
    assert list(choice.left_out) == ["siggraph17"] and "of 40 epochs" in choice.left_out["siggraph17"]
    assert chosen(NAMES, 5).training is None


def test_measured_rates_replace_computed_ones() -> None:
    slow = Pace(PHOTOGRAPHS, 40, 1400.0, 10.0, {"zhang": 100.0})
    assert slow.rate("zhang") == 100 and slow.rate("semantics") == pytest.approx(0.9 * 1400)
    assert slow.epochs(["zhang"], 600) < 40 <= PACE.epochs(["zhang"], 600)


def test_a_small_network_is_not_expected_to_be_faster_than_its_processor() -> None:
    assert PACE.rate("iizuka") == 40 / 0.02 < 0.9 * 1400 * 194.6 / 51.5


def running(tmp_path: Path, program: str, limit: float = 20) -> Running:
    return Running([sys.executable, "-c", program], tmp_path, {}, tmp_path / "log.txt", limit)


def test_a_process_that_fails_says_its_last_words(tmp_path: Path) -> None:
    outcome = running(tmp_path, "import sys; print('all is well', flush=True); sys.exit('no it is not')").wait()
    assert outcome.status == "failed" and outcome.reason.endswith("ended with 1: all is well no it is not")


def test_a_process_and_its_children_end_at_the_limit(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print('child', flush=True); time.sleep(60)"
    )
    began = time.monotonic()
    process = running(tmp_path, program, limit=0.5)
    outcome = process.wait()
    assert outcome.status == "timed out" and "limit" in outcome.reason and time.monotonic() - began < 10
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    groups = [path.read_text().rpartition(")")[2].split()[2] for pid in pids if (path := stat_of(pid)) is not None]
    assert str(process.process.pid) not in groups


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_ends_with_the_session_however_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    program = (
        "import sys, time; from pathlib import Path; from bench.gpu.processes import Running\n"
        "running = Running(['sleep', '60'], Path('.'), {}, Path(sys.argv[1]), 60)\n"
        "print(running.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "log.txt")], env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert stat_of(child) is not None
    parent.send_signal(how)
    parent.wait()
    deadline = time.monotonic() + 10
    while stat_of(child) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stat_of(child) is None


def stat_of(pid: int) -> Path | None:
    path = Path(f"/proc/{pid}/stat")
    try:
        return path if path.read_text().rpartition(")")[2].split()[0] != "Z" else None
    except OSError:
        return None


def test_a_progress_bar_tells_what_is_left(tmp_path: Path) -> None:
    bar = "training:  45%|####5     | 1400/3120 [00:35<01:41, 41.2step/s, epoch=18, loss=2.1]"
    process = running(tmp_path, f"print('loading', flush=True); print({bar!r})")
    process.wait()
    assert process.remaining() == 101
    assert running(tmp_path, "print('nothing yet')").remaining() is None


def test_the_table_names_goals_shortened_trainings_and_reasons() -> None:
    training = {
        "epochs": 24,
        "of_epochs": 40,
        "images_per_second": 1500.0,
        "seconds": 60.0,
        "idle": 0.31,
        "how": "eager",
    }
    steps = {
        "speed": Step(
            "timed out", 40.0, "stopped at its limit of 40 s", {"training, bfloat16, compiled": {"images/s": 1500.0}}
        ),
        "train: semantics": Step("done", 70.0, "", training),
        "evaluate: semantics": Step("done", 30.0, "", {**training, "methods": {"semantics_jbu": {"psnr_rgb": 22.5}}}),
        "train: zhang": Step("failed", 3.0, "ended with 1: CUDA error | out of memory"),
    }
    met = {goal.what: goal.met for goal in goals(steps)}
    assert list(met.values()) == ["yes", "not measured", "not measured", "no"]
    text = markdown({"commit": "abc"}, steps)
    assert "| semantics | **24 of 40** | 1,500 |" in text
    assert "| semantics_jbu | **24 of 40** | - | 22.5 |" in text
    assert "| train: zhang | failed | 3.0 | ended with 1: CUDA error / out of memory |" in text


def test_a_table_of_nothing_is_a_table() -> None:
    assert "not measured" in markdown({}, {})


def test_a_second_call_keeps_what_is_done_and_tries_the_rest_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / FILE)
    journal.note("tests", Step("done", 1.0, "", {"passed": 3}))
    journal.note("speed", Step("failed", 1.0, "no GPU"))
    again = Journal(tmp_path / FILE)
    assert again.done("tests") and not again.done("speed")
    assert again.result("tests") == {"passed": 3}


def test_another_machine_starts_from_what_the_first_brought_home(tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "home"
    journal = Journal(work / FILE)
    journal.note("tests", Step("done"))
    row = work / "runs" / "semantics" / "scores" / "scenes" / "semantics.csv"
    weights = work / "segmenters" / "scenes" / "small" / "weights.safetensors"
    for path in (row, weights):
        path.parent.mkdir(parents=True)
        path.write_text(path.name)
    out.mkdir()
    home.write_journal(out, journal)
    home.write_rows(out, work, [row])
    home.bring_segmenter(out, work, weights.parent.relative_to(work))
    other = tmp_path / "other"
    home.restore(out, other)
    assert Journal(other / FILE).done("tests")
    for path in (row, weights):
        assert (other / path.relative_to(work)).read_text() == path.name


def test_nothing_larger_than_what_may_come_home_is_written(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(home.LARGEST + 1)
    home.write_zip(tmp_path / "large.zip", {"noise": noise})
    assert not (tmp_path / "large.zip").exists()
    home.write_zip(tmp_path / "small.zip", {"noise": noise[:1000]})
    with zipfile.ZipFile(tmp_path / "small.zip") as archive:
        assert archive.read("noise") == noise[:1000]


def test_a_sheet_holds_a_row_for_every_method(tmp_path: Path) -> None:
    pictures = [np.full((30, 40 + number, 3), 20 * number, np.uint8) for number in range(4)]
    strips = []
    for name in ("gray", "semantics_jbu"):
        strips.append(tmp_path / f"{name}.webp")
        sheets.strip(pictures, name).save(strips[-1])
    home.write_sheet(tmp_path, strips)
    with Image.open(tmp_path / home.SHEET) as sheet:
        assert sheet.size == (sheets.LABEL + 4 * sheets.CELL[0], 2 * sheets.CELL[1])
    assert sheets.spread(list("abcdefgh"), 3) == ["a", "c", "e"] and sheets.spread(["a"], 3) == ["a"]


def test_what_nvidia_smi_says_becomes_the_share_of_idle_time() -> None:
    said = "2026/11/26 22:00:00.100, 90, 600.5, 1980, 4000, 50\n2026/11/26 22:00:00.600, 70, 500, 1980, 4000, 50\n"
    samples = list(machine.parsed(line.split(", ") for line in [*said.splitlines(), "2026/11/26 22:00", "[N/A], x"]))
    assert [sample.busy for sample in samples] == [90, 70]
    assert machine.idle_share(samples, samples[0].at, samples[1].at) == pytest.approx(0.2)
    assert machine.idle_share([], 0, 1) is None


def test_the_machine_is_described_without_a_gpu_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.subprocess, "run", lambda *a, **k: (_ for _ in ()).throw(FileNotFoundError()))
    said = machine.describe()
    assert said["torch"] != "not installed" and not any(name.startswith("GPU") for name in said)
    assert json.loads(json.dumps(said)) == said and io.StringIO(said["python"]).read()


def test_the_gpus_use_is_drawn_from_the_last_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"2026/11/26 22:{minute:02}:{second:02}.000, 90, 600, 1980, 4000, 50"
             for minute in (0, 30, 31) for second in range(60)]  # fmt: skip
    (tmp_path / home.USAGE).write_text("\n".join(lines))
    Journal(tmp_path / FILE).note("train: zhang", Step("done", 30.0))
    drawn: list[int] = []
    monkeypatch.setattr(timeline.np, "bincount", lambda x, *w, keep=np.bincount: (drawn.append(len(x)), keep(x, *w))[1])
    monkeypatch.setattr(sys, "argv", ["timeline", str(tmp_path), "--out", str(tmp_path / "usage.png")])
    timeline.main()
    assert set(drawn) == {120}
    with Image.open(tmp_path / "usage.png") as picture:
        assert picture.width > 500
