"""Intervals that hold at all looks: as published, by simulation, and with the variance of the other tables."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from reports.statistics.clustered import two_way
from reports.statistics.stopping import Contrast, Estimate, Rule, chance, decided, estimate, forecast, looks

MANY = 1e9  # degrees of freedom: as if the variance were known


def drawn(seed: int, raters: int = 30, photographs: int = 24, rate: float = 0.7) -> Contrast:
    """Yes/no answers to two equal methods: raters and photographs differ, each rater sees each photograph once."""
    rng = np.random.default_rng(seed)
    who, what = (codes.ravel() for codes in np.indices((raters, photographs)))
    cells = (who + what) % 2
    moods = rng.normal(0, 0.7, raters)[who] + rng.normal(0, 0.5, (photographs, 2))[what, cells]
    values = rng.random(len(who)) < 1 / (1 + np.exp(-moods - math.log(rate / (1 - rate))))
    return Contrast(values.astype(np.float64), cells, who, what, np.array([-1.0, 1.0]))


def test_the_interval_is_the_published_one_where_nothing_lasts() -> None:
    rule = Rule(0.05, 10, 80)
    found = Estimate(20, 0.1, 0.0009, 0.0, MANY)
    # Jennison and Turnbull's repeated interval with O'Brien and Fleming's boundary: c * sqrt(N / n) standard errors.
    # The constant of looks without number is 2.24.
    constant = norm.ppf(1 - 0.05 / 4)
    assert constant == pytest.approx(2.2414, abs=1e-4)
    assert rule.reach(found) == pytest.approx(constant * math.sqrt(80 / 20) * 0.03, rel=1e-6)
    assert rule.interval(found) == pytest.approx((0.1 - rule.reach(found), 0.1 + rule.reach(found)))
    assert rule.reach(Estimate(80, 0.1, 0.0009, 0.0, MANY)) == pytest.approx(constant * 0.03, rel=1e-6)


@pytest.mark.parametrize("lasting", [0.0, 0.004, 0.05])
def test_all_intervals_together_hold_the_truth_in_95_per_cent(lasting: float) -> None:
    """Of sums of normal numbers with known variances, and an error that is the same at every look."""
    rng, studies, rule = np.random.default_rng(5), 4000, Rule(0.05, 10, 60)
    steps = rng.normal(0, 0.5, (studies, rule.largest))
    errors = np.cumsum(steps, axis=1) / np.arange(1, rule.largest + 1)
    errors += rng.normal(0, math.sqrt(lasting), (studies, 1))
    counts = range(rule.smallest, rule.largest + 1)
    reach = [rule.reach(Estimate(count, 0.0, 0.25 / count + lasting, lasting, MANY)) for count in counts]
    held = (np.abs(errors[:, rule.smallest - 1 :]) <= reach).all(axis=1).mean()
    assert 0.945 < held < 0.985
    usual = [1.96 * math.sqrt(0.25 / count + lasting) for count in counts]
    assert (np.abs(errors[:, rule.smallest - 1 :]) <= usual).all(axis=1).mean() < 0.93


def test_the_variance_is_that_of_the_other_tables() -> None:
    seen = drawn(1)
    found = estimate(seen)
    assert found is not None and found.lasting > 0
    levels = np.eye(2)[seen.cells]
    groups = np.column_stack([seen.raters, seen.photographs])
    means, covariance = two_way(seen.values, levels, groups, graded=True)
    assert found.value == pytest.approx(means[1] - means[0])
    assert found.variance == pytest.approx(seen.weights @ covariance @ seen.weights)
    assert found.variance_after(60) == pytest.approx((found.variance - found.lasting) / 2 + found.lasting)


def test_equal_methods_are_rarely_found_different_although_one_looks_after_every_rater() -> None:
    rule, studies = Rule(0.05, 10, 30), 400
    wrong, peeked = 0, 0
    for seed in range(studies):
        every = list(looks(drawn(1000 + seed), rule))
        wrong += decided(every, rule) is not None
        peeked += any(abs(one.value) > 1.96 * math.sqrt(one.variance) for one in every)
    assert wrong / studies <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / studies)
    assert peeked / studies > 0.12


def test_looks_begin_at_the_smallest_number_and_end_at_the_largest() -> None:
    rule = Rule(0.05, 12, 20)
    assert [one.raters for one in looks(drawn(2), rule)] == list(range(12, 21))
    assert [one.raters for one in looks(drawn(2), rule, 18)] == [18, 19, 20]
    assert rule.decision(Estimate(11, 0.9, 1e-6, 0.0, 20)) == ""
    assert rule.decision(Estimate(21, 0.9, 1e-6, 0.0, 20)) == ""
    assert rule.decision(Estimate(12, 0.9, 1e-6, 0.0, 20)) == "above"
    assert rule.decision(Estimate(12, -0.9, 1e-6, 0.0, 20)) == "below"
    assert rule.decision(Estimate(12, 0.01, 1e-6, 0.0, 20)) == "above"
    assert Rule(0.05, 12, 20, 0.05).decision(Estimate(12, 0.001, 1e-6, 0.0, 20)) == "within"


def test_what_cannot_be_estimated_is_not_and_answers_that_are_all_alike_need_several_raters() -> None:
    seen = drawn(3, raters=20)
    assert estimate(seen.of_first(1)) is None
    empty = Contrast(seen.values, np.zeros_like(seen.cells), seen.raters, seen.photographs, seen.weights)
    assert estimate(empty) is None
    alike = Contrast(seen.cells.astype(np.float64), seen.cells, seen.raters, seen.photographs, seen.weights)
    found = estimate(alike)
    assert found is not None and (found.value, found.variance) == (1.0, 1 / 400)
    assert Rule(0.05, 10, 20).decision(found) == "above"


def test_the_forecast_says_when_and_how_likely() -> None:
    rule = Rule(0.05, 10, 60)
    found = Estimate(20, 0.1, 0.0025, 0.0, MANY)
    after = forecast(found, rule)
    assert after is not None
    at = Estimate(after, 0.1, 0.0025 * 20 / after, 0.0, MANY)
    before = Estimate(after - 1, 0.1, 0.0025 * 20 / (after - 1), 0.0, MANY)
    assert (rule.decision(at), rule.decision(before)) == ("above", "")
    assert forecast(Estimate(20, 0.01, 0.0025, 0.0, MANY), rule) is None
    # Many studies that go on from here: of contrasts as these answers leave them, estimated again at the end.
    rng = np.random.default_rng(8)
    truths = rng.normal(0.1, 0.05, 20_000)
    later = (20 * 0.1 + 40 * rng.normal(truths, math.sqrt(0.05 / 40))) / 60
    reach = rule.reach(found, 60)
    assert chance(found, rule) == pytest.approx((np.abs(later) > reach).mean(), abs=0.01)
    assert chance(Estimate(60, 0.5, 0.0025, 0.0, MANY), rule) == 1
