"""When data support a claim, contradict it, or leave it undecided, and how many photographs would decide it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist  # not scipy's: `reports.summary` answers at once
from typing import Literal

from reports.plan.claims import Check

Verdict = Literal["supported", "contradicted", "undecided", "not tested"]

POWER = 0.80  # how surely the sample size that is named would decide, if the estimate were the truth
REACH = 1 + NormalDist().inv_cdf(POWER) / NormalDist().inv_cdf(0.975)  # 2.80 / 1.96, of the report's 95 % intervals
MOST = 10_000_000  # photographs: an estimate that needs more is as good as on the threshold


@dataclass(frozen=True)
class Measured:
    """What was found for one test: a difference or ratio with the ends of its 95 % interval, from `n` photographs.

    `low`, `high`: NaN where nothing was sampled, as for the number of a network's parameters. `raters`: how many people
    answered, 0 for machines. `note`: what a reader must know of it, such as who has segmented.
    """

    estimate: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    raters: int = 0
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """One test's verdict. `times`: what multiplies the sample so that it would decide, NaN where none would."""

    test: Check
    verdict: Verdict
    measured: Measured | None
    reason: str = ""
    times: float = math.nan


def judge(test: Check, measured: Measured) -> Outcome:
    """The verdict of one test: the whole interval must lie on one side of the threshold."""
    if not math.isfinite(measured.estimate):
        return Outcome(test, "not tested", None, "there is no finite value to compare")
    low, high = (measured.estimate, measured.estimate) if math.isnan(measured.low) else (measured.low, measured.high)
    inside, outside = _places(test, low, high)
    if inside:
        return Outcome(test, "supported", measured)
    if outside:
        return Outcome(test, "contradicted", measured)
    times = sample_factor(test, measured)
    needed = "no sample of a practical size" if math.isnan(times) else _sample(times, measured)
    return Outcome(test, "undecided", measured, f"{needed} would decide", times)


def untested(test: Check, reason: str) -> Outcome:
    """What cannot be tested here, and why."""
    return Outcome(test, "not tested", None, reason)


def _places(test: Check, low: float, high: float) -> tuple[bool, bool]:
    """Whether the interval lies wholly where the claim expects it, and wholly elsewhere."""
    if test.expects == "above":
        return low > test.threshold, high < test.threshold
    if test.expects == "below":
        return high < test.threshold, low > test.threshold
    nearest, farthest = _margins(test)
    return nearest < low and high < farthest, high < nearest or low > farthest


def _margins(test: Check) -> tuple[float, float]:
    """The two ends of `within`."""
    return (1 / test.threshold, test.threshold) if test.ratio else (-test.threshold, test.threshold)


def sample_factor(test: Check, measured: Measured) -> float:
    """How many times the sample would decide a test with a chance of `POWER`, were the estimate the truth.

    An interval narrows with the root of the sample. With half of it h towards the threshold and the estimate d away
    from it, the standard error is h / 1.96 and must become d / (1.96 + 0.84). NaN for an estimate on the threshold, or
    so close that `MOST` photographs would not do.
    """
    ends: tuple[float, ...] = _margins(test) if test.expects == "within" else (test.threshold,)
    if test.expects == "within" and not ends[0] <= measured.estimate <= ends[1]:
        ends = (
            min(ends, key=lambda end: abs(measured.estimate - end)),
        )  # outside, the nearer end alone can be in doubt
    factors = []
    for end in ends:
        distance = measured.estimate - end
        half = measured.estimate - measured.low if distance > 0 else measured.high - measured.estimate
        factors.append((REACH * half / distance) ** 2 if distance else math.inf)
    factor = max(factors)
    return factor if factor * max(1, measured.n) <= MOST else math.nan


def _sample(times: float, measured: Measured) -> str:
    photographs = f"{rounded_up(times * measured.n):,} photographs"
    if not measured.raters:
        return f"about {photographs}"
    # With both people and photographs drawn at random, the error falls with both.
    return f"about {rounded_up(times * measured.raters):,} raters and {photographs}"


def rounded_up(amount: float) -> int:
    """To two digits: an interval's width is not known better."""
    step = 10 ** max(0, math.floor(math.log10(amount)) - 1)
    return math.ceil(amount / step) * step


def combine(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome that decides for the whole claim: all tests must support it, and one contradiction is enough."""
    for verdict in ("contradicted", "not tested"):
        found = [outcome for outcome in outcomes if outcome.verdict == verdict]
        if found:
            return found[0]
    undecided = [outcome for outcome in outcomes if outcome.verdict == "undecided"]
    if undecided:  # the one that needs the largest sample
        return max(undecided, key=lambda outcome: math.inf if math.isnan(outcome.times) else outcome.times)
    return outcomes[0]
