"""Training: what is promised about resuming, several processes, and losses that are no numbers."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pipeline.color import gamut
from pipeline.networks.contract import Setup
from pipeline.networks.proposed import Proposed
from pipeline.networks.weights import load_weights
from pipeline.packs.loader import Examples
from pipeline.packs.pack import Pack
from pipeline.settings import paths
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError
from pipeline.settings.params import load_params
from pipeline.training import loop
from pipeline.training.loop import schedule
from tests.conftest import environment, run_in, stage_in, write_params
from tests.processes import together_in

FOLDER = paths.trained("scenes", "semantics")
WEIGHTS = FOLDER / "weights.safetensors"
TRAIN = ("pipeline.train", "scenes", "semantics", "--device", "cpu")
SEGMENTER = paths.segmenter("scenes", "small")
TRAIN_SEGMENTER = ("pipeline.train", "scenes", "small", "--device", "cpu")
BOTH = pytest.mark.parametrize(("train", "folder"), [(TRAIN, FOLDER), (TRAIN_SEGMENTER, SEGMENTER)])


def history(workspace: Path, folder: Path = FOLDER) -> list[dict[str, float]]:
    with (workspace / folder / "history.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def kill_after_first_checkpoint(folder: Path, train: tuple[str, ...]) -> None:
    process = subprocess.Popen([sys.executable, "-m", *train], cwd=folder, env=environment())
    while not list(folder.glob(".scratch/train/*/checkpoint.pt")):
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


@BOTH
def test_killed_training_resumes_to_the_same_weights_bit_for_bit(workspace, train, folder):
    weights = folder / "weights.safetensors"
    write_params(workspace, data__scenes__train__epochs=6)
    kill_after_first_checkpoint(workspace, train)
    assert not weights.exists()
    resumed = run_in(workspace, *train)
    assert "resuming after epoch" in resumed.stdout
    interrupted, its_history = weights.read_bytes(), (folder / "history.csv").read_bytes()
    for checkpoint in workspace.glob(".scratch/train/*/checkpoint.pt"):
        checkpoint.unlink()
    run_in(workspace, *train)
    assert weights.read_bytes() == interrupted
    assert (folder / "history.csv").read_bytes() == its_history


def test_a_changed_parameter_starts_anew(workspace, capsys):
    stage_in(workspace, *TRAIN)
    before = WEIGHTS.read_bytes()
    stage_in(workspace, *TRAIN)
    assert "resuming" in capsys.readouterr().out
    write_params(workspace, data__scenes__train__learning_rate=0.001)
    stage_in(workspace, *TRAIN)
    assert "resuming" not in capsys.readouterr().out
    assert WEIGHTS.read_bytes() != before


def test_each_seed_is_a_training_of_its_own_and_the_same_seed_the_same(workspace):
    block = {"class": "pipeline.networks.proposed:Proposed", "semantics": False, "seeds": [0, 1]}
    write_params(workspace, data__scenes__train__epochs=1, models__net=block, models__twin={**block, "seeds": [1]})
    weights = {}
    for name, seed in {"net": 0, "net@1": 1, "twin": 1}.items():
        stage_in(workspace, "pipeline.train", "scenes", name, "--device", "cpu")
        folder = paths.trained("scenes", name)
        weights[name] = (folder / "weights.safetensors").read_bytes()
        assert json.loads((folder / "manifest.json").read_text())["recipe"]["seed"] == seed
    assert weights["net"] != weights["net@1"] == weights["twin"]


@pytest.mark.parametrize(
    ("train", "folder", "processes"), [(TRAIN, FOLDER, 2), (TRAIN, FOLDER, 4), (TRAIN_SEGMENTER, SEGMENTER, 2)]
)
def test_several_processes_train_like_one(workspace, train, folder, processes):
    """The same batches, shared statistics and averaged gradients: losses agree to 0.1 % over three epochs.

    At a low learning rate: at the usual one Adam's first steps make 1 % of a change of 1e-6 in the segmenter's weights.
    """
    write_params(workspace, data__scenes__train__learning_rate=0.0002)
    stage_in(workspace, *train)
    alone = history(workspace, folder)
    together_in(workspace, processes, *train)
    together = history(workspace, folder)
    for one, two in zip(alone, together, strict=True):
        for name in one.keys() - {"epoch", "learning_rate"}:
            assert abs(one[name] - two[name]) < 1e-3 * one[name], (name, one, two)


def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step that a GPU takes: compiled, with the soft-encoding in plain torch."""
    monkeypatch.setattr(loop, "worth_compiling", lambda model, device: model.compilable)
    monkeypatch.setattr(gamut, "_look_up", gamut._gather)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 2e-3), ("bfloat16", 5e-3)])
def test_a_compiled_step_trains_like_the_plain_one(workspace, monkeypatch, precision, tolerance):
    """The same mathematics in another order of sums: losses agree over three epochs; bfloat16 has three digits."""
    write_params(workspace, data__scenes__train__learning_rate=0.0002, data__scenes__train__precision=precision)
    stage_in(workspace, *TRAIN)
    plain = history(workspace)
    shutil.rmtree(".scratch")
    as_on_a_gpu(monkeypatch)
    stage_in(workspace, *TRAIN)
    for one, other in zip(plain, history(workspace), strict=True):
        for name in one.keys() - {"epoch", "learning_rate"}:
            assert abs(one[name] - other[name]) < tolerance * one[name], (name, one, other)


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("precision", "tolerance", "eager"),
    [("float32", 1e-2, ["--eager"]), ("bfloat16", 2e-2, [])],
    ids=["eager", "compiled"],
)
def test_a_gpu_trains_like_a_processor(workspace, precision, tolerance, eager):
    write_params(workspace, data__scenes__train__learning_rate=0.0002, data__scenes__train__precision=precision)
    stage_in(workspace, *TRAIN)
    expected = history(workspace)
    shutil.rmtree(".scratch")  # or the GPU would find a finished training
    stage_in(workspace, *TRAIN[:3], "--device", "cuda", *eager)
    for one, other in zip(expected, history(workspace), strict=True):
        for name in one.keys() - {"epoch", "learning_rate"}:
            assert abs(one[name] - other[name]) < tolerance * one[name], (name, one, other)


@pytest.mark.gpu
def test_a_training_that_was_stopped_on_a_gpu_goes_on_from_its_checkpoint(workspace, capsys):
    on_gpu = (*TRAIN[:3], "--device", "cuda", "--eager")
    stage_in(workspace, *on_gpu)
    assert "resuming" not in capsys.readouterr().out
    stage_in(workspace, *on_gpu)
    assert "resuming after epoch 3" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["semantics", "zhang", "siggraph17", "iizuka", "larsson"])
def test_a_step_is_one_graph_for_the_compiler(workspace, monkeypatch, name):
    """From the pack's uint8 to the loss nothing goes back to Python, so a GPU never waits for it."""
    as_on_a_gpu(monkeypatch)
    examples = Examples(Pack(paths.pack("scenes", "train")), torch.device("cpu"))
    pack = Pack(paths.pack("scenes", "train"))
    block = load_params().network(name)
    model = make(block, name, Setup(0.05, tuple(pack.classes), 32, pack.statistics))
    assert model.compilable
    step = loop.LossOf(model)
    taken = examples.take(next(examples.epoch(0, 0, 8)))
    torch.manual_seed(0)
    expected = step(taken)["loss"]
    torch.manual_seed(0)
    gamut.mark_constants()
    step.compile(backend="aot_eager", fullgraph=True)
    assert torch.isclose(step(taken)["loss"], expected)


def test_training_lowers_both_losses(workspace):
    write_params(workspace, data__scenes__train__epochs=8, data__scenes__train__learning_rate=0.003)
    stage_in(workspace, *TRAIN)
    first, *_, last = history(workspace)
    assert last["loss_color"] < first["loss_color"]
    assert last["loss_semantic"] < first["loss_semantic"]


def test_a_loss_that_is_no_number_stops_with_the_photographs_and_keeps_the_checkpoint(workspace, monkeypatch):
    monkeypatch.setattr(Proposed, "optimizer", lambda self, _: torch.optim.SGD(self.parameters(), 1e25))
    with pytest.raises(UserError, match=r"the loss became .* train-0000"):
        stage_in(workspace, *TRAIN)


def test_weights_say_themselves_what_network_they_are(workspace):
    stage_in(workspace, *TRAIN)
    network, about = load_weights(WEIGHTS, torch.device("cpu"))
    assert (about.size, about.width, about.origin) == (32, 0.05, "trained here")
    assert about.training_data == "scenes (synthetic)"
    stored = load_file(WEIGHTS)
    assert all(torch.equal(value, stored[name]) for name, value in network.state_dict().items())
    manifest = json.loads((FOLDER / "manifest.json").read_text())
    assert manifest["parameters"] == sum(p.numel() for p in network.parameters())
    assert manifest["options"]["rebalancing"] == "normalized"


@pytest.mark.parametrize("name", ["semantics", "zhang", "siggraph17", "iizuka", "larsson", "small"])
def test_a_training_says_whether_its_colours_are_better_than_a_constants(workspace, name):
    """Both losses are in the manifest, of colorizers alone; a resumed training says the same."""
    stage_in(workspace, "pipeline.train", "scenes", name, "--device", "cpu")
    folder = paths.segmenter("scenes", name) if name == "small" else paths.trained("scenes", name)
    said = (folder / "manifest.json").read_text()
    manifest = json.loads(said)
    stage_in(workspace, "pipeline.train", "scenes", name, "--device", "cpu")
    assert (folder / "manifest.json").read_text() == said
    if name == "small":
        assert manifest["constant_color_loss"] is None
    else:
        part = {"semantics": "val_loss_color", "iizuka": "val_loss_regression"}.get(name, "val_loss")
        assert manifest["val_color_loss"] == pytest.approx(history(workspace, folder)[-1][part], rel=1e-5)
        assert 0 < manifest["constant_color_loss"] < 1e5


def test_damaged_missing_and_foreign_weights_are_refused_in_a_sentence(workspace):
    stage_in(workspace, *TRAIN)
    whole = WEIGHTS.read_bytes()
    cases = {
        "truncated": (whole[: len(whole) // 2], "not a whole safetensors file"),
        "rubbish": (b"rubbish", "not a whole safetensors file"),
        "foreign": (b"\x02\0\0\0\0\0\0\0{}", "does not say what network"),
    }
    for name, (content, sentence) in cases.items():
        Path(name).write_bytes(content)
        with pytest.raises(UserError, match=sentence):
            load_weights(Path(name), torch.device("cpu"))
    with pytest.raises(UserError, match="are missing"):
        load_weights(Path("nothing"), torch.device("cpu"))


@pytest.mark.parametrize("kind", ["cosine", "trapezoid"])
def test_the_learning_rate_warms_up_and_ends_near_nothing(kind: str):
    rates = [schedule(kind, step, 100) for step in range(100)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert all(a >= b for a, b in pairwise(rates[5:]))
    assert 0 < rates[-1] < 0.03


def test_a_trapezoid_stays_at_its_peak_until_half_of_the_steps():
    assert [schedule("trapezoid", step, 100) for step in (5, 50, 75, 99)] == [1, 1, 0.5, 0.02]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("pipeline.train", "scene", "semantics"), "did you mean 'scenes'?"),
        (("pipeline.train", "scenes", "semantic"), "did you mean 'semantics'?"),
        (("pipeline.train", "scenes", "smal"), "did you mean 'small'?"),
        ((*TRAIN[:3], "--device", "warp"), "there is no device called 'warp'"),
        (("pipeline.train", "voc2012", "semantics", "--device", "cpu"), "is missing; `dvc repro` makes it"),
    ],
)
def test_a_wrong_name_ends_in_one_sentence(workspace, arguments, sentence):
    done = run_in(workspace, *arguments, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr and "Traceback" not in done.stderr
