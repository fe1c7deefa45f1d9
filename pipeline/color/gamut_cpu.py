"""The loop behind `gamut.encode` on a CPU: nearest bins from a table, their Gaussian weights by arithmetic."""

from math import factorial
from typing import Any

import numpy as np
from numba import prange

from pipeline.color.bins import RADIUS as GRID_RADIUS
from pipeline.color.bins import REACH as SQUARE
from pipeline.color.bins import SIGMA, Q
from pipeline.color.bins import STEP as SPACING
from pipeline.runtime.compiled import compiled

Array = np.ndarray

CHUNK = 1024  # pixels that stay in the first-level cache while the loop passes over them

# float32, int32 and unsigned indices throughout: the compiler then works on 8 or 16 pixels at once.
STEP, HALF, REACH = np.float32(SPACING), np.float32(SPACING / 2), np.float32(SQUARE)
RADIUS, SIDE = np.int32(GRID_RADIUS), np.int32(2 * GRID_RADIUS + 1)
OCTANTS, ZONES, LAST = np.int32(8), np.int32(3), np.int32((2 * GRID_RADIUS + 1) ** 2 * 24 - 1)

# exp(x) as the 16th power of the Taylor polynomial of exp(x / 16): within 2e-7 for x <= 0; below -16 it stays 1e-7.
LEAST, SCALE = np.float32(-1), np.float32(-1 / (2 * SIGMA**2 * 16))
ONE, C2, C3, C4, C5 = (np.float32(1 / factorial(n)) for n in range(1, 6))


@compiled()
def triangle(a: Any, b: Any) -> Any:
    """The row of the candidates' table for one colour: grid point, octant around it, zone of the octant."""
    i, j = np.rint(a / STEP), np.rint(b / STEP)
    u, v = a - STEP * i, b - STEP * j
    low, high = min(abs(u), abs(v)), max(abs(u), abs(v))
    point = (np.int32(i) + RADIUS) * SIDE + np.int32(j) + RADIUS
    octant = np.int32(u < 0) + (np.int32(v < 0) << 1) + (np.int32(abs(u) < abs(v)) << 2)
    zone = np.int32(high + high + low > HALF) + np.int32(high + low + low > HALF)
    return min(max((point * OCTANTS + octant) * ZONES + zone, np.int32(0)), LAST)  # a valid row even of a NaN


@compiled()
def insert(found: Array, near: Array, rank: int, bin: Any, square: Any) -> None:
    """Put one bin in its place among the `rank` nearest so far."""
    while rank > 0 and near[rank - 1] > square:
        found[rank], near[rank] = found[rank - 1], near[rank - 1]
        rank -= 1
    found[rank], near[rank] = bin, square


@compiled()
def gaussian(square: Any) -> Any:
    """exp(-square / (2 sigma^2))."""
    x = max(square * SCALE, LEAST)
    power = ONE + x * (ONE + x * (C2 + x * (C3 + x * (C4 + x * C5))))
    power *= power
    power *= power
    power *= power
    return power * power


@compiled(parallel=True, error_model="numpy")
def fill(ab: Array, indices: Array, weights: Array, candidates: Array, bins_a: Array, bins_b: Array) -> None:
    """Fill `indices` and `weights` (N, k, P) for `ab` (N, 2, P); see `gamut.encode`."""
    N, k, P = indices.shape
    C = candidates.shape[1]
    chunks = (P + CHUNK - 1) // CHUNK
    for job in prange(N * chunks):
        image, start = job // chunks, job % chunks * CHUNK
        chunk = slice(start, start + CHUNK)
        a, b = ab[image, 0, chunk].copy(), ab[image, 1, chunk].copy()
        rows = np.empty(len(a), np.uint32)
        for p in range(len(a)):
            a[p], b[p] = min(max(a[p], -REACH), REACH), min(max(b[p], -REACH), REACH)
            rows[p] = triangle(a[p], b[p])
        for rank in range(k):
            index, square = indices[image, rank, chunk], weights[image, rank, chunk]
            for p in range(len(a)):
                bin = candidates[rows[p], rank]
                u, v = a[p] - bins_a[bin], b[p] - bins_b[bin]
                index[p], square[p] = bin, u * u + v * v
        found, near = np.empty(C, np.uint32), np.empty(C, np.float32)
        for p in range(len(a)):
            if candidates[rows[p], k] < Q:  # not settled: sort
                for rank in range(C):
                    bin = candidates[rows[p], rank]
                    if bin == Q:
                        break
                    u, v = a[p] - bins_a[bin], b[p] - bins_b[bin]
                    insert(found, near, rank, bin, u * u + v * v)
                for rank in range(k):
                    indices[image, rank, start + p], weights[image, rank, start + p] = found[rank], near[rank]
        nearest, total = weights[image, 0, chunk].copy(), np.zeros(len(a), np.float32)
        for rank in range(k):
            weight = weights[image, rank, chunk]
            for p in range(len(a)):
                weight[p] = gaussian(weight[p] - nearest[p])
                total[p] += weight[p]
        for rank in range(k):
            weight = weights[image, rank, chunk]
            for p in range(len(a)):
                weight[p] /= total[p]
