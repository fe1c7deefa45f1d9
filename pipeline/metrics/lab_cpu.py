"""sRGB of 8 bits to CIE Lab on a CPU, for metrics: the formula of `pipeline.color.cielab`, to the digits of float32.

Linear light comes from a table of the 256 levels. The cube root is one step of Halley's method, which cubes a relative
error, from a table that is off by 0.5 % at most where it counts; so it is exact to 1e-7.
"""

import numpy as np
import torch

from pipeline.color import cielab
from pipeline.runtime.compiled import compiled

Array = np.ndarray

CHUNK = 256  # pixels that stay in the first-level cache while the loops pass over them
ROOTS = 4096  # of the table between 0 and 1, and one beyond for rounding
KNEE, SLOPE, OFFSET = (6 / 29) ** 3, (29 / 6) ** 2 / 3, 16 / 116  # CIE 15:2004, section 8.2

LINEAR = cielab.gamma_decoded(torch.arange(256, dtype=torch.float64) / 255).numpy()
ROOT = np.cbrt((np.arange(ROOTS + 2) + 0.5) / ROOTS)
XYZ = np.array(cielab.XYZ)


def rgb_to_lab(picture: Array) -> Array:
    """(H, W, 3) uint8 sRGB to (3, H, W) float32 Lab, L in [0, 100]."""
    lab = np.empty((3, picture.shape[0] * picture.shape[1]), np.float32)
    fill(np.ascontiguousarray(picture).reshape(-1, 3), LINEAR, ROOT, XYZ, lab)
    return lab.reshape(3, *picture.shape[:2])


@compiled(nogil=True, error_model="numpy")
def fill(rgb: Array, linear: Array, root: Array, xyz: Array, lab: Array) -> None:
    """Fill `lab` (3, P) for `rgb` (P, 3)."""
    light, response = np.empty((3, CHUNK)), np.empty((3, CHUNK))
    for start in range(0, len(rgb), CHUNK):
        pixels = rgb[start : start + CHUNK]
        for p in range(len(pixels)):
            red, green, blue = linear[pixels[p, 0]], linear[pixels[p, 1]], linear[pixels[p, 2]]
            light[0, p] = xyz[0, 0] * red + xyz[0, 1] * green + xyz[0, 2] * blue
            light[1, p] = xyz[1, 0] * red + xyz[1, 1] * green + xyz[1, 2] * blue
            light[2, p] = xyz[2, 0] * red + xyz[2, 1] * green + xyz[2, 2] * blue
        for part in range(3):
            t, f = light[part], response[part]
            for p in range(len(pixels)):
                f[p] = root[np.uint32(t[p] * ROOTS)]
            for p in range(len(pixels)):
                cube = f[p] * f[p] * f[p]
                f[p] = f[p] * (cube + 2 * t[p]) / (2 * cube + t[p]) if t[p] > KNEE else t[p] * SLOPE + OFFSET
        for p in range(len(pixels)):
            lab[0, start + p] = 116 * response[1, p] - 16
            lab[1, start + p] = 500 * (response[0, p] - response[1, p])
            lab[2, start + p] = 200 * (response[1, p] - response[2, p])
