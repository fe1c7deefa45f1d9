"""PyTorch checkpoints (.pth): today's zip files, and the single pickles that PyTorch wrote before 1.6."""

import pickle
import zipfile
from pathlib import Path

import torch
from torch import Tensor

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
        # Any name outside of PyTorch's short list of tensor types; rubbish fails in the same class with other words.
        if "GLOBAL" in str(error):
            raise UserError(f"{path} holds more than tensors, so it is not loaded: it could run code.") from None
        raise UserError(f"{path} is not a whole PyTorch checkpoint (its pickle is damaged or foreign).") from None
    except Exception as error:  # on rubbish the unpickler also dies of Key-, Index-, Assertion- and more errors
        raise UserError(f"{path} is not a whole PyTorch checkpoint ({reason(error)}).") from None
    if compressed:
        raise UserError(f"{path} is a compressed zip file, which PyTorch never writes, so it is not loaded.")
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise UserError(f"{path} is no dictionary of tensors, so no network's weights.")
    return state


def _unpacked(path: Path) -> int:
    """How many bytes a zip file's parts take in memory; 0 for a file that is no zip."""
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as file:
        return sum(part.file_size for part in file.infolist())
