"""Mean answers and their differences, where every rater answers often and every photograph is rated often.

Answers of one rater resemble each other, and so do answers to one photograph. The covariance of the means is therefore
clustered both ways (Cameron, Gelbach and Miller 2011, Journal of Business & Economic Statistics 29:238): the covariance
clustered by raters, plus that clustered by photographs, minus that clustered by both. For a mean, as they propose,
Student's t has min(raters, photographs) - 1 degrees of freedom. In a difference of two means, effects of raters and of
photographs cancel out, and most of the variance comes from single answers. The sum of three noisy parts estimates that
variance worse than one clustering would. So a difference has the degrees of freedom of `Fit.degrees_between`.

Yes/no answers are fitted by a logistic GLM with one level per method, graded answers by the linear model. The interval
of a graded mean is still taken on the logit scale: near the end of the scale a symmetric interval has far too little
coverage.

The answers to a method can all be alike, as they may well be for originals. Then no GLM has an estimate: the logit is
infinite, the residuals and with them the sandwich covariance are zero, and statsmodels gives an arbitrary number. Such
a method is left out of the fit. Its interval is Clopper and Pearson's at an effective number of votes (Korn and
Graubard 1998, Survey Methodology 24:193): votes over the design effect. Its own design effect cannot be estimated, so
the mean of the other methods' stands in.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import beta, norm, t

ALPHA = 0.05
SMALLEST_P, LARGEST_P = 1e-12, 1 - 1e-6  # nearer to 1, scipy's quantile of t with 4 or 6 degrees of freedom is 0
ALIKE = 1e-12  # a smaller variance is rounding


@dataclass(frozen=True)
class Contrast:
    """Mean of one method minus mean of another; NaN with too few raters or photographs.

    `odds_ratio` and `cohens_h` are of yes/no answers, `cohens_d` of graded ones.
    """

    difference: float
    low: float
    high: float
    p: float
    odds_ratio: float
    cohens_h: float
    cohens_d: float


@dataclass(frozen=True)
class Fit:
    """Means of M methods. `graded`: fitted by the linear model, otherwise by the GLM, whose scale is the logit.

    `votes`, `raters`, `photographs`: how many stand behind each mean (M,). `shared`: pairs of answers, one of each of
    two methods, by one rater or to one photograph (M, M). `variance`: of single answers (M,).
    `center` and `covariance`, (M,) and (M, M): estimates on the model's scale; NaN where all answers are alike.
    """

    graded: bool
    means: NDArray[np.float64]
    votes: NDArray[np.int64]
    raters: NDArray[np.int64]
    photographs: NDArray[np.int64]
    shared: NDArray[np.int64]
    variance: NDArray[np.float64]
    center: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @cached_property
    def degrees(self) -> NDArray[np.int64]:
        """Degrees of freedom of each mean (M,)."""
        return np.minimum(self.raters, self.photographs) - 1

    def degrees_if_independent(self, method: int) -> float:
        """Degrees of freedom of a mean whose answers may be independent, as guesses are: as `degrees_between` has them.

        With 40 raters, 40 photographs and 400 votes 21 instead of 39.
        """
        most = float(self.degrees[method])
        return min(most, float(self.votes[method] ** 2 / self.shared[method, method])) if most >= 1 else most

    def degrees_between(self, a: int, b: int) -> float:
        """Degrees of freedom of mean a minus mean b, at most those of either mean.

        The estimated variance is a quadratic form in the answers. Its mean and variance under independent answers are
        matched to a chi-square's (Satterthwaite; Bell and McCaffrey 2002, Survey Methodology 28:169; Imbens and Kolesar
        2016, Review of Economics and Statistics 98:701), with residuals taken for errors. With equal variances that is
        1 / (1 / raters + 1 / photographs - 1 / votes) in a balanced design: 12.8 with 20 raters and 30 photographs.
        """
        pair, most = [a, b], float(min(self.degrees[a], self.degrees[b]))
        if self.alike(a) and self.alike(b):
            return most
        per_vote = self.variance[pair] / np.square(self.votes[pair])  # what an answer adds to the variance
        spread = per_vote @ self.shared[np.ix_(pair, pair)] @ per_vote
        return min(most, float((per_vote @ self.votes[pair]) ** 2 / spread))

    @cached_property
    def effective(self) -> NDArray[np.float64]:
        """The effective number of votes of each method, (M,), for methods whose answers are all alike."""
        spread = np.diag(self.covariance)
        if not self.graded:
            spread = spread * np.square(self.means * (1 - self.means))
        with np.errstate(invalid="ignore", divide="ignore"):
            effects = spread * self.votes / self.variance
        known = effects[np.isfinite(effects)]
        if not len(known):
            return (self.degrees + 1).astype(np.float64)  # as if each rater had but one opinion
        return self.votes / max(1.0, float(known.mean()))

    def alike(self, method: int) -> bool:
        """Whether all answers are the same."""
        return bool(self.variance[method] < ALIKE)

    def interval(self, method: int, alpha: float = ALPHA, degrees: float | None = None) -> tuple[float, float]:
        """The confidence interval of a mean, within [0, 1]. `degrees`: of freedom, if not the mean's own."""
        degrees = self.degrees[method] if degrees is None else degrees
        if degrees < 1:
            return math.nan, math.nan
        width = t.ppf(1 - alpha / 2, degrees)
        if self.alike(method):
            return _exact(self.means[method], self.effective[method] * (norm.ppf(1 - alpha / 2) / width) ** 2, alpha)
        center, error = self.center[method], math.sqrt(self.covariance[method, method])
        if self.graded:
            center, error = logit(center), error / (center * (1 - center))
        return float(expit(center - width * error)), float(expit(center + width * error))

    def difference_interval(self, a: int, b: int, alpha: float = ALPHA) -> tuple[float, float]:
        """The interval of mean a minus mean b, from both means' intervals and the correlation of the estimates.

        Zou and Donner 2008, Statistics in Medicine 27:1693 (the square-and-add rule of Newcombe 1998). Unlike Wald's
        interval it never leaves the scale. For the linear model it equals Wald's.
        """
        if min(self.degrees[a], self.degrees[b]) < 1:
            return math.nan, math.nan
        degrees = self.degrees_between(a, b)
        (low_a, high_a), (low_b, high_b) = self._unbounded(a, alpha, degrees), self._unbounded(b, alpha, degrees)
        down_a, up_a = self.means[a] - low_a, high_a - self.means[a]
        down_b, up_b = self.means[b] - low_b, high_b - self.means[b]
        shared = 2 * self._correlation(a, b)
        difference = self.means[a] - self.means[b]
        low = difference - math.sqrt(max(0.0, down_a**2 + up_b**2 - shared * down_a * up_b))
        high = difference + math.sqrt(max(0.0, up_a**2 + down_b**2 - shared * up_a * down_b))
        return max(-1.0, low), min(1.0, high)

    def contrast(self, a: int, b: int) -> Contrast:
        """Compare two methods. `p` is the level at which the interval of the difference just reaches zero."""
        difference = float(self.means[a] - self.means[b])
        low, high = self.difference_interval(a, b)
        p = self._p(a, b) if math.isfinite(low) else math.nan
        ratio = h = d = math.nan
        if self.graded:
            pooled = math.sqrt((self.variance[a] + self.variance[b]) / 2)
            d = difference / pooled if pooled else 0.0
        else:
            ratio = self._odds(a) / self._odds(b)
            h = float(2 * (np.arcsin(np.sqrt(self.means[a])) - np.arcsin(np.sqrt(self.means[b]))))
        return Contrast(difference, low, high, p, ratio, h, d)

    def against(self, method: int, value: float, degrees: float | None = None) -> float:
        """Two-sided p of "the mean is `value`": the level at which the mean's interval just reaches it.

        NaN with too few raters or photographs. Where not all answers are alike, this is Student's t test on the logit.
        `degrees`: of freedom, if not the mean's own.
        """
        mean = float(self.means[method])
        if self.degrees[method] < 1:
            return math.nan
        if abs(mean - value) < ALIKE:
            return 1.0

        def near_end(alpha: float) -> float:
            low, high = self.interval(method, alpha, degrees)
            return low - value if mean > value else value - high

        return _level(near_end)

    def _p(self, a: int, b: int) -> float:
        difference = self.means[a] - self.means[b]
        if abs(difference) < ALIKE:
            return 1.0

        def near_end(alpha: float) -> float:
            low, high = self.difference_interval(a, b, alpha)
            return low if difference > 0 else -high

        return _level(near_end)

    def _unbounded(self, method: int, alpha: float, degrees: float) -> tuple[float, float]:
        """The interval of a mean that a difference is built from: for the linear model symmetric."""
        if not self.graded or self.alike(method):
            return self.interval(method, alpha, degrees)
        half = t.ppf(1 - alpha / 2, degrees) * math.sqrt(self.covariance[method, method])
        return self.center[method] - half, self.center[method] + half

    def _correlation(self, a: int, b: int) -> float:
        """The correlation of two estimates; 0 where all answers are alike, as none can be estimated."""
        if self.alike(a) or self.alike(b):
            return 0.0
        spread = math.sqrt(self.covariance[a, a] * self.covariance[b, b])
        return float(np.clip(self.covariance[a, b] / spread, -1, 1)) if spread else 0.0

    def _odds(self, method: int) -> float:
        """The odds of yes; with half a vote added to both sides (Haldane and Anscombe) where a side has none."""
        yes, no = self.means[method] * self.votes[method], (1 - self.means[method]) * self.votes[method]
        half = 0.0 if min(yes, no) > 0 else 0.5
        return float((yes + half) / (no + half))


def _level(near_end: Callable[[float], float]) -> float:
    """The level alpha at which an interval's near end is zero. `near_end`: of alpha, positive where it is beyond."""
    smallest, largest = math.log10(SMALLEST_P), math.log10(LARGEST_P)
    if near_end(10.0**smallest) > 0:
        return SMALLEST_P
    if near_end(10.0**largest) <= 0:
        return 1.0
    return float(10 ** brentq(lambda exponent: near_end(10.0**exponent), smallest, largest, xtol=1e-6))


def _exact(mean: float, votes: float, alpha: float) -> tuple[float, float]:
    """Clopper and Pearson's interval for a number of votes that need not be whole."""
    yes, no = mean * votes, (1 - mean) * votes
    low = beta.ppf(alpha / 2, yes, no + 1) if yes > 0 else 0.0
    high = beta.ppf(1 - alpha / 2, yes + 1, no) if no > 0 else 1.0
    return float(low), float(high)


def fit(
    values: NDArray[np.float64],
    methods: NDArray[np.int64],
    raters: NDArray[np.int64],
    photographs: NDArray[np.int64],
    count: int,
    graded: bool,
) -> Fit:
    """Fit the means of `count` methods to `values`, (N,) answers in [0, 1].

    `methods`, `raters`, `photographs`: the codes of each answer, (N,) each, from 0. NaN for a method without answers.
    """
    votes = np.bincount(methods, minlength=count)
    with np.errstate(invalid="ignore"):
        means = np.bincount(methods, values, minlength=count) / votes
        variance = np.bincount(methods, np.square(values - means[methods]), minlength=count) / votes
    seen = [[len(np.unique(who[methods == method])) for method in range(count)] for who in (raters, photographs)]
    inside = np.flatnonzero((variance >= ALIKE) & (np.min(seen, axis=0) > 1))
    center, covariance = np.full(count, np.nan), np.full((count, count), np.nan)
    if len(inside):
        used = np.isin(methods, inside)
        design = (methods[used, None] == inside).astype(np.float64)
        groups = np.column_stack([raters[used], photographs[used]])
        center[inside], covariance[np.ix_(inside, inside)] = two_way(values[used], design, groups, graded)
    shared = _shared(methods, raters, photographs, count)
    return Fit(graded, means, votes, np.array(seen[0]), np.array(seen[1]), shared, variance, center, covariance)


def _shared(
    methods: NDArray[np.int64], raters: NDArray[np.int64], photographs: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """How many pairs of answers to two methods have the rater or the photograph in common (M, M)."""

    def pairs(groups: NDArray[np.int64]) -> NDArray[np.int64]:
        table = np.zeros((groups.max() + 1, count), np.int64)
        np.add.at(table, (groups, methods), 1)
        return table.T @ table

    _, both = np.unique(raters * (photographs.max() + 1) + photographs, return_inverse=True)
    return pairs(raters) + pairs(photographs) - pairs(both)


def two_way(
    values: NDArray[np.float64], design: NDArray[np.float64], groups: NDArray[np.int64], graded: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (K,) and their covariance (K, K), clustered by both columns of `groups` (N, 2).

    The sum of two covariances minus a third can be negative. A negative variance is replaced by the larger of the two
    one-way clustered variances: each is a fair estimate where the other clustering has no effect.
    """
    import statsmodels.api as sm  # takes a second, which other parts of a report need not pay

    family = {} if graded else {"family": sm.families.Binomial()}
    model = (sm.OLS if graded else sm.GLM)(values, design, **family)
    both = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    covariance = np.array(both.cov_params())
    if (np.diag(covariance) <= 0).any():
        one_way = [
            np.diag(model.fit(cov_type="cluster", cov_kwds={"groups": column}).cov_params()) for column in groups.T
        ]
        diagonal = np.where(np.diag(covariance) > 0, np.diag(covariance), np.max(one_way, axis=0))
        np.fill_diagonal(covariance, diagonal)
    return np.asarray(both.params), covariance
