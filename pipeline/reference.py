"""The two ends of the scale that every method is read against: no colour at all, and the original's own."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.method import Context, Photo, compose


class Gray:
    """The grey photograph itself: its lightness without any colour."""

    def __init__(self, context: Context) -> None:
        pass

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        """See `pipeline.method.Method`."""
        return [gray(photo.lightness) for photo in photos]


def gray(lightness: Tensor) -> np.ndarray:
    """(1, H, W) L in [0, 100] -> (H, W, 3) uint8 sRGB of three equal channels.

    Lab's white lies 7e-5 beside that of sRGB, which could round the channels apart; green carries most of the light.
    """
    return compose(lightness, torch.zeros(2, *lightness.shape[1:]))[..., 1:2].repeat(3, axis=2)


class Original:
    """The colour photograph, untouched."""

    def __init__(self, context: Context) -> None:
        pass

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        """See `pipeline.method.Method`."""
        return [photo.rgb for photo in photos]
