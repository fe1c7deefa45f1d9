"""The picture that a scene is painted on, CIE Lab and a class mask, and the pen that draws things."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from pipeline.packs.masks import VOID

Lab = tuple[float, float, float]  # L in [0, 100], a and b about [-128, 127], D65 white

SUPERSAMPLING = 4  # things are drawn this many times larger, then averaged: smooth edges
_WHITE = np.array([0.95047, 1.0, 1.08883], np.float32)
_XYZ_TO_LINEAR = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]],
    np.float32,
)
_LAB_TO_CUBE_ROOTS = np.array([[1 / 116, 1 / 500, 0], [1 / 116, 0, 0], [1 / 116, 0, -1 / 200]], np.float32)


def srgb(lab: np.ndarray) -> np.ndarray:
    """(H, W, 3) CIE Lab (D65) -> (H, W, 3) uint8 sRGB, clipped to the gamut."""
    roots = lab @ _LAB_TO_CUBE_ROOTS.T + np.float32(16 / 116)
    xyz = np.where(roots > 6 / 29, roots * roots * roots, (roots - 4 / 29) * (3 * (6 / 29) ** 2))
    linear = np.clip((xyz * _WHITE) @ _XYZ_TO_LINEAR.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055)
    return (encoded * 255 + 0.5).astype(np.uint8)


def lit(lab: Lab, light: float) -> Lab:
    """The colour under `light` (1 leaves it): Lab's cube roots make a change of light one factor on L + 16, a and b."""
    return (lab[0] + 16) * light - 16, lab[1] * light, lab[2] * light


def mix(one: Lab, other: Lab, share: float) -> Lab:
    """`share` of the other colour in the one."""
    L, a, b = (p + (q - p) * share for p, q in zip(one, other, strict=True))
    return L, a, b


@dataclass(frozen=True)
class Texture:
    """Periodic multi-octave noise, mean 0 and deviation 1, that one scene samples for all of its surfaces."""

    tile: np.ndarray  # (128, 128) float32
    SIZE = 128

    @classmethod
    def grown(cls, rng: np.random.Generator) -> "Texture":
        """Noise with a spectrum of 1 / f^1.2: clumps of every size, down to single grains."""
        f = np.hypot(np.fft.fftfreq(cls.SIZE)[:, None], np.fft.rfftfreq(cls.SIZE)[None]).astype(np.float32)
        f[0, 0] = np.inf
        white = np.fft.rfft2(rng.standard_normal((cls.SIZE, cls.SIZE), np.float32))
        tile = np.fft.irfft2(white * f ** np.float32(-1.2))
        return cls(tile / tile.std())

    def at(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Bilinear samples at columns `u` and rows `v` (float32, in tile pixels; shapes that broadcast)."""
        left, top = np.floor(u), np.floor(v)
        right_share, low_share = u - left, v - top
        last = self.SIZE - 1
        c0, r0 = left.astype(np.int32) & last, top.astype(np.int32) & last
        c1, r1 = (c0 + 1) & last, ((r0 + 1) & last) * self.SIZE
        r0 = r0 * self.SIZE
        flat = self.tile.ravel()
        upper, lower = flat.take(r0 + c0), flat.take(r1 + c0)
        upper += right_share * (flat.take(r0 + c1) - upper)
        lower += right_share * (flat.take(r1 + c1) - lower)
        return upper + low_share * (lower - upper)


class Pen:
    """Draws one thing in its own units: x to the right from its middle, y up from its foot, its height is 1."""

    def __init__(self, size: float, half_width: float, x: float, y: float):
        """`size` is the height in pixels, `half_width` in heights, (x, y) the foot in pixels of the picture."""
        self.size = size
        self.foot = (x, y)
        margin = 1  # a pixel around, for the smooth edge
        self.left = int(np.floor(x - half_width * size)) - margin
        self.top = int(np.floor(y - size)) - margin
        width = int(np.ceil(x + half_width * size)) + margin - self.left
        height = int(np.ceil(y + 0.06 * size)) + margin - self.top
        # Four plain bytes (L, a, b, coverage): Pillow would treat RGBA's colours as colours.
        self.image = Image.new("CMYK", (width * SUPERSAMPLING, height * SUPERSAMPLING))
        self._draw = ImageDraw.Draw(self.image)

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        column = (self.foot[0] + x * self.size - self.left) * SUPERSAMPLING
        row = (self.foot[1] - y * self.size - self.top) * SUPERSAMPLING
        return column, row

    def polygon(self, points: list[tuple[float, float]], lab: Lab) -> None:
        """Fill the polygon."""
        self._draw.polygon([self._pixel(x, y) for x, y in points], fill=_ink(lab))

    def ellipse(self, x: float, y: float, rx: float, ry: float, lab: Lab) -> None:
        """Fill the ellipse around (x, y)."""
        left, top = self._pixel(x - rx, y + ry)
        right, bottom = self._pixel(x + rx, y - ry)
        self._draw.ellipse((left, top, right, bottom), fill=_ink(lab))

    def box(self, left: float, bottom: float, right: float, top: float, lab: Lab) -> None:
        """Fill the upright rectangle."""
        self.polygon([(left, bottom), (right, bottom), (right, top), (left, top)], lab)

    def sprite(self) -> tuple[np.ndarray, np.ndarray]:
        """(h, w, 3) Lab already multiplied by the coverage, and (h, w) coverage in [0, 1]."""
        ink = np.asarray(self.image.reduce(SUPERSAMPLING), np.float32)
        coverage = ink[..., 3] / 255
        lab = ink[..., :3] * np.array([100 / 255, 1, 1], np.float32)
        lab[..., 1:] -= 128 * coverage[..., None]
        return lab, coverage


def _ink(lab: Lab) -> tuple[int, int, int, int]:
    """Lab as the four bytes the pen's picture holds."""
    L, a, b = round(lab[0] * 2.55), round(lab[1] + 128), round(lab[2] + 128)
    return min(max(L, 0), 255), min(max(a, 0), 255), min(max(b, 0), 255), 255


class Canvas:
    """A picture in the making. Lengths are in picture heights: y runs from 0 to 1, x from 0 to width / height."""

    def __init__(self, height: int, width: int):
        self.height = height
        self.lab = np.empty((height, width, 3), np.float32)
        self.mask = np.zeros((height, width), np.uint8)
        self.x = ((np.arange(width, dtype=np.float32) + 0.5) / height)[None]  # (1, W)
        self.y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]  # (H, 1)

    @property
    def aspect(self) -> float:
        """Width in picture heights."""
        return self.lab.shape[1] / self.height

    def lay(self, rows: slice, columns: slice, lab: np.ndarray, coverage: np.ndarray, label: int | None) -> None:
        """Put `lab` (h, w, 3), already multiplied by `coverage` (h, w), over a window; label what it covers.

        A half covered pixel belongs to neither side: it turns `VOID`, unless the class is the same on both sides.
        """
        under = self.lab[rows, columns]
        under *= 1 - coverage[..., None]
        under += lab
        if label is None:
            return
        mask = self.mask[rows, columns]
        mask[(coverage > 0.1) & (mask != label)] = VOID
        mask[coverage > 0.9] = label

    def dim(self, rows: slice, columns: slice, light: np.ndarray) -> None:
        """Multiply the light (h, w) that falls on a window."""
        window = self.lab[rows, columns]
        window[..., 0] += 16
        window *= light[..., None]
        window[..., 0] -= 16
