"""Checkpoints of a training, written by a thread while it runs; a killed training resumes from the last."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.runtime import distributed
from pipeline.settings.files import whole_file


@dataclass
class State:
    """What a checkpoint holds in addition to the weights: how far training is, and its history.

    `history`: the parts of the loss, a row an epoch; `epoch_seconds`: how long each took.
    """

    epoch: int
    history: list[dict[str, float]]
    epoch_seconds: list[float]


class Checkpoint:
    """The file `path`, which a thread writes from a copy on the device while training continues.

    At the paper's size that is 0.4 GB an epoch, for which a GPU would otherwise wait a third of its time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer = ThreadPoolExecutor(1)
        self.under_way: Future[None] | None = None

    def load(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> State:
        """Fill both from the file and say how far it is; without a file, the state before the first epoch."""
        if not self.path.exists():
            return State(0, [], [])
        saved = torch.load(self.path, map_location=next(model.parameters()).device, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        if distributed.rank() == 0:
            print(f"resuming after epoch {saved['state']['epoch']} from {self.path}")
        return State(**saved["state"])

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, state: State, last: bool) -> None:
        """Put a checkpoint in the place of the one before, in one step.

        A GPU's epochs may be shorter than a disk needs: there an epoch that ends while another's checkpoint is being
        written has none, unless it is the last.
        """
        device = next(model.parameters()).device
        if device.type == "cuda" and not last and self.under_way is not None and not self.under_way.done():
            return
        self.settle()
        content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": asdict(state)}
        copy = _each_tensor(content, lambda tensor: tensor.detach().clone())
        ready = torch.cuda.current_stream(device).record_event() if device.type == "cuda" else None
        self.under_way = self.writer.submit(self._write, copy, device, ready)

    def settle(self) -> None:
        """Wait until it is written; raises what kept it from being written, such as a full disk."""
        if self.under_way is not None:
            self.under_way.result()

    def _write(self, content: Any, device: torch.device, ready: torch.cuda.Event | None) -> None:
        if ready is not None:
            with torch.cuda.stream(torch.cuda.Stream(device)):  # or the copy would queue among training's steps
                torch.cuda.current_stream(device).wait_event(ready)
                content = _each_tensor(content, Tensor.cpu)
        with whole_file(self.path) as temporary:
            torch.save(content, temporary)


def _each_tensor(content: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """The same dictionaries and lists with `function` of each tensor in them."""
    if isinstance(content, Tensor):
        return function(content)
    if isinstance(content, dict):
        return {key: _each_tensor(value, function) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return type(content)(_each_tensor(value, function) for value in content)
    return content
