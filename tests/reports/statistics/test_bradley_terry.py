"""Strengths of methods: against a plain GLM, on known truths, and where there are none."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm

from bench.preference.coverage import measure
from bench.preference.truths import EQUAL, FOUR, Truth, chances, draw, marginal_strengths, shown
from reports.preference.estimates import estimate
from reports.statistics.bradley_terry import Comparisons, circular_triads, fit_strengths, is_connected

TRUTH = Truth(FOUR, 24, 30, side=0.3)


@pytest.fixture(scope="module")
def seen() -> Comparisons:
    """One study of four methods."""
    return draw(TRUTH, shown(TRUTH), np.random.default_rng(1))


def test_strengths_are_those_of_a_glm_with_one_method_held_at_zero(seen: Comparisons) -> None:
    fitted = fit_strengths(seen)
    design = np.eye(4)[seen.first] - np.eye(4)[seen.second]
    design = np.column_stack([design[:, 1:], np.where(seen.left, 1.0, -1.0)])
    model = sm.GLM(seen.values, design, family=sm.families.Binomial())
    plain = model.fit(cov_type="cluster", cov_kwds={"groups": seen.groups})
    np.testing.assert_allclose(fitted.values - fitted.values[0], [0, *plain.params[:3]], atol=1e-8)
    for other in (1, 2, 3):
        gap = fitted.difference(other, 0)
        half = (gap.high - gap.low) / 2
        assert gap.value == pytest.approx(plain.params[other - 1])
        assert 2.05 * plain.bse[other - 1] < half < 2.3 * plain.bse[other - 1]  # Student's t of 9 to 23 degrees
    assert fitted.values.sum() == pytest.approx(0)
    assert fitted.side.value == pytest.approx(plain.params[3]) and fitted.side.low < 0.3 < fitted.side.high


def test_neither_order_nor_side_nor_which_of_two_is_called_first_matters(seen: Comparisons) -> None:
    order = np.random.default_rng(0).permutation(len(seen.values))
    mixed = Comparisons(*(column[order] for column in list(vars(seen).values())[:-1]), seen.count)
    turned = Comparisons(
        1 - seen.values, seen.second, seen.first, ~seen.left, seen.raters, seen.photographs, seen.count
    )
    expected = fit_strengths(seen)
    for other in (mixed, turned):
        found = fit_strengths(other)
        np.testing.assert_allclose(found.values, expected.values, atol=1e-7)
        assert vars(found.strength(2)) == pytest.approx(vars(expected.strength(2)), rel=1e-5)
        np.testing.assert_allclose(other.wins, seen.wins)


def test_a_tie_is_half_a_preference_for_both(seen: Comparisons) -> None:
    tied = replace(seen, values=np.full(len(seen.values), 0.5))
    assert np.abs(fit_strengths(tied).values).max() < 1e-8
    got = estimate(tied)
    assert got.shares.means == pytest.approx(np.full(4, 0.5)) and got.circular == (0, 4)


def test_there_are_no_strengths_where_one_method_always_wins_and_shares_keep_an_interval(seen: Comparisons) -> None:
    best = 3
    values = np.where(seen.first == best, 1.0, np.where(seen.second == best, 0.0, seen.values))
    got = estimate(replace(seen, values=values))
    assert not is_connected(got.seen.wins) and np.isnan(got.strengths.values).all()
    assert np.isnan(got.strengths.difference(0, 1).p) and np.isnan(got.surplus_p).all()
    assert got.shares.means[best] == 1 and 0.8 < got.share(best)[0] < 1 == got.share(best)[1]
    low, high = got.strengths.ranks()
    assert low.tolist() == [1] * 4 and high.tolist() == [4] * 4


def test_one_rater_alone_gives_shares_and_no_interval(seen: Comparisons) -> None:
    alone = estimate(replace(seen, raters=np.zeros_like(seen.raters)))
    assert np.isnan(alone.strengths.values).all() and np.isnan(alone.share(0)).all()
    assert np.isfinite(alone.shares.means).all()


@pytest.mark.parametrize(
    ("wins", "circular"),
    [
        ([[0, 3, 1], [1, 0, 3], [3, 1, 0]], 1),
        ([[0, 3, 3], [1, 0, 3], [1, 1, 0]], 0),
        ([[0, 2, 1], [2, 0, 3], [3, 1, 0]], 0),
    ],
)
def test_circles_are_counted(wins: list[list[float]], circular: int) -> None:
    assert circular_triads(np.array(wins, float)) == (circular, 1)


def test_what_strengths_cannot_explain_is_found() -> None:
    """Rock, paper and scissors, and a fourth that all beat alike."""
    places = shown(Truth(EQUAL, 36, 30))
    beats = {(0, 1): 0.8, (1, 2): 0.8, (0, 2): 0.2, (0, 3): 0.7, (1, 3): 0.7, (2, 3): 0.7}
    chance = np.array([beats[pair] for pair in zip(places.first.tolist(), places.second.tolist(), strict=True)])
    values = (np.random.default_rng(2).random(len(chance)) < chance).astype(float)
    got = estimate(replace(places, values=values))
    assert got.circular == (1, 4) and got.surplus_p.min() < 0.001
    assert np.sign(got.surplus[[0, 1, 3]]).tolist() == [1, -1, 1]  # pairs 01, 02, 12


def test_planted_truths_are_the_marginal_ones() -> None:
    """The quadrature against brute force, as all that follows rests on it."""
    truth = Truth((0.0, 1.0), 4, 4, taste=0.6, suits=0.8, ties=0.7, side=0.5)
    gaps = 1 + np.random.default_rng(1).normal(0, np.sqrt(2 * (0.36 + 0.64)), 1_000_000)
    share = np.mean(
        [(np.exp(gap / 2) + 0.35) / (np.exp(gap / 2) + np.exp(-gap / 2) + 0.7) for gap in (gaps + 0.5, gaps - 0.5)]
    )
    assert chances(truth)[1, 0] == pytest.approx(share, abs=1e-3)
    assert np.diff(marginal_strengths(truth)) == pytest.approx(np.log(share / (1 - share)), abs=0.01)


def test_intervals_hold_the_truth_as_often_as_they_say_and_tests_find_little_that_is_not_there() -> None:
    """200 simulated studies; the long version is `python -m bench.preference`."""
    measured = measure(Truth(FOUR, 24, 30), 200, seed=2)
    assert 0.93 <= measured.strengths.mean() <= 0.975 and measured.strengths.min() > 0.90
    assert 0.93 <= measured.differences <= 0.98 and 0.92 <= measured.shares.mean() <= 0.98
    assert 0.93 <= measured.cells <= 0.98 and measured.ranks >= 0.93
    assert measured.false <= 0.08 and measured.misfit <= 0.06 and measured.without == 0


def test_strong_methods_are_ranked_and_equal_ones_are_not() -> None:
    got = estimate(
        draw(Truth((0.0, 0.0, 1.5), 30, 30), shown(Truth((0.0, 0.0, 1.5), 30, 30)), np.random.default_rng(3))
    )
    best, worst = got.strengths.ranks()
    assert best.tolist() == [2, 2, 1] and worst.tolist() == [3, 3, 1]
    assert all(np.isfinite(got.strengths.difference(a, b).p) for a, b in combinations(range(3), 2))
