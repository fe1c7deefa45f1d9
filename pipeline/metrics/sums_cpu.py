"""The loops behind `pixel` and `auc`: sums of whole numbers, which are exact, and one pass over the pixels."""

from typing import Any

import numpy as np

from pipeline.runtime.compiled import compiled

Array = np.ndarray


@compiled(nogil=True)
def squared_error(one: Array, other: Array) -> Any:
    """The sum of squared differences of two uint8 arrays (P,)."""
    total: Any = 0
    for p in range(len(one)):
        difference = np.int32(one[p]) - np.int32(other[p])
        total += difference * difference
    return total


@compiled(nogil=True)
def opponents(rgb: Array) -> Any:
    """The sums over pixels (P, 3) uint8 of red - green, of red + green - 2 blue, of both sizes, and of both squares."""
    sums: Any = (0, 0, 0, 0, 0, 0)
    red_green, yellow_blue, abs_red_green, abs_yellow_blue, red_green_2, yellow_blue_2 = sums
    for p in range(len(rgb)):
        red, green, blue = np.int32(rgb[p, 0]), np.int32(rgb[p, 1]), np.int32(rgb[p, 2])
        u, v = red - green, red + green - 2 * blue
        red_green += u
        yellow_blue += v
        abs_red_green += abs(u)
        abs_yellow_blue += abs(v)
        red_green_2 += u * u
        yellow_blue_2 += v * v
    return red_green, yellow_blue, abs_red_green, abs_yellow_blue, red_green_2, yellow_blue_2


@compiled(nogil=True, error_model="numpy")
def accuracy(original: Array, picture: Array, farthest: int, out: Array) -> None:
    """Fill `out` (P,) for two ab (2, P); see `auc.accuracy`."""
    for p in range(len(out)):
        a, b = np.float64(original[0, p]) - picture[0, p], np.float64(original[1, p]) - picture[1, p]
        distance = np.sqrt(a * a + b * b)
        area = min(farthest + 0.5 - np.ceil(distance), np.float64(farthest)) / farthest
        out[p] = area if distance <= farthest else 0.0
