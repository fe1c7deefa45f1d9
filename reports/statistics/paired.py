"""Two methods on the same photographs: the mean difference with its interval, a signed-rank test, effect sizes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata, wilcoxon

from reports.statistics.means import RESAMPLES, Interval, bca_ends, normal_ends, percentile_ends, resampled_sums


@dataclass(frozen=True)
class Comparison:
    """The comparison of one pair of methods; NaN where there are too few differences.

    `n`: photographs in the mean; `left_out`: those without a finite difference. `low`, `high`: the BCa interval of
    `mean`, `percentile_low`, `percentile_high` the percentile interval. `p`: Wilcoxon's signed-rank test, two-sided.
    `rank_biserial` and `d_z`: effect sizes (see the functions). `positive`: share of photographs with a difference > 0;
    `ties`: photographs without any. An infinite difference, of a picture that one side alone reproduces exactly, is in
    no mean, but has a sign and a rank: `p`, `rank_biserial` and `positive` count it.
    """

    n: int
    left_out: int
    mean: float
    low: float
    high: float
    percentile_low: float
    percentile_high: float
    p: float
    rank_biserial: float
    d_z: float
    positive: float
    ties: int


def untested(difference: Interval, n: int, ties: int, factor: float = 1) -> Comparison:
    """A difference of whole datasets, without values of photographs and so without a test; all else is NaN."""
    mean, low, high = (factor * end for end in (difference.mean, difference.low, difference.high))
    return Comparison(n, 0, mean, low, high, low, high, np.nan, np.nan, np.nan, np.nan, ties)


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a - b by photograph, (N,) each: 0 for two exact pictures, whose PSNRs are infinite; infinite for one."""
    with np.errstate(invalid="ignore"):  # inf - inf
        return np.where(a == b, 0.0, np.subtract(a, b))


def compare_columns(differences: np.ndarray, seed: int, resamples: int = RESAMPLES) -> list[Comparison]:
    """Compare K pairs at once. `differences`: (N, K), a row per photograph; those not finite are left out, column-wise.

    Columns that leave out the same photographs share their resamples and one matrix product.
    """
    finite = np.isfinite(differences)
    found: list[Comparison | None] = [None] * differences.shape[1]
    masks, group_of = np.unique(finite, axis=1, return_inverse=True)
    for group, mask in enumerate(masks.T):
        columns = np.flatnonzero(group_of == group)
        for column, comparison in zip(columns, _compare(differences[:, columns], mask, seed, resamples), strict=True):
            found[column] = comparison
    return [comparison for comparison in found if comparison]


def _compare(differences: np.ndarray, finite: np.ndarray, seed: int, resamples: int) -> list[Comparison]:
    """Comparisons of columns (N, K) that are finite in the rows `finite` (N,); an interval needs two photographs."""
    values = differences[finite]
    count, columns = values.shape
    low = high = percentile_low = percentile_high = np.full(columns, np.nan)
    if count >= 2:
        means = resampled_sums(values, seed, resamples) / count
        low, high = bca_ends(values, means, normal_ends(count))
        percentile_low, percentile_high = percentile_ends(means)
    return [
        Comparison(
            n=count,
            left_out=len(differences) - count,
            mean=float(column.mean()) if count else np.nan,
            low=float(low[place]),
            high=float(high[place]),
            percentile_low=float(percentile_low[place]),
            percentile_high=float(percentile_high[place]),
            p=signed_rank_p(known),
            rank_biserial=rank_biserial(known),
            d_z=d_z(column),
            positive=float((known > 0).mean()) if len(known) else np.nan,
            ties=int((column == 0).sum()),
        )
        for place, column in enumerate(values.T)
        for known in [differences[~np.isnan(differences[:, place]), place]]
    ]


def signed_rank_p(differences: np.ndarray) -> float:
    """Wilcoxon's signed-rank test (1945), two-sided; differences of zero say nothing and are dropped, as he did."""
    if not len(differences):
        return np.nan
    return float(wilcoxon(differences).pvalue) if np.any(differences) else 1.0


def rank_biserial(differences: np.ndarray) -> float:
    """Matched-pairs rank-biserial correlation: favourable minus unfavourable share of the ranks, in [-1, 1].

    Kerby 2014, Comprehensive Psychology 3:11.IT.3.1, the simple difference formula; zeros are dropped as in the test.
    """
    nonzero = differences[differences != 0]
    if not len(nonzero):
        return 0.0 if len(differences) else np.nan
    ranks = rankdata(np.abs(nonzero))
    return float((np.sign(nonzero) * ranks).sum() / ranks.sum())


def d_z(differences: np.ndarray) -> float:
    """Cohen's d_z, the mean of the differences over their standard deviation.

    Lakens 2013, Frontiers in Psychology 4:863, equation 6, after Cohen 1988. Infinite where all differ by the same.
    """
    if len(differences) < 2:
        return np.nan
    mean, deviation = differences.mean(), differences.std(ddof=1)
    if np.ptp(differences) == 0:
        return 0.0 if mean == 0 else float(np.copysign(np.inf, mean))
    return float(mean / deviation)


def holm(p_values: ArrayLike) -> np.ndarray:
    """Holm's step-down adjustment (1979, Scandinavian Journal of Statistics 6:65) of one family's p values.

    Rejecting at adjusted p < 0.05 keeps the chance of any false positive in the family under 5 %. NaN stands for no
    test: it stays NaN and is no member of the family.
    """
    p = np.array(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    rising = tested[np.argsort(p[tested], kind="stable")]
    p[rising] = np.maximum.accumulate(p[rising] * np.arange(len(rising), 0, -1)).clip(max=1)
    return p
