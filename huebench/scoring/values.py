"""Every measure of one picture, by its key in the registry, as a protocol wants it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from skimage.metrics import structural_similarity

from huebench.protocols.protocol import Protocol
from pipeline.metrics import pixel
from pipeline.metrics.ciede2000 import ciede2000
from pipeline.metrics.color_structure import color_structure_error
from pipeline.metrics.ms_ssim import ms_ssim_ab
from pipeline.scoring.pixels import Picture

if TYPE_CHECKING:
    from torch import Tensor

UNIFORM_SIDE = 7  # of the uniform window, in pixels


@dataclass(frozen=True)
class Pair:
    """A photograph and a picture of it, both fitted by the protocol: `original` and `own`; `rgb` (H, W, 3) uint8 too.

    `colorfulness`: the photograph's, signed. `networks`: measure -> the network that compares two pictures,
    of those whose weights are there.
    """

    protocol: Protocol
    original: Picture
    colorfulness: float
    rgb: np.ndarray
    own: Picture
    networks: "Mapping[str, Callable[[Tensor, Tensor], float]]"

    @cached_property
    def colorfulnesses(self) -> tuple[float, float]:
        """The picture's, signed and absolute."""
        return pixel.both_colorfulnesses(self.rgb)


def psnr_rgb(pair: Pair) -> float:
    """In dB, without the protocol's border."""
    border = pair.protocol.psnr_border
    inside = slice(border, -border or None)
    return pixel.psnr(pixel.mse(*(one.planes[:, inside, inside] for one in (pair.original, pair.own))))


def psnr_ab(pair: Pair) -> float:
    """In dB, peak 255."""
    return pixel.psnr(pixel.mse(pair.original.lab[1:], pair.own.lab[1:]))


def ssim_rgb(pair: Pair) -> float:
    """By the protocol's window and range; NaN for a picture that is smaller than the window."""
    ssim = pair.protocol.ssim
    if ssim.window == "gaussian":
        return pixel.ssim(pair.original.planes, pair.own.planes)
    if min(pair.rgb.shape[:2]) < UNIFORM_SIDE:
        return math.nan
    planes = (one.planes.numpy() for one in (pair.original, pair.own))
    return float(structural_similarity(*planes, win_size=UNIFORM_SIDE, channel_axis=0, data_range=ssim.range))


def by_network(key: str) -> "Callable[[Pair], float]":
    """A measure that a network gives."""
    return lambda pair: pair.networks[key](pair.original.planes, pair.own.planes)


VALUES: dict[str, Callable[[Pair], float]] = {
    "psnr_rgb": psnr_rgb,
    "psnr_ab": psnr_ab,
    "ssim_rgb": ssim_rgb,
    "ms_ssim_ab": lambda pair: ms_ssim_ab(pair.original.lab[1:], pair.own.lab[1:]),
    "color_structure_error": lambda pair: color_structure_error(pair.original.lab, pair.own.lab).item(),
    "ciede2000": lambda pair: float(ciede2000(pair.original.lab, pair.own.lab).mean()),
    "auc": lambda pair: pair.original.accuracy(pair.own).mean().item(),
    "colorfulness_gap": lambda pair: abs(pair.colorfulnesses[0] - pair.colorfulness),
    **{key: by_network(key) for key in ("lpips_alex", "lpips_vgg", "lpips_squeeze", "dists")},
    "colorfulness": lambda pair: pair.colorfulnesses[0],
    "colorfulness_absolute": lambda pair: pair.colorfulnesses[1],
    "chroma": lambda pair: pair.own.chroma(),
    "lightness_change": lambda pair: pair.original.lightness_change(pair.own),
}
