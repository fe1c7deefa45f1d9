"""Means over images with their intervals, the bootstrap beneath all intervals, and pooled PSNR."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, t

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


def finite_mean(values: ArrayLike, seed: int) -> tuple[Interval, int]:
    """Mean and interval of the finite values, and how many they are; the plain mean where none is finite.

    A picture that is reproduced exactly has an infinite PSNR, and a picture without colour has no bleeding (NaN).
    """
    sample = np.asarray(values, dtype=np.float64)
    finite = sample[np.isfinite(sample)]
    if len(finite):
        return bootstrap_mean(finite, seed), len(finite)
    mean = float(sample.mean())
    return Interval(mean, mean, mean), 0


def bootstrap_weighted_mean(values: np.ndarray, weights: np.ndarray, seed: int) -> Interval:
    """Weighted mean of one value per image, with its 95 % percentile-bootstrap interval over images."""
    generator = np.random.default_rng(seed)
    picks = (generator.integers(len(values), size=len(values)) for _ in range(RESAMPLES))
    means = [np.average(values[pick], weights=weights[pick]) for pick in picks]
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(np.average(values, weights=weights)), float(low), float(high))


def percentile_interval(value: float | np.ndarray, resampled: np.ndarray) -> Interval:
    """A statistic with the 95 % percentile interval of its resamples, those left out that are not finite."""
    finite = resampled[np.isfinite(resampled)]
    low, high = percentile_ends(finite) if len(finite) else (np.nan, np.nan)
    return Interval(float(value), float(low), float(high))


def resampled_sums(values: np.ndarray, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """Sums over resampled images: `values` (N, K), one row per image -> (resamples, K).

    A resample is a row of multinomial counts, so that all K columns take one matrix product and share their images:
    differences between columns are paired. The images drawn are those of `bootstrap_mean` with the same seed.
    """
    return np.concatenate([counts @ values for counts in resampled_counts(len(values), seed, resamples)])


def resampled_counts(count: int, seed: int, resamples: int = RESAMPLES) -> Iterator[np.ndarray]:
    """How often each of `count` images is in each resample: float64 (up to BLOCK, count) at a time."""
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, BLOCK):
        rows = min(BLOCK, resamples - start)
        picks = generator.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(picks.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def percentile_ends(resampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends (K,) of the 95 % percentile intervals of resampled statistics (resamples, K)."""
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return low, high


def normal_ends(count: int) -> np.ndarray:
    """The ends of an interval on the normal scale: Student's quantiles, because resampled means vary too little.

    Their variance divides by n, not n - 1, and ignores its own error. This is the expanded interval of Hesterberg 2015
    (The American Statistician 69:371): -2.15 and 2.15 for 20 images, -1.96 and 1.96 for thousands.
    """
    return np.sqrt(count / (count - 1)) * t.ppf([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], count - 1)


def bca_ends(values: np.ndarray, resampled: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends (K,) of the BCa intervals of means: `values` (N, K), their `resampled` means (resamples, K).

    `z`: the two ends on the normal scale, as `normal_ends`; -1.96 and 1.96 are the textbook's.

    Bias-corrected and accelerated (Efron 1987, JASA 82:171; Efron and Tibshirani 1993, section 14.3): the percentiles
    move by the median bias z0 and by the skewness, to which the jackknife's acceleration of a mean is proportional.
    """
    resamples, means = len(resampled), values.mean(axis=0)
    share = ((resampled < means).sum(axis=0) + (resampled <= means).sum(axis=0)) / (2 * resamples)
    bias = norm.ppf(share.clip(0.5 / resamples, 1 - 0.5 / resamples))  # finite also where all resamples lie on one side
    deviations = values - means
    spread = np.square(deviations).sum(axis=0) ** 1.5
    acceleration = np.divide((deviations**3).sum(axis=0), 6 * spread, out=np.zeros_like(means), where=spread > 0)
    ends = []
    for end in z:
        level = norm.cdf(bias + (bias + end) / (1 - acceleration * (bias + end)))
        ends.append(np.array([np.quantile(column, q) for column, q in zip(resampled.T, level, strict=True)]))
    return ends[0], ends[1]


def pooled_psnr(mse: ArrayLike) -> float:
    """PSNR in dB of the mean squared error over all images (peak 255); inf where there is no error at all."""
    mean = float(np.asarray(mse, dtype=np.float64).mean())
    return float("inf") if mean == 0 else float(10 * np.log10(255**2 / mean))
