"""Colour-vision plates drawn by our own code: a digit of dots that differ from the others along a confusion line.

If two colours differ in the response of a single cone type, they look alike to an eye without that type (Maxwell; the
dichromatic confusion lines). Dots of random lightness hide the remaining difference in brightness, as in every
pseudoisochromatic plate since Stilling (1877). No published plate is copied.
"""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Linear sRGB to cone answers (L, M, S): Vienot, Brettel and Mollon, Color Research and Application 24 (1999), eq. 4.
CONES = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])

Kind = Literal["all", "protan", "deutan", "tritan"]
# Everybody can read the first plate, which shows the task. Red-green deficiencies are frequent and get four plates.
KINDS: tuple[Kind, ...] = ("all", "protan", "deutan", "protan", "deutan", "tritan")

SIDE = 360  # pixels
SURROUND = 110  # the grey of the pages, sRGB
MIDDLE = np.array([0.34, 0.28, 0.17])  # linear sRGB: a dull yellow leaves room in the gamut on both sides
LIGHTNESS = (0.65, 1.4)  # of a dot, as a factor on its linear colour; the same range in and out of the digit
REACH = 0.75  # of the way to the gamut's border; a smaller value finds weaker deficiencies, but needs a better screen
RADII = (9.0, 7.2, 5.8, 4.6, 3.6)  # of the dots in pixels, large ones first


@dataclass(frozen=True)
class Plate:
    """One plate: what it tests, the digit on it, and its PNG."""

    kind: Kind
    digit: int
    png: bytes


def draw_plates(seed: int) -> tuple[Plate, ...]:
    """The plates of a study, one of each of `KINDS` in this order; no digit occurs twice."""
    rng = np.random.default_rng([seed, 7])
    digits = rng.permutation([2, 3, 4, 5, 6, 7, 8, 9])  # 0 and 1 are guessed from a blob or a line
    return tuple(
        Plate(kind, int(digit), encode(draw(kind, int(digit), rng)))
        for kind, digit in zip(KINDS, digits[: len(KINDS)], strict=True)
    )


def draw(kind: Kind, digit: int, rng: np.random.Generator) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8 sRGB: dots in a disc on the pages' grey, drawn at three times the size and shrunk."""
    zoom = 3
    canvas = Image.new("RGB", (SIDE * zoom, SIDE * zoom), (SURROUND,) * 3)
    pen = ImageDraw.Draw(canvas)
    figure = digit_mask(digit)
    ground_color, figure_color = colors(kind)
    for x, y, radius in scatter(rng):
        inside = figure[int(y), int(x)]
        color = encode_srgb((figure_color if inside else ground_color) * rng.uniform(*LIGHTNESS))
        box = [(x - radius) * zoom, (y - radius) * zoom, (x + radius) * zoom, (y + radius) * zoom]
        pen.ellipse(box, fill=tuple(int(value) for value in color))
    return np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BOX))


def colors(kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """The linear sRGB colours of the ground and of the digit, before a dot's lightness."""
    if kind == "all":  # the lightest dot of the ground is darker than the digit's darkest
        return MIDDLE * 0.45, np.array([0.62, 0.5, 0.12])
    cone = {"protan": 0, "deutan": 1, "tritan": 2}[kind]
    direction = np.linalg.inv(CONES)[:, cone]  # moves one cone's answer and leaves the other two
    direction = direction / np.abs(direction).max()
    most, least = 1 / LIGHTNESS[1], 0.01
    room = np.where(direction > 0, most - MIDDLE, MIDDLE - least) / np.abs(direction)
    back = np.where(direction < 0, most - MIDDLE, MIDDLE - least) / np.abs(direction)
    return MIDDLE - REACH * back.min() * direction, MIDDLE + REACH * room.min() * direction


def scatter(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Dots (x, y, radius) in pixels that fill the disc without touching, large ones first."""
    centre, rim = SIDE / 2, SIDE / 2 - 4
    placed = np.empty((0, 3))
    for radius in RADII:
        for x, y in rng.uniform(0, SIDE, (2500, 2)):
            if np.hypot(x - centre, y - centre) > rim - radius:
                continue
            distance = np.hypot(placed[:, 0] - x, placed[:, 1] - y)
            if not (distance < placed[:, 2] + radius + 1).any():
                placed = np.vstack([placed, (x, y, radius)])
    return [(float(x), float(y), float(radius)) for x, y, radius in placed]


def digit_mask(digit: int) -> np.ndarray:
    """(SIDE, SIDE) bool: a broad digit in the middle, from the font that comes with Pillow."""
    mask = Image.new("L", (SIDE, SIDE), 0)
    font = ImageFont.load_default(size=SIDE * 0.66)
    middle = (SIDE / 2, SIDE / 2)
    ImageDraw.Draw(mask).text(middle, str(digit), fill=255, font=font, anchor="mm", stroke_width=11)
    return np.asarray(mask) > 127


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear sRGB in [0, 1] to uint8 sRGB (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)


def encode(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 sRGB to PNG bytes."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png", optimize=True)
    return file.getvalue()
