"""Paired comparisons against scipy, hand-made values, and simulated photographs."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats

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


@pytest.mark.parametrize("name", DIFFERENCES)
def test_paired_intervals_cover_the_truth_and_rarely_find_what_is_not_there(name: str) -> None:
    covered = coverage(DIFFERENCES[name], 200)
    assert 0.93 <= covered["percentile"] <= 0.975
    assert 0.94 <= covered["bca"] <= 0.975  # false positives: the other 6 in 100 at most


@pytest.mark.parametrize("name", HARD)
def test_hard_differences_cost_the_intervals_little_coverage(name: str) -> None:
    assert 0.92 <= coverage(HARD[name], 200)["bca"] <= 0.975


def test_few_photographs_of_a_normal_difference_are_covered_too() -> None:
    assert 0.93 <= coverage(DIFFERENCES["normal"], 20)["bca"] <= 0.975


@pytest.mark.parametrize("name", ["normal", "Laplace"])
def test_signed_rank_test_rarely_finds_what_is_not_there(name: str) -> None:
    values = DIFFERENCES[name](np.random.default_rng(3), (60, 1000))
    assert np.mean([signed_rank_p(column) < 0.05 for column in values.T]) <= 0.06


def test_holm_keeps_false_positives_of_a_family_of_seven_under_six_in_a_hundred() -> None:
    values = np.random.default_rng(4).normal(size=(60, 7 * 400))
    p = np.array([signed_rank_p(column) for column in values.T]).reshape(400, 7)
    assert np.mean(p.min(axis=1) < 0.05) > 0.2  # unadjusted
    assert np.mean([holm(family).min() < 0.05 for family in p]) <= 0.06


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


def test_intervals_agree_with_scipys_own_resamples() -> None:
    values = np.random.default_rng(7).exponential(2, 300)
    (ours,) = compare_columns(values[:, None], seed=0)
    theirs = scipy.stats.bootstrap((values,), np.mean, method="BCa", rng=8).confidence_interval
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=0.02 * values.std())


def test_resamples_are_those_of_the_means() -> None:
    values = np.random.default_rng(9).normal(size=70)
    (ours,) = compare_columns(values[:, None], seed=10, resamples=1234)
    mean = bootstrap_mean(values, seed=10, resamples=1234)
    assert (ours.percentile_low, ours.percentile_high) == pytest.approx((mean.low, mean.high))


def test_columns_compared_together_are_compared_as_if_alone() -> None:
    values = np.random.default_rng(11).normal(size=(40, 5))
    values[3, 1], values[7, 4] = np.inf, np.nan
    together = compare_columns(values, seed=0, resamples=500)
    alone = [compare_columns(values[:, [column]], seed=0, resamples=500)[0] for column in range(5)]
    assert [one.n for one in together] == [40, 39, 40, 40, 39]
    for one, other in zip(together, alone, strict=True):
        assert vars(one) == pytest.approx(vars(other))


def test_swapping_the_methods_mirrors_everything() -> None:
    values = np.random.default_rng(12).gamma(2, 1, (50, 1)) - 1.5
    (there,), (back,) = compare_columns(values, seed=0), compare_columns(-values, seed=0)
    assert (back.mean, back.low, back.high) == pytest.approx((-there.mean, -there.high, -there.low), abs=1e-3)
    assert (back.rank_biserial, back.d_z, back.p) == pytest.approx((-there.rank_biserial, -there.d_z, there.p))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == pytest.approx([1.0, 1.0])
    assert len(holm([])) == 0


def test_effect_sizes_by_hand() -> None:
    differences = np.array([1.0, -2.0, 3.0, 4.0, 0.0])  # ranks 1 to 4 without the zero: 8 for, 2 against
    assert rank_biserial(differences) == pytest.approx(0.6)
    assert d_z(differences) == pytest.approx(1.2 / np.sqrt(5.7))
    assert rank_biserial(np.array([2.0, 5.0])) == 1 and rank_biserial(np.array([-2.0])) == -1


def test_wilcoxon_drops_ties_and_matches_scipy() -> None:
    values = np.random.default_rng(13).normal(0.3, 1, 30)
    assert signed_rank_p(np.append(values, [0.0, 0.0])) == pytest.approx(
        scipy.stats.wilcoxon(values, method="approx").pvalue, rel=1e-9
    )


def test_exact_pictures_are_left_out_and_counted() -> None:
    psnr = np.array([np.inf, -np.inf, np.nan, 0.5, -0.2, 0.3])
    (one,) = compare_columns(psnr[:, None], seed=0)
    assert (one.n, one.left_out, one.mean) == (3, 3, pytest.approx(0.2))
    assert np.isfinite([one.low, one.high, one.p, one.d_z]).all()


def test_equal_methods_are_said_to_be_identical() -> None:
    (one,) = compare_columns(np.zeros((9, 1)), seed=0)
    assert one.identical and (one.mean, one.low, one.high, one.p, one.rank_biserial, one.d_z) == (0, 0, 0, 1, 0, 0)


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_photographs_there_is_no_interval(count: int) -> None:
    (one,) = compare_columns(np.full((count, 1), 0.5), seed=0)
    assert one.n == count and np.isnan([one.low, one.high, one.d_z]).all()


def test_the_same_gain_everywhere_has_an_interval_of_no_width() -> None:
    (one,) = compare_columns(np.full((20, 1), 0.1), seed=0)
    assert (one.low, one.high) == pytest.approx((0.1, 0.1)) and one.d_z == np.inf
