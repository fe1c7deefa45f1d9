"""One split as memory-mapped arrays plus an index: decoded and resized once, never thousands of small files."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.packs.decode import decode_image, decode_mask
from pipeline.records.rows import PackedPhotograph, read_rows
from pipeline.settings.errors import UserError
from pipeline.settings.paths import PACK_RECORDS

IMAGES, MASKS, ORIGINALS = "images.npy", "masks.npy", "originals.bin"
INDEX, SUMMARY, STATISTICS = PACK_RECORDS


@dataclass(frozen=True)
class Pack:
    """A packed split in `folder`. `originals.bin` is there for the split that is evaluated at full resolution."""

    folder: Path

    @cached_property
    def index(self) -> list[PackedPhotograph]:
        """The photographs, in the order of the arrays."""
        return read_rows(self.folder / INDEX, PackedPhotograph)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What was packed: title, classes, counts, skipped pictures, digest of the arrays."""
        return json.loads(self._file(SUMMARY).read_text(encoding="utf-8"))

    @property
    def classes(self) -> list[str]:
        """Class names; the mask value is the index. Empty where the dataset has no masks."""
        return self.summary["classes"]

    @cached_property
    def images(self) -> np.ndarray:
        """(N, S, S, 3) uint8 sRGB, memory-mapped."""
        return np.load(self._file(IMAGES), mmap_mode="r")

    @cached_property
    def masks(self) -> np.ndarray | None:
        """(N, S, S) uint8 class indices, memory-mapped; None where the dataset has no masks."""
        return np.load(self._file(MASKS), mmap_mode="r") if self.classes else None

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """Of a training split's coloured photographs: how often each of the 313 colour bins and each class occurs.

        "colors" (313,) and "classes" (classes,) are counts of pixels; "ab_mean" (2,) and "class_ab_mean" (classes, 2)
        mean colours in Lab units.
        """
        return json.loads(self._file(STATISTICS).read_text(encoding="utf-8"))

    def original(self, photograph: PackedPhotograph) -> np.ndarray:
        """(H, W, 3) uint8 sRGB at the photograph's own resolution."""
        content = self._read(photograph.image_offset, photograph.image_length)
        return decode_image(content, f"{photograph.id} in {self.folder / ORIGINALS}", known_whole=True)

    def original_mask(self, photograph: PackedPhotograph) -> np.ndarray | None:
        """(H, W) uint8 class indices at the photograph's own resolution, if it has a mask."""
        if photograph.mask_length < 0:
            return None
        content = self._read(photograph.mask_offset, photograph.mask_length)
        return decode_mask(content, f"mask of {photograph.id} in {self.folder / ORIGINALS}")

    def _read(self, offset: int, length: int) -> bytes:
        with self._file(ORIGINALS).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def _file(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            raise UserError(f"{path} is missing; `dvc repro` makes it.")
        return path
