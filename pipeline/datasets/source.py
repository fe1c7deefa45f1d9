"""The interface of a dataset: the photographs of a split, each with its encoded picture and class mask."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from pipeline.packs.masks import MaskHeader
from pipeline.settings.errors import UserError, suggestion

SPLITS = ("train", "val")
# What a mask was drawn on, where a photograph has an EXIF orientation: the upright photograph, or its stored pixels.
Orientation = Literal["unknown", "upright", "as_stored"]
ORIENTATIONS = ("unknown", "upright", "as_stored")


@dataclass(frozen=True)
class Photograph:
    """One photograph of a split. Paths are relative to the dataset's root; a painted scene has none."""

    id: str
    image: Path | None = None
    mask: Path | None = None


class Source(Protocol):
    """A dataset. Reading raises `UserError` with the file's name when a file is missing or damaged."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; the mask value is the index. Empty where a dataset has no masks."""

    @property
    def mask_orientation(self) -> Orientation:
        """What masks were drawn on."""

    def photographs(self, split: str) -> list[Photograph]:
        """The photographs of `split` ("train" or "val"), in the dataset's own order, ids unique."""

    def image_bytes(self, photograph: Photograph) -> bytes:
        """The encoded picture (JPEG, PNG, ...), byte for byte as the dataset has it."""

    def mask(self, photograph: Photograph) -> np.ndarray | None:
        """(H, W) uint8 class indices, `VOID` where unlabelled; None for a photograph without mask."""

    def mask_header(self, photograph: Photograph) -> MaskHeader:
        """What the mask's file says besides: the colour of each class index, where values are read by themselves."""

    def left_out(self) -> list[str]:
        """What was found beside the photographs and left out, a line for each reason."""


def check_orientation(given: str) -> None:
    """Raise `UserError` for a `mask_orientation` that is none."""
    if given not in ORIENTATIONS:
        raise UserError(f"mask_orientation is {given!r}; {suggestion(str(given), list(ORIENTATIONS))}")
