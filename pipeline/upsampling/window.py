"""Omega of equation 5 along one axis: which low-resolution pixels each pixel sees, and how near they are."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHAPES = 64  # whose windows are kept: photographs of one shape come one after another


class Axis(NamedTuple):
    """Rows or columns: `full` pixels upsampled from `low`; sigma_s and Omega's radius in low-resolution pixels."""

    full: int
    low: int
    sigma: float
    radius: int


class Window(NamedTuple):
    """Omega along one axis: which low-resolution pixels each of P full-resolution ones sees, and how near they are."""

    first: NDArray[np.int64]  # (P,) index of the first of K neighbours in the image, which hold all of Omega
    log_f: NDArray[np.float64]  # (P, K) their log f, -inf outside of Omega


@lru_cache(2 * SHAPES)
def window(axis: Axis) -> Window:
    """Omega and log f of every pixel along an axis."""
    full, low, sigma, radius = axis
    # In integers, so that no rounding decides whether a pixel at the very rim belongs: p_down = centre / (2 full).
    centre = (2 * np.arange(full) + 1) * low - full
    start = np.maximum(-((2 * full * radius - centre) // (2 * full)), 0)
    last = np.minimum((2 * full * radius + centre) // (2 * full), low - 1)
    widest = (last - start).max() + 1
    first = np.minimum(start, low - widest)  # earlier at the far end, so that no read goes beyond it
    q_down = first[:, None] + np.arange(widest)
    distance = q_down - centre[:, None] / (2 * full)
    inside = (start[:, None] <= q_down) & (q_down <= last[:, None])
    return Window(first, np.where(inside, -(distance**2) / (2 * sigma**2), -np.inf))
