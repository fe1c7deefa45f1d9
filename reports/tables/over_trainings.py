"""Values of photographs over all trainings of a method: their mean, and how far trainings move it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.inputs.scores import Dataset
from reports.statistics.means import Interval, finite_mean
from reports.statistics.trainings import Scatter, scatter, widened


def wide_of(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of rows as a table with a row per photograph, sorted by id, and a column per training."""
    return rows.pivot(index="id", columns="method", values=column).sort_index().astype(float)


def mean_over(wide: pd.DataFrame, runs: Sequence[str]) -> pd.Series:
    """Each photograph's mean over trainings; none where a training has no value for it."""
    return wide[list(runs)].mean(axis=1, skipna=False)


def values_of(wide: pd.DataFrame, *sides: Sequence[str]) -> list[list[float]]:
    """Of each side each training's mean, over the photographs that have a finite value in all of them."""
    there = np.isfinite(wide[[run for runs in sides for run in runs]].to_numpy()).all(axis=1)
    return [wide.loc[there, list(runs)].to_numpy().mean(axis=0).tolist() if there.any() else [] for runs in sides]


def scatter_of(dataset: Dataset, wide: pd.DataFrame, method: str) -> Scatter:
    """How far a method's trainings move its mean."""
    return scatter(*values_of(wide, dataset.trained(method)))


def scatter_apart(dataset: Dataset, wide: pd.DataFrame, a: str, b: str) -> Scatter:
    """How far the trainings of both sides move a difference; not at all for two methods on the same weights."""
    if not dataset.trainings_apart(a, b):
        return Scatter()
    sides = zip((a, b), values_of(wide, dataset.runs[a], dataset.runs[b]), strict=True)
    return scatter(*(values for method, values in sides if dataset.trained(method)))


def estimate(dataset: Dataset, wide: pd.DataFrame, method: str, seed: int) -> tuple[Interval, int]:
    """A method's mean over photographs and trainings, with its interval, and of how many photographs."""
    interval, n = finite_mean(mean_over(wide, dataset.runs[method]), seed)
    return widened(interval, scatter_of(dataset, wide, method)), n


def about_trainings(sides: Sequence[Sequence[str]], trainings: Scatter) -> dict[str, float]:
    """Columns of a difference: the trainings of the side with the fewest, 0 where it is not about trainings.

    And the part of its interval's half-width that they make up.
    """
    return {"trainings": min(map(len, sides), default=0), "trainings_half": trainings.half()}
