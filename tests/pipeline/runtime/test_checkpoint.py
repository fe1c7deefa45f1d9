"""Checkpoints: what is written beside the training is the state of one moment, whole, or an error that is told."""

import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from pipeline.runtime import checkpoint as module
from pipeline.runtime.checkpoint import Checkpoint, State


def made() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    return model, torch.optim.AdamW(model.parameters(), 0.1)


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()


def test_training_that_goes_on_does_not_reach_what_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, save = threading.Event(), torch.save

    def slow(content: object, path: Path) -> None:
        go_on.wait()
        save(content, path)

    monkeypatch.setattr(module.torch, "save", slow)
    model, optimizer = made()
    step(model, optimizer)
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    state = State(1, [{"loss": 2.0}], [0.5])
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    checkpoint.save(model, optimizer, state, last=False)
    step(model, optimizer)
    state.epoch, state.history[0]["loss"] = 2, 1.0
    go_on.set()
    checkpoint.settle()
    resumed, its_optimizer = made()
    assert Checkpoint(checkpoint.path).load(resumed, its_optimizer) == State(1, [{"loss": 2.0}], [0.5])
    assert all(torch.equal(value, expected[name]) for name, value in resumed.state_dict().items())
    step(resumed, its_optimizer)
    assert all(torch.equal(*pair) for pair in zip(resumed.parameters(), model.parameters(), strict=True))


def test_a_full_disk_is_told_at_the_next_epoch_and_the_checkpoint_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, optimizer = made()
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt")
    checkpoint.save(model, optimizer, State(1, [], []), last=False)
    checkpoint.settle()

    def full(content: object, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.torch, "save", full)
    checkpoint.save(model, optimizer, State(2, [], []), last=False)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(model, optimizer, State(3, [], []), last=False)
    assert Checkpoint(checkpoint.path).load(model, optimizer).epoch == 1
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_without_a_file_training_begins_at_the_first_epoch(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "nothing.pt").load(*made()) == State(0, [], [])
