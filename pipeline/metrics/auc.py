"""AuC: the share of pixels with nearly right colours, over all tolerances (Zhang et al. 2016, section 3.1).

The share of pixels whose ab lies within t of the original's is a curve over t = 0, 1, ..., 150 units of Lab. AuC is the
area under it by the trapezoidal rule, divided by 150: 1 where every colour is exact. The paper prints per cent.
"""

from threading import Lock

import numpy as np
import torch
from torch import Tensor

from pipeline.color import gamut
from pipeline.metrics import sums_cpu

FARTHEST = 150  # the last threshold, in Lab units
ENCODING = Lock()  # numba's parallel loops must not be entered by two threads at once


def accuracy(original: Tensor, picture: Tensor) -> Tensor:
    """Every pixel's own AuC, (H, W) float64 in [0, 1], of two (2, H, W) ab: a picture's AuC is the mean of its pixels'.

    A pixel counts from the first whole threshold that reaches its distance, so its curve is a step and needs no sweep.
    """
    areas = np.empty(original[0].numel())
    flat = (ab.reshape(2, -1).contiguous().numpy() for ab in (original, picture))
    sums_cpu.accuracy(*flat, FARTHEST, areas)  # the trapezoid halves the ends' values
    return torch.from_numpy(areas).reshape(original.shape[1:])


def class_weights(counts: Tensor) -> Tensor:
    """(313,) counts of the training split's colours to what a pixel of each bin weighs, (313,) float64.

    Inverse to the smoothed prior (Zhang et al., eq. 4 with lambda = 0), scaled to a mean of 1 over training pixels. The
    paper's prior has every bin. Bins that a smaller training set lacks weigh as much as its rarest bin.
    NaN where it has no colours at all.
    """
    if not counts.any():  # nothing but black and white: there are no colours to balance
        return torch.full((gamut.Q,), torch.nan, dtype=torch.float64)
    prior = gamut.smooth(counts)
    return 1 / (prior.clamp(min=prior[counts > 0].min()) * gamut.Q)


def pixel_weights(original: Tensor, weights: Tensor) -> Tensor:
    """What every pixel of a (2, H, W) original ab weighs by its nearest bin, (H, W) float64."""
    with ENCODING:
        nearest, _ = gamut.encode(original[None], k=1)
    return weights[nearest[0, 0]]


def balanced(accuracies: Tensor, weights: Tensor) -> float:
    """The class-balanced AuC of a photograph: the mean of its pixels' `accuracy`, weighted by `pixel_weights`.

    Over a dataset the published figure weighs all pixels alike, so photographs by the mean of their pixels' weights.
    """
    return ((accuracies * weights).sum() / weights.sum()).item()
