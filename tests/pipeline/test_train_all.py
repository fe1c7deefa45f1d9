"""The stage that trains all networks of a dataset: side by side, what has changed alone, and nothing lost."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipeline import train as stage
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params, load_params
from tests.conftest import environment, stage_in, write_params

ALL = ("pipeline.train", "scenes", "--device", "cpu")


@pytest.fixture
def two(workspace: Path) -> Path:
    """A workspace with one model of two seeds, one of one, and a segmenter; an epoch each."""
    write_params(workspace, data__scenes__train__epochs=1)
    edit(workspace, lambda p: p.update(models={name: p["models"][name] for name in ("no_semantics", "iizuka")}))
    edit(workspace, lambda p: p["models"]["no_semantics"].update(seeds=[0, 7]))
    edit(workspace, lambda p: p.update(methods={"gray": p["methods"]["gray"]}, sizes=[]))
    return workspace


def edit(folder: Path, change: Callable[[dict], None]) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    change(params)
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def weights() -> dict[str, bytes]:
    places = (paths.trained("scenes", "*").parent, paths.segmenter("scenes", "*").parent)
    return {file.parent.name: file.read_bytes() for place in places for file in place.glob("*/weights.safetensors")}


def trained_by(folder: Path, *stage: str) -> set[str]:
    """The networks whose weights are written anew."""
    files = [paths.trained("scenes", "*").parent, paths.segmenter("scenes", "*").parent]
    before = {file: file.stat().st_ino for place in files for file in place.glob("*/weights.safetensors")}
    stage_in(folder, *stage)
    after = {file: file.stat().st_ino for place in files for file in place.glob("*/weights.safetensors")}
    return {file.parent.name for file, number in after.items() if before.get(file) != number}


def test_networks_that_train_side_by_side_get_the_weights_that_each_gets_alone(two: Path) -> None:
    stage_in(two, *ALL, "--jobs", "2")
    together = weights()
    assert set(together) == {"no_semantics", "no_semantics@7", "iizuka", "small"}
    assert len(set(together.values())) == 4
    for checkpoint in two.glob(".scratch/train/*/checkpoint.pt"):
        checkpoint.unlink()
    assert trained_by(two, *ALL[:2], *together, *ALL[2:], "--jobs", "1") == set(together)
    assert weights() == together


def test_only_what_changed_trains_again_and_what_is_gone_is_removed(two: Path) -> None:
    stage_in(two, *ALL, "--jobs", "1")
    assert trained_by(two, *ALL) == set()
    edit(two, lambda p: p["models"]["iizuka"].update(learning_rate=0.5))
    assert trained_by(two, *ALL) == {"iizuka"}
    edit(two, lambda p: p["models"]["no_semantics"].update(seeds=[0, 8]))
    assert trained_by(two, *ALL) == {"no_semantics@8"}
    assert set(weights()) == {"no_semantics", "no_semantics@8", "iizuka", "small"}
    (paths.trained("scenes", "iizuka") / "weights.safetensors").write_bytes(b"cut")
    assert trained_by(two, *ALL) == {"iizuka"}


STEEP = """
import torch

from baselines.iizuka import Iizuka


class Steep(Iizuka):
    def optimizer(self, learning_rate):
        return torch.optim.SGD(self.parameters(), 1e25)
"""


def test_a_network_that_fails_keeps_no_other_from_its_end(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (two / "steep.py").write_text(STEEP)
    monkeypatch.syspath_prepend(two)
    edit(two, lambda p: p["models"]["iizuka"].update({"class": "steep:Steep"}))
    with pytest.raises(UserError, match="iizuka: the loss became"):
        stage_in(two, *ALL, "--jobs", "2")
    assert set(weights()) == {"no_semantics", "no_semantics@7", "small"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda p: p["models"]["iizuka"].update(learning_rate=0.5), "models.iizuka.learning_rate was None"),
        (lambda p: p["data"]["scenes"]["train"].update(epochs=2), "data.scenes.train.epochs was 1 .* and is 2 now"),
        (
            lambda p: p["models"]["no_semantics"].update(seeds=[0, 7, 9]),
            r"models.no_semantics.seeds was \[0, 7\] .* and is \[0, 7, 9\] now",
        ),
        (lambda p: p.update(seed=3), "seed was 0 when this began and is 3 now"),
    ],
)
def test_params_that_are_edited_while_networks_train_are_not_taken_for_theirs(
    two: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict], None], sentence: str
) -> None:
    """DVC notes the params of a stage when it has ended."""
    original = stage.train_one

    def edited_meanwhile(*arguments: object) -> str:
        edit(two, change)
        monkeypatch.setattr(stage, "train_one", original)
        return original(*arguments)

    monkeypatch.setattr(stage, "train_one", edited_meanwhile)
    with pytest.raises(UserError, match=sentence):
        stage_in(two, *ALL, "--jobs", "1")
    assert "no_semantics" in weights()  # what was trained is not lost
    stage_in(two, *ALL, "--jobs", "1")
    assert trained_by(two, *ALL) == set()


def test_trainings_end_with_the_stage_that_started_them(two: Path) -> None:
    edit(two, lambda p: p["data"]["scenes"]["train"].update(epochs=400))
    process = subprocess.Popen([sys.executable, "-m", *ALL, "--jobs", "2"], cwd=two, env=environment())
    while len(list(two.glob(".scratch/train/*/checkpoint.pt"))) < 2:
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.05)
    process.kill()
    process.wait()
    time.sleep(1)
    files = list(two.glob(".scratch/train/*/checkpoint.pt"))
    before = [file.stat().st_mtime_ns for file in files]
    time.sleep(1)
    assert [file.stat().st_mtime_ns for file in files] == before


def test_a_method_is_repeated_for_each_training_of_its_network(two: Path) -> None:
    edit(two, lambda p: p["methods"].update(plain={"class": "a:B", "model": "no_semantics"}))
    params: Params = load_params()
    assert list(params.models) == ["no_semantics", "no_semantics@7", "iizuka"]
    assert {name: block.get("model") for name, block in params.methods.items()} == {
        "gray": None,
        "plain": "no_semantics",
        "plain@7": "no_semantics@7",
    }
    assert params.trainings("plain") == params.trainings("plain@7") == {0: "plain", 7: "plain@7"}
    assert params.trainings("gray") == {}
    assert [params.repeats(name) for name in params.methods] == [False, False, True]
