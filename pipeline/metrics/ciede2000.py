"""CIEDE2000 (CIE 142-2001; Sharma, Wu and Dalal 2005): the perceived difference of two colours; 1 is just visible.

The published formula computes with hue angles. Here hues stay unit vectors: their bisector is the mean hue, and the
cosines of its multiples are polynomials. So only one angle is left, and the compiler works on several pixels at once.
"""

from math import cos, factorial, radians, sin
from typing import Any

import numpy as np
from torch import Tensor

from pipeline.runtime.compiled import compiled

Array = np.ndarray

POW25_7 = 25.0**7
COS30, SIN30 = cos(radians(30)), sin(radians(30))
COS6, SIN6 = cos(radians(6)), sin(radians(6))
COS63, SIN63 = cos(radians(63)), sin(radians(63))
COS275, SIN275 = cos(radians(275)), sin(radians(275))
PER_25_DEGREES = 180 / np.pi / 25  # radians to the unit of the formula's Gaussian around the blue hues
SIXTY_DEGREES = radians(60)
TAN_PI_8 = 2**0.5 - 1
SCALE = 1 / 64  # exp(-x) is the 64th power of a polynomial of x / 64
FARTHEST = 40.0  # exp(-40) vanishes in a sum with 1

A3, A5, A7, A9, A11 = -1 / 3, 1 / 5, -1 / 7, 1 / 9, -1 / 11
A13, A15, A17, A19 = 1 / 13, -1 / 15, 1 / 17, -1 / 19
E2, E3, E4, E5, E6, E7, E8 = (1 / factorial(n) for n in range(2, 9))
S3, S5, S7, S9, S11, S13 = ((-1) ** (n // 2) / factorial(n) for n in range(3, 14, 2))


def ciede2000(original: Tensor, picture: Tensor) -> np.ndarray:
    """The difference of two (3, H, W) Lab pictures at every pixel, (H, W) float64, with kL = kC = kH = 1.

    Symmetric in its arguments. Reference: `skimage.color.deltaE_ciede2000`.
    """
    difference = np.empty(original.shape[1:])
    flat = (lab.reshape(3, -1).contiguous().numpy() for lab in (original, picture))
    fill(*flat, difference.reshape(-1))
    return difference


@compiled(forceinline=True, error_model="numpy")
def seventh(c: Any) -> Any:
    """sqrt(c^7 / (c^7 + 25^7))."""
    c2 = c * c
    c7 = c2 * c2 * c2 * c
    return np.sqrt(c7 / (c7 + POW25_7))


@compiled(forceinline=True, error_model="numpy")
def angle(x: Any, y: Any) -> Any:
    """The size of the angle of the unit vector (x, y) in radians, in [0, pi], within 1e-9."""
    t = abs(y) / (1 + abs(x))  # tan of half the angle to the x axis, in [0, 1]
    far = t > TAN_PI_8
    u = (t - 1 if far else t) / (t + 1 if far else 1.0)
    u2 = u * u
    tail = u2 * (A11 + u2 * (A13 + u2 * (A15 + u2 * (A17 + u2 * A19))))
    arc = 2 * u * (1 + u2 * (A3 + u2 * (A5 + u2 * (A7 + u2 * (A9 + tail)))))
    arc += np.pi / 2 if far else 0.0
    return np.pi - arc if x < 0 else arc


@compiled(forceinline=True, error_model="numpy")
def decay(x: Any) -> Any:
    """exp(-x) of x >= 0, within 1e-12; 0 beyond `FARTHEST`, or nearly so."""
    z = -min(x, FARTHEST) * SCALE
    power = 1 + z * (1 + z * (E2 + z * (E3 + z * (E4 + z * (E5 + z * (E6 + z * (E7 + z * E8)))))))
    power *= power
    power *= power
    power *= power
    power *= power
    power *= power
    return power * power


@compiled(forceinline=True, error_model="numpy")
def sine(x: Any) -> Any:
    """sin(x) of x in [0, pi / 3], within 1e-12."""
    x2 = x * x
    return x * (1 + x2 * (S3 + x2 * (S5 + x2 * (S7 + x2 * (S9 + x2 * (S11 + x2 * S13))))))


@compiled(forceinline=True, error_model="numpy")
def delta(L1: Any, a1: Any, b1: Any, L2: Any, a2: Any, b2: Any) -> Any:
    """The difference of two colours; the names are those of Sharma et al., section 2."""
    stretch = 1.5 - 0.5 * seventh((np.sqrt(a1 * a1 + b1 * b1) + np.sqrt(a2 * a2 + b2 * b2)) / 2)  # 1 + G
    a1, a2 = a1 * stretch, a2 * stretch
    C1, C2 = np.sqrt(a1 * a1 + b1 * b1), np.sqrt(a2 * a2 + b2 * b2)
    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    dL, dC = L2 - L1, C2 - C1
    squared = max((a2 - a1) ** 2 + (b2 - b1) ** 2 - dC * dC, 0.0)  # of dH
    dH = np.sqrt(squared) * (1.0 if a1 * b2 >= a2 * b1 else -1.0)

    # The bisector of both hues; that of a grey and a colour is the colour's hue.
    gray = C1 * C2 == 0
    u, v = (a1 + a2 if gray else a1 * C2 + a2 * C1), (b1 + b2 if gray else b1 * C2 + b2 * C1)
    # Opposite hues have two bisectors; the formula takes that of hue plus 90 degrees of the one below 180.
    opposite = np.sqrt(u * u + v * v) <= 1e-12 * C1 * C2
    upper = 1.0 if (b1 > 0) | ((b1 == 0) & (a1 > 0)) else -1.0
    u, v = (-b1 * upper if opposite else u), (a1 * upper if opposite else v)
    length = np.sqrt(u * u + v * v)
    u, length = (u if length > 0 else 1.0), (length if length > 0 else 1.0)  # two greys: hue 0
    x, y = u / length, v / length

    x2, y2 = x * x - y * y, 2 * x * y  # of twice the hue
    x3, y3 = x2 * x - y2 * y, x2 * y + y2 * x
    x4, y4 = x2 * x2 - y2 * y2, 2 * x2 * y2
    T = 1 - 0.17 * (x * COS30 + y * SIN30) + 0.24 * x2
    T += 0.32 * (x3 * COS6 - y3 * SIN6) - 0.20 * (x4 * COS63 + y4 * SIN63)
    # The formula's distance from 275 degrees does not wrap around at 0: hues up to 90 degrees count as far.
    from_blue = angle(x * COS275 + y * SIN275, y * COS275 - x * SIN275) * PER_25_DEGREES
    from_blue = FARTHEST if (x > 0) & (y >= 0) else from_blue
    R_T = -2 * seventh(C) * sine(SIXTY_DEGREES * decay(from_blue * from_blue))
    light = (L - 50) * (L - 50)
    dL /= 1 + 0.015 * light / np.sqrt(20 + light)
    dC /= 1 + 0.045 * C
    dH /= 1 + 0.015 * C * T
    return np.sqrt(max(dL * dL + dC * dC + dH * dH + R_T * dC * dH, 0.0))


@compiled(nogil=True, error_model="numpy")
def fill(original: Array, picture: Array, difference: Array) -> None:
    """Fill `difference` (P,) for two pictures (3, P)."""
    L1, a1, b1 = original[0], original[1], original[2]
    L2, a2, b2 = picture[0], picture[1], picture[2]
    double = np.float64
    for p in range(len(difference)):
        first, second = (double(L1[p]), double(a1[p]), double(b1[p])), (double(L2[p]), double(a2[p]), double(b2[p]))
        difference[p] = delta(*first, *second)
