"""What the values of a class mask mean: the index of a class, or void; and whether the masks of a dataset agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.settings.errors import UserError

VOID = 255  # the mask value that no loss and no score counts (VOC's border)
MOSTLY_VOID = 0.5  # of all pixels; a border takes some 5 %
SHOWN = 5

Color = tuple[int, int, int]  # 8-bit R, G, B


@dataclass(frozen=True)
class MaskHeader:
    """What a mask's file says besides its pixels: each value's colour by its palette, and its EXIF orientation."""

    colors: Mapping[int, Color] = field(default_factory=dict)
    orientation: int = 1


class MaskTally:
    """Counts what the masks of a dataset hold, and compares their palettes, over all of its splits."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = classes
        self.counts: dict[str, np.ndarray] = {}  # split -> (256,) pixels of each value
        self.colors: dict[int, tuple[Color, str]] = {}  # value -> its colour, and the photograph that had it first

    def add(self, split: str, name: str, counts: np.ndarray, colors: Mapping[int, Color]) -> None:
        """Count a mask's (256,) pixels of each value; `colors` are those of its palette.

        Raises `UserError` where a value has another colour than in the mask of an earlier photograph: the palette was
        re-ordered, so that one value means two classes.
        """
        self.counts[split] = self.counts.get(split, np.zeros(VOID + 1, np.int64)) + counts
        for value in np.flatnonzero(counts).tolist():
            if value not in colors:
                continue
            color, first = self.colors.setdefault(value, (colors[value], name))
            if color != colors[value]:
                raise UserError(
                    f"the palettes of the masks differ: the value {value} ({self._meaning(value)}) is "
                    f"{hexadecimal(color)} in that of {first}, but {hexadecimal(colors[value])} in that of {name}. An "
                    "image editor or optimizer has re-ordered them, so values mean other classes. Export the masks "
                    "again with one palette, or as 8-bit grey PNGs whose values are the classes."
                )

    def remarks(self, split: str) -> list[str]:
        """What is odd about the masks of a split, a sentence each; raises `UserError` for less than two classes.

        No score out of one class means anything: whatever a method does, all pixels are recognised.
        """
        counts = self.counts[split]
        absent = np.flatnonzero(counts[: len(self.classes)] == 0).tolist()
        if len(self.classes) - len(absent) < 2:
            raise UserError(
                f"the masks of the split {split!r} hold {self._found(counts)}, so less than two classes; they should "
                f"hold {self._expected()}. Where other values stand for the classes, list them: "
                f"`mask_values: [0, 255]` has one for each of `classes`, in their order."
            )
        said = []
        if absent:
            names = ", ".join(f"{self.classes[label]} ({label})" for label in absent[:SHOWN])
            more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
            said.append(f"{split}: {len(absent)} of {len(self.classes)} classes have no pixel: {names}{more}.")
        if counts[VOID] > MOSTLY_VOID * counts.sum():
            said.append(
                f"{split}: most of the masks is void, which counts for nothing: they hold {self._found(counts)}; they "
                f"should hold {self._expected()}."
            )
        return said

    def _found(self, counts: np.ndarray) -> str:
        values = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].tolist()
        shares = [f"{value} ({self._meaning(value)}) in {100 * counts[value] / counts.sum():.1f} %" for value in values]
        return "the values " + ", ".join(shares[:SHOWN]) + (" and others" if len(shares) > SHOWN else "")

    def _expected(self) -> str:
        named = [f"{label} for {name}" for label, name in enumerate(self.classes)]
        middle = [*named[: SHOWN - 1], "...", named[-1]] if len(named) > SHOWN else named
        return f"{', '.join(middle)}, and {VOID} where a pixel counts for nothing"

    def _meaning(self, value: int) -> str:
        return "void" if value == VOID else self.classes[value]


def aligned(
    mask: np.ndarray, turned: np.ndarray, shape: tuple[int, ...], orientation: int, convention: str, name: str
) -> np.ndarray:
    """The mask of a photograph whose EXIF `orientation` is not 1, upright like the photograph, then of `shape`.

    `mask` is that of the file, `turned` the same turned as the photograph is. A mask may have been drawn on the upright
    photograph or on its pixels as they are stored; where its size does not tell, `convention` must ("upright" or
    "as_stored"). Raises `UserError` where it does not ("unknown"), and for another size.
    """
    height, width = shape
    given = f"the mask of {name} is {mask.shape[1]} x {mask.shape[0]} pixels"
    about = f"the photograph has the EXIF orientation {orientation}: upright it is {width} x {height}"
    chosen = turned if convention == "as_stored" else mask
    if convention != "unknown":
        if chosen.shape != shape:
            raise UserError(f"{given} and `mask_orientation` is {convention}, but {about}.")
        return chosen
    if mask.shape == shape and (turned.shape != shape or np.array_equal(mask, turned)):
        return mask
    if mask.shape == shape:
        raise UserError(
            f"{name} has the EXIF orientation {orientation}, and its size does not tell whether its mask was drawn on "
            "the upright photograph or on the pixels as they are stored. Say which in the dataset's `source`: "
            "`mask_orientation: upright` or `mask_orientation: as_stored`."
        )
    hint = "; `mask_orientation: as_stored` turns it along" if turned.shape == shape else ""
    raise UserError(f"{given}, but {about}{hint}.")


def hexadecimal(color: Color) -> str:
    """A colour as "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*color)
