"""Where in a picture to look closer: windows chosen by what is measured, never by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter
from skimage.color import rgb2lab

from pipeline.metrics.edges import flat_region, unit

Map = NDArray[np.floating]  # (H, W)
Picture = NDArray[np.uint8]  # (H, W, 3) sRGB
SHARE = 0.28  # of the shorter side: a window's side


@dataclass(frozen=True)
class Box:
    """A square window, in pixels."""

    top: int
    left: int
    side: int

    def of(self, picture: NDArray[Any]) -> NDArray[Any]:
        """What of a picture or map lies in it."""
        return picture[self.top : self.top + self.side, self.left : self.left + self.side]

    def outline(self, axes: Axes, color: str, width: float) -> None:
        """Draw it over a shown picture."""
        corner = (self.left - 0.5, self.top - 0.5)
        axes.add_patch(Rectangle(corner, self.side, self.side, fill=False, edgecolor=color, linewidth=width))


def lab_of(picture: Picture) -> NDArray[np.floating]:
    """(H, W, 3) uint8 sRGB to (3, H, W) Lab."""
    return np.moveaxis(rgb2lab(picture), -1, 0)


def bleeding_map(original: Picture, picture: Picture) -> Map:
    """How much a picture's colours change where the photograph has no edge: what `edges.flat_share` is the sum of."""
    ab = lab_of(picture)[1:]
    sigma = max(0.5, unit(ab.shape))
    slopes = [slope for one in ab for slope in np.gradient(gaussian_filter(one, sigma))]
    return np.sqrt(np.square(slopes).sum(axis=0)) * flat_region(lab_of(original))


def confusion_map(original: Picture, picture: Picture) -> Map:
    """How far a picture's colours are from the true ones away from all edges, so within things and not between them."""
    true = lab_of(original)
    return np.linalg.norm(lab_of(picture)[1:] - true[1:], axis=0) * flat_region(true)


def change_map(before: Picture, after: Picture) -> Map:
    """How far apart the colours of two pictures are."""
    return np.linalg.norm(lab_of(after)[1:] - lab_of(before)[1:], axis=0)


def strongest(harm: Map, taken: Sequence[Box] = ()) -> Box:
    """The window with the largest sum, apart from those that are taken; the first of equals."""
    side = max(4, round(SHARE * min(harm.shape)))
    sums = uniform_filter(harm, side, mode="constant", origin=-(side // 2))[: harm.shape[0] - side + 1]
    sums = sums[:, : harm.shape[1] - side + 1].copy()
    for box in taken:
        sums[max(0, box.top - side + 1) : box.top + box.side, max(0, box.left - side + 1) : box.left + box.side] = -1
    top, left = np.unravel_index(sums.argmax(), sums.shape)
    return Box(int(top), int(left), side)
