"""Trained weights as safetensors files that describe their network."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pipeline.networks.contract import Network, Segmenter, Setup, Trainable
from pipeline.networks.pytorch_file import fill
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError

Kind = TypeVar("Kind", bound=Network)
WEIGHTS = "weights.safetensors"  # the name of such a file in the folder of a model
HEADER = "huebench"  # one key alone: safetensors writes several in no fixed order


@dataclass(frozen=True)
class About:
    """The description in a weights file.

    `model`: the block of params.yaml that makes the network, with `width` and `classes`. `size`: the side in pixels
    of its training square. `key`: a hash of all that decided the weights. `origin`: who made them, and where.
    `training_data`: its title. `differences`: from the published recipe.
    """

    model: dict[str, Any]
    width: float
    size: int
    classes: list[str]
    key: str
    origin: str
    training_data: str
    differences: list[str]


class Loaded(NamedTuple, Generic[Kind]):
    """A trained network, ready to use, and its description."""

    network: Kind
    about: About


def save_weights(model: Network, path: Path, about: About) -> None:
    """Write the weights with all that `load_weights` needs to build the network again."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(tensors, path, {HEADER: json.dumps(asdict(about), sort_keys=True)})


def key_of(path: Path) -> str:
    """The `key` in a weights file's description; "" where there is none, or no such file."""
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "null"))
    except (OSError, SafetensorError, ValueError):
        return ""
    return str(header.get("key", "")) if isinstance(header, dict) else ""


def load_weights(path: Path, device: torch.device) -> Loaded[Trainable]:
    """Build the colorizer that a weights file describes and fill it; raises `UserError` naming what is wrong."""
    return _load(path, device, Trainable, "colorizes")  # type: ignore[type-abstract]


def load_segmenter(path: Path, device: torch.device) -> Loaded[Segmenter]:
    """Build the segmenter that a weights file describes and fill it; raises `UserError` naming what is wrong."""
    return _load(path, device, Segmenter, "segments")  # type: ignore[type-abstract]


def _load(path: Path, device: torch.device, kind: type[Kind], does: str) -> Loaded[Kind]:
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except FileNotFoundError:
        raise UserError(f"the weights {path} are missing; `dvc repro` trains them.") from None
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(f"{path} is not a whole safetensors file ({error}).") from None
    if not isinstance(header, dict) or set(header) != {field.name for field in fields(About)}:
        raise UserError(f"{path} does not say what network it belongs to; only files that this suite wrote do.")
    about = About(**header)
    model = make(about.model, str(path), Setup(about.width, tuple(about.classes), about.size))
    if not isinstance(model, kind):
        raise UserError(f"{path} holds a {type(model).__name__}, which is no network that {does}.")
    fill(model, tensors, path)
    return Loaded(model.to(device).to(memory_format=torch.channels_last).eval(), about)
