"""Every rule of the ledger's verdicts, on constructed numbers."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from reports.claims.verdicts import Measured, combine, judge, rounded_up, sample_factor, untested
from reports.plan.claims import Check


def check(expects: str = "above", threshold: float = 0.0, evidence: str = "paired") -> Check:
    return Check(evidence, "psnr_rgb", "a", "b", expects, threshold)  # type: ignore[arg-type]


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
    near, far = Measured(1.0, -0.5, 1.1, 10), Measured(1.0, -0.5, 9.0, 10)
    assert sample_factor(check(), near) == sample_factor(check(), far)
    for estimate in (0.0, 1e-9):
        outcome = judge(check(), Measured(estimate, -1, 1, 300))
        assert outcome.verdict == "undecided" and math.isnan(outcome.times)
        assert outcome.reason == "no sample of a practical size would decide"
    outcome = judge(check(), Measured(1.0, -1.0, 3.0, n=60, raters=20))
    times = (2 * (norm.ppf(0.975) + norm.ppf(0.8)) / norm.ppf(0.975)) ** 2
    expected = f"about {rounded_up(20 * times)} raters and {rounded_up(60 * times)} photographs would decide"
    assert outcome.reason == expected


OUTCOMES = {
    "supported": judge(check(), Measured(1, 0.5, 1.5, 9)),
    "contradicted": judge(check(), Measured(-1, -1.5, -0.5, 9)),
    "undecided": judge(check(), Measured(1, -0.5, 2.5, 9)),
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
    ],
)
def test_all_tests_must_support_a_claim_and_one_can_contradict_it(verdicts: tuple[str, ...], verdict: str) -> None:
    for order in (verdicts, verdicts[::-1]):
        assert combine([OUTCOMES[name] for name in order]).verdict == verdict


def test_of_undecided_tests_the_one_that_needs_most_decides() -> None:
    little, much, never = (judge(check(), Measured(mean, -1, 2, 9)) for mean in (0.5, 0.1, 0.0))
    assert combine([little, much]) == much
    assert combine([much, never, little]) == never


@pytest.mark.parametrize(
    ("amount", "rounded"), [(1.2, 2), (41.3, 42), (329_928, 330_000), (934, 940), (1_000.1, 1_100)]
)
def test_samples_are_rounded_up_to_two_digits(amount: float, rounded: int) -> None:
    assert rounded_up(amount) == rounded
