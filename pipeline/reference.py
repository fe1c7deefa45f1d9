"""The two ends of the scale that every method is read against: no colour at all, and the original's own."""

from collections.abc import Sequence

import numpy as np
import torch

from pipeline.method import Context, Photo, compose


class Gray:
    """The grey photograph itself: its lightness without any colour."""

    def __init__(self, context: Context) -> None:
        pass

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        """See `pipeline.method.Method`."""
        return [compose(photo.lightness, torch.zeros(2, *photo.lightness.shape[1:])) for photo in photos]


class Original:
    """The colour photograph, untouched."""

    def __init__(self, context: Context) -> None:
        pass

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        """See `pipeline.method.Method`."""
        return [photo.rgb for photo in photos]
