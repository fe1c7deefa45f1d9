"""Intervals over photographs and trainings: by hand, against scipy's, and how often they hold the truth."""

import numpy as np
import pytest
import scipy.stats

from bench.statistics import TrainingNoise, over_both
from reports.statistics.means import Interval
from reports.statistics.trainings import Scatter, p_of, scatter, widened

A, B = [22.0, 22.4, 22.6], [21.0, 21.1, 21.3, 21.8]


def test_one_side_is_students() -> None:
    found = scatter(A)
    assert found.variance == pytest.approx(np.var(A, ddof=1) / 3) and found.degrees == pytest.approx(2)
    theirs = scipy.stats.ttest_1samp(A, 0).confidence_interval()
    assert found.half() == pytest.approx((theirs.high - theirs.low) / 2)


def test_two_sides_are_welchs() -> None:
    found, theirs = scatter(A, B), scipy.stats.ttest_ind(A, B, equal_var=False)
    assert found.variance == pytest.approx(np.var(A, ddof=1) / 3 + np.var(B, ddof=1) / 4)
    assert found.degrees == pytest.approx(theirs.df)
    ends = theirs.confidence_interval()
    assert found.half() == pytest.approx((ends.high - ends.low) / 2)


@pytest.mark.parametrize("sides", [(), ([],), ([22.0],), ([22.0, 22.0],)])
def test_without_a_second_training_nothing_is_known(sides: tuple[list[float], ...]) -> None:
    assert scatter(*sides) == Scatter() and Scatter().half() == 0


def test_a_side_that_was_trained_once_adds_nothing() -> None:
    assert scatter(A, [21.0]) == scatter(A)


def test_without_trainings_the_interval_is_the_photographs_to_the_last_bit() -> None:
    for photographs in (Interval(0.1, 0.07, 0.2), Interval(np.inf, np.inf, np.inf)):
        assert widened(photographs, Scatter()) == photographs


def test_with_infinitely_many_photographs_it_is_students() -> None:
    found, theirs = widened(Interval(22.0, 22.0, 22.0), scatter(A)), scipy.stats.ttest_1samp(A, 0).confidence_interval()
    assert found.high - found.low == pytest.approx(theirs.high - theirs.low)


def test_halves_add_in_quadrature_on_each_side() -> None:
    found = widened(Interval(1.0, 0.7, 1.5), Scatter(0.4**2 / scipy.stats.norm.ppf(0.975) ** 2))
    assert (found.low, found.high) == pytest.approx((1 - 0.5, 1 + np.hypot(0.5, 0.4)))


@pytest.mark.parametrize("trainings", [Scatter(), scatter(A), scatter(A, B)])
@pytest.mark.parametrize("sign", [1, -1])
def test_p_is_a_twentieth_where_the_interval_touches_zero(trainings: Scatter, sign: int) -> None:
    mean = sign * float(np.hypot(0.3, trainings.half()))
    photographs = Interval(mean, mean - 0.3, mean + 0.3)
    touching = widened(photographs, trainings)
    assert min(abs(touching.low), abs(touching.high)) == pytest.approx(0, abs=1e-9)
    assert p_of(photographs, trainings) == pytest.approx(0.05)


def test_p_of_photographs_alone_is_the_normal_tests() -> None:
    z, half = 2.5, scipy.stats.norm.ppf(0.975)
    assert p_of(Interval(z, z - half, z + half), Scatter()) == pytest.approx(2 * scipy.stats.norm.sf(z))


def test_p_of_nothing() -> None:
    assert p_of(Interval(0.0, -1.0, 1.0), Scatter()) == 1
    assert np.isnan(p_of(Interval(1.0, np.nan, np.nan), Scatter()))
    assert p_of(Interval(1.0, 1.0, 1.0), Scatter()) == 0
    assert 0 < p_of(Interval(1.0, 0.99, 1.01), Scatter()) <= 1e-11


@pytest.mark.parametrize("deviations", [(0.3, 0.3), (0.4, 0.07)])
def test_simulated_intervals_hold_the_truth(deviations: tuple[float, float]) -> None:
    design = TrainingNoise(seeds=3, photographs=200, deviations=deviations)
    found = over_both(design, studies=1000, seed=0)
    assert found.coverage >= 0.93 and found.false <= 0.05
    assert found.alone < 0.86  # what trainings add
