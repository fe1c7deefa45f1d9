"""Whether a contrast is decided, asked after every rater: intervals that hold at all looks at once.

An interval that is right once is wrong too often if one looks again and again and stops when it pleases (Armitage,
McPherson and Rowe 1969, Journal of the Royal Statistical Society A 132:235). Those here are repeated confidence
intervals (Jennison and Turnbull 1989, Journal of the Royal Statistical Society B 51:305) with the boundary of O'Brien
and Fleming (1979, Biometrics 35:549), for looks without number (Lan and DeMets 1983, Biometrika 70:659). With the
information I = 1 / variance, after any number of raters up to the largest,

    estimate +- z(1 - alpha / 4) * sqrt(I at the largest number) / I now.

With probability 1 - alpha all of them hold the truth: (estimate - truth) * I is a Brownian motion in I, and by the
reflection principle leaves a strip of this width with probability at most alpha. They hold whatever makes a study stop,
as long as nobody looks after more raters than the largest number.

The truth is that of photographs at large, as in the other tables. The variance is therefore clustered by raters and by
photographs (Cameron, Gelbach and Miller 2011), as the sum of two parts: that of raters, which n times as many raters
make n times smaller, and the one that lasts, as photographs stay the same. What lasts is the same error at every look.
So still Cov(early, late) = Var(late), which is all that the Brownian motion needs (Scharfstein, Tsiatis and Robins
1997, Journal of the American Statistical Association 92:1342). The lasting part is not taken for negative, as
`clustered` may do for a single look: with it, 5.3 to 7.4 % of studies found a difference that was not there. Student's
t takes the place of z, with the degrees of freedom that the variance has over independent answers.
docs/results/stopping.md measures all this.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Decision = Literal["", "above", "below", "within"]


@dataclass(frozen=True)
class Contrast:
    """Answers (N,) and what is made of them: the sum over cells of `weights` (C,) times the cell's mean, minus `null`.

    `values` in [0, 1]; `cells`, `raters`, `photographs`: codes from 0. Raters are numbered in the order in which they
    finished, and rows are in that order. No rater judges a photograph twice.
    """

    values: Floats
    cells: Indices
    raters: Indices
    photographs: Indices
    weights: Floats
    null: float = 0.0

    def of_first(self, raters: int) -> Self:
        """The same after the first so many raters."""
        end = int(np.searchsorted(self.raters, raters))
        cut = {name: getattr(self, name)[:end] for name in ("values", "cells", "raters", "photographs")}
        return replace(self, **cut)


@dataclass(frozen=True)
class Estimate:
    """A contrast after `raters`. `lasting`: the part of the variance that further raters do not lessen."""

    raters: int
    value: float
    variance: float
    lasting: float
    degrees: float

    def variance_after(self, raters: int) -> float:
        """What the variance will be after so many."""
        return (self.variance - self.lasting) * self.raters / raters + self.lasting


@dataclass(frozen=True)
class Rule:
    """When a contrast is decided: at level `alpha`, looking from `smallest` to `largest` raters.

    `margin`: a contrast within it either way is decided, too; 0 for none.
    """

    alpha: float
    smallest: int
    largest: int
    margin: float = 0.0

    def reach(self, found: Estimate, raters: int | None = None) -> float:
        """How far the interval reaches either way; after `raters`, if the spread stays as it is."""
        variance = found.variance_after(raters or found.raters)
        last = found.variance_after(self.largest)
        return float(stdtrit(found.degrees, 1 - self.alpha / 4)) * variance / math.sqrt(last)

    def interval(self, found: Estimate) -> tuple[float, float]:
        """The interval, which holds together with those of all other looks; no contrast of shares leaves -1 to 1."""
        return max(-1.0, found.value - self.reach(found)), min(1.0, found.value + self.reach(found))

    def decision(self, found: Estimate) -> Decision:
        """What is decided: the contrast is above zero, below, or within the margin; "" if nothing."""
        if not self.smallest <= found.raters <= self.largest:
            return ""
        low, high = self.interval(found)
        if low > 0:
            return "above"
        if high < 0:
            return "below"
        return "within" if -self.margin < low and high < self.margin else ""


def estimate(seen: Contrast) -> Estimate | None:
    """The contrast with its two-way clustered variance; None where a cell is empty or there is one rater or photograph.

    Where all raters are alike nothing is seen of their spread: as if one of them had thought otherwise.
    """
    counts = np.bincount(seen.cells, minlength=len(seen.weights))
    raters, photographs = (int(np.count_nonzero(np.bincount(codes))) for codes in (seen.raters, seen.photographs))
    if not counts.all() or min(raters, photographs) < 2:
        return None
    means = np.bincount(seen.cells, seen.values, len(counts)) / counts
    value = float(seen.weights @ means - seen.null)
    # What each answer adds to the contrast; summed over a cluster, squared, summed over clusters.
    influence = (seen.weights / counts)[seen.cells] * (seen.values - means[seen.cells])
    expected = (np.bincount(seen.cells, influence**2, len(counts)) / counts)[seen.cells]
    answers, cells = len(influence), len(counts)
    parts = [_between(influence, expected, codes) for codes in (seen.raters, seen.photographs, np.arange(answers))]
    corrections = [n / (n - 1) * (answers - 1) / (answers - cells) for n in (raters, photographs, answers)]
    of_raters, of_photographs, of_answers = (
        part[0] * correction for part, correction in zip(parts, corrections, strict=True)
    )
    lasting = max(0.0, of_photographs - of_answers)
    if of_raters + lasting <= 0:
        return Estimate(raters, value, 1 / raters**2, 0.0, min(raters, photographs) - 1)
    spread = parts[0][1] + parts[1][1] - parts[2][1]
    degrees = min(raters - 1.0, photographs - 1.0, float(expected.sum() ** 2 / spread))
    return Estimate(raters, value, float(of_raters + lasting), float(lasting), degrees)


def looks(seen: Contrast, rule: Rule, start: int = 0) -> Iterator[Estimate]:
    """The estimates after each number of raters at which one looks, from `start` on, as far as there are any."""
    last = min(int(seen.raters[-1]) + 1 if len(seen.raters) else 0, rule.largest)
    for count in range(max(rule.smallest, start), last + 1):
        found = estimate(seen.of_first(count))
        if found is not None:
            yield found


def decided(found: Iterable[Estimate], rule: Rule) -> Estimate | None:
    """The first look at which something is decided, None if there is none."""
    return next((one for one in found if rule.decision(one)), None)


def forecast(found: Estimate, rule: Rule) -> int | None:
    """After how many raters the contrast will differ from zero if effect and spread stay; None if by none."""
    for raters in range(max(found.raters, rule.smallest), rule.largest + 1):
        if abs(found.value) > rule.reach(found, raters):
            return raters
    return None


def chance(found: Estimate, rule: Rule) -> float:
    """The chance that the contrast will differ from zero at the largest number, by what is known now.

    Predictive power (Spiegelhalter, Freedman and Blackburn 1986, Controlled Clinical Trials 7:8): nothing but these
    answers is known of the contrast. What will be estimated then varies about the estimate of now.
    """
    if found.raters >= rule.largest:
        return float(rule.decision(found) in ("above", "below"))
    last = found.variance_after(rule.largest)
    spread = math.sqrt(max(found.variance - last, 1e-300))
    reach = rule.reach(found, rule.largest)
    return float(ndtr((found.value - reach) / spread) + ndtr((-reach - found.value) / spread))


def _between(influence: Floats, expected: Floats, clusters: Indices) -> tuple[float, float]:
    """One clustering's variance, and the spread of that variance if answers were independent."""
    return float((np.bincount(clusters, influence) ** 2).sum()), float((np.bincount(clusters, expected) ** 2).sum())
