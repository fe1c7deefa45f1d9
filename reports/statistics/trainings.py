"""Intervals about trainings: what other photographs and other trainings of the same recipe would give.

Photographs and trainings are crossed: every training of a method colorizes the same photographs. A value is the mean
over the trainings, and its interval has two sources. Other photographs: a bootstrap of the trainings' mean. Other
trainings: Student's interval of the trainings' own values, of two methods Welch's. The half-widths of the two add as
the sides of a right angle do (Howe 1974, JASA 69:789). Bouthillier et al. (2021, MLSys), Agarwal et al. (2021, NeurIPS)
and Miller (2024, arXiv 2411.00640) say why both belong to an evaluation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, t

from reports.statistics.means import CONFIDENCE, Interval


@dataclass(frozen=True)
class Scatter:
    """How far trainings move a value: the variance of their mean, 0 where it is unknown, and its degrees of freedom."""

    variance: float = 0.0
    degrees: float = np.inf

    def half(self, confidence: float = CONFIDENCE) -> float:
        """Half the width of the trainings' interval; 0 where nothing is known of them."""
        return float(t.ppf((1 + confidence) / 2, self.degrees) * self.variance**0.5) if self.variance else 0.0


def scatter(*sides: Sequence[float]) -> Scatter:
    """The scatter of a value, or of the difference of two: of each side one value a training.

    A side with fewer than two trainings, such as a method without any, adds nothing: nothing is known of it.
    """
    samples = [np.asarray(side, dtype=np.float64) for side in sides if len(side) > 1]
    parts = [(sample.var(ddof=1) / len(sample), len(sample) - 1) for sample in samples]
    total = float(sum(variance for variance, _ in parts))
    if not total:
        return Scatter()
    return Scatter(total, total**2 / sum(variance**2 / degrees for variance, degrees in parts))  # Welch 1947


def widened(photographs: Interval, trainings: Scatter) -> Interval:
    """The interval over photographs, widened by the trainings'; the same to the last bit where nothing moves it."""
    half = trainings.half()
    if not half:
        return photographs
    return replace(
        photographs,
        low=photographs.mean - float(np.hypot(photographs.mean - photographs.low, half)),
        high=photographs.mean + float(np.hypot(photographs.high - photographs.mean, half)),
    )


def p_of(photographs: Interval, trainings: Scatter) -> float:
    """The p of no difference: one minus the confidence at which the widened interval would just reach zero.

    The photographs' half-width towards zero scales as a normal one. NaN without an interval.
    """
    mean, low, high = photographs.mean, photographs.low, photographs.high
    if not np.isfinite([mean, low, high]).all():
        return np.nan
    towards = mean - low if mean > 0 else high - mean
    error = towards / norm.ppf((1 + CONFIDENCE) / 2)
    if mean == 0 or not (error or trainings.variance):
        return 1.0 if mean == 0 else 0.0

    def gap(p: float) -> float:
        return float(np.hypot(norm.isf(p / 2) * error, trainings.half(1 - p))) - abs(mean)

    smallest = 1e-12
    return smallest if gap(smallest) < 0 else float(brentq(gap, smallest, 1.0 - 1e-12)) if gap(1 - 1e-12) < 0 else 1.0


def mean_of(values: Iterable[np.ndarray | float]) -> np.ndarray:
    """The mean over trainings, element by element."""
    return np.mean(np.stack([np.asarray(value, dtype=np.float64) for value in values]), axis=0)
