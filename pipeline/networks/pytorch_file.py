"""Reads PyTorch checkpoints (.pth), zip files and the single pickles from before 1.6, and fills networks."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from pipeline.networks.published_file import reason, require_file
from pipeline.settings.errors import UserError


def read_pytorch(path: Path) -> dict[str, Tensor]:
    """A state dict on the CPU; `weights_only` refuses every pickle that would run code.

    Raises `UserError` for a file that is missing, damaged or unsafe, or that holds anything but named tensors.
    """
    size = require_file(path)
    try:
        compressed = _unpacked(path) > size
        state = None if compressed else torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # GLOBAL is a name outside of PyTorch's list of tensor types; a damaged pickle raises the same class.
        if "GLOBAL" in str(error):
            raise UserError(f"{path} holds more than tensors, so it is not loaded: it could run code.") from None
        raise UserError(f"{path} is not a whole PyTorch checkpoint (its pickle is damaged or foreign).") from None
    except Exception as error:  # damaged pickles also raise KeyError, IndexError, AssertionError and more
        raise UserError(f"{path} is not a whole PyTorch checkpoint ({reason(error)}).") from None
    if compressed:
        raise UserError(f"{path} is a compressed zip file, which PyTorch never writes, so it is not loaded.")
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise UserError(f"{path} is no dictionary of tensors, so no network's weights.")
    return state


def fill(network: nn.Module, state: Mapping[str, Tensor], file: Path, remedy: str = "") -> None:
    """Load the whole state that `file` holds; `remedy` is what to do about another shape.

    Raises `UserError` for a tensor that is missing, unknown, of another shape or not finite.
    """
    kind, wanted = type(network).__name__, network.state_dict()
    counters = {
        name for name in wanted if name.endswith("num_batches_tracked")
    }  # of training steps; old files lack them
    missing = sorted(set(wanted) - set(state) - counters)
    if missing:
        raise UserError(f"{file} lacks {missing[0]}, one of {len(missing)} missing parts of {kind}.")
    for name in sorted(set(state) - counters):
        if name not in wanted:
            raise UserError(f"{file} holds {name}, which {kind} does not have.")
        given, needed = tuple(state[name].shape), tuple(wanted[name].shape)
        if given != needed:
            raise UserError(f"{file} has {name} of shape {given}, but {kind} needs {needed}{remedy}.")
        if not state[name].isfinite().all():
            raise UserError(f"{file} has numbers in {name} that are not finite.")
    network.load_state_dict({**wanted, **state})


def _unpacked(path: Path) -> int:
    """How many bytes a zip file's parts take in memory; 0 for a file that is no zip."""
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as file:
        return sum(part.file_size for part in file.infolist())
