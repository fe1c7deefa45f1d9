"""All that is estimated from preferences: strengths, shares, wins, and whether strengths are all there is to them."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from reports.statistics.bradley_terry import (
    Comparisons,
    Indices,
    Strengths,
    circular_triads,
    fit_strengths,
    surplus,
)
from reports.statistics.clustered import Fit, fit
from reports.statistics.luce import Choices, fit_luce

# Answers in [0, 1], what each is about, and the comparison that each comes from: (N,) each.
Answers = tuple[NDArray[np.float64], Indices, Indices]


@dataclass(frozen=True)
class Estimates:
    """What the answers say, a tie being half a preference for both.

    `shares`: of each method, how often it was preferred in its comparisons; `cells`: of each of the `pairs`, how often
    the first was preferred to the second, or of more than two pictures, how often the first was picked where both were
    shown and one of them was picked; `surplus`, `surplus_p`: what strengths do not explain of each pair, in log-odds,
    and p by Holm; `circular`: how many of how many threesomes are circular. Where every trial shows all methods, how
    often each is picked says all that there is to strengths: then nothing can be unexplained or circular, and that is
    NaN and 0 of 0.
    """

    seen: Comparisons | Choices
    pairs: tuple[tuple[int, int], ...]
    strengths: Strengths
    shares: Fit
    cells: Fit
    surplus: NDArray[np.float64]
    surplus_p: NDArray[np.float64]
    circular: tuple[int, int]

    def share(self, method: int) -> tuple[float, float]:
        """The interval of a method's share of preferences."""
        return self.shares.interval(method, degrees=_degrees(self.shares, method))

    def win(self, pair: int) -> tuple[float, float]:
        """The interval of how often the first of a pair was preferred."""
        return self.cells.interval(pair, degrees=_degrees(self.cells, pair))

    def chance_p(self, method: int, pictures: int) -> float:
        """Two-sided p of "the method is preferred as often as by chance", in one of `pictures` trials."""
        return self.shares.against(method, 1 / pictures, degrees=_degrees(self.shares, method))


def estimate(seen: Comparisons | Choices) -> Estimates:
    """Estimate everything; every pair of methods must have been compared."""
    pairs = tuple(combinations(range(seen.count), 2))
    own, between = _of_picks(seen, pairs) if isinstance(seen, Choices) else _of_pairs(seen, pairs)
    cells = _fit(seen, between, len(pairs))
    unexplained, p = surplus(seen.count, pairs, cells)
    circular = circular_triads(seen.wins)
    if isinstance(seen, Choices) and seen.pictures == seen.count > 2:
        unexplained, p, circular = np.full(len(pairs), np.nan), np.full(len(pairs), np.nan), (0, 0)
    return Estimates(
        seen=seen,
        pairs=pairs,
        strengths=fit_luce(seen) if isinstance(seen, Choices) else fit_strengths(seen),
        shares=_fit(seen, own, seen.count),
        cells=cells,
        surplus=unexplained,
        surplus_p=p,
        circular=circular,
    )


def _of_pairs(seen: Comparisons, pairs: tuple[tuple[int, int], ...]) -> tuple[Answers, Answers]:
    """Each comparison is an answer to both of its methods, and to their pair."""
    turned, rows = seen.first > seen.second, np.arange(len(seen.values))
    values = np.where(turned, 1 - seen.values, seen.values)
    codes = _codes(np.minimum(seen.first, seen.second), np.maximum(seen.first, seen.second), pairs)
    both = np.concatenate([seen.values, 1 - seen.values]), np.concatenate([seen.first, seen.second])
    return (*both, np.concatenate([rows, rows])), (values, codes, rows)


def _of_picks(seen: Choices, pairs: tuple[tuple[int, int], ...]) -> tuple[Answers, Answers]:
    """Each pick is an answer to all methods that were shown, and to the pairs of the best one with each other."""
    rows = np.repeat(np.arange(len(seen.picked)), seen.pictures)
    values, methods = seen.shares.ravel(), seen.shown.ravel()
    best = np.repeat(seen.shown[np.arange(len(seen.picked)), seen.picked], seen.pictures)[values == 0]
    others = methods[values == 0]
    codes = _codes(np.minimum(best, others), np.maximum(best, others), pairs)
    return (values, methods, rows), ((best < others).astype(np.float64), codes, rows[values == 0])


def _codes(low: Indices, high: Indices, pairs: tuple[tuple[int, int], ...]) -> Indices:
    numbers = np.zeros((int(high.max()) + 1,) * 2, np.int64)
    for number, pair in enumerate(pairs):
        if pair[1] < len(numbers):
            numbers[pair] = number
    return np.asarray(numbers[low, high])


def _fit(seen: Comparisons | Choices, answers: Answers, count: int) -> Fit:
    """Means of answers, clustered by who gave them and by what they are on."""
    values, codes, rows = answers
    return fit(values, codes, seen.raters[rows], seen.photographs[rows], count, graded=False)


def _degrees(fitted: Fit, place: int) -> float:
    """Of freedom of a share of preferences.

    A rater who likes everything prefers nothing: what raters and photographs add to all methods cancels out, as it does
    in a difference of means, and so the degrees are of the same kind (`Fit.degrees_between`).
    """
    votes = float(fitted.votes[place])
    return min(float(fitted.degrees[place]), votes**2 / float(fitted.shared[place, place]))
