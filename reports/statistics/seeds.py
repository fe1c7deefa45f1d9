"""One number from several trainings: its mean and spread over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from reports.statistics.means import CONFIDENCE


@dataclass(frozen=True)
class Spread:
    """One number from several trainings. `low`, `high`: Student's 95 % interval of its mean over seeds."""

    seeds: int
    mean: float
    deviation: float
    lowest: float
    highest: float
    low: float
    high: float


def between_seeds(values: Sequence[float]) -> Spread:
    """The spread of one score a seed; the deviation is the sample's (n - 1). Raises `ValueError` for fewer than two."""
    sample = np.asarray(values, dtype=np.float64)
    if len(sample) < 2:
        raise ValueError(f"a spread needs at least two seeds, but there are {len(sample)}")
    mean, deviation = float(sample.mean()), float(sample.std(ddof=1))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(sample) - 1)) * deviation / len(sample) ** 0.5
    return Spread(len(sample), mean, deviation, float(sample.min()), float(sample.max()), mean - half, mean + half)
