"""Which device is chosen, on machines that have GPUs by pretence."""

import pytest
import torch

from pipeline.runtime.device import choose_device
from pipeline.settings.errors import UserError


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """PyTorch sees two; the list gets what it is told to use."""
    used: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    monkeypatch.setattr(torch.cuda, "set_device", used.append)
    return used


@pytest.mark.parametrize(
    ("wanted", "rank", "index"),
    [(None, "0", 0), (None, "1", 1), ("cuda", "0", 0), ("cuda", "1", 1), ("cuda:1", "0", 1)],
)
def test_a_gpu_has_a_number_since_pytorch_wants_one(
    two_gpus: list[torch.device], monkeypatch: pytest.MonkeyPatch, wanted: str | None, rank: str, index: int
) -> None:
    monkeypatch.setenv("LOCAL_RANK", rank)
    assert choose_device(wanted) == torch.device("cuda", index)
    assert two_gpus == [torch.device("cuda", index)]


def test_a_gpu_that_is_not_there_is_told(two_gpus: list[torch.device], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="cuda:2 was asked for, but PyTorch sees 2 GPUs"):
        choose_device("cuda:2")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(UserError, match="PyTorch sees 2 GPUs"):
        choose_device()
    assert two_gpus == []


def test_a_processor_is_always_there(two_gpus: list[torch.device]) -> None:
    assert choose_device("cpu") == torch.device("cpu")
