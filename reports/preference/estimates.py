"""All that is estimated from preferences: strengths, shares, wins, and whether strengths are all there is to them."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from reports.statistics.bradley_terry import Comparisons, Strengths, circular_triads, fit_strengths, surplus
from reports.statistics.clustered import Fit, fit


@dataclass(frozen=True)
class Estimates:
    """What the answers say, a tie being half a preference for both.

    `shares`: of each method, how often it was preferred in its comparisons; `cells`: of each of the `pairs`, how often
    the first was preferred to the second; `surplus`, `surplus_p`: what strengths do not explain of each pair, in
    log-odds, and p by Holm; `circular`: how many of how many threesomes are circular.
    """

    seen: Comparisons
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


def estimate(seen: Comparisons) -> Estimates:
    """Estimate everything; every pair of methods must have been compared."""
    pairs = tuple(combinations(range(seen.count), 2))
    numbers = {pair: place for place, pair in enumerate(pairs)}
    turned = seen.first > seen.second
    values = np.where(turned, 1 - seen.values, seen.values)
    low, high = np.minimum(seen.first, seen.second), np.maximum(seen.first, seen.second)
    codes = np.array([numbers[pair] for pair in zip(low.tolist(), high.tolist(), strict=True)], np.int64)
    who = {"raters": seen.raters, "photographs": seen.photographs}
    cells = fit(values, codes, count=len(pairs), graded=False, **who)
    # Each comparison is an answer to both of its methods, of the same rater and on the same photograph.
    twice = {name: np.concatenate([clusters, clusters]) for name, clusters in who.items()}
    both = np.concatenate([seen.values, 1 - seen.values]), np.concatenate([seen.first, seen.second])
    unexplained, p = surplus(seen.count, pairs, cells)
    return Estimates(
        seen=seen,
        pairs=pairs,
        strengths=fit_strengths(seen),
        shares=fit(*both, count=seen.count, graded=False, **twice),
        cells=cells,
        surplus=unexplained,
        surplus_p=p,
        circular=circular_triads(seen.wins),
    )


def _degrees(fitted: Fit, place: int) -> float:
    """Of freedom of a share of preferences.

    A rater who likes everything prefers nothing: what raters and photographs add to all methods cancels out, as it does
    in a difference of means, and so the degrees are of the same kind (`Fit.degrees_between`).
    """
    votes = float(fitted.votes[place])
    return min(float(fitted.degrees[place]), votes**2 / float(fitted.shared[place, place]))
