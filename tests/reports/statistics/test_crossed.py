"""The crossed bootstrap: against votes counted one by one, its pairing, and its seed."""

import numpy as np
import pytest

from reports.statistics.crossed import crossed_means, share_beyond_zero
from tests.reports.study.simulated_study import Truth, draw

TRUTH = Truth({"a": 0.6, "b": 0.9}, raters=6, photographs=8)


def test_weights_are_those_of_raters_times_those_of_photographs() -> None:
    drawn = draw(TRUTH, np.random.default_rng(0), criteria=2)
    found = crossed_means(drawn.values, **drawn.codes, count=2, seed=5, resamples=3)
    generator = np.random.default_rng(5)
    people, pictures = (generator.multinomial(size, np.full(size, 1 / size), 3) for size in (6, 8))
    for resample in range(3):
        weights = people[resample][drawn.raters] * pictures[resample][drawn.photographs]
        for method in range(2):
            chosen = drawn.methods == method
            wanted = np.average(drawn.values[chosen], weights=weights[chosen], axis=0)
            assert found[resample, :, method] == pytest.approx(wanted)


def test_same_seed_same_resamples_and_any_number_of_them() -> None:
    drawn = draw(TRUTH, np.random.default_rng(0))
    first, again, other = (
        crossed_means(drawn.values, **drawn.codes, count=2, seed=seed, resamples=700) for seed in (1, 1, 2)
    )
    assert first.shape == (700, 1, 2) and np.array_equal(first, again) and not np.array_equal(first, other)


def test_bootstrap_is_as_wide_as_the_truth_varies_or_wider() -> None:
    truth = Truth({"a": 0.6, "b": 0.8}, 20, 40)
    rng = np.random.default_rng(3)
    studies = [draw(truth, rng) for _ in range(60)]
    means = [[one.values[one.methods == method].mean() for method in range(2)] for one in studies]
    widths = [
        crossed_means(one.values, **one.codes, count=2, seed=0, resamples=300)[:, 0].std(axis=0) for one in studies[:10]
    ]
    ratio = np.mean(widths, axis=0) / np.std(means, axis=0)
    assert (ratio > 0.9).all() and (ratio < 1.8).all()


def test_p_is_twice_the_smaller_tail_and_never_zero() -> None:
    assert share_beyond_zero(np.array([1.0] * 90 + [-1.0] * 9)) == pytest.approx(0.2)
    assert share_beyond_zero(np.ones(99)) == pytest.approx(0.02)
    assert share_beyond_zero(np.zeros(10)) == 1.0
    assert share_beyond_zero(np.array([np.nan] * 50 + [1.0] * 99)) == pytest.approx(0.02)
