"""The two-way clustered estimates: against arithmetic written out, at the ends of the scale, and on known truths."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import beta, norm, t

from bench.statistics import PAPER, clustered, pooled
from reports.statistics.clustered import SMALLEST_P, Fit, fit, two_way
from tests.reports.study.simulated_study import Draw, Truth, draw, intercept

RATES = {"a": 0.6, "b": 0.8, "c": 0.9}


@pytest.fixture(scope="module")
def drawn() -> Draw:
    """One study of three methods."""
    return draw(Truth(RATES, 12, 15), np.random.default_rng(4))


def fitted(one: Draw, graded: bool = False) -> Fit:
    return fit(one.values[:, 0], **one.codes, count=3, graded=graded)


def covariance_of_means(one: Draw) -> NDArray[np.float64]:
    """By hand: sums of residuals over raters, over photographs and over single votes, as Cameron et al. add them."""
    votes = np.bincount(one.methods)
    means = np.bincount(one.methods, one.values[:, 0]) / votes
    residuals = (one.values[:, 0] - means[one.methods]) / votes[one.methods]

    def by(groups: NDArray[np.int64]) -> NDArray[np.float64]:
        count = groups.max() + 1
        sums = np.zeros((count, 3))
        np.add.at(sums, (groups, one.methods), residuals)
        return sums.T @ sums * count / (count - 1) * (len(residuals) - 1) / (len(residuals) - 3)

    return by(one.raters) + by(one.photographs) - by(np.arange(len(residuals)))


def with_all(one: Draw, method: int, value: float, but: int = 0) -> Draw:
    """The same study with one method's answers all alike, but for `but` of them."""
    values, mine = one.values.copy(), np.flatnonzero(one.methods == method)
    values[mine] = value
    values[mine[:but]] = 1 - value
    return replace(one, values=values)


def test_glm_is_the_delta_method_on_the_covariance_of_means(drawn: Draw) -> None:
    one, spread = fitted(drawn), covariance_of_means(drawn)
    slopes = 1 / (one.means * (1 - one.means))
    np.testing.assert_allclose(one.center, logit(one.means), rtol=1e-8)
    np.testing.assert_allclose(one.covariance, slopes[:, None] * spread * slopes, rtol=1e-6)
    low, high = one.interval(1)
    half = t.ppf(0.975, 11) * slopes[1] * math.sqrt(spread[1, 1])
    assert (low, high) == pytest.approx((expit(one.center[1] - half), expit(one.center[1] + half)))


def test_linear_contrast_is_walds(drawn: Draw) -> None:
    one, spread = fitted(drawn, graded=True), covariance_of_means(drawn)
    np.testing.assert_allclose(one.covariance, spread, rtol=1e-9)
    error = math.sqrt(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1])
    contrast, degrees = one.contrast(0, 1), one.degrees_between(0, 1)
    assert contrast.low == pytest.approx(contrast.difference - t.ppf(0.975, degrees) * error)
    assert contrast.high == pytest.approx(contrast.difference + t.ppf(0.975, degrees) * error)
    assert contrast.p == pytest.approx(2 * t.sf(abs(contrast.difference) / error, degrees), rel=1e-4)
    assert math.isnan(contrast.odds_ratio) and contrast.cohens_d < 0


def test_degrees_of_a_difference_are_those_of_its_variance_and_at_most_those_of_its_means(drawn: Draw) -> None:
    """Against draws of answers that know neither raters nor photographs: mean and variance of a chi-square."""
    generator, spreads = np.random.default_rng(0), []
    for _ in range(2000):
        noise = Draw(drawn.methods, drawn.raters, drawn.photographs, generator.normal(0.5, 0.1, drawn.values.shape))
        spread = covariance_of_means(noise)
        spreads.append(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1])
    alike = replace(drawn, values=np.where(drawn.raters[:, None] % 2, 0.4, 0.6))
    degrees = fitted(alike, graded=True).degrees_between(0, 1)
    assert degrees == pytest.approx(1 / (1 / 12 + 1 / 15 - 1 / 120), rel=0.01)
    assert 2 * np.mean(spreads) ** 2 / np.var(spreads) == pytest.approx(degrees, rel=0.15)
    two = replace(drawn, raters=drawn.raters % 2)
    assert fitted(two).degrees_between(0, 1) == 1
    assert fitted(with_all(drawn, 2, 1.0)).degrees_between(0, 2) <= 11
    assert fitted(replace(drawn, values=np.ones_like(drawn.values))).degrees_between(0, 1) == 11


@pytest.mark.parametrize("graded", [False, True])
def test_order_of_votes_does_not_matter(drawn: Draw, graded: bool) -> None:
    order = np.random.default_rng(0).permutation(len(drawn.methods))
    shuffled = Draw(*(column[order] for column in vars(drawn).values()))
    for method in range(3):
        assert fitted(shuffled, graded).interval(method) == pytest.approx(fitted(drawn, graded).interval(method))


def test_p_is_where_the_interval_reaches_zero_and_a_pair_turned_round_mirrors_it(drawn: Draw) -> None:
    fit = fitted(drawn)
    one, other = fit.contrast(0, 2), fit.contrast(2, 0)
    low, high = fit.difference_interval(0, 2, one.p)
    assert low < 0 and high == pytest.approx(0, abs=1e-6) and (one.p < 0.05) == (one.high < 0)
    mirrored = (-other.difference, -other.high, -other.low, other.p)
    assert (one.difference, one.low, one.high, one.p) == pytest.approx(mirrored, rel=1e-5)
    assert one.odds_ratio == pytest.approx(1 / other.odds_ratio) and one.cohens_h == pytest.approx(-other.cohens_h)


def test_effect_sizes_are_the_textbooks_and_overwhelming_evidence_has_the_smallest_p() -> None:
    methods = np.repeat([0, 1], 100)
    values = np.r_[np.arange(100) < 80, np.arange(100) < 50].astype(float)
    who, what = np.tile(np.arange(10), 20), np.tile(np.arange(20), 10)
    contrast = fit(values, methods, who, what, 2, graded=False).contrast(0, 1)
    assert contrast.odds_ratio == pytest.approx(4.0)
    assert contrast.cohens_h == pytest.approx(2 * math.asin(math.sqrt(0.8)) - 2 * math.asin(math.sqrt(0.5)))
    one = draw(Truth({"a": 0.02, "b": 0.98}, 40, 200, crossed=True), np.random.default_rng(0))
    assert fit(one.values[:, 0], **one.codes, count=2, graded=False).contrast(1, 0).p == SMALLEST_P


def test_one_answer_alone_gives_no_glm_estimate_but_an_exact_interval(drawn: Draw) -> None:
    one = fitted(with_all(drawn, 2, 1.0))
    assert one.alike(2) and math.isnan(one.center[2]) and np.isfinite(one.center[:2]).all()
    low, high = one.interval(2)
    effects = np.diag(covariance_of_means(drawn))[:2] * one.votes[:2] / one.variance[:2]  # the others' design effects
    votes = one.votes[2] / max(1, effects.mean()) * (norm.ppf(0.975) / t.ppf(0.975, 11)) ** 2
    assert high == 1.0 and low == pytest.approx(beta.ppf(0.025, votes, 1), rel=0.02)
    assert fitted(with_all(drawn, 2, 0.0)).interval(2) == pytest.approx((0.0, 1 - low), rel=1e-6)
    nearly = fitted(with_all(drawn, 2, 1.0, but=1)).interval(2)  # a single other answer moves it but little
    assert low - 0.08 < nearly[0] < low + 0.05 and nearly[1] > 0.99


def test_answers_all_alike_count_once_a_rater_and_differences_to_them_are_uncertain_too(drawn: Draw) -> None:
    one = fitted(replace(drawn, values=np.ones_like(drawn.values)))
    votes = 12 * (norm.ppf(0.975) / t.ppf(0.975, 11)) ** 2
    assert one.interval(0) == pytest.approx((0.025 ** (1 / votes), 1.0))
    assert one.contrast(0, 1).difference == 0 and one.contrast(0, 1).p == 1.0
    one = fitted(with_all(drawn, 2, 1.0))
    degrees, contrast = one.degrees_between(2, 0), one.contrast(2, 0)
    (low, _), (low_a, high_a) = (one.interval(method, degrees=degrees) for method in (2, 0))
    assert contrast.low == pytest.approx(contrast.difference - math.hypot(1 - low, high_a - one.means[0]))
    assert contrast.high == pytest.approx(contrast.difference + one.means[0] - low_a)
    assert np.isfinite(contrast.odds_ratio)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("raters", [5, 7])
def test_p_of_a_difference_to_answers_all_alike_is_found_at_four_and_six_degrees_of_freedom(raters: int) -> None:
    one = fitted(with_all(draw(Truth(RATES, raters, 60), np.random.default_rng(1)), 2, 1.0))
    one = replace(one, shared=np.zeros_like(one.shared) + 1)  # no bound but that of the raters
    assert one.degrees_between(2, 0) == raters - 1
    contrast = one.contrast(2, 0)
    assert one.difference_interval(2, 0, contrast.p)[0] == pytest.approx(0, abs=1e-5)


def test_graded_answers_all_in_the_middle_have_an_interval_and_one_rater_or_photograph_none(drawn: Draw) -> None:
    values = np.where(drawn.methods[:, None] == 1, 0.5, drawn.values)
    low, high = fitted(replace(drawn, values=values), graded=True).interval(1)
    assert 0.2 < low < 0.45 and high == pytest.approx(1 - low)
    for who in ("raters", "photographs"):
        one = fitted(replace(drawn, **{who: np.zeros_like(drawn.raters)}))
        assert np.isnan([*one.interval(0), one.contrast(0, 1).p]).all()


def test_a_variance_below_zero_gives_way_to_the_larger_one_way_one() -> None:
    """Votes that cancel out within every rater and every photograph."""
    groups = np.array([(rater, picture) for rater in range(4) for picture in range(4)])
    values = np.where(groups.sum(axis=1) % 2, 1.0, 0.0)
    values[0] = 1.0
    _, covariance = two_way(values, np.ones((16, 1)), groups, graded=True)
    residuals = values - values.mean()
    sums = np.array([[residuals[groups[:, side] == one].sum() for one in range(4)] for side in (0, 1)]) / 16
    one_way = (sums**2).sum(axis=1) * 4 / 3
    assert (one_way.sum() - (residuals**2).sum() / 256 * 16 / 15) < 0
    assert covariance[0, 0] == pytest.approx(one_way.max()) and covariance[0, 0] > 0


def test_planted_rates_are_the_marginal_ones() -> None:
    """The quadrature against brute force, as all that follows rests on it."""
    effects = np.random.default_rng(1).normal(0, 1.3, 2_000_000)
    assert expit(intercept(0.94, 1.3) + effects).mean() == pytest.approx(0.94, abs=5e-4)


def test_intervals_hold_the_truth_as_often_as_they_say_and_tests_find_little_that_is_not_there() -> None:
    """300 simulated studies; the long version is `python -m bench.statistics`."""
    measured = clustered(Truth(PAPER, 20, 60), 300, seed=2)
    assert 0.93 <= measured.coverage.mean() <= 0.975
    assert measured.coverage.min() > 0.90  # of each method alone: three standard errors of 300 studies
    assert 0.93 <= measured.difference_coverage <= 0.985
    assert measured.false <= 0.06 and measured.family <= 0.06
    assert measured.alike[-1] > 0.2  # originals, where the GLM has no estimate


def test_the_same_measure_finds_intervals_too_narrow_that_ignore_clusters() -> None:
    truth = Truth({"a": 0.6, "twin": 0.6, "b": 0.8}, 20, 60, of_rater=1.0)
    assert pooled(truth, 200, seed=2).coverage.mean() < 0.88
    assert 0.92 <= clustered(truth, 200, seed=2).coverage.mean() <= 0.98


@pytest.mark.parametrize(
    ("truth", "studies", "seed", "criteria"),
    [
        (Truth(PAPER, 20, 30), 300, 1, 3),  # naturalness, where the usual t of the smaller number minus 1 finds 6.5 %
        (Truth({"a": 0.6, "twin": 0.6, "b": 0.8, "c": 0.9}, 20, 60, scale=10), 200, 3, 1),  # graded answers
    ],
)
def test_naturalness_and_graded_answers_keep_the_same_promise(
    truth: Truth, studies: int, seed: int, criteria: int
) -> None:
    measured = clustered(truth, studies, seed, criteria=criteria)
    assert 0.92 <= measured.coverage.mean() <= 0.98
    assert measured.false <= (0.06 if criteria > 1 else 0.08) and (criteria == 1 or measured.family <= 0.06)
