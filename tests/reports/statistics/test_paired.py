"""Paired comparisons against scipy, hand-made values, and simulated photographs."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.multitest import multipletests

from reports.statistics.means import bca_ends, bootstrap_mean, normal_ends, percentile_ends, resampled_sums
from reports.statistics.paired import compare_columns, d_z, holm, rank_biserial, signed_rank_p

DATA_SETS = 3000
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]

# Distributions of a photograph's difference, of true mean 0: even, long-tailed, skewed, mostly ties with a few gains.
DIFFERENCES: dict[str, Draw] = {
    "normal": lambda generator, size: generator.normal(0, 1, size),
    "Laplace": lambda generator, size: generator.laplace(0, 1, size),
    "exponential": lambda generator, size: generator.exponential(1, size) - 1,
    "mixture": lambda generator, size: np.where(generator.random(size) < 0.1, generator.normal(3, 1, size), 0.0) - 0.3,
}
# Where 200 photographs are too few for any bootstrap of a mean: skewness 6.2, and rare differences of any size.
HARD: dict[str, Draw] = {
    "lognormal": lambda generator, size: generator.lognormal(0, 1, size) - np.exp(0.5),
    "Student, 5": lambda generator, size: generator.standard_t(5, size),
}


def coverage(draw: Draw, photographs: int) -> dict[str, float]:
    """In how many of the simulated data sets each interval holds the true mean, which is 0."""
    values = draw(np.random.default_rng(20), (photographs, DATA_SETS))
    means = resampled_sums(values, seed=1, resamples=2000) / photographs
    ends = {"bca": bca_ends(values, means, normal_ends(photographs)), "percentile": percentile_ends(means)}
    return {kind: float(np.mean((low <= 0) & (high >= 0))) for kind, (low, high) in ends.items()}


@pytest.mark.parametrize(
    ("name", "photographs", "least"),
    [*((name, 200, 0.94) for name in DIFFERENCES), *((name, 200, 0.92) for name in HARD), ("normal", 20, 0.93)],
)
def test_paired_intervals_cover_the_truth_and_rarely_find_what_is_not_there(
    name: str, photographs: int, least: float
) -> None:
    covered = coverage((DIFFERENCES | HARD)[name], photographs)
    assert least <= covered["bca"] <= 0.975  # false positives: what is left of 100 at most
    assert least < 0.94 or 0.93 <= covered["percentile"] <= 0.975


def test_signed_rank_test_and_holm_rarely_find_what_is_not_there() -> None:
    for name in ("normal", "Laplace"):
        values = DIFFERENCES[name](np.random.default_rng(3), (60, 1000))
        p = scipy.stats.wilcoxon(values).pvalue  # all columns at once: SciPy takes milliseconds for a call
        assert [signed_rank_p(column) for column in values.T[:20]] == pytest.approx(p[:20])
        assert np.mean(p < 0.05) <= 0.06
    values = np.random.default_rng(4).normal(size=(60, 7 * 400))
    p = scipy.stats.wilcoxon(values).pvalue.reshape(400, 7)
    assert np.mean(p.min(axis=1) < 0.05) > 0.2  # a family of seven, unadjusted
    assert np.mean([holm(family).min() < 0.05 for family in p]) <= 0.06


def test_holm_is_statsmodels_and_nan_is_no_member() -> None:
    generator = np.random.default_rng(8)
    for size in (1, 2, 7, 40):
        p = generator.uniform(0, 0.2, size).round(2)  # with ties
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
        assert holm(np.r_[np.nan, p])[1:] == pytest.approx(holm(p)) and np.isnan(holm(np.r_[np.nan, p])[0])
    assert holm([]).size == 0 and np.isnan(holm([np.nan])).all()


@pytest.mark.parametrize("method", ["BCa", "percentile"])
def test_intervals_are_scipys_on_the_same_resamples(method: str) -> None:
    values = np.random.default_rng(5).gamma(0.7, 2, (80, 3))
    means = resampled_sums(values, seed=6, resamples=3000) / 80
    textbook = scipy.stats.norm.ppf([0.025, 0.975])
    low, high = bca_ends(values, means, textbook) if method == "BCa" else percentile_ends(means)
    for column in range(3):
        given = scipy.stats.bootstrap((values[:, column],), np.mean, n_resamples=9, method="basic", rng=0)
        given.bootstrap_distribution = means[:, column]
        theirs = scipy.stats.bootstrap(
            (values[:, column],), np.mean, n_resamples=0, method=method, bootstrap_result=given
        ).confidence_interval
        assert (low[column], high[column]) == pytest.approx(tuple(theirs), abs=1e-12)


def test_resamples_are_those_of_the_means() -> None:
    values = np.random.default_rng(9).normal(size=70)
    (ours,) = compare_columns(values[:, None], seed=10, resamples=1234)
    mean = bootstrap_mean(values, seed=10, resamples=1234)
    assert (ours.percentile_low, ours.percentile_high) == pytest.approx((mean.low, mean.high))


def test_columns_compared_together_are_compared_as_if_alone_and_exact_pictures_are_left_out() -> None:
    values = np.random.default_rng(11).normal(size=(40, 5))
    values[3, 1], values[5, 1], values[7, 4] = np.inf, -np.inf, np.nan
    together = compare_columns(values, seed=0, resamples=500)
    alone = [compare_columns(values[:, [column]], seed=0, resamples=500)[0] for column in range(5)]
    assert [(one.n, one.left_out) for one in together] == [(40, 0), (38, 2), (40, 0), (40, 0), (39, 1)]
    for one, other in zip(together, alone, strict=True):
        assert vars(one) == pytest.approx(vars(other)) and np.isfinite([one.low, one.high, one.p, one.d_z]).all()


def test_an_infinite_difference_has_a_sign_and_a_rank_but_no_mean() -> None:
    (one,) = compare_columns(np.array([[np.inf], [np.inf], [1.0], [-2.0], [np.nan], [0.0]]), seed=0)
    assert (one.n, one.left_out, one.ties) == (3, 3, 1) and one.mean == pytest.approx(-1 / 3)
    assert one.positive == pytest.approx(3 / 5) and one.rank_biserial == pytest.approx((3.5 + 3.5 + 1 - 2) / 10)
    assert one.p == signed_rank_p(np.array([9.0, 9.0, 1.0, -2.0]))


def test_swapping_the_methods_mirrors_everything() -> None:
    values = np.random.default_rng(12).gamma(2, 1, (50, 1)) - 1.5
    (there,), (back,) = compare_columns(values, seed=0), compare_columns(-values, seed=0)
    assert (back.mean, back.low, back.high) == pytest.approx((-there.mean, -there.high, -there.low), abs=1e-3)
    assert (back.rank_biserial, back.d_z, back.p) == pytest.approx((-there.rank_biserial, -there.d_z, there.p))


def test_holm_and_effect_sizes_by_hand_and_wilcoxon_by_scipy() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == pytest.approx([1.0, 1.0]) and len(holm([])) == 0
    differences = np.array([1.0, -2.0, 3.0, 4.0, 0.0])  # ranks 1 to 4 without the zero: 8 for, 2 against
    assert rank_biserial(differences) == pytest.approx(0.6) and rank_biserial(np.array([-2.0])) == -1
    assert d_z(differences) == pytest.approx(1.2 / np.sqrt(5.7))
    values = np.random.default_rng(13).normal(0.3, 1, 30)
    theirs = scipy.stats.wilcoxon(values, method="approx").pvalue
    assert signed_rank_p(np.append(values, [0.0, 0.0])) == pytest.approx(theirs, rel=1e-9)  # ties are dropped


@pytest.mark.parametrize(
    ("differences", "wanted"),
    [
        ([0.0] * 9, (9, 0, 0, 1, 0, 0)),  # equal methods are identical
        (
            [0.1] * 20,
            (20, 0.1, 0.1, scipy.stats.wilcoxon(np.full(20, 0.1)).pvalue, 1, np.inf),
        ),  # the same gain everywhere: no width
        ([0.5], (1, np.nan, np.nan, 1, 1, np.nan)),  # an interval needs two photographs
        ([], (0, np.nan, np.nan, np.nan, np.nan, np.nan)),
    ],
)
def test_differences_that_do_not_vary(differences: list[float], wanted: tuple[float, ...]) -> None:
    (one,) = compare_columns(np.array(differences).reshape(-1, 1), seed=0)
    found = (one.n, one.low, one.high, one.p, one.rank_biserial, one.d_z)
    assert found == pytest.approx(wanted, nan_ok=True) and one.ties == differences.count(0.0)
