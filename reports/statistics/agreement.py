"""How far numbers about pictures agree with people's ratings of them: rank correlations, intervals, and their ceiling.

Pictures are of scenes, ratings are by raters; conclusions are about other scenes and other raters. So both are
resampled with replacement, independently of each other (the crossed bootstrap of `reports.statistics.crossed`). A
resample of raters adds noise to the mean ratings and lowers every correlation. The resamples are therefore moved so
that their mean is the estimate, and an interval holds their spread alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, norm, rankdata

from reports.statistics.means import Interval, percentile_ends

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 1000
HALVES = 200  # random halves of the raters behind a reliability
SCOPES = ("pooled", "within")


@dataclass(frozen=True)
class Rated:
    """Pictures that people have rated. `scenes` (P,): each picture's scene, from 0.

    `pictures`, `raters`, `values`, (N,) each: of every rating its picture, its rater and its value.
    """

    scenes: Ints
    pictures: Ints
    raters: Ints
    values: Floats

    @cached_property
    def members(self) -> list[Ints]:
        """The pictures of each scene."""
        return [np.flatnonzero(self.scenes == scene) for scene in range(self.scenes.max() + 1)]

    def means(self, weights: Floats | None = None) -> Floats:
        """The mean rating of each picture (P,), ratings weighted by `weights` (raters,); NaN where none is left."""
        own = np.ones(len(self.values)) if weights is None else weights[self.raters]
        size = len(self.scenes)
        with np.errstate(invalid="ignore"):
            return np.asarray(
                np.bincount(self.pictures, own * self.values, size) / np.bincount(self.pictures, own, size)
            )

    def resamples(self, seed: int, resamples: int = RESAMPLES) -> Iterator[tuple[list[int], Floats]]:
        """Scenes drawn with replacement, and the mean ratings (P,) by raters drawn with replacement."""
        generator = np.random.default_rng(seed)
        people = int(self.raters.max()) + 1
        for _ in range(resamples):
            drawn = generator.integers(len(self.members), size=len(self.members))
            weights = generator.multinomial(people, np.full(people, 1 / people)).astype(np.float64)
            yield drawn.tolist(), self.means(weights)


@dataclass(frozen=True)
class Agreement:
    """Rank correlations of K measures with people, (K, 2): pooled over scenes, and the mean within scenes.

    `resampled` (resamples, K, 2): of Spearman's, moved as the module says.
    """

    spearman: Floats
    kendall: Floats
    resampled: Floats

    def interval(self, measure: int, scope: int) -> Interval:
        """Spearman's correlation of one measure with its 95 % interval."""
        low, high = percentile_ends(self.resampled[:, measure, scope])
        return Interval(float(self.spearman[measure, scope]), float(low), float(high))

    def difference(self, a: int, b: int, scope: int, signs: Floats) -> tuple[Interval, float]:
        """How much better measure a agrees than b, with a two-sided p by the normal law.

        `signs` (K,): 1 where more is better, -1 where less is. The standard error is the resamples'.
        """
        resampled = signs[a] * self.resampled[:, a, scope] - signs[b] * self.resampled[:, b, scope]
        value = float(signs[a] * self.spearman[a, scope] - signs[b] * self.spearman[b, scope])
        low, high = percentile_ends(resampled)
        error = float(resampled.std(ddof=1))
        p = float(2 * norm.sf(abs(value) / error)) if error > 0 else 1.0
        return Interval(value, float(low), float(high)), p


def agreement(rated: Rated, measures: Floats, seed: int, resamples: int = RESAMPLES) -> Agreement:
    """Of `measures` (P, K), finite or infinite, with the ratings; infinite values are ranks like others."""
    means, whole = rated.means(), list(range(len(rated.members)))
    spearman = correlations(rated.members, whole, measures, means)
    drawn = np.array(
        [
            correlations(rated.members, scenes, measures, resampled)
            for scenes, resampled in rated.resamples(seed, resamples)
        ]
    )
    kendall = np.array([kendalls(rated.members, column, means) for column in measures.T])
    return Agreement(spearman, kendall, drawn - np.nanmean(drawn, axis=0) + spearman)


def correlations(members: Sequence[Ints], scenes: Sequence[int], measures: Floats, means: Floats) -> Floats:
    """Spearman's correlation (K, 2) over the pictures of `scenes`, which may hold a scene twice: pooled, within."""
    chosen = [kept(members[scene], means) for scene in scenes]
    pooled = spearmans(measures[np.concatenate(chosen)], means[np.concatenate(chosen)])
    once = {scene: spearmans(measures[rows], means[rows]) for scene, rows in zip(scenes, chosen, strict=True)}
    within = np.mean([once[scene] for scene in scenes], axis=0)
    return np.stack([pooled, within], axis=1)


def kept(rows: Ints, means: Floats) -> Ints:
    """The pictures that have a rating."""
    return rows[np.isfinite(means[rows])]


def spearmans(measures: Floats, means: Floats) -> Floats:
    """Spearman's correlation (K,) of each column of (P, K) with (P,); 0 for a column or ratings that are all alike."""
    x, y = rankdata(measures, axis=0), rankdata(means)
    x, y = x - x.mean(axis=0), y - y.mean()
    spread = np.sqrt(np.square(x).sum(axis=0) * np.square(y).sum())
    return np.divide(y @ x, spread, out=np.zeros(x.shape[1]), where=spread > 0)


def kendalls(members: Sequence[Ints], column: Floats, means: Floats) -> list[float]:
    """Kendall's tau-b of one measure: pooled, and the mean within scenes; 0 for a measure that is all alike."""
    groups = [np.concatenate(list(members)), *members]
    taus = np.nan_to_num([kendalltau(column[rows], means[rows]).statistic for rows in groups])
    return [float(taus[0]), float(taus[1:].mean())]


def reliability(rated: Rated, seed: int, resamples: int = HALVES) -> tuple[Interval, Interval]:
    """How far another crowd of the same size would agree with this one: Spearman's, pooled and within scenes.

    The raters are halved at random, the two halves' mean ratings correlated, and the result stepped up to the whole
    number of raters (Spearman 1910; Brown 1910). Each of `resamples` draws scenes with replacement and new halves, so
    the interval is about other scenes and other halves.
    """
    generator = np.random.default_rng(seed)
    people, whole = int(rated.raters.max()) + 1, list(range(len(rated.members)))
    fixed: list[Floats] = []
    moved: list[Floats] = []
    for _ in range(resamples):
        half = (generator.permutation(people) < people // 2).astype(np.float64)
        first, second = rated.means(half), rated.means(1 - half)
        drawn = generator.integers(len(whole), size=len(whole)).tolist()
        for found, scenes in ((fixed, whole), (moved, drawn)):
            found.append(stepped_up(correlations(rated.members, scenes, filled(first, second), second)[0]))
    value = np.mean(fixed, axis=0)
    low, high = percentile_ends(np.array(moved) - np.mean(moved, axis=0) + value)
    pooled, within = (Interval(float(value[i]), float(low[i]), min(1.0, float(high[i]))) for i in range(2))
    return pooled, within


def filled(first: Floats, second: Floats) -> Floats:
    """A half's mean ratings as one measure (P, 1); a picture that this half has not rated counts as an average one."""
    return np.where(np.isnan(first), np.nanmean(second), first)[:, None]


def stepped_up(correlation: Floats) -> Floats:
    """The reliability of twice as many raters."""
    return 2 * correlation / (1 + correlation)
