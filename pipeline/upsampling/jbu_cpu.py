"""Joint bilateral upsampling compiled for the CPU: equation 5 in float32, without gradients.

One exponential a weight takes most of the time, so the loop over the weights must fill whole SIMD registers. Three
things make it do so. The exponential is a polynomial of base 2, because a call would empty the registers. Columns are
innermost, because windows are narrow. Low-resolution rows are widened first, so that neighbouring columns read
neighbouring memory.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.runtime.compiled import compiled
from pipeline.upsampling.window import SHAPES, Axis, Window, window

Array = NDArray[np.float32]

BAND = 32  # rows at a time for a thread; they share the widened rows
TILE = 256  # columns at a time; their sums fit the L1 cache, a widened row L2

# 2^x = C0 + C1 x + ... + C5 x^5 on [-1/2, 1/2] to a relative 1e-7, which is as good as float32.
_EXP2 = np.polynomial.Chebyshev.interpolate(np.exp2, 5, domain=[-0.5, 0.5]).convert(kind=np.polynomial.Polynomial)
C0, C1, C2, C3, C4, C5 = _EXP2.coef.astype(np.float32)
HALF = np.float32(0.5)
LEAST = np.float32(-126)  # 2^-126 is the smallest normal float32
LOOP = {"nogil": True, "fastmath": {"contract"}}  # fused multiply-adds, but NaN and infinity as IEEE has them
FAINT = np.float32(1e-25)  # below this k_p, weights that matter may have been cut off at LEAST


class Inputs(NamedTuple):
    """One photograph and its chroma."""

    ab: Array  # (2, h, w)
    light: Array  # (H, W)
    light_low: Array  # (h, w)


def upsample(
    chroma: Tensor, guidance: Tensor, guidance_low: Tensor, rows: Axis, columns: Axis, sigma_r: float
) -> Tensor:
    """What `plain_upsample` computes, on as many threads as torch uses."""
    ab, light_low, light = (x.detach().contiguous().numpy() for x in (chroma, guidance_low[:, 0], guidance[:, 0]))
    in_rows, in_columns = _in_base_2(rows), _in_base_2(columns)
    scale = np.float32(math.sqrt(math.log2(math.e) / 2) / sigma_r)  # log2 g = -(scale (I_p - I_q))^2
    out = np.empty((*chroma.shape[:2], *guidance.shape[2:]), np.float32)

    def band(task: tuple[int, int]) -> None:
        image, top = task
        _band(Inputs(ab[image], light[image], light_low[image]), in_rows, in_columns, scale, top, out[image])

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        list(pool.map(band, product(range(len(out)), range(0, out.shape[2], BAND))))
    return torch.from_numpy(out)


@lru_cache(2 * SHAPES)
def _in_base_2(axis: Axis) -> Window:
    first, log_f = window(axis)
    return Window(first.astype(np.uint32), log_f * math.log2(math.e))


@compiled(**LOOP)
def _band(inputs: Inputs, rows: Window, columns: Window, scale: np.float32, top: int, out: Array) -> None:
    """Equation 5 for BAND rows from `top` on, into (2, H, W) `out`."""
    ab, light, light_low = inputs
    bottom, taps = min(top + BAND, len(light)), columns.log_f.shape[1]
    wide = np.empty((3, taps, TILE), np.float32)
    sums = np.empty((BAND, 3, TILE), np.float32)
    for left in range(0, light.shape[1], TILE):
        tile = slice(left, min(left + TILE, light.shape[1]))
        log_f_x = np.ascontiguousarray(columns.log_f[tile].T).astype(np.float32)  # (K, columns), as it is read
        sums[:] = 0
        for q_y in range(rows.first[top], rows.first[bottom - 1] + rows.log_f.shape[1]):
            _widen(ab[0, q_y], columns.first[tile], wide[0])
            _widen(ab[1, q_y], columns.first[tile], wide[1])
            _widen(light_low[q_y], columns.first[tile], wide[2])
            for y in range(top, bottom):
                k = q_y - rows.first[y]
                if 0 <= k < rows.log_f.shape[1] and rows.log_f[y, k] > -np.inf:
                    _add_row(light[y, tile], wide, log_f_x, np.float32(rows.log_f[y, k]), scale, sums[y - top])
        for y in range(top, bottom):
            for x in range(tile.start, tile.stop):
                k_p = sums[y - top, 2, x - left]
                if k_p > FAINT:
                    out[0, y, x], out[1, y, x] = sums[y - top, 0, x - left] / k_p, sums[y - top, 1, x - left] / k_p
                else:
                    out[0, y, x], out[1, y, x] = _faint_pixel(inputs, rows, columns, scale, y, x)


@compiled(**LOOP)
def _widen(row: Array, first: NDArray[np.uint32], wide: Array) -> None:
    """Copy a low-resolution row so that wide[k, x] is the k-th pixel that column x sees."""
    for k in range(len(wide)):
        for x in range(len(first)):
            wide[k, x] = row[first[x] + k]


@compiled(**LOOP)
def _add_row(light: Array, wide: Array, log_f_x: Array, log_f_y: np.float32, scale: np.float32, sums: Array) -> None:
    """Add a widened row to the weighted sums of a, of b, and of one (k_p)."""
    for k in range(len(log_f_x)):
        for x in range(len(light)):
            difference = scale * (light[x] - wide[2, k, x])
            weight = _exp2(log_f_y + log_f_x[k, x] - difference * difference)
            sums[0, x] += weight * wide[0, k, x]
            sums[1, x] += weight * wide[1, k, x]
            sums[2, x] += weight


@compiled(**LOOP)
def _exp2(x: np.float32) -> np.float32:
    """2^x for x <= 0: its whole part goes into the exponent bits of a float32, its fraction into the polynomial."""
    x = max(x, LEAST)
    whole = np.floor(x + HALF)
    x -= whole
    fraction = C0 + x * (C1 + x * (C2 + x * (C3 + x * (C4 + x * C5))))
    return fraction * np.int32((np.int32(whole) + 127) << 23).view(np.float32)


@compiled(**LOOP)
def _faint_pixel(
    inputs: Inputs, rows: Window, columns: Window, scale: np.float32, y: int, x: int
) -> tuple[float, float]:
    """Equation 5 for one pixel in float64, all weights relative to the largest so far, so that no k_p is too small."""
    ab, light, light_low = inputs
    largest, k_p, a, b = -1e300, 0.0, 0.0, 0.0
    for j in range(rows.log_f.shape[1]):
        for i in range(columns.log_f.shape[1]):
            q = rows.first[y] + j, columns.first[x] + i
            exponent = rows.log_f[y, j] + columns.log_f[x, i] - (np.float64(scale) * (light[y, x] - light_low[q])) ** 2
            if exponent > largest:
                shrink = 2.0 ** (largest - exponent)
                largest, k_p, a, b = exponent, k_p * shrink, a * shrink, b * shrink
            weight = 2.0 ** (exponent - largest)
            k_p, a, b = k_p + weight, a + weight * ab[0, *q], b + weight * ab[1, *q]
    return a / k_p, b / k_p
