"""What a method is, what a network is that can be trained, and how either is found by name.

A method turns a grey photograph into a colour photograph.
"""

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline import color
from pipeline.errors import UserError, suggestion
from pipeline.records import MethodCard


@dataclass(frozen=True)
class Photo:
    """One photograph to colorize. An honest method looks at `lightness` alone; the rest is for oracles."""

    id: str
    rgb: np.ndarray  # (H, W, 3) uint8 sRGB
    mask: np.ndarray | None = None  # (H, W) uint8 class indices

    @cached_property
    def lightness(self) -> Tensor:
        """(1, H, W) float32 L in [0, 100], on the CPU."""
        return color.lightness(torch.from_numpy(self.rgb.copy()).permute(2, 0, 1))


@dataclass(frozen=True)
class Context:
    """Where a method is made: for which dataset and on which device."""

    dataset: str
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


class Photos(ABC):
    """The photographs of a split in order; each is read when it is asked for, so that any number fits in memory."""

    ids: list[str]

    @abstractmethod
    def __getitem__(self, index: int) -> Photo:
        """The photograph of `ids[index]`."""


class Method(ABC):
    """Turns grey photographs into colour photographs.

    A method's class takes a `Context` and, as keywords, the options of its block in params.yaml. `colorize` is all it
    needs; the other members have a plain meaning by default.
    """

    def prepare(self, photos: Photos) -> None:  # noqa: B027 (most methods have nothing to prepare)
        """Called once, before any of `photos` is colorized: to warm up, or for programs that want all at a time.

        The time it takes is not counted as the method's.
        """

    @abstractmethod
    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        """One (H, W, 3) uint8 sRGB picture for each photograph, of its size."""

    def identity(self) -> str | None:
        """What its pictures depend on beside its options and its class's code, such as a digest of its weights.

        A method that says so (or "": nothing) takes photographs in any parts: several processes share them, each with
        a `prepare` for its share, and a killed run is gone on with. By default it is None, and one process colorizes
        all photographs in one go, as programs do, and cards that count what was seen.
        """
        return None

    def card(self) -> MethodCard:
        """What a reader must know to judge the method; asked for when all photographs are colorized."""
        return MethodCard()

    def seconds(self, measured: float) -> float | None:
        """Seconds spent on all photographs: those `measured` around the calls, unless the method knows better.

        None for pictures that were made elsewhere.
        """
        return measured


@dataclass(frozen=True)
class Batch:
    """Training examples of side S, as every trainable method gets them."""

    lightness: Tensor  # (N, 1, S, S) L in [0, 100]
    ab: Tensor  # (N, 2, S, S) Lab units
    labels: Tensor | None  # (N, S, S) uint8 class indices, 255 = void; None without masks
    colored: Tensor  # (N,) bool; False for a photograph without colour, which would teach grey


@dataclass(frozen=True)
class Setup:
    """What a trainable method is built from.

    `size`: the side in pixels of the squares it trains on. `statistics` (`Pack.statistics`) only while training.
    """

    width: float
    classes: tuple[str, ...] = ()
    size: int = 224
    statistics: dict[str, Any] | None = None


@dataclass(frozen=True)
class Published:
    """Weights that are used as their authors gave them: who that was, and what they had learned from."""

    origin: str
    training_data: str


class Network(nn.Module, ABC):
    """What `pipeline.train` can train. Its class takes a `Setup` and, as keywords, its options of params.yaml.

    `differences` says in short sentences where it departs from the recipe that was published. `published` is set where
    nothing is left to learn: then `pipeline.train` writes the weights as they are. `compilable` promises that no size
    or branch of `loss` depends on what is drawn or computed: then a GPU runs it compiled, as one graph.
    """

    compilable: bool = False
    differences: tuple[str, ...] = ()
    published: Published | None = None

    def initialize(self, batch: Batch) -> None:
        """Called once, before the first step of a new training, with its first batch: for data-dependent weights."""

    @abstractmethod
    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The scalar "loss" that is minimised, and any parts of it to be recorded under their own names."""

    @abstractmethod
    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """The optimiser of its published recipe, each group's `lr` at its peak: the loop warms up to it and decays.

        `learning_rate` is the dataset's, for Adam; a recipe with another optimiser brings its own.
        """


class Trainable(Network):
    """A network that colorizes."""

    @abstractmethod
    def chroma(self, lightness: Tensor) -> Tensor:
        """(N, 1, S, S) L in [0, 100] -> (N, 2, s, s) ab, at whatever resolution the network answers."""


class Segmenter(Network):
    """A network that names every pixel's class. It learns from the original colours and judges colorizations."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        if not setup.classes:
            raise UserError("a segmenter needs class masks, which this dataset does not have.")
        self.size = setup.size

    @abstractmethod
    def logits(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) sRGB in [0, 1] -> (N, classes, h, w), at whatever resolution the network answers."""

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """The height and width at which it looks at a photograph of that size: by default its training square."""
        return self.size, self.size


def make(block: dict[str, Any], where: str, first: object) -> Any:
    """Make the object that a block of params.yaml describes: its `class` called with `first` and the other keys.

    Raises `UserError`, beginning with `where`, for a class that cannot be imported and for an unknown option.
    """
    options = dict(block)
    made_of = load_class(options.pop("class", ""), where)
    known = list(inspect.signature(made_of).parameters)[1:]
    for option in options:
        if option not in known:
            raise UserError(f"{where}: unknown option {option!r}; {suggestion(option, known)}")
    return made_of(first, **options)


def settings(block: dict[str, Any], where: str) -> dict[str, Any]:
    """All options of the class that a block names: as the block gives them, else their defaults."""
    parameters = list(inspect.signature(load_class(block["class"], where)).parameters.values())[1:]
    return {option.name: block.get(option.name, option.default) for option in parameters}


def load_class(path: str, where: str) -> type:
    """Import `package.module:Class`."""
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{where}: the class {path!r} cannot be imported ({error}).") from None


def compose(lightness: Tensor, ab: Tensor) -> np.ndarray:
    """Join (1, H, W) L and (2, H, W) ab to (H, W, 3) uint8 sRGB whose lightness is the photograph's own.

    Colours that sRGB does not have lose chroma, never lightness (`color.within_gamut`). Float32 on a GPU is one kernel
    where triton is installed.
    """
    compiled = compiled_compose(lightness.device.type) if lightness.dtype == torch.float32 else None
    return (compiled or plain_compose)(lightness, ab.to(lightness)).cpu().numpy()


def plain_compose(lightness: Tensor, ab: Tensor) -> Tensor:
    """`compose` in torch, on any device and with the result there."""
    lab = color.within_gamut(torch.cat((lightness, ab), dim=0))
    return color.to_uint8(color.lab_to_rgb(lab)).permute(1, 2, 0).contiguous()


@cache
def compiled_compose(device: str) -> Callable[[Tensor, Tensor], Tensor] | None:
    """`plain_compose` compiled for a type of device, or None where there is no such thing or no compiler."""
    if device != "cuda":
        return None
    try:
        from pipeline.model import compose_triton
    except ImportError:
        return None
    return compose_triton.compose
