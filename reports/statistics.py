"""Means over images with their intervals, and pooled PSNR."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 10_000
CONFIDENCE = 0.95
BLOCK = 500  # resamples drawn at once, so that thousands of images need megabytes, not gigabytes


@dataclass(frozen=True)
class Interval:
    """A mean and the ends of its confidence interval."""

    mean: float
    low: float
    high: float


def bootstrap_mean(values: ArrayLike, seed: int, resamples: int = RESAMPLES) -> Interval:
    """Mean of `values` (one per image) with its 95 % percentile-bootstrap interval over images.

    The resampled indices depend on `seed` and the number of images alone. Methods whose values come in the same
    order of images are therefore resampled in pairs: each resample holds the same images for all of them.
    """
    sample = np.asarray(values, dtype=np.float64)  # (N,)
    if sample.ndim != 1 or len(sample) == 0:
        raise ValueError(f"a mean needs one value per image and at least one image, but the shape is {sample.shape}")
    generator = np.random.default_rng(seed)
    blocks = [min(BLOCK, resamples - start) for start in range(0, resamples, BLOCK)]
    picks = (generator.integers(len(sample), size=(rows, len(sample))) for rows in blocks)
    means = np.concatenate([sample[pick].mean(axis=1) for pick in picks])
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(sample.mean()), float(low), float(high))


def pooled_psnr(mse: ArrayLike) -> float:
    """PSNR in dB of the mean squared error over all images (peak 255); inf where there is no error at all."""
    mean = float(np.asarray(mse, dtype=np.float64).mean())
    return float("inf") if mean == 0 else float(10 * np.log10(255**2 / mean))
