"""mIoU and its intervals against arithmetic by hand and simulated photographs."""

import time

import numpy as np
import pytest

from reports.statistics.miou import FEWEST, class_ratios, differences_by_class, mean_difference


def photographs(generator: np.random.Generator, count: int, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of simulated photographs, (count, 6) each; classes of very unequal size, some in few photographs."""
    present = generator.random((count, 6)) < np.array([1.0, 0.6, 0.4, 0.3, 0.2, 0.15])
    unions = (generator.gamma(1, 3000, (count, 6)) * present).astype(int)
    share = generator.beta(2 + 8 * np.linspace(1, 0.3, 6), 4, (count, 6))
    return (unions * (share + shift).clip(0, 1)).astype(int), unions


def plain_miou(intersections: np.ndarray, unions: np.ndarray) -> float:
    """By loops: sums over photographs, then the mean of the classes that are there."""
    sums = [(sum(column), sum(total)) for column, total in zip(intersections.T, unions.T, strict=True)]
    return float(np.mean([hit / total for hit, total in sums if total]))


def test_miou_by_hand_and_without_any_class_there_is_no_mean() -> None:
    intersections, unions = np.array([[1, 0, 0], [3, 2, 0]]), np.array([[2, 2, 0], [6, 2, 0]])
    interval = class_ratios(intersections, unions, seed=0).interval
    assert interval.mean == pytest.approx((4 / 8 + 2 / 4) / 2) and interval.low <= interval.mean <= interval.high
    nothing = class_ratios(np.zeros((3, 2)), np.zeros((3, 2)), seed=0).interval
    assert np.isnan([nothing.mean, nothing.low]).all()


def test_the_papers_validation_set_takes_seconds() -> None:
    unions = np.random.default_rng(5).integers(0, 50_000, (1449, 21))
    began = time.perf_counter()
    class_ratios(unions // 2, unions, seed=0)
    assert time.perf_counter() - began < 10


def test_resamples_are_scored_photograph_by_photograph() -> None:
    intersections, unions = photographs(np.random.default_rng(0), 25)
    picks = np.random.default_rng(3).integers(25, size=(300, 25))
    whole = [hit / total for hit, total in zip(intersections.sum(axis=0), unions.sum(axis=0), strict=True)]
    plain = []
    for pick in picks:
        sums = zip(intersections[pick].sum(axis=0), unions[pick].sum(axis=0), whole, strict=True)
        plain.append(np.mean([hit / total if total else other for hit, total, other in sums]))
    interval = class_ratios(intersections, unions, seed=3, resamples=300).interval
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])), abs=1e-12)


def test_rare_classes_that_resamples_lack_do_not_move_the_interval() -> None:
    unions = np.full((300, 12), 100)
    unions[:, 6:] *= np.eye(300, 6, -6, dtype=int)  # in one photograph each, and never recognised
    intersections = np.where(np.arange(12) < 6, unions // 2, 0)
    intersections[:, :6] += np.random.default_rng(0).integers(-9, 10, (300, 6))
    interval = class_ratios(intersections, unions, seed=0).interval
    assert interval.low < interval.mean < interval.high
    assert interval.high - interval.mean < 2 * (interval.mean - interval.low) < 0.02


def test_classes_have_intervals_of_their_own_where_enough_photographs_have_them() -> None:
    intersections, unions = photographs(np.random.default_rng(6), 60)
    intersections[:, 5], unions[:, 5] = 0, 0
    intersections[: FEWEST - 1, 5], unions[: FEWEST - 1, 5] = 1, 2
    one = class_ratios(intersections, unions, seed=0)
    intervals = one.by_class()
    for interval, hits, totals in zip(intervals[:5], intersections.T, unions.T, strict=False):
        assert interval.mean == hits.sum() / totals.sum() and interval.low < interval.mean < interval.high
    assert np.isnan(intervals[5].low) and intervals[5].mean == 0.5
    half = class_ratios(intersections // 2, unions, seed=0)
    assert all(change.high < 0 for change in differences_by_class(half, one)[:5])


def test_intervals_cover_the_true_miou_and_the_true_difference() -> None:
    many, unions = photographs(np.random.default_rng(1), 400_000)
    worse = np.minimum(many, (many * 0.9).astype(int))
    truths = np.array([plain_miou(many, unions), plain_miou(many, unions) - plain_miou(worse, unions)])
    covered = []
    for trial in range(400):
        part = slice(1000 * trial, 1000 * trial + 200)
        first, second = (class_ratios(one[part], unions[part], seed=trial, resamples=500) for one in (many, worse))
        intervals = (first.interval, mean_difference(first, second))
        covered.append([one.low <= truth <= one.high for one, truth in zip(intervals, truths, strict=True)])
    assert (np.mean(covered, axis=0) >= 0.92).all() and (np.mean(covered, axis=0) <= 0.975).all()


def test_pairs_that_do_not_differ_are_rarely_found_to_differ() -> None:
    generator = np.random.default_rng(2)
    found = []
    for trial in range(400):
        intersections, unions = photographs(generator, 200)
        swap = generator.random((200, 1)) < 0.5  # which of two equal methods did better is a coin's throw
        other = (intersections * generator.uniform(0.8, 1, (200, 1))).astype(int)
        a, b = np.where(swap, other, intersections), np.where(swap, intersections, other)
        difference = mean_difference(*(class_ratios(one, unions, seed=trial, resamples=500) for one in (a, b)))
        found.append(not difference.low <= 0 <= difference.high)
    assert np.mean(found) <= 0.06


def test_pairs_are_known_better_than_each_alone() -> None:
    intersections, unions = photographs(np.random.default_rng(4), 100)
    worse = (intersections * 0.95).astype(int)
    first, second = (class_ratios(one, unions, seed=0) for one in (intersections, worse))
    alone, pair = first.interval, mean_difference(first, second)
    assert pair.low > 0 and pair.high - pair.low < 0.3 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("intersections", "unions", "error"),
    [
        (np.ones((3, 2)), np.ones((3, 4)), "equal shapes"),
        (np.ones((0, 2)), np.ones((0, 2)), "at least one photograph"),
        (np.full((3, 2), 2), np.ones((3, 2)), "outside of 0 and its total"),
        (np.ones((3, 4)), np.ones((3, 4)), "the same classes"),
    ],
)
def test_counts_that_cannot_be_are_refused(intersections: np.ndarray, unions: np.ndarray, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        mean_difference(
            class_ratios(intersections, unions, seed=0), class_ratios(np.ones((3, 2)), np.ones((3, 2)), seed=0)
        )
