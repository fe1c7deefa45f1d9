"""The loop behind `pixel.ssim`: one row of the result at a time, so that its inputs stay in the cache."""

import numpy as np

from pipeline.runtime.compiled import compiled

Array = np.ndarray


@compiled(forceinline=True)
def blurred(rows: Array, weights: Array, down: Array, out: Array) -> None:
    """The window of `weights` (K,) over `rows` (K, W): down into `down` (W,), then across into `out` (W - K + 1,)."""
    down[:] = 0.0
    for k in range(len(weights)):
        weight, row = weights[k], rows[k]
        for column in range(len(down)):
            down[column] += weight * row[column]
    out[:] = 0.0
    for k in range(len(weights)):
        weight, shifted = weights[k], down[k:]
        for column in range(len(out)):
            out[column] += weight * shifted[column]


@compiled(nogil=True, error_model="numpy")
def mean_ssim(original: Array, picture: Array, weights: Array, c1: float, c2: float) -> float:
    """The mean over channels and pixels whose window lies within two (C, H, W) uint8 pictures; `weights` sum to 1."""
    C, H, W = original.shape
    K = len(weights)
    down, total = np.empty(W), 0.0
    mean_x, mean_y, squares, products = np.empty((4, W - K + 1))
    for channel in range(C):
        x, y = original[channel].astype(np.float64), picture[channel].astype(np.float64)
        xx_yy, xy = x * x + y * y, x * y
        for top in range(H - K + 1):
            window = slice(top, top + K)
            blurred(x[window], weights, down, mean_x)
            blurred(y[window], weights, down, mean_y)
            blurred(xx_yy[window], weights, down, squares)
            blurred(xy[window], weights, down, products)
            for column in range(len(mean_x)):
                product, power = mean_x[column] * mean_y[column], mean_x[column] ** 2 + mean_y[column] ** 2
                likeness = (2 * product + c1) * (2 * (products[column] - product) + c2)
                down[column] = likeness / ((power + c1) * (squares[column] - power + c2))
            for column in range(len(mean_x)):
                total += down[column]
    return total / (C * (H - K + 1) * (W - K + 1))
