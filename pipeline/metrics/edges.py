"""Edge colour bleeding: colours that change away from edges, and do not change at object boundaries.

Two measures of what the paper calls "edge color bleeding" (sections 1 and 3.3). Both depend on the places of colours
and not on the colours themselves. All lengths are in *units* of 1/625 of the picture's diagonal (one pixel of a 375 x
500 photograph), so that a picture and its enlargement score alike; Boundary IoU measures its band by the diagonal, too
(Cheng et al., CVPR 2021).

1. `flat_share`: the share of the picture's colour change that lies away from every edge of the photograph. It sums
   |grad ab| and not its square: blurring a step keeps the first and only moves it.
2. `crossing`: how colours change from one object to the next along lines that cross the true boundary. Sharp colours
   change completely within a few units, bleeding colours do not. It is the edge spread function by which cameras are
   tested (ISO 12233), taken in ab across mask boundaries.

Related: the Cluster Discrepancy Ratio (Kim et al., "Deep Edge-Aware Interactive Colorization", ICCV 2021) compares
superpixels of the colorization and of the original around the original's chroma edges. It also depends on places and
not on hues; it needs four SLIC segmentations a picture and does not use objects.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

UNITS = 625  # along the diagonal
JUST_NOTICEABLE = 2.3  # Lab units (Mahy et al. 1994)

SMOOTHING = 1.0  # units, sigma of the Gaussian before gradients are taken, against rounding to 8 bits
EDGE_STEP = 10.0  # Lab units, a plain difference: with 5, texture puts an edge near to three of four pixels of VOC
TOLERANCE = 2.0  # units: a colour change within this distance belongs to the edge
LEAST_CHANGE = 0.1  # Lab units per unit of length, on average: rounding to 8 bits makes half of that

FIRST, LAST, FAR = 3, 9, 12  # units: the boundary is known to 2.5 or so; an object's own colour is that past LAST
DISTANCES = np.arange(1, FAR + 1)
LEAST_CONTRAST = 10.0  # Lab units between the original's two sides: less is no colour edge
WIDEST_VOID = 10.0  # units between two objects that touch; VOC has 5 pixels of void between them
NORMAL_FROM = 15  # points of a boundary that its direction is fitted to: single steps follow the pixel grid


def unit(shape: tuple[int, ...]) -> float:
    """Pixels in one unit of length for arrays of `shape` (..., H, W)."""
    return math.hypot(*shape[-2:]) / UNITS


def flat_region(lab: Floats) -> Floats:
    """(3, H, W) Lab of the original to (H, W): 1 where no edge of its lightness or of its colours is near, else 0.

    An edge is at least as steep as a step of `EDGE_STEP` under the smoothing; near is within `TOLERANCE` units, between
    whole pixels in part.
    """
    steepest = EDGE_STEP / 2 * math.erf(1 / (math.sqrt(2) * _sigma(lab.shape)))  # of a central difference
    edges = _steepness(lab) >= steepest
    if not edges.any():
        return np.ones(edges.shape)
    return (distance_transform_edt(~edges) - TOLERANCE * unit(lab.shape)).clip(0, 1)


def flat_share(ab: Floats, flat: Floats) -> float:
    """The share in [0, 1] of the colour change of a picture, ab (2, H, W), that lies in the `flat` region (H, W).

    0: all colours change at edges. The region's share of the area: colours change independently of edges. Saturation
    does not count. NaN for a picture whose colour does not change (grey, or one colour): nothing can bleed.
    """
    steepness = _steepness(ab)
    if steepness.mean() * unit(ab.shape) < LEAST_CHANGE:
        return math.nan
    return float((steepness * flat).sum() / steepness.sum(dtype=np.float64))


@dataclass(frozen=True)
class Transects:
    """T lines across true boundaries, (row, column) in pixels: they meet it at `centre` (T, 2), along `normal` (T, 2).

    The normals have length 1 and point from the one object to the other.
    """

    centre: Floats
    normal: Floats

    def __len__(self) -> int:
        return len(self.centre)

    def sample(self, maps: Floats) -> Floats:
        """(C, H, W) maps at `DISTANCES` to both sides, bilinearly: (2, C, T, FAR), nearest first."""
        places = self.places(maps.shape)
        return np.stack(
            [[map_coordinates(channel, side, order=1, mode="nearest") for channel in maps] for side in places]
        )

    def contrast(self, ab: Floats) -> Floats:
        """The difference of both sides' own colours in ab (2, H, W), those past `LAST`: (2, T)."""
        return _contrast(self.sample(ab))

    def places(self, shape: tuple[int, ...]) -> Floats:
        """Coordinates at `DISTANCES` to both sides in arrays of `shape` (..., H, W): (2 sides, 2, T, FAR)."""
        offsets = unit(shape) * DISTANCES[:, None, None] * self.normal  # (FAR, T, 2)
        return np.stack([(self.centre + sign * offsets).transpose(2, 1, 0) for sign in (-1, 1)])

    def where(self, chosen: Bools) -> "Transects":
        """Those that (T,) `chosen` names."""
        return Transects(self.centre[chosen], self.normal[chosen])


def transects(mask: NDArray[np.uint8], ab: Floats, void: int) -> Transects:
    """Lines across the boundaries of `mask` (H, W) where the original, ab (2, H, W), changes its colour.

    A boundary is midway between two classes that touch, or that a band of `void` separates; every pixel of a class at a
    boundary gives a line. Left out are lines that meet any other class within `FAR` units, leave the picture, or
    where the original's sides differ by less than `LEAST_CONTRAST`. So objects thinner than `FAR` units have none.
    """
    found = _crossings(mask, void)
    labels = np.stack([map_coordinates(mask, side, order=0, cval=void) for side in found.places(mask.shape)])
    ends = labels[..., -1:]  # (2, T, 1)
    of_one_class = ((labels == ends) | (labels == void)).all(axis=(0, 2)) & (ends != void).all(axis=(0, 2))
    found = found.where(of_one_class & (ends[0] != ends[1])[:, 0])
    return found.where(np.linalg.norm(found.contrast(ab), axis=0) >= LEAST_CONTRAST)


@dataclass(frozen=True)
class Crossing:
    """How a picture's colours cross true boundaries.

    `kept` (FAR,): the share of the picture's own contrast that is reached at each of `DISTANCES` to both sides: 1 from
    the first on for a sharp edge in its place; NaN where there is no contrast. `contrast`: the picture's mean contrast
    as a multiple of the original's; 0 for grey.
    """

    kept: Floats
    contrast: float

    @property
    def bleeding(self) -> float:
        """The missing share of the contrast between `FIRST` and `LAST`: 0 for sharp edges in place, NaN for grey.

        A step that is d units off scores about (d - FIRST + 1/2) / (LAST - FIRST + 1), one blurred without end 0.45.
        """
        return float(1 - self.kept[FIRST - 1 : LAST].mean())


def crossing(lines: Transects, true: Floats, picture: Floats) -> Crossing:
    """How the colours of `picture`, ab (2, H, W), cross the true boundaries; `true`: `lines.contrast` of the original.

    Lines are weighted by the square of the picture's contrast on them, so that noise on pale lines has no weight.
    NaN without lines, and where the picture has less contrast than is noticeable, so that nothing can bleed.
    """
    if not len(lines):
        return Crossing(np.full(FAR, math.nan), math.nan)
    samples = lines.sample(picture)
    own = _contrast(samples)  # (2, T), as `true`
    lengths = np.linalg.norm(own, axis=0)
    contrast = float(lengths.sum() / np.linalg.norm(true, axis=0).sum())
    if math.sqrt((lengths**2).mean()) < JUST_NOTICEABLE:
        return Crossing(np.full(FAR, math.nan), contrast)
    differences = samples[1] - samples[0]  # (2, T, FAR)
    return Crossing(np.einsum("ct,ctk->k", own, differences) / (lengths**2).sum(), contrast)


def _contrast(samples: Floats) -> Floats:
    """(2, 2, T, FAR) ab on both sides to the difference of their own colours, those past `LAST`: (2, T)."""
    return (samples[1] - samples[0])[..., LAST:].mean(axis=-1)


def _crossings(mask: NDArray[np.uint8], void: int) -> Transects:
    """A line for every pixel at a frontier, to the nearest pixel of another class."""
    rows, columns = np.nonzero(_frontier(mask) & (mask != void))
    pixels, labels = np.stack((rows, columns), axis=1).astype(np.float64), mask[rows, columns]
    reach = max(1.5, WIDEST_VOID * unit(mask.shape))
    lines = [_lines(pixels[labels == label], pixels[labels != label], reach) for label in np.unique(labels)]
    empty = np.zeros((0, 2))
    return Transects(*(np.concatenate([empty, *(line[part] for line in lines)]) for part in range(2)))


def _lines(own: Floats, others: Floats, reach: float) -> tuple[Floats, Floats]:
    """Centres and normals from (N, 2) pixels of one class to the nearest of the (M, 2) others within `reach` pixels."""
    if not len(others):
        return others, others
    gap, nearest = cKDTree(others).query(own, distance_upper_bound=reach)
    found = np.isfinite(gap)
    steps = others[nearest[found]] - own[found]
    centres = own[found] + steps / 2
    if not len(centres):
        return centres, centres
    neighbours = cKDTree(centres).query(centres, k=min(NORMAL_FROM, len(centres)))[1].reshape(len(centres), -1)
    normals = _across(centres[neighbours])
    ahead = np.einsum("nkd,nd->n", (steps / gap[found][:, None])[neighbours], normals) / neighbours.shape[1]
    clear = abs(ahead) > 0.5  # else the boundary bends too much to have a normal
    return centres[clear], (normals * np.sign(ahead)[:, None])[clear]


def _across(points: Floats) -> Floats:
    """(N, K, 2) points along N lines to the directions (N, 2) in which they spread least."""
    spread = points - points.mean(axis=1, keepdims=True)
    covariance = np.einsum("nki,nkj->nij", spread, spread)
    return np.linalg.eigh(covariance)[1][:, :, 0]


def _frontier(mask: NDArray[np.uint8]) -> Bools:
    """Where one of the four neighbours has another value."""
    down, across = mask[1:] != mask[:-1], mask[:, 1:] != mask[:, :-1]
    frontier = np.zeros(mask.shape, bool)
    frontier[1:] |= down
    frontier[:-1] |= down
    frontier[:, 1:] |= across
    frontier[:, :-1] |= across
    return frontier


def _steepness(maps: Floats) -> Floats:
    """(C, H, W) maps to the length of their smoothed gradients over all channels, per pixel: (H, W)."""
    sigma = _sigma(maps.shape)
    squares = np.zeros(maps.shape[1:], maps.dtype)
    for channel in maps:
        for slope in np.gradient(gaussian_filter(channel, sigma, truncate=3)):
            squares += slope**2
    return np.sqrt(squares)


def _sigma(shape: tuple[int, ...]) -> float:
    """The smoothing in pixels, of which it takes at least a half."""
    return max(0.5, SMOOTHING * unit(shape))
