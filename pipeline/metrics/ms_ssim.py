"""MS-SSIM on ab: structural similarity of two pictures' colours at five scales (Wang, Simoncelli and Bovik 2003).

It is the measure that agreed best with people's ratings of colorizations in Mullery and Whelan 2022 (HECD). As there,
each of a and b is a picture of its own on 0..255 (its value plus 128), and the two results are multiplied; but a and b
are not rounded to 8 bits first.
"""

import math

import numpy as np
from torch import Tensor

from pipeline.metrics import ssim_cpu
from pipeline.metrics.pixel import SSIM_C1, SSIM_C2, SSIM_RADIUS, SSIM_WINDOW

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of each scale, the finest first (Wang et al., section 3.2)
SMALLEST = (2 * SSIM_RADIUS + 1) * 2 ** (len(EXPONENTS) - 1)  # pixels of a side that still hold a window when halved
ZERO = 128.0  # the level of a = 0 and b = 0


def ms_ssim_ab(original: Tensor, picture: Tensor) -> float:
    """MS-SSIM of a times that of b, of two (2, H, W) ab of CIE Lab; in [0, 1], 1 where they are equal.

    NaN where a side is under `SMALLEST` pixels: after four halvings SSIM's window would not fit.
    """
    if min(original.shape[1:]) < SMALLEST:
        return math.nan
    planes = (np.asarray(ab.numpy(), np.float64) + ZERO for ab in (original, picture))
    return math.prod(ms_ssim(one, other) for one, other in zip(*planes, strict=True))


def ms_ssim(original: np.ndarray, picture: np.ndarray) -> float:
    """MS-SSIM of two (H, W) planes on 0..255, as torchmetrics has it with `data_range=255`.

    A scale at which the two vary against each other counts as 0 (torchmetrics' `normalize="relu"`), where the power of
    a negative number would have no real value. A last odd row or column is left out when a scale is halved.
    """
    value = 1.0
    for scale, exponent in enumerate(EXPONENTS):
        last = scale == len(EXPONENTS) - 1
        mean = ssim_cpu.mean_ssim(original[None], picture[None], SSIM_WINDOW, SSIM_C1, SSIM_C2, last)
        value *= max(mean, 0.0) ** exponent
        if not last:
            original, picture = halved(original), halved(picture)
    return value


def halved(plane: np.ndarray) -> np.ndarray:
    """(H, W) to (H // 2, W // 2): means of 2 x 2 pixels."""
    height, width = (side // 2 * 2 for side in plane.shape)
    return (
        plane[:height:2, :width:2]
        + plane[1:height:2, :width:2]
        + plane[:height:2, 1:width:2]
        + plane[1:height:2, 1:width:2]
    ) / 4
