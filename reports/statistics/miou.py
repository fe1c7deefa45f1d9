"""Means over classes of a ratio of counts, with intervals over photographs: mIoU, and balanced accuracy alike.

Both are ratios of sums over a dataset, not means of values of photographs. So the bootstrap resamples photographs and
computes the sums of each resample, as Everingham et al. (2015, IJCV 111:98) compare the submissions to VOC.

A resample may have no photograph of a rare class. The class then counts with its ratio in the whole dataset. If it were
left out, resamples would score better than the dataset, because rare classes are the badly recognised ones: on 325
photographs of VOC2012 a mIoU of 12.2 % had the interval [11.4, 15.9]. Now it has [11.0, 13.5].
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.statistics.means import RESAMPLES, Interval, percentile_interval, resampled_sums

FEWEST = 10  # photographs with a class: with fewer, there is no interval


@dataclass(frozen=True)
class ClassRatios:
    """The ratios of one method by class: `whole` (C,) of the dataset, `resampled` (resamples, C) of its resamples.

    NaN where a class has an empty total, so that it is no part of that mean. `photographs` (C,): how many have the
    class.
    """

    whole: np.ndarray
    resampled: np.ndarray
    photographs: np.ndarray

    @property
    def interval(self) -> Interval:
        """The mean over classes, in [0, 1], with its 95 % percentile interval."""
        return percentile_interval(_mean(self.whole), _mean(self.filled))

    @property
    def filled(self) -> np.ndarray:
        """`resampled`, with the whole dataset's ratio where a resample has no such class."""
        return np.where(np.isfinite(self.resampled), self.resampled, self.whole)

    def by_class(self) -> list[Interval]:
        """Each class's own ratio; no interval below `FEWEST` photographs."""
        return _by_class(self.whole, self.resampled, self.photographs)


def class_ratios(hits: np.ndarray, totals: np.ndarray, seed: int, resamples: int = RESAMPLES) -> ClassRatios:
    """Ratios of `hits` to `totals`, both (N, C), a row per photograph: of intersections to unions for mIoU.

    The photographs drawn depend on `seed` and N alone, so the resamples of several methods are paired. Raises
    `ValueError` for shapes that differ, no photographs, or a hit count larger than its total.
    """
    _check(hits, totals)
    # Sums of whole pixels are exact, on any machine.
    sums = resampled_sums(np.concatenate((hits, totals), axis=1).astype(np.float64), seed, resamples)
    classes = totals.shape[1]
    return ClassRatios(
        _ratio(hits.sum(axis=0), totals.sum(axis=0)),
        _ratio(sums[:, :classes], sums[:, classes:]),
        (totals > 0).sum(axis=0),
    )


def mean_ratios(ratios: Sequence[ClassRatios]) -> ClassRatios:
    """The mean over trainings of one method, class by class; each resample holds the same photographs for all."""
    if len(ratios) == 1:
        return ratios[0]
    whole, resampled = (np.mean([getattr(one, name) for one in ratios], axis=0) for name in ("whole", "filled"))
    return ClassRatios(whole, resampled, np.min([one.photographs for one in ratios], axis=0))


def mean_difference(a: ClassRatios, b: ClassRatios) -> Interval:
    """The difference of two means over classes, a - b; each resample holds the same photographs for both."""
    _check_pair(a, b)
    return percentile_interval(_mean(a.whole) - _mean(b.whole), _mean(a.filled) - _mean(b.filled))


def differences_by_class(a: ClassRatios, b: ClassRatios) -> list[Interval]:
    """The difference of each class's ratio, a - b; no interval below `FEWEST` photographs."""
    _check_pair(a, b)
    photographs = np.minimum(a.photographs, b.photographs)
    return _by_class(a.whole - b.whole, a.resampled - b.resampled, photographs)


def _ratio(hits: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return np.divide(hits, totals, out=np.full(totals.shape, np.nan), where=totals > 0)


def _mean(ratios: np.ndarray) -> np.ndarray:
    """Over the classes that are there, the last axis; NaN where there is none."""
    there = np.isfinite(ratios)
    amount = there.sum(axis=-1)
    return np.divide(
        np.where(there, ratios, 0).sum(axis=-1), amount, out=np.full(amount.shape, np.nan), where=amount > 0
    )


def _by_class(whole: np.ndarray, resampled: np.ndarray, photographs: np.ndarray) -> list[Interval]:
    return [
        percentile_interval(value, column) if seen >= FEWEST else Interval(float(value), np.nan, np.nan)
        for value, column, seen in zip(whole, resampled.T, photographs, strict=True)
    ]


def _check(hits: np.ndarray, totals: np.ndarray) -> None:
    if hits.shape != totals.shape or totals.ndim != 2 or len(totals) == 0:
        raise ValueError(
            "ratios need a row per photograph and a column per class, at least one photograph, and equal shapes, but "
            f"hits are {hits.shape} and totals {totals.shape}"
        )
    if (hits > totals).any() or (hits < 0).any():
        raise ValueError("a hit count lies outside of 0 and its total; counts are per photograph and class")


def _check_pair(a: ClassRatios, b: ClassRatios) -> None:
    if a.resampled.shape != b.resampled.shape:
        raise ValueError(
            f"a pair needs the same classes and resamples, but has {a.resampled.shape}, {b.resampled.shape}"
        )
