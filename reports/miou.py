"""Mean intersection over union with its interval, from each photograph's counts of pixels by class."""

import numpy as np

from reports.statistics import RESAMPLES, Interval, percentile_ends, resampled_sums


def miou(intersections: np.ndarray, unions: np.ndarray) -> np.ndarray:
    """Mean over classes of intersection over union, from sums over a dataset: (..., classes) pixels -> (...).

    A class with an empty union, which neither the masks nor the predictions hold, is no part of the mean (Everingham et
    al. 2015, IJCV 111:98, section 3.2, in its usual reading). NaN where there is no class at all.
    """
    present = unions > 0
    ratios = np.divide(intersections, unions, out=np.zeros(unions.shape), where=present)
    classes = present.sum(axis=-1)
    return np.divide(ratios.sum(axis=-1), classes, out=np.full(classes.shape, np.nan), where=classes > 0)


def miou_interval(intersections: np.ndarray, unions: np.ndarray, seed: int, resamples: int = RESAMPLES) -> Interval:
    """mIoU of a dataset, in [0, 1], with its 95 % percentile-bootstrap interval over photographs.

    `intersections`, `unions`: (N, classes), pixels of one photograph a row, void left out. Each resample is scored like
    a dataset of its own, so a class that is absent from it is no part of its mean. Raises `ValueError` for shapes
    that differ, no photographs, or an intersection larger than its union.
    """
    low, high = percentile_ends(_resampled(intersections, unions, seed, resamples))
    return Interval(_of_dataset(intersections, unions), float(low), float(high))


def paired_miou(
    intersections_a: np.ndarray,
    unions_a: np.ndarray,
    intersections_b: np.ndarray,
    unions_b: np.ndarray,
    seed: int,
    resamples: int = RESAMPLES,
) -> Interval:
    """The difference of two mIoUs, a - b, with its interval; each resample holds the same photographs for both.

    Row i of all four arrays is about the same photograph. Shapes, method and errors are those of `miou_interval`.
    """
    if intersections_a.shape != intersections_b.shape:
        raise ValueError(
            f"a pair needs the same photographs and classes, but has {intersections_a.shape}, {intersections_b.shape}"
        )
    a, b = (intersections_a, unions_a), (intersections_b, unions_b)
    low, high = percentile_ends(_resampled(*a, seed, resamples) - _resampled(*b, seed, resamples))
    return Interval(_of_dataset(*a) - _of_dataset(*b), float(low), float(high))


def _resampled(intersections: np.ndarray, unions: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """The mIoUs (resamples,) of resampled photographs. Sums of whole pixels are exact, on any machine."""
    _check(intersections, unions)
    sums = resampled_sums(np.concatenate((intersections, unions), axis=1).astype(np.float64), seed, resamples)
    classes = unions.shape[1]
    return miou(sums[:, :classes], sums[:, classes:])


def _of_dataset(intersections: np.ndarray, unions: np.ndarray) -> float:
    return float(miou(intersections.sum(axis=0), unions.sum(axis=0)))


def _check(intersections: np.ndarray, unions: np.ndarray) -> None:
    if intersections.shape != unions.shape or unions.ndim != 2 or len(unions) == 0:
        raise ValueError(
            "mIoU needs a row per photograph and a column per class, at least one photograph, and equal shapes, but "
            f"intersections are {intersections.shape} and unions {unions.shape}"
        )
    if (intersections > unions).any() or (intersections < 0).any():
        raise ValueError("an intersection lies outside of 0 and its union; counts are of pixels, per photograph")
