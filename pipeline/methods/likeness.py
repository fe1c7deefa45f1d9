"""Whether pictures show their photographs: upright, whole, in order and with their channels in order.

A picture's own lightness is compared with its photograph's, before anything of it is resized or replaced. Colorizations
may move lightness, but they keep its pattern. Where another reading of the pictures fits much better (mirrored,
cropped, numbered one off, BGR), they are not what their folder says, and scores of them would mean nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import fmean, median

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.color import cielab
from pipeline.settings.errors import UserError

SAMPLE = 32  # photographs that are compared before a folder is used, spread evenly over it
SMALL = 192  # pixels on the longer side of what is kept of a picture
GRID = 32  # patterns are compared on GRID x GRID mean lightnesses
FLAT = 1.0  # standard deviation of L: less is no pattern
ALIKE = 0.97  # correlation from which on nothing is doubted
UNLIKE = 0.3  # correlation below which a picture does not show its photograph
ROUNDING = 0.5  # |dL| that 8 bits and scaling can make
FITS_BETTER = 1 / 3  # another reading must leave at most this share of what the given one leaves to 1
CROPS = (1.0, 224 / 256)  # of the largest window of the picture's shape: as it is, and of the usual 224 of 256 pixels

TURNS: dict[str, Callable[[Tensor], Tensor]] = {
    "mirrored": lambda L: L.flip(1),
    "upside down and mirrored": lambda L: L.flip(0),
    "turned by 180 degrees": lambda L: L.flip((0, 1)),
    "turned by 90 degrees": lambda L: L.rot90(1),
    "turned by 270 degrees": lambda L: L.rot90(3),
    "with rows and columns exchanged": lambda L: L.T,
    "negatives": lambda L: 100 - L,
}


ORDERS = tuple(permutations(range(3)))  # of colour channels, RGB first


@dataclass(frozen=True)
class Pair:
    """A picture and its photograph: (h, w) and (H, W) L, `SMALL` pixels at most; `errors`: mean |dL| by `ORDERS`.

    `before` and `after` are the L of the photographs that are next to it in the order of names.
    """

    lightness: Tensor
    photograph: Tensor
    errors: tuple[float, ...]
    before: Tensor | None = None
    after: Tensor | None = None

    @classmethod
    def of(
        cls, picture: np.ndarray, photograph: Tensor, before: Tensor | None = None, after: Tensor | None = None
    ) -> "Pair":
        """Of a picture, (h, w, 3) uint8 sRGB, and (H, W) L of photographs, all at their own sizes."""
        return cls(
            small(lightness(picture)), small(photograph), tuple(_error(picture, photograph, order) for order in ORDERS),
            before, after,
        )  # fmt: skip

    @property
    def likeness(self) -> float:
        """See `correlation`."""
        return correlation(self.lightness, self.photograph)


def check(pairs: Sequence[Pair], where: str) -> None:
    """Raise `UserError` where pictures of many photographs are not what they should be, and say what they look like."""
    pairs = [pair for pair in pairs if has_pattern(pair.lightness) and has_pattern(pair.photograph)]
    if not pairs:
        return
    own = median(pair.likeness for pair in pairs)
    if own < ALIKE:
        best, likeness = max(other_readings(pairs).items(), key=lambda item: item[1])
        if fits_better(likeness, own):
            raise UserError(
                f"the pictures in {where} look as if they were {best}: so read, their lightness correlates with that "
                f"of the photographs at {likeness:.2f}, as they are at {own:.2f} (median of {len(pairs)}). A score "
                "would compare other places than those of the colours; make the pictures anew."
            )
        if own < UNLIKE:
            raise UserError(
                f"the pictures in {where} do not show their photographs: their lightness correlates at {own:.2f} "
                f"(median of {len(pairs)}), that of a colorization at nearly 1. Are they of another dataset or order?"
            )
    _check_channels(pairs, where)


def fits_better(other: float, own: float) -> bool:
    """Whether another reading with this correlation is meant rather than that with `own`."""
    return own < ALIKE and 1 - other < FITS_BETTER * (1 - own)


def turned(picture: np.ndarray, photograph: Tensor) -> str:
    """How one picture stands that does not look like its photograph: a key of `TURNS`, or "" where none fits better."""
    own = correlation(lightness(picture), photograph)
    if own >= ALIKE:
        return ""
    found = {name: correlation(turn(lightness(picture)), photograph) for name, turn in TURNS.items()}
    best = max(found, key=lambda name: found[name])
    return best if fits_better(found[best], own) else ""


def other_readings(pairs: Sequence[Pair]) -> dict[str, float]:
    """Each other reading of the pictures and its median correlation."""
    found: dict[str, list[float]] = {}
    for pair in pairs:
        for name, one, other in _readings(pair):
            found.setdefault(name, []).append(correlation(one, other))
    return {name: median(values) for name, values in found.items() if len(values) > len(pairs) / 2}


def _readings(pair: Pair) -> Iterator[tuple[str, Tensor, Tensor]]:
    own, photograph = pair.lightness, pair.photograph
    for name, turn in TURNS.items():
        yield name, turn(own), photograph
    for name, neighbour in (("before", pair.before), ("after", pair.after)):
        if neighbour is not None:
            yield f"those of the photographs {name} theirs, numbered one off", own, neighbour
    for share in CROPS:
        for place, at in (("centre", 0.5), ("top left", 0.0)):
            if share < 1 or own.shape[0] * photograph.shape[1] != own.shape[1] * photograph.shape[0]:
                yield f"crops of the {place}", own, window(photograph, own.shape, share, at)
                yield f"padded around the {place}", window(own, photograph.shape, share, at), photograph


def window(values: Tensor, shape: Sequence[int], share: float, at: float) -> Tensor:
    """The largest part of (H, W) `values` that has the proportions of `shape`, times `share`; `at`: 0.5 the middle."""
    scale = share * min(values.shape[0] / shape[0], values.shape[1] / shape[1])
    height, width = (max(1, min(round(scale * side), own)) for side, own in zip(shape, values.shape, strict=True))
    top, left = round(at * (values.shape[0] - height)), round(at * (values.shape[1] - width))
    return values[top : top + height, left : left + width]


def correlation(one: Tensor, other: Tensor) -> float:
    """Pearson's correlation of two (H, W) lightnesses of any sizes, on the same grid; 0 where one is flat."""
    first, second = (_grid(values) for values in (one, other))
    first, second = first - first.mean(), second - second.mean()
    size = float(first.norm() * second.norm())
    return float((first * second).sum()) / size if size > 0 else 0.0


def has_pattern(values: Tensor) -> bool:
    """Whether (H, W) L differs from place to place."""
    return float(_grid(values).std()) > FLAT


def _grid(values: Tensor) -> Tensor:
    return F.interpolate(values[None, None], (GRID, GRID), mode="area")[0, 0]


def lightness(picture: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 sRGB to (H, W) L."""
    return cielab.lightness(torch.tensor(picture).permute(2, 0, 1))[0]


def small(values: Tensor) -> Tensor:
    """(H, W) means of (H, W) L, with `SMALL` pixels at most on the longer side."""
    scale = SMALL / max(values.shape)
    if scale >= 1:
        return values
    sides = [max(1, round(scale * side)) for side in values.shape]
    return F.interpolate(values[None, None], sides, mode="area")[0, 0]


def is_unlike(picture: np.ndarray, own: Tensor, photograph: Tensor, where: str) -> bool:
    """Whether a picture, (h, w, 3) uint8 sRGB, does not show its photograph; not known where one of them is flat.

    `own` (h, w) and `photograph` (H, W) are their L. Raises `UserError` for a picture that is turned, mirrored or
    negative; `where` names it.
    """
    likeness = correlation(own, photograph)
    if likeness >= ALIKE or not has_pattern(own) or not has_pattern(photograph):
        return False
    if how := turned(picture, photograph):
        raise UserError(f"{where} looks as if it were {how}; make it anew.")
    return likeness < UNLIKE


def _check_channels(pairs: Sequence[Pair], where: str) -> None:
    """Channels in another order move the lightness; in the right order it is the photograph's own, or nearly so."""
    errors = {order: fmean(pair.errors[number] for pair in pairs) for number, order in enumerate(ORDERS)}
    own, best = errors[ORDERS[0]], min(ORDERS, key=lambda order: errors[order])
    if own > ROUNDING and errors[best] < own / 2:
        found = "".join("RGB"[best.index(channel)] for channel in range(3))
        raise UserError(
            f"the pictures in {where} look as if their channels were {found} and not RGB: so read, their lightness is "
            f"that of the photographs within {errors[best]:.2f} of 100, as they are within {own:.2f}. Exchange them."
        )


def _error(picture: np.ndarray, photograph: Tensor, order: Sequence[int]) -> float:
    """Mean |dL| of a picture whose channels are put in this order, on some of its pixels."""
    if picture.shape[:2] != tuple(photograph.shape):
        sides = picture.shape[:2]
        photograph = F.interpolate(photograph[None, None], sides, mode="bilinear", align_corners=False, antialias=True)[
            0, 0
        ]
    step = max(1, max(picture.shape[:2]) // SMALL)
    some = np.ascontiguousarray(picture[::step, ::step, list(order)])
    return float((lightness(some) - photograph[::step, ::step]).abs().mean())


def spread(count: int, most: int = SAMPLE) -> list[int]:
    """At most `most` of `count` numbers, evenly spread."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most)).tolist()})
