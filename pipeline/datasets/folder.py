"""Your own photographs: a folder of pictures, with optional masks and split lists."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np

from pipeline.datasets.listing import as_on_disk, check_classes, read_file, read_split_list
from pipeline.datasets.pictures import Found, pictures_below, without_copies
from pipeline.datasets.source import SPLITS, Orientation, Photograph, check_orientation
from pipeline.packs.decode import decode_mask, mask_header
from pipeline.packs.masks import VOID, MaskHeader
from pipeline.settings.errors import UserError
from pipeline.settings.ranges import Distinct, Range


class Folder:
    """The pictures below `root`/`images`, at any depth; an id is a picture's path there without the suffix.

    `masks`: folder of PNG masks with the same relative names, whose values are the indices of `classes`, or 255 for
    void; else `mask_values` lists the value of each class. `mask_orientation`: what the masks of photographs with an
    EXIF orientation were drawn on. `train_list`, `val_list`: text files of ids. With one list, the other split gets the
    rest. Without lists, a hash of the ids chooses `val_fraction` of the pictures for validation. Copies of a picture
    are left out, unless a list names them. All paths are relative to `root`.
    """

    def __init__(
        self,
        root: Path,
        *,
        images: str = "images",
        masks: str | None = None,
        classes: Annotated[Sequence[str], Distinct()] = (),
        mask_values: Annotated[Sequence[Annotated[int, Range(0, 255)]], Distinct()] = (),
        mask_orientation: Orientation = "unknown",
        train_list: str | None = None,
        val_list: str | None = None,
        val_fraction: Annotated[float, Range(0, 1)] = 0.1,
    ) -> None:
        if bool(masks) != bool(classes):
            raise UserError(f"the dataset in {root} needs both `masks` and the `classes` of their values, or neither.")
        if masks and not 2 <= len(classes) <= VOID:
            raise UserError(f"the dataset in {root} has {len(classes)} of `classes`; masks need 2 to {VOID}.")
        check_orientation(mask_orientation)
        self.mask_values, self.mask_orientation = _checked_values(mask_values, classes), mask_orientation
        if not 0 <= val_fraction <= 1:
            raise UserError(f"val_fraction is {val_fraction}, but must be between 0 and 1.")
        self.root, self.images, self.masks, self.classes = root, images, masks, tuple(classes)
        self.val_fraction = val_fraction
        self._lists = {"train": train_list, "val": val_list}

    def photographs(self, split: str) -> list[Photograph]:
        """In the order of the split list, or else sorted by id."""
        return [Photograph(id, self._pictures[id], self._mask_file(id)) for id in self._splits[split]]

    def image_bytes(self, photograph: Photograph) -> bytes:
        """The picture's file, byte for byte."""
        return read_file(self.root / str(photograph.image))

    def mask(self, photograph: Photograph) -> np.ndarray | None:
        """(H, W) uint8 class indices, 255 where void; None without masks."""
        if photograph.mask is None:
            return None
        path = self.root / photograph.mask
        values = decode_mask(read_file(path), str(path))
        return check_classes(values, self.classes, str(path)) if not self.mask_values else self._indices(values, path)

    def mask_header(self, photograph: Photograph) -> MaskHeader:
        """The colours of the classes by the mask's palette, and its orientation."""
        path = self.root / str(photograph.mask)
        header = mask_header(read_file(path), str(path))
        if not self.mask_values:
            return header
        known = {label: value for label, value in enumerate(self.mask_values) if value in header.colors}
        return MaskHeader({label: header.colors[value] for label, value in known.items()}, header.orientation)

    def _indices(self, values: np.ndarray, path: Path) -> np.ndarray:
        """(H, W) class indices of values that `mask_values` lists; 255 is void where it is no class."""
        table = np.full(VOID + 1, VOID, np.uint8)
        table[list(self.mask_values)] = np.arange(len(self.classes))
        wrong = sorted({*np.unique(values).tolist()} - {*self.mask_values, VOID})
        if wrong:
            known = ", ".join(f"{value} ({name})" for value, name in zip(self.mask_values, self.classes, strict=True))
            raise UserError(f"the mask {path} holds the value {wrong[0]}; `mask_values` has {known}.")
        return table[values]

    def left_out(self) -> list[str]:
        """What else is in the folder of pictures."""
        self._splits  # noqa: B018 (notes copies)
        return self._found.sentences()

    @cached_property
    def _found(self) -> Found:
        top = self.root / self.images
        if not top.is_dir():
            raise UserError(f"there is no folder {top}; put the pictures there, or name theirs as `images`.")
        return pictures_below(top, but=None if self.masks is None else self.root / self.masks)

    @cached_property
    def _pictures(self) -> dict[str, Path]:
        """Every picture's file by its id, sorted by id."""
        for id, files in self._found.pictures.items():
            if len(files) > 1:
                raise UserError(f"{files[0]} and {files[1]} have the same id {id!r}; rename one.")
        inner = {id: file.relative_to(self._found.top) for id, (file,) in self._found.pictures.items()}
        return {id: Path(self.images) / inner[id] for id in sorted(inner)}

    @cached_property
    def _splits(self) -> dict[str, list[str]]:
        """The ids of both splits; no picture is in both."""
        given = {split: self._listed(name) for split, name in self._lists.items() if name}
        listed = {id for ids in given.values() for id in ids}
        if len(given) < len(SPLITS):
            files = {id: self.root / file for id, file in self._pictures.items()}
            free = [id for id in without_copies(files, listed, self._found) if id not in listed]
            if not given:
                given = {"val": self._drawn(free)}
            taken = {id for ids in given.values() for id in ids}
            rest = next(split for split in SPLITS if split not in given)
            given[rest] = [id for id in free if id not in taken]
        both = set(given["train"]) & set(given["val"])
        if both:
            raise UserError(f"{min(both)!r} is in both split lists of {self.root}; a score on it would be meaningless.")
        return given

    def _listed(self, name: str) -> list[str]:
        ids = read_split_list(self.root / name, nested=True)
        for id in ids:
            if id not in self._pictures:
                raise UserError(
                    f"{self.root / name}: there is no picture {id!r} in {self.root / self.images}; "
                    "an id is the path below that folder, without suffix."
                )
        return ids

    def _drawn(self, ids: Sequence[str]) -> list[str]:
        """The ids whose hashes are smallest: at least one, and not all, unless the fraction is 0 or 1."""
        count = round(self.val_fraction * len(ids))
        if 0 < self.val_fraction < 1:
            count = max(1, min(count, len(ids) - 1))
        ranked = sorted(ids, key=lambda id: hashlib.sha256(id.encode()).digest())
        return sorted(ranked[:count])

    def _mask_file(self, id: str) -> Path | None:
        if self.masks is None:
            return None
        path = as_on_disk(self.root, Path(self.masks) / f"{id}.png")
        if not (self.root / path).is_file():
            raise UserError(f"{self.root / self._pictures[id]} has no mask: {self.root / path} is missing.")
        return path


def _checked_values(values: Sequence[int], classes: Sequence[str]) -> tuple[int, ...]:
    """The mask value of each class, none for their indices; raises `UserError` for what cannot be that."""
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    if values and not (whole and len({*values} & {*range(VOID + 1)}) == len(values) == len(classes)):
        raise UserError(
            f"mask_values is {list(values)!r}, but should hold {len(classes)} different numbers from 0 to {VOID}, one "
            "for each of `classes`."
        )
    return tuple(values)
