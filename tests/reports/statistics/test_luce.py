"""Strengths from picks of the best: against other programs, against Bradley and Terry, and on known truths."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from statsmodels.discrete.conditional_models import ConditionalLogit

from bench.preference.coverage import measure
from bench.preference.picks import chances_of, draw_picks, shown_sets, truths_of
from bench.preference.truths import EQUAL, FOUR, SIX, Truth, draw, shown
from reports.preference.estimates import Estimates, estimate
from reports.statistics.bradley_terry import Comparisons, fit_strengths
from reports.statistics.luce import Choices, fit_luce, regressors

TRUTH = Truth(SIX, 24, 30, side=0.3, pictures=4)


@pytest.fixture(scope="module")
def seen() -> Choices:
    """One study of four of six methods."""
    return draw_picks(TRUTH, shown_sets(TRUTH), np.random.default_rng(1))


@pytest.fixture(scope="module")
def pairs() -> tuple[Comparisons, Choices]:
    """One study of two pictures in both forms."""
    truth = Truth(FOUR, 24, 30, side=0.3)
    two = draw(truth, shown(truth), np.random.default_rng(1))
    stood = np.column_stack([two.first, two.second])
    stood = np.where(two.left[:, None], stood, stood[:, ::-1])
    picked = np.where(two.values == 1, ~two.left, two.left).astype(np.int64)
    return two, Choices(stood, picked, two.raters, two.photographs, 4)


def test_of_two_pictures_all_is_as_bradley_and_terry_have_it(pairs: tuple[Comparisons, Choices]) -> None:
    one, other = map(fit_strengths, pairs[:1]), fit_luce(pairs[1])
    (two,) = one
    for method in range(4):
        assert vars(two.strength(method)) == pytest.approx(vars(other.strength(method)), rel=1e-9)
        gap = two.difference(method, (method + 1) % 4), other.difference(method, (method + 1) % 4)
        assert vars(gap[0]) == pytest.approx(vars(gap[1]), rel=1e-9)
    worth = other.estimate(other.places[0] - other.places[1], 0.05)
    assert vars(two.side) == pytest.approx(vars(worth), rel=1e-9)
    np.testing.assert_array_equal(two.ranks(), other.ranks())


def test_of_two_pictures_shares_wins_and_misfit_are_the_same_too(pairs: tuple[Comparisons, Choices]) -> None:
    two, other = map(estimate, pairs)
    np.testing.assert_array_equal(two.seen.wins, other.seen.wins)
    for one, same in ((two.shares, other.shares), (two.cells, other.cells)):
        np.testing.assert_allclose(one.means, same.means, rtol=1e-12)
        np.testing.assert_allclose(one.covariance, same.covariance, rtol=1e-9, atol=1e-15)
    assert two.share(1) == pytest.approx(other.share(1)) and two.win(2) == pytest.approx(other.win(2))
    np.testing.assert_allclose(two.surplus_p, other.surplus_p, rtol=1e-9)
    assert two.circular == other.circular and two.chance_p(0, 2) == pytest.approx(other.chance_p(0, 2), rel=1e-6)


def test_strengths_are_those_of_statsmodels(seen: Choices) -> None:
    design, basis, _ = regressors(seen.shown, seen.count)
    rows = np.repeat(np.arange(len(seen.picked)), seen.pictures)
    model = ConditionalLogit(seen.shares.ravel(), design.reshape(-1, design.shape[2]), groups=rows)
    theirs = np.asarray(model.fit(method="newton", disp=False).params)
    np.testing.assert_allclose(fit_luce(seen).values, basis @ theirs, atol=1e-6)


def test_strengths_are_those_of_the_largest_likelihood_written_out(seen: Choices) -> None:
    def minus_likelihood(free: np.ndarray) -> float:
        strengths, places = np.append(0, free[:5]), np.append(0, free[5:])
        worth = strengths[seen.shown] + places
        return float((logsumexp(worth, axis=1) - worth[np.arange(len(worth)), seen.picked]).sum())

    found = minimize(minus_likelihood, np.zeros(8), method="BFGS", options={"gtol": 1e-6})
    fitted = fit_luce(seen)
    np.testing.assert_allclose(fitted.values - fitted.values[0], np.append(0, found.x[:5]), atol=1e-5)
    worth = fitted.places @ fitted.coefficients
    np.testing.assert_allclose(worth - worth[0], np.append(0, found.x[5:]), atol=1e-5)
    assert worth.sum() == pytest.approx(0) and fitted.values.sum() == pytest.approx(0)
    assert 0 < fitted.place(0).low < 0.225 < fitted.place(0).high  # planted: 0.3 of the first, less the mean of all


def test_neither_order_nor_which_method_has_which_number_matters(seen: Choices) -> None:
    rng = np.random.default_rng(0)
    order, numbers = rng.permutation(len(seen.picked)), rng.permutation(seen.count)
    mixed = Choices(*(column[order] for column in (seen.shown, seen.picked, seen.raters, seen.photographs)), seen.count)
    expected = fit_luce(seen)
    for found in (fit_luce(mixed), fit_luce(replace(seen, shown=np.argsort(numbers)[seen.shown]))):
        names = np.arange(6) if found.values[0] == pytest.approx(expected.values[0], abs=1e-9) else numbers
        np.testing.assert_allclose(found.values, expected.values[names], atol=1e-9)
        assert vars(found.strength(2)) == pytest.approx(vars(expected.strength(int(names[2]))), rel=1e-7)


def test_every_pick_counts_for_one_and_against_all_others(seen: Choices) -> None:
    got: Estimates = estimate(seen)
    picks = len(seen.picked)
    assert got.shares.votes.sum() == 4 * picks and got.shares.means @ got.shares.votes == pytest.approx(picks)
    assert got.cells.votes.sum() == seen.wins.sum() == 3 * picks
    for place, (a, b) in enumerate(got.pairs):
        assert got.cells.means[place] == pytest.approx(seen.wins[a, b] / (seen.wins[a, b] + seen.wins[b, a]))
    assert got.chance_p(5, 4) < 0.001 < got.chance_p(3, 4)  # the best one, and one in the middle


def test_there_are_no_strengths_where_one_method_is_always_picked_and_shares_keep_an_interval(seen: Choices) -> None:
    is_there = (seen.shown == 5).any(axis=1)
    always = replace(seen, picked=np.where(is_there, np.argmax(seen.shown == 5, axis=1), seen.picked))
    got = estimate(always)
    assert np.isnan(got.strengths.values).all() and np.isnan(got.strengths.difference(0, 1).p)
    assert got.shares.means[5] == 1 and 0.8 < got.share(5)[0] < 1 == got.share(5)[1]
    low, high = got.strengths.ranks()
    assert low.tolist() == [1] * 6 and high.tolist() == [6] * 6
    alone = estimate(replace(seen, raters=np.zeros_like(seen.raters)))
    assert np.isnan(alone.strengths.values).all() and np.isfinite(alone.shares.means).all()


def test_where_all_methods_are_shown_nothing_can_be_unexplained() -> None:
    truth = Truth(FOUR, 24, 20, pictures=4)
    got = estimate(draw_picks(truth, shown_sets(truth), np.random.default_rng(1)))
    assert np.isfinite(got.strengths.values).all() and np.isnan(got.surplus_p).all() and got.circular == (0, 0)


def test_preferences_that_go_round_in_a_circle_are_found() -> None:
    """Of three methods beside a fourth, each is picked rather than the next one."""
    truth = Truth(EQUAL, 48, 30, pictures=3)
    sets = shown_sets(truth)
    beaten = {0: 1, 1: 2, 2: 0}
    rng = np.random.default_rng(0)
    worth = np.array([[2.0 * (beaten.get(one) in shown) for one in shown] for shown in sets.shown.tolist()])
    got = estimate(replace(sets, picked=np.argmax(worth + rng.gumbel(size=worth.shape), axis=1)))
    assert got.circular[0] >= 1 and got.surplus_p.min() < 0.001


def test_planted_truths_are_the_marginal_ones() -> None:
    """The quasi-random means against a million draws, as all that follows rests on them."""
    truth = Truth((0.0, 0.5, 1.0), 4, 4, taste=0.6, suits=0.8, side=0.5, pictures=3)
    rng = np.random.default_rng(1)
    own = np.array([0.5, 0.5, 1.0]) + rng.normal(0, 1, (1_000_000, 3))
    picked = np.bincount(np.argmax(own + rng.gumbel(size=own.shape), axis=1)) / len(own)
    assert chances_of(truth, np.array([[0, 1, 2]]))[0] == pytest.approx(picked, abs=2e-3)
    calm = Truth(FOUR, 4, 12, taste=0, suits=0, pictures=3)
    strengths, shares, cells = truths_of(calm, shown_sets(calm))
    assert strengths == pytest.approx(np.array(FOUR) - np.mean(FOUR)) and shares.mean() == pytest.approx(1 / 3)
    assert cells[3, 0] == pytest.approx(1 / (1 + np.exp(-1.5)))  # by Luce's axiom as if of two


@pytest.mark.parametrize("truth", [Truth(FOUR, 24, 30, pictures=3), Truth(EQUAL, 24, 20, pictures=4)])
def test_intervals_hold_the_truth_as_often_as_they_say_and_tests_find_little_that_is_not_there(truth: Truth) -> None:
    """150 simulated studies each; the long version is `python -m bench.preference --best`."""
    measured = measure(truth, 150, seed=2)
    assert 0.93 <= measured.strengths.mean() <= 0.98 and measured.strengths.min() > 0.90
    assert 0.93 <= measured.differences <= 0.985 and 0.93 <= measured.shares.mean() <= 0.985
    assert 0.93 <= measured.cells <= 0.985 and measured.ranks >= 0.93
    assert measured.false <= 0.08 and not measured.misfit > 0.06 and measured.without == 0  # NaN where all are shown
