"""Colour structure error: how far the colours of a picture depart from its original's, as people judge them.

Made for and chosen by HECD's ratings (docs/results/court.md). Every part has a reason:

- A cast of the whole picture is taken off first: a shift of a and b that changes with lightness along a line. People
  who do not see the original forgive it as another white balance. A part that is recoloured must not pass for a cast.
  So the line is fitted with Cauchy's weights: what departs by much more than `TOLERATED` counts for little.
- What is left is compared within large windows, by its variation around each window's mean: people see that parts of
  a picture do not fit each other, not how far each pixel is off. a and b are one vector, and no hue counts more.
- It is divided by the variance of the picture's own colours there: a lack of colour weighs more than too much of it.
- A logarithm of each place keeps one very wrong part from hiding the others.
- The cast itself counts a little, so that a larger one is never better.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

GRID = 72  # about the diagonal of the grid that windows slide over; each of its cells is a mean of pixels
SIGMA = 1 / 16  # of the Gaussian window, of the diagonal
CUT = 3.0  # sigmas
NOTICED = 100.0  # variance in Lab units squared that keeps flat windows from counting noise: a deviation of 10
TOLERATED = 5.0  # Lab units from the line of the cast, about the least that is seen in a photograph
STEPS = 8  # of iteratively reweighted least squares
CAST = 0.005  # weight of the cast's logarithm: just enough that a larger cast is worse


def color_structure_error(original: Tensor, picture: Tensor) -> Tensor:
    """The error of (..., 3, H, W) Lab pictures, shape (...); 0 where they are equal, more is worse.

    Differentiable with respect to both. Of any size: pictures are reduced to the same grid. Changes of lightness do not
    count. Raises `ValueError` for two shapes.
    """
    if original.shape != picture.shape or original.ndim < 3 or original.shape[-3] != 3:
        raise ValueError(
            f"expected two Lab pictures (..., 3, H, W), got {tuple(original.shape)} and {tuple(picture.shape)}"
        )
    x, y = (reduced(lab.reshape(-1, *lab.shape[-3:])) for lab in (original, picture))
    difference, cast = without_cast(x[:, 0], y[:, 1:] - x[:, 1:])
    sigma = SIGMA * math.hypot(*x.shape[-2:])
    error, own = variance(difference, sigma), variance(y[:, 1:], sigma)  # (N, H, W)
    local = torch.log1p(error / (own + NOTICED)).mean((-2, -1))
    return (local + CAST * torch.log1p(cast / NOTICED)).reshape(original.shape[:-3])


def reduced(lab: Tensor) -> Tensor:
    """(N, 3, H, W) as means of about equal cells, in float64."""
    height, width = lab.shape[-2:]
    factor = max(1.0, math.hypot(height, width) / GRID)
    size = max(1, round(height / factor)), max(1, round(width / factor))
    return functional.adaptive_avg_pool2d(lab, size).double()


def without_cast(lightness: Tensor, difference: Tensor) -> tuple[Tensor, Tensor]:
    """A difference (N, 2, H, W) of ab less its line over `lightness` (N, H, W); and that line's mean square (N,)."""
    N, _, H, W = difference.shape
    light = (lightness.reshape(N, -1) - 50) / 50
    basis = torch.stack((torch.ones_like(light), light), dim=-1)  # (N, P, 2)
    target = difference.reshape(N, 2, -1).transpose(1, 2)  # (N, P, 2)
    weights = torch.ones_like(light)
    ridge = 1e-6 * torch.eye(2, dtype=light.dtype, device=light.device)  # a photograph of one lightness has no slope
    line = torch.zeros_like(target)
    for _ in range(STEPS):
        weighted = (basis * weights[..., None]).transpose(1, 2) / weights.sum(1)[:, None, None]
        line = basis @ torch.linalg.solve(weighted @ basis + ridge, weighted @ target)
        weights = 1 / (1 + (target - line).square().sum(-1) / TOLERATED**2)
    rest = (target - line).transpose(1, 2).reshape(N, 2, H, W)
    return rest, line.square().sum(-1).mean(1)


def variance(ab: Tensor, sigma: float) -> Tensor:
    """The variance (N, H, W) of ab (N, 2, H, W), both channels together, in a Gaussian window around every place."""
    return (blurred(ab.square(), sigma) - blurred(ab, sigma).square()).sum(1).clamp(min=0)


def blurred(planes: Tensor, sigma: float) -> Tensor:
    """(N, C, H, W) under a Gaussian of `sigma` cells; the edge's values go on outside."""
    radius = math.ceil(CUT * sigma)
    places = torch.arange(-radius, radius + 1, dtype=planes.dtype, device=planes.device)
    window = torch.exp(-places.square() / (2 * sigma**2))
    window = window / window.sum()
    N, C, H, W = planes.shape
    single = functional.pad(planes.reshape(N * C, 1, H, W), (radius,) * 4, mode="replicate")
    single = functional.conv2d(single, window.view(1, 1, -1, 1))
    return functional.conv2d(single, window.view(1, 1, 1, -1)).reshape(N, C, H, W)
