"""The strengths of methods that were compared two at a time (Bradley and Terry 1952, Biometrika 39:324).

The log-odds that one method is preferred to another are the difference of their strengths, plus what the left side is
worth (Davidson and Beaver 1977, Biometrics 33:693). A tie counts as half a preference for both. That is a logistic GLM
without an intercept; its covariance is clustered by raters and by photographs at once (`clustered.two_way`), since a
rater's preferences resemble each other and so do those on one photograph. With ties its variance is smaller than a
binomial one, which a clustered covariance finds by itself.

Strengths have no zero of their own: here their mean is 0. They are of all raters and photographs together, and so
smaller than those of a single rater on a single photograph.

An estimate has the degrees of freedom that its variance would have over independent answers, at most
min(raters, photographs) - 1, as a difference of means has (`Fit.degrees_between`).

Where some methods were always preferred to all others there is no largest likelihood (Ford 1957, American Mathematical
Monthly 64:28): then all is NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from scipy.stats import t

from reports.statistics.clustered import ALPHA, Fit, two_way
from reports.statistics.paired import holm

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Comparisons:
    """Preferences, (N,) each. `values`: 1 if `first` was preferred to `second`, 0 if not, 0.5 if neither.

    `first`, `second`, `raters`, `photographs`: codes from 0; `left`: whether `first` stood left, or came first.
    `count`: of methods.
    """

    values: Floats
    first: Indices
    second: Indices
    left: NDArray[np.bool_]
    raters: Indices
    photographs: Indices
    count: int

    @property
    def groups(self) -> Indices:
        """Rater and photograph of each (N, 2)."""
        return np.column_stack([self.raters, self.photographs])

    @property
    def wins(self) -> Floats:
        """How often each method (row) was preferred to each other (column), a tie being half of both (M, M)."""
        table = np.zeros((self.count, self.count))
        np.add.at(table, (self.first, self.second), self.values)
        np.add.at(table, (self.second, self.first), 1 - self.values)
        return table


@dataclass(frozen=True)
class Estimate:
    """A value on the scale of log-odds with its interval and the p of "it is 0"."""

    value: float
    low: float
    high: float
    p: float


UNKNOWN = Estimate(np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Strengths:
    """The fit. `values`: (M,) with mean 0; `side`: what the left side is worth, NaN if one side alone was seen.

    `basis`: (M, P) strengths from coefficients; `coefficients`, `covariance`: (P,) and (P, P); `leverage`: (N, P), what
    an answer adds to each coefficient for one of its standard deviation. `groups`: of the answers (N, 2).
    """

    basis: Floats
    coefficients: Floats
    covariance: Floats
    leverage: Floats
    groups: Indices

    @property
    def values(self) -> Floats:
        """The strength of each method (M,)."""
        return np.asarray(self.basis @ self.coefficients)

    def strength(self, method: int, alpha: float = ALPHA) -> Estimate:
        """One method's, against the mean of all."""
        return self.estimate(self.basis[method], alpha)

    def difference(self, a: int, b: int, alpha: float = ALPHA) -> Estimate:
        """One method's minus another's: the log-odds that it is preferred."""
        return self.estimate(self.basis[a] - self.basis[b], alpha)

    @property
    def side(self) -> Estimate:
        """What standing left is worth."""
        last = np.zeros(len(self.coefficients))
        last[len(self.basis) - 1 :] = 1
        return self.estimate(last, ALPHA) if last.any() else UNKNOWN

    def estimate(self, contrast: Floats, alpha: float) -> Estimate:
        """A linear combination of the coefficients (P,)."""
        value, variance = float(contrast @ self.coefficients), float(contrast @ self.covariance @ contrast)
        degrees = self.degrees(contrast)
        if not (np.isfinite(value) and variance > 0 and degrees >= 1):
            return UNKNOWN
        error = np.sqrt(variance)
        half = t.ppf(1 - alpha / 2, degrees) * error
        return Estimate(value, value - half, value + half, float(2 * t.sf(abs(value) / error, degrees)))

    def degrees(self, contrast: Floats) -> float:
        """Of freedom, of the variance of a linear combination (see the module)."""
        most = self.groups.max(axis=0).min()  # of the smaller number of clusters, less 1
        added = np.square(self.leverage @ contrast)
        if not np.isfinite(added).all() or not added.any():
            return float(most)
        raters, photographs = self.groups.T
        both = raters * (photographs.max() + 1) + photographs
        sums = [np.square(np.bincount(cluster, added)).sum() for cluster in (raters, photographs, both)]
        return float(min(most, added.sum() ** 2 / (sums[0] + sums[1] - sums[2])))

    def ranks(self) -> tuple[Indices, Indices]:
        """The best and the worst rank that each method can have (M,) each, 1 being the best.

        A method is below those that are stronger by Holm's test over all pairs. With 95 % confidence all ranks are
        within their ranges at once.
        """
        count = len(self.basis)
        pairs = list(combinations(range(count), 2))
        estimates = [self.difference(a, b) for a, b in pairs]
        best, worst = np.ones(count, np.int64), np.full(count, count)
        known = [place for place, one in enumerate(estimates) if np.isfinite(one.p)]
        corrected = holm([estimates[place].p for place in known])
        for place, p in zip(known, corrected, strict=True):
            if p < ALPHA:
                better, other = pairs[place] if estimates[place].value > 0 else pairs[place][::-1]
                best[other] += 1
                worst[better] -= 1
        return best, worst


def fit_strengths(seen: Comparisons) -> Strengths:
    """Fit; all is NaN where there is no largest likelihood, or fewer than two raters or photographs."""
    columns = [contrasts_to_zero(seen.count)]
    design = (np.eye(seen.count)[seen.first] - np.eye(seen.count)[seen.second]) @ columns[0]
    basis = columns[0]
    if seen.left.any() and not seen.left.all():
        design = np.column_stack([design, np.where(seen.left, 1.0, -1.0)])
        basis = np.column_stack([basis, np.zeros(seen.count)])
    parameters = design.shape[1]
    if not is_connected(seen.wins) or seen.groups.max(axis=0).min() < 1:
        nothing = np.full((parameters, parameters), np.nan)
        return Strengths(basis, nothing[0], nothing, np.full(design.shape, np.nan), seen.groups)
    coefficients, covariance = two_way(seen.values, design, seen.groups, graded=False)
    chance = expit(design @ coefficients)
    spread = np.sqrt(chance * (1 - chance))
    bread = np.linalg.inv((design * (spread**2)[:, None]).T @ design)
    return Strengths(basis, coefficients, covariance, spread[:, None] * (design @ bread), seen.groups)


def contrasts_to_zero(count: int) -> Floats:
    """(M, M - 1) orthonormal columns, each of which sums to 0."""
    full = np.linalg.qr(np.column_stack([np.ones(count), np.eye(count)[:, : count - 1]]))[0]
    return np.asarray(full[:, 1:])


def is_connected(wins: Floats) -> bool:
    """Whether no methods were always preferred to all others."""
    return bool(connected_components(wins > 0, directed=True, connection="strong")[0] == 1)


def surplus(count: int, pairs: Sequence[tuple[int, int]], cells: Fit) -> tuple[Floats, Floats]:
    """What strengths leave unexplained: the log-odds of each pair beyond them (K,), and p by Holm over all pairs (K,).

    `cells`: how often the first of each pair of `count` methods was preferred, clustered both ways. An error is at
    least that of independent answers: a sum of three noisy parts can come out far too small, and then finds what is
    not there.
    NaN where strengths explain any preferences (two methods), and where a pair has no log-odds.
    """
    steps = np.zeros((len(pairs), count))
    for row, (a, b) in enumerate(pairs):
        steps[row, [a, b]] = 1, -1
    beyond = np.eye(len(pairs)) - steps @ np.linalg.pinv(steps)
    degrees = cells.degrees.min()
    if count < 3 or degrees < 1 or not np.isfinite(cells.center).all():
        return np.full(len(pairs), np.nan), np.full(len(pairs), np.nan)
    alone = cells.variance / cells.votes / np.square(cells.means * (1 - cells.means))
    spreads = [np.diag(beyond @ covariance @ beyond) for covariance in (cells.covariance, np.diag(alone))]
    values = beyond @ cells.center
    return values, holm(2 * t.sf(np.abs(values) / np.sqrt(np.max(spreads, axis=0)), degrees))


def circular_triads(wins: Floats) -> tuple[int, int]:
    """How many of all threesomes of methods are circular (a before b, b before c, c before a), and of how many.

    Kendall and Babington Smith 1940, Biometrika 31:324. A threesome with an even pair counts as not circular.
    """
    before = wins > wins.T
    threes = list(combinations(range(len(wins)), 3))
    circular = sum(
        bool((before[a, b] and before[b, c] and before[c, a]) or (before[b, a] and before[c, b] and before[a, c]))
        for a, b, c in threes
    )
    return circular, len(threes)
