"""The loop behind `pixel.ssim` and `ms_ssim`: one row of the result at a time, so that its inputs stay in the cache.

The window has 11 weights and is symmetric. Written out, its sum is one expression that the compiler keeps in registers;
as a loop over the weights it takes five times as long.
"""

from typing import Any

import numpy as np

from pipeline.runtime.compiled import compiled

Array = np.ndarray

HALF = 128.0  # taken off all levels: differences of squares lose fewer digits


@compiled(forceinline=True)
def blurred(rows: Array, top: int, weights: Array, down: Array, out: Array) -> None:
    """The window of `weights` (6,), middle first, over 11 of `rows` (H, W): first down, then across into `out`."""
    w0, w1, w2, w3, w4, w5 = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5]
    r5 = rows[top + 5]
    a, b, c, d, e = rows[top + 4], rows[top + 3], rows[top + 2], rows[top + 1], rows[top]
    A, B, C, D, E = rows[top + 6], rows[top + 7], rows[top + 8], rows[top + 9], rows[top + 10]
    for p in range(len(down)):
        pairs = w1 * (a[p] + A[p]) + w2 * (b[p] + B[p]) + w3 * (c[p] + C[p]) + w4 * (d[p] + D[p]) + w5 * (e[p] + E[p])
        down[p] = w0 * r5[p] + pairs
    for p in range(len(out)):
        pairs = w1 * (down[p + 4] + down[p + 6]) + w2 * (down[p + 3] + down[p + 7]) + w3 * (down[p + 2] + down[p + 8])
        out[p] = w0 * down[p + 5] + (pairs + w4 * (down[p + 1] + down[p + 9]) + w5 * (down[p] + down[p + 10]))


@compiled(forceinline=True)
def likeness(mean_x: Any, mean_y: Any, squares: Any, products: Any, c1: float, c2: float) -> Any:
    """SSIM of one place: means of the levels less `HALF`, of their squares' sum and of their product."""
    spread = squares - mean_x * mean_x - mean_y * mean_y
    covariance = products - mean_x * mean_y
    x, y = mean_x + HALF, mean_y + HALF
    return (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (spread + c2))


@compiled(forceinline=True)
def contrast(mean_x: Any, mean_y: Any, squares: Any, products: Any, c2: float) -> Any:
    """The same without SSIM's factor for the mean levels."""
    spread = squares - mean_x * mean_x - mean_y * mean_y
    return (2 * (products - mean_x * mean_y) + c2) / (spread + c2)


@compiled(nogil=True, error_model="numpy")
def mean_ssim(original: Array, picture: Array, weights: Array, c1: float, c2: float, levels: bool = True) -> float:
    """The mean over channels and pixels whose window lies within two (C, H, W) pictures on 0..255.

    `weights` (6,): those of the window's middle and of one side, which sum to 1 with the other side's. `levels`: with
    SSIM's factor for the mean levels, else of `contrast` alone.
    """
    C, H, W = original.shape
    x, y, squares, products = np.empty((4, H, W))
    mean_x, mean_y, mean_squares, mean_products = np.empty((4, W - 10))
    down, total = np.empty(W), 0.0
    for channel in range(C):
        for row in range(H):
            for p in range(W):
                u, v = original[channel, row, p] - HALF, picture[channel, row, p] - HALF
                x[row, p], y[row, p], squares[row, p], products[row, p] = u, v, u * u + v * v, u * v
        for top in range(H - 10):
            blurred(x, top, weights, down, mean_x)
            blurred(y, top, weights, down, mean_y)
            blurred(squares, top, weights, down, mean_squares)
            blurred(products, top, weights, down, mean_products)
            if levels:
                for p in range(W - 10):
                    down[p] = likeness(mean_x[p], mean_y[p], mean_squares[p], mean_products[p], c1, c2)
            else:
                for p in range(W - 10):
                    down[p] = contrast(mean_x[p], mean_y[p], mean_squares[p], mean_products[p], c2)
            for p in range(W - 10):
                total += down[p]
    return total / (C * (H - 10) * (W - 10))
