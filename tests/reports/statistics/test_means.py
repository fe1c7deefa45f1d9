"""Means, intervals and pooled PSNR against simulation and scipy."""

import numpy as np
import pytest
import scipy.stats

from reports.statistics.means import bootstrap_mean, pooled_psnr


def test_interval_covers_the_true_mean_about_95_times_in_100() -> None:
    generator = np.random.default_rng(0)
    intervals = [bootstrap_mean(generator.normal(22, 3, 60), seed, resamples=500) for seed in range(400)]
    assert 0.91 < np.mean([interval.low <= 22 <= interval.high for interval in intervals]) < 0.98


def test_interval_is_that_of_scipy() -> None:
    values = np.random.default_rng(1).gamma(3, 5, 200)
    ours = bootstrap_mean(values, seed=0)
    theirs = scipy.stats.bootstrap((values,), np.mean, method="percentile", rng=2).confidence_interval
    assert ours.mean == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=0.02 * values.std())


def test_seed_alone_decides_the_resamples_so_methods_are_resampled_in_pairs() -> None:
    values = np.random.default_rng(2).normal(size=50)
    first, shifted = bootstrap_mean(values, seed=3), bootstrap_mean(values + 1, seed=3)
    assert (shifted.low, shifted.high) == pytest.approx((first.low + 1, first.high + 1))
    assert bootstrap_mean(values, seed=3) == first != bootstrap_mean(values, seed=2)


def test_pooled_psnr_is_the_psnr_of_the_mean_error_and_a_mean_needs_images() -> None:
    assert pooled_psnr([100.0, 300.0]) == pytest.approx(10 * np.log10(255**2 / 200))
    assert pooled_psnr([0.0, 0.0]) == np.inf
    with pytest.raises(ValueError, match="at least one image"):
        bootstrap_mean([], seed=0)
