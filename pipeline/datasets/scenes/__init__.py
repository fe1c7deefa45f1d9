"""The embedded dataset `scenes`: painted landscapes with exact masks, made from a seed, nothing to download."""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import numpy as np
from PIL import Image

from pipeline.datasets.scenes.composition import CLASSES, paint
from pipeline.datasets.source import SPLITS, Orientation, Photograph
from pipeline.packs.decode import SMALLEST_SIDE
from pipeline.packs.masks import MaskHeader
from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.ranges import Range, Seed

__all__ = ["CLASSES", "Scenes", "paint"]

LARGEST = 4096  # pixels a side
SPLIT_SIZE = 1_000_000  # at most; validation scenes are numbered from here on, so no seed shares them with training
_last = lru_cache(maxsize=1)(paint)  # a picture and its mask are asked for one after the other


@dataclass(frozen=True)
class Scenes:
    """A `Source` of painted scenes, all of one size; equal arguments give equal bytes on every run.

    Another kind of processor gives equal masks, and rounds a few pixel values in a million to the next integer.
    """

    seed: Seed
    height: Annotated[int, Range(SMALLEST_SIDE, LARGEST)]
    width: Annotated[int, Range(SMALLEST_SIDE, LARGEST)]
    train: Annotated[int, Range(0, SPLIT_SIZE)]
    val: Annotated[int, Range(0, SPLIT_SIZE)]

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UserError(f"scenes: seed is {self.seed}; give a number from 0 on.")
        if min(self.height, self.width) < SMALLEST_SIDE:
            least = f"{SMALLEST_SIDE} x {SMALLEST_SIDE}"
            raise UserError(f"scenes: {self.height} x {self.width} is too small; give {least} or more.")
        for split in SPLITS:
            if not 0 <= getattr(self, split) <= SPLIT_SIZE:
                raise UserError(f"scenes: {split} is {getattr(self, split)}; give a number from 0 to {SPLIT_SIZE}.")

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; the mask value is the index."""
        return CLASSES

    @property
    def mask_orientation(self) -> Orientation:
        """Scenes are painted upright."""
        return "upright"

    def photographs(self, split: str) -> list[Photograph]:
        """The scenes of a split, "train-000000" and on."""
        if split not in SPLITS:
            raise UserError(f"scenes: there is no split {split!r}; {suggestion(split, list(SPLITS))}")
        return [Photograph(f"{split}-{i:06d}") for i in range(getattr(self, split))]

    def image_bytes(self, photograph: Photograph) -> bytes:
        """The scene as a PNG."""
        png = io.BytesIO()
        Image.fromarray(self._scene(photograph)[0]).save(png, "PNG", compress_level=1)
        return png.getvalue()

    def mask(self, photograph: Photograph) -> np.ndarray:
        """(height, width) uint8 class indices, `VOID` on the smooth borders."""
        return self._scene(photograph)[1].copy()

    def mask_header(self, photograph: Photograph) -> MaskHeader:
        """Nothing, as there is no file."""
        return MaskHeader()

    def left_out(self) -> list[str]:
        """Nothing, as scenes are painted."""
        return []

    def _scene(self, photograph: Photograph) -> tuple[np.ndarray, np.ndarray]:
        split, _, number = photograph.id.partition("-")
        if split not in SPLITS or not number.isdecimal() or int(number) >= getattr(self, split):
            raise UserError(f"scenes: there is no scene {photograph.id!r} in this dataset.")
        return _last(self.seed, int(number) + SPLIT_SIZE * (split == "val"), self.height, self.width)
