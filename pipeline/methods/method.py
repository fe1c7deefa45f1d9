"""The interface of a method, which turns grey photographs into colour photographs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.color import cielab
from pipeline.records.rows import MethodCard

STRIP = 2**22  # pixels that are worked on at once: arithmetic in Lab takes some 100 bytes for each


@dataclass(frozen=True)
class Photo:
    """One photograph to colorize. A method may use `lightness` only; oracles use the rest."""

    id: str
    rgb: np.ndarray  # (H, W, 3) uint8 sRGB
    mask: np.ndarray | None = None  # (H, W) uint8 class indices

    @cached_property
    def lightness(self) -> Tensor:
        """(1, H, W) float32 L in [0, 100], on the CPU."""
        return lightness_of(self.rgb)


def lightness_of(rgb: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 sRGB to (1, H, W) float32 L in [0, 100], in strips of rows that bound the memory."""
    strips = (torch.from_numpy(rgb[rows].copy()).permute(2, 0, 1) for rows in strips_of(*rgb.shape[:2]))
    lightness = torch.empty(1, *rgb.shape[:2])
    for rows, strip in zip(strips_of(*rgb.shape[:2]), strips, strict=True):
        lightness[:, rows] = cielab.lightness(strip)
    return lightness


def strips_of(height: int, width: int) -> list[slice]:
    """The rows of a photograph in strips of at most `STRIP` pixels; usual photographs are one strip."""
    rows = max(1, STRIP // width)
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


@dataclass(frozen=True)
class Context:
    """The dataset and the device that a method is made for."""

    dataset: str
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


class Photos(ABC):
    """The photographs of a split in order, each read on access, so that any number fits in memory."""

    ids: list[str]

    @abstractmethod
    def __getitem__(self, index: int) -> Photo:
        """The photograph of `ids[index]`."""


class Method(ABC):
    """Turns grey photographs into colour photographs.

    A method's class takes a `Context` and, as keywords, the options of its block in params.yaml. It must define
    `colorize`; the other members have defaults.
    """

    def __init__(self, context: Context) -> None:  # noqa: B027 (nothing to keep)
        """A method without options."""

    @classmethod
    def needs_masks(cls, options: Mapping[str, Any]) -> bool:
        """Whether it needs class masks with these options; where a dataset has none, it is left out."""
        return False

    def prepare(self, photos: Photos) -> None:  # noqa: B027 (most methods have nothing to prepare)
        """Called once before any of `photos` is colorized: to warm up, or to colorize all at once. It is not timed."""

    @abstractmethod
    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        """One (H, W, 3) uint8 sRGB picture for each photograph, of its size."""

    def identity(self) -> str | None:
        """What its pictures depend on besides its options and its class's code, such as a digest of its weights.

        With an identity (or "" for nothing), several processes share the photographs in shards, each with a `prepare`
        for its own, and a killed run resumes. With None, the default, one process colorizes all photographs in one run,
        as programs and cards that count pictures need.
        """
        return None

    def card(self) -> MethodCard:
        """What a reader must know of the method; called when all photographs are colorized."""
        return MethodCard()

    def seconds(self, measured: float) -> float | None:
        """Seconds spent on all photographs, by default those `measured`; None for pictures that were made elsewhere."""
        return measured
