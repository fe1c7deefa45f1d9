"""Spoils the colours of catch and practice pictures: (H, W, 3) uint8 sRGB in and out, with the luma kept.

Colours change in Y'CbCr (BT.601, full range), which is rough but enough for wrong colours.
"""

import random
from collections.abc import Callable

import numpy as np

TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
FROM_YCC = np.linalg.inv(TO_YCC)


def broken(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """A patchwork of garish colours that follow no edge: unnatural by every criterion."""
    luma, _ = _split(picture)
    rows, columns = 4, 5
    hues = np.array([rng.random() for _ in range(rows * columns)]).reshape(rows, columns) * 2 * np.pi
    down = np.arange(picture.shape[0]) * rows // picture.shape[0]
    across = np.arange(picture.shape[1]) * columns // picture.shape[1]
    angle = hues[np.ix_(down, across)]  # (H, W) radians
    return _join(luma, 90 * np.stack([np.cos(angle), np.sin(angle)], axis=-1))


def oversaturated(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """The right hues, three to four times as strong."""
    luma, chroma = _split(picture)
    return _join(luma, chroma * (3 + rng.random()))


def recolored(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Every hue turned to one far away: things have colours that they never have."""
    luma, chroma = _split(picture)
    angle = np.deg2rad(120 + 120 * rng.random())
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _join(luma, 1.3 * chroma @ turn.T)


def bleeding(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """The right colours, moved aside by an eighth of the picture, so that they leave their things."""
    luma, chroma = _split(picture)
    step = max(1, picture.shape[1] // 8) * (1 if rng.random() < 0.5 else -1)
    return _join(luma, 1.3 * np.roll(chroma, (abs(step) // 2, step), axis=(0, 1)))


FAULTS: dict[str, Callable[[np.ndarray, random.Random], np.ndarray]] = {
    "broken": broken,
    "oversaturated": oversaturated,
    "recolored": recolored,
    "bleeding": bleeding,
}


def _split(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luma (H, W) in 0..255 and chroma (H, W, 2) around 0."""
    ycc = picture.astype(np.float64) @ TO_YCC.T
    return ycc[..., 0], ycc[..., 1:]


def _join(luma: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    rgb = np.concatenate([luma[..., None], chroma], axis=-1) @ FROM_YCC.T
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
