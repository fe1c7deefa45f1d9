"""Every rule of the ledger's verdicts, on constructed numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm, t

from reports.claims.verdicts import Measured, combine, judge, rounded_up, untested
from reports.plan.claims import Check
from reports.plan.comparisons import FEWEST, FEWEST_RATED


def check(expects: str = "above", threshold: float = 0.0, evidence: str = "paired", matters: float = 0.0) -> Check:
    return Check(evidence, "psnr_rgb", "a", "b", expects, threshold, matters=matters)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expects", "threshold", "low", "high", "verdict"),
    [
        ("above", 0, 0.1, 0.3, "supported"),
        ("above", 0, -0.3, -0.1, "contradicted"),
        ("above", 0, -0.1, 0.3, "undecided"),
        ("above", 0, 0.0, 0.3, "undecided"),  # an interval that touches the threshold does not exclude it
        ("above", 0, 0.0, 0.0, "undecided"),
        ("above", 2, 0.1, 0.3, "contradicted"),
        ("below", 0, -0.3, -0.1, "supported"),
        ("below", 0, 0.1, 0.3, "contradicted"),
        ("below", 0, -0.1, 0.3, "undecided"),
        ("within", 0.5, -0.4, 0.4, "supported"),
        ("within", 0.5, 0.1, 0.3, "supported"),  # surely not zero, and surely small
        ("within", 0.5, 0.6, 0.9, "contradicted"),
        ("within", 0.5, -0.9, -0.6, "contradicted"),
        ("within", 0.5, 0.4, 0.6, "undecided"),
        ("within", 0.5, -0.9, 0.9, "undecided"),
        ("above", 0, math.nan, math.nan, "not tested"),
        ("above", 0, math.inf, math.inf, "not tested"),
    ],
)
def test_the_whole_interval_must_lie_on_one_side(
    expects: str, threshold: float, low: float, high: float, verdict: str
) -> None:
    assert judge(check(expects, threshold), Measured((low + high) / 2, low, high, 100)).verdict == verdict


@pytest.mark.parametrize(
    ("expects", "low", "high", "verdict"),
    [
        ("above", 0.6, 0.9, "supported"),
        ("above", 0.4, 0.9, "undecided"),  # above zero, but perhaps by less than what matters
        ("above", 0.5, 0.9, "undecided"),
        ("above", 0.1, 0.4, "no difference that matters"),  # surely not zero, and surely small
        ("above", -0.4, 0.4, "no difference that matters"),
        ("above", -0.5, 0.4, "undecided"),
        ("above", -0.9, 0.4, "undecided"),
        ("above", -0.9, -0.6, "contradicted"),
        ("below", -0.9, -0.6, "supported"),
        ("below", -0.9, -0.1, "undecided"),
        ("below", -0.4, 0.1, "no difference that matters"),
        ("below", 0.6, 0.9, "contradicted"),
    ],
)
def test_a_difference_must_be_beyond_the_smallest_that_matters(
    expects: str, low: float, high: float, verdict: str
) -> None:
    found = judge(check(expects, matters=0.5), Measured((low + high) / 2, low, high, 100))
    assert found.verdict == verdict


def test_too_few_photographs_give_no_verdict() -> None:
    found = judge(check(), Measured(1.0, 0.9, 1.1, FEWEST - 1))
    assert (found.verdict, found.reason) == ("undecided", "49 photographs are too few, 50 are needed")
    assert judge(check(), Measured(1.0, 0.9, 1.1, FEWEST)).verdict == "supported"


def test_people_may_have_rated_fewer() -> None:
    assert judge(check(), Measured(1.0, 0.9, 1.1, FEWEST_RATED, 20)).verdict == "supported"
    found = judge(check(), Measured(1.0, 0.9, 1.1, FEWEST_RATED - 1, 20))
    assert found.reason == "29 photographs are too few, 30 are needed"


def test_one_training_each_gives_no_verdict() -> None:
    found = judge(check(), Measured(1.0, 0.9, 1.1, 1449, trainings=1))
    assert (found.verdict, found.reason) == ("undecided", "one training each: no verdict on the method")
    assert math.isnan(found.times)


def test_one_training_is_said_of_what_was_trained_once() -> None:
    said = {(1,): "one training", (1, 1): "one training each", (3, 1): "one training of b", (1, 3): "one training of a"}
    for sides, words in said.items():
        found = judge(replace(check(), a="a", b="b"), Measured(1.0, 0.9, 1.1, 1449, trainings=1, sides=sides))
        assert found.reason == f"{words}: no verdict on the method"


def test_trainings_of_one_side_are_not_said_of_each_and_have_fewer_degrees_of_freedom() -> None:
    both = judge(check(), measured(0.5, 0.05, 0.8))
    alone = judge(check(), replace(measured(0.5, 0.05, 0.8), sides=(3,)))
    assert alone.reason.endswith("trainings would decide") and both.reason.endswith("trainings of each would decide")
    assert alone.trainings < both.trainings  # Student's factor falls more from 3 trainings on where there are fewer


def measured(mean: float, photographs: float, trainings: float, n: int = 200, seeds: int = 3) -> Measured:
    """A difference with the two parts of its half-width."""
    half = math.hypot(photographs, trainings)
    return Measured(mean, mean - half, mean + half, n, 0, seeds, trainings)


def test_undecided_names_trainings_where_trainings_are_missing() -> None:
    found = judge(check(), measured(0.5, 0.05, 0.8))
    assert found.verdict == "undecided" and found.reason.endswith("trainings of each would decide")
    assert "photographs" not in found.reason and found.times == 1 and found.trainings > 3


def test_undecided_names_photographs_where_photographs_are_missing() -> None:
    found = judge(check(), measured(0.5, 0.8, 0.05))
    assert found.verdict == "undecided" and found.reason.endswith("photographs would decide")
    assert "trainings" not in found.reason and found.times > 1 and found.trainings == 0


def test_undecided_names_both_where_both_are_missing() -> None:
    found = judge(check(), measured(0.5, 0.8, 0.8))
    assert "photographs and" in found.reason and "trainings of each would decide" in found.reason


@pytest.mark.parametrize("parts", [(0.05, 0.8), (0.8, 0.05), (0.8, 0.8), (0.35, 0.5)])
def test_with_the_sample_it_names_the_interval_is_as_narrow_as_it_must_be(parts: tuple[float, float]) -> None:
    photographs, trainings = parts
    found = judge(check(), measured(0.5, photographs, trainings))
    seeds = found.trainings or 3
    students = [student(number) for number in (3, seeds)]
    half = math.hypot(photographs / found.times**0.5, trainings * (3 / seeds) ** 0.5 * students[1] / students[0])
    assert half <= 0.5 / (1 + norm.ppf(0.8) / norm.ppf(0.975)) + 0.001


def student(seeds: int) -> float:
    """Welch's quantile of two methods with equal scatter."""
    return float(t.ppf(0.975, 2 * (seeds - 1)))


def test_trainings_that_no_one_would_make_are_no_advice() -> None:
    found = judge(check(), measured(0.01, 0.001, 0.8))
    assert found.reason == "no sample of a practical size would decide" and math.isnan(found.times)


@pytest.mark.parametrize(
    ("expects", "threshold", "ratio", "verdict"),
    [
        ("within", 1.25, 1.1, "supported"),
        ("within", 1.25, 0.81, "supported"),
        ("within", 1.25, 0.79, "contradicted"),  # much smaller is not close, either
        ("within", 1.25, 1.3, "contradicted"),
        ("below", 0.5, 0.4, "supported"),
        ("below", 0.5, 0.6, "contradicted"),
    ],
)
def test_a_ratio_without_an_interval_is_on_a_side_or_is_not(
    expects: str, threshold: float, ratio: float, verdict: str
) -> None:
    assert judge(check(expects, threshold, "size"), Measured(ratio)).verdict == verdict


@pytest.mark.parametrize(
    ("expects", "threshold", "mean"),
    [("above", 0.0, 0.1), ("below", 0.0, 0.1), ("within", 0.5, 0.42), ("within", 0.5, 0.6)],
)
def test_the_sample_it_names_decides_as_often_as_it_says(expects: str, threshold: float, mean: float) -> None:
    one, deviation, n = check(expects, threshold), 2.0, 100
    half = norm.ppf(0.975) * deviation / n**0.5
    outcome = judge(one, Measured(mean, mean - half, mean + half, n))
    assert outcome.verdict == "undecided"
    needed = math.ceil(outcome.times * n)
    assert f"about {rounded_up(needed):,} photographs would decide" == outcome.reason
    half = norm.ppf(0.975) * deviation / needed**0.5
    means = np.random.default_rng(0).normal(mean, deviation / needed**0.5, 4000)
    decided = [judge(one, Measured(m, m - half, m + half, needed)).verdict != "undecided" for m in means]
    assert 0.77 < np.mean(decided) < 0.83


def test_the_sample_goes_by_the_end_towards_the_threshold_and_counts_raters_too() -> None:
    near, far = Measured(1.0, -0.5, 1.1, 100), Measured(1.0, -0.5, 9.0, 100)
    assert judge(check(), near).times == judge(check(), far).times
    for estimate in (0.0, 1e-9):
        outcome = judge(check(), Measured(estimate, -1, 1, 300))
        assert outcome.verdict == "undecided" and math.isnan(outcome.times)
        assert outcome.reason == "no sample of a practical size would decide"
    outcome = judge(check(), Measured(1.0, -1.0, 3.0, n=60, raters=20))
    times = (2 * (norm.ppf(0.975) + norm.ppf(0.8)) / norm.ppf(0.975)) ** 2
    expected = f"about {rounded_up(20 * times)} raters and {rounded_up(60 * times)} photographs would decide"
    assert outcome.reason == expected


OUTCOMES = {
    "supported": judge(check(), Measured(1, 0.5, 1.5, 90)),
    "contradicted": judge(check(), Measured(-1, -1.5, -0.5, 90)),
    "no difference that matters": judge(check(matters=2), Measured(1, 0.5, 1.5, 90)),
    "undecided": judge(check(), Measured(1, -0.5, 2.5, 90)),
    "not tested": untested(check(), "no ratings yet"),
}


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        (("supported", "supported"), "supported"),
        (("supported", "undecided"), "undecided"),
        (("supported", "contradicted"), "contradicted"),
        (("undecided", "contradicted"), "contradicted"),
        (("not tested", "contradicted"), "contradicted"),  # one contradiction is enough
        (("not tested", "supported"), "not tested"),
        (("not tested", "undecided"), "not tested"),
        (("supported", "no difference that matters"), "no difference that matters"),
        (("undecided", "no difference that matters"), "no difference that matters"),  # it cannot be supported any more
        (("contradicted", "no difference that matters"), "contradicted"),
        (("not tested", "no difference that matters"), "not tested"),
    ],
)
def test_all_tests_must_support_a_claim_and_one_can_contradict_it(verdicts: tuple[str, ...], verdict: str) -> None:
    for order in (verdicts, verdicts[::-1]):
        assert combine([OUTCOMES[name] for name in order]).verdict == verdict


def test_of_undecided_tests_the_one_that_needs_most_decides() -> None:
    little, much, never = (judge(check(), Measured(mean, -1, 2, 90)) for mean in (0.5, 0.1, 0.0))
    assert combine([little, much]) == much
    assert combine([much, never, little]) == never


@pytest.mark.parametrize(
    ("amount", "rounded"), [(1.2, 2), (41.3, 42), (329_928, 330_000), (934, 940), (1_000.1, 1_100)]
)
def test_samples_are_rounded_up_to_two_digits(amount: float, rounded: int) -> None:
    assert rounded_up(amount) == rounded
