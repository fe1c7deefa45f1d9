"""What a method is, what a network is that can be trained, and how either is found by name.

A method turns a grey photograph into a colour photograph.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from pipeline.color import cielab
from pipeline.records.rows import MethodCard


@dataclass(frozen=True)
class Photo:
    """One photograph to colorize. An honest method looks at `lightness` alone; the rest is for oracles."""

    id: str
    rgb: np.ndarray  # (H, W, 3) uint8 sRGB
    mask: np.ndarray | None = None  # (H, W) uint8 class indices

    @cached_property
    def lightness(self) -> Tensor:
        """(1, H, W) float32 L in [0, 100], on the CPU."""
        return cielab.lightness(torch.from_numpy(self.rgb.copy()).permute(2, 0, 1))


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
