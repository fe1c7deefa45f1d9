"""The strengths of methods of which raters picked the best one of several pictures.

By the choice axiom of Luce (1959, Individual Choice Behavior; Plackett 1975, Applied Statistics 24:193) a picture is
picked with a chance in proportion to exp(strength), here times exp(what its place is worth). That is McFadden's
conditional logit (1974, Frontiers in Econometrics, page 105). Of two pictures it is the model of Bradley and Terry, on
the same scale: the log-odds that one method is picked rather than another are the difference of their strengths,
whatever else is shown.

The likelihood is concave, so that Newton's method finds its largest value; statsmodels' ConditionalLogit finds the
same (in the tests) but has no clustered covariance. That is the sandwich, clustered by raters and by photographs at
once with the corrections of `clustered.two_way`. Degrees of freedom, ranks, and where there are no strengths: see
`bradley_terry`, whose `Strengths` these are.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from reports.statistics.bradley_terry import Estimate, Strengths, contrasts_to_zero, is_connected
from reports.statistics.clustered import ALPHA

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
STEPS = 50  # of Newton's method at most
CLOSE = 1e-10


@dataclass(frozen=True)
class Choices:
    """Picks. `shown`: the method in each of K places (N, K); `picked`: the place of the one that was picked (N,).

    `raters`, `photographs`: (N,). All are codes from 0. `count`: of methods.
    """

    shown: Indices
    picked: Indices
    raters: Indices
    photographs: Indices
    count: int

    @property
    def pictures(self) -> int:
        """How many are shown at once."""
        return self.shown.shape[1]

    @property
    def groups(self) -> Indices:
        """Rater and photograph of each (N, 2)."""
        return np.column_stack([self.raters, self.photographs])

    @property
    def shares(self) -> Floats:
        """(N, K): 1 for what was picked, 0 for the others."""
        return np.eye(self.pictures)[self.picked]

    @cached_property
    def wins(self) -> Floats:
        """How often each method (row) was picked where each other (column) was shown, too (M, M)."""
        table = np.zeros((self.count, self.count))
        best = self.shown[np.arange(len(self.picked)), self.picked]
        np.add.at(table, (best[:, None], self.shown), 1 - self.shares)
        return table


@dataclass(frozen=True)
class PickedStrengths(Strengths):
    """The fit; `places`: (K, P) what each place is worth from coefficients, with mean 0."""

    places: Floats

    def place(self, number: int) -> Estimate:
        """What a place is worth, against the mean of all."""
        return self.estimate(self.places[number], ALPHA)


@dataclass(frozen=True)
class ConditionalLogit:
    """`coefficients` (P,), `chances` (N, K), `around` (N, K, P): regressors less their expectation; `bread` (P, P): the
    inverse of the information."""

    coefficients: Floats
    chances: Floats
    around: Floats
    bread: Floats


def fit_luce(seen: Choices) -> PickedStrengths:
    """Fit; all is NaN where there is no largest likelihood, or fewer than two raters or photographs."""
    design, basis, places = regressors(seen.shown, seen.count)
    parameters, groups = design.shape[2], np.repeat(seen.groups, seen.pictures, axis=0)
    fitted = None
    if is_connected(seen.wins) and seen.groups.max(axis=0).min() > 0:
        fitted = conditional_logit(design, seen.shares)
    if fitted is None:
        nothing = np.full((parameters, parameters), np.nan)
        return PickedStrengths(basis, nothing[0], nothing, np.full((len(groups), parameters), np.nan), groups, places)
    scores = ((seen.shares - fitted.chances)[..., None] * design).sum(axis=1)
    covariance = two_way_covariance(scores, fitted.bread, seen.groups)
    leverage = (np.sqrt(fitted.chances)[..., None] * fitted.around @ fitted.bread).reshape(-1, parameters)
    return PickedStrengths(basis, fitted.coefficients, covariance, leverage, groups, places)


def regressors(shown: Indices, count: int) -> tuple[Floats, Floats, Floats]:
    """The design (N, K, P); strengths (M, P) and what places are worth (K, P) from coefficients."""
    of_methods, of_places = contrasts_to_zero(count), contrasts_to_zero(shown.shape[1])
    standing = np.broadcast_to(of_places, (*shown.shape, of_places.shape[1]))
    design = np.concatenate([of_methods[shown], standing], axis=2)
    basis = np.column_stack([of_methods, np.zeros((count, of_places.shape[1]))])
    return design, basis, np.column_stack([np.zeros((len(of_places), of_methods.shape[1])), of_places])


def conditional_logit(design: Floats, shares: Floats) -> ConditionalLogit | None:
    """The largest likelihood; None where there is none. `shares`: (N, K), what each choice gives to each picture."""
    parameters = design.shape[2]
    coefficients, step = np.zeros(parameters), np.full(parameters, np.inf)
    for _ in range(STEPS):
        chances = softmax(design @ coefficients, axis=1)
        around = design - (chances[..., None] * design).sum(axis=1, keepdims=True)
        spread = (np.sqrt(chances)[..., None] * around).reshape(-1, parameters)
        try:
            bread = np.linalg.inv(spread.T @ spread)
        except np.linalg.LinAlgError:
            return None
        if np.abs(step).max() < CLOSE:
            return ConditionalLogit(coefficients, chances, around, bread)
        step = bread @ ((shares - chances)[..., None] * design).sum(axis=(0, 1))
        coefficients = coefficients + step
    return None


def two_way_covariance(scores: Floats, bread: Floats, groups: Indices) -> Floats:
    """(P, P): the sandwich of `scores` (N, P), clustered by both columns of `groups` (N, 2) as `two_way` has it."""
    count, parameters = scores.shape
    both = groups[:, 0] * (groups[:, 1].max() + 1) + groups[:, 1]
    parts = []
    for clusters in (groups[:, 0], groups[:, 1], both):
        _, places = np.unique(clusters, return_inverse=True)
        sums = np.zeros((places.max() + 1, parameters))
        np.add.at(sums, places, scores)
        correction = len(sums) / (len(sums) - 1) * (count - 1) / (count - parameters)
        parts.append(correction * bread @ (sums.T @ sums) @ bread)
    covariance = parts[0] + parts[1] - parts[2]
    one_way = np.maximum(np.diag(parts[0]), np.diag(parts[1]))
    np.fill_diagonal(covariance, np.where(np.diag(covariance) > 0, np.diag(covariance), one_way))
    return np.asarray(covariance)
