"""When data support a claim, contradict it, or leave it undecided, and what sample would decide it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist  # not scipy's: `reports.summary` answers at once
from typing import Literal

from reports.plan.claims import Check
from reports.plan.comparisons import FEWEST, FEWEST_RATED

Verdict = Literal["supported", "contradicted", "no difference that matters", "undecided", "not tested"]

POWER = 0.80  # how surely the sample size that is named would decide, if the estimate were the truth
REACH = 1 + NormalDist().inv_cdf(POWER) / NormalDist().inv_cdf(0.975)  # 2.80 / 1.96, of the report's 95 % intervals
MOST = 10_000_000  # photographs: an estimate that needs more is as good as on the threshold
MOST_TRAININGS = 100


@dataclass(frozen=True)
class Measured:
    """What was found for one test: a difference or ratio with the ends of its 95 % interval, from `n` photographs.

    `low`, `high`: NaN where nothing was sampled, as for the number of a network's parameters. `raters`: how many people
    answered, 0 for machines. `trainings`: of the side with the fewest; 0 where other trainings would change nothing, or
    nothing is known of any. `trainings_half`: the part of the interval's half-width that they make up (its root sum of
    squares with the photographs' part). `sides`: the trainings of each method that was trained here, ()
    where both count alike.
    """

    estimate: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    raters: int = 0
    trainings: int = 0
    trainings_half: float = 0.0
    sides: tuple[int, ...] = ()

    @property
    def each(self) -> str:
        """What to write after a number of trainings: " each" where both methods have some."""
        return "" if len(self.sides) == 1 else " each"


@dataclass(frozen=True)
class Outcome:
    """One test's verdict. `times`: what multiplies the sample so that it would decide, NaN where none would.

    `trainings`: how many of each network would then be needed, 0 where those that there are do.
    """

    test: Check
    verdict: Verdict
    measured: Measured | None
    reason: str = ""
    times: float = math.nan
    trainings: int = 0


def judge(test: Check, measured: Measured) -> Outcome:
    """The verdict of one test: the whole interval must lie beyond, or within, what matters."""
    if not math.isfinite(measured.estimate):
        return Outcome(test, "not tested", None, "there is no finite value to compare")
    fewest = FEWEST_RATED if measured.raters else FEWEST
    if 0 < measured.n < fewest:
        return Outcome(test, "undecided", measured, f"{measured.n} photographs are too few, {fewest} are needed")
    if measured.trainings == 1:
        return Outcome(test, "undecided", measured, f"{_once(test, measured)}: no verdict on the method")
    verdict = _verdict(test, measured)
    if verdict:
        return Outcome(test, verdict, measured)
    return Outcome(test, "undecided", measured, *_deciding(test, measured))


def untested(test: Check, reason: str) -> Outcome:
    """What cannot be tested here, and why."""
    return Outcome(test, "not tested", None, reason)


def _once(test: Check, measured: Measured) -> str:
    """What was trained once: the only method that was trained, one of two, or both."""
    if len(set(measured.sides)) == 2:
        return f"one training of {test.a if measured.sides[0] == 1 else test.b}"
    return f"one training{measured.each}"


def _verdict(test: Check, measured: Measured) -> Verdict | None:
    """What the interval decides, None if nothing."""
    low, high = (measured.estimate, measured.estimate) if math.isnan(measured.low) else (measured.low, measured.high)
    nearest, farthest = margins(test)
    inside, above, below = nearest < low and high < farthest, low > farthest, high < nearest
    if test.expects == "within":
        return "supported" if inside else "contradicted" if above or below else None
    if inside and nearest < farthest:
        return "no difference that matters"
    expected, other = (above, below) if test.expects == "above" else (below, above)
    return "supported" if expected else "contradicted" if other else None


def margins(test: Check) -> tuple[float, float]:
    """The two ends between which a difference does not matter; the threshold twice, of a ratio above or below it."""
    if test.expects == "within":
        return (1 / test.threshold, test.threshold) if test.ratio else (-test.threshold, test.threshold)
    return test.threshold - test.matters, test.threshold + test.matters


def _deciding(test: Check, measured: Measured) -> tuple[str, float, int]:
    """What sample would decide with a chance of `POWER`, were the estimate the truth.

    In words, as a factor of the photographs, and as trainings of each network (0: as many as there are).
    """
    needs = [_needed(end, measured) for end in _doubtful(test, measured)]
    times, trainings = (max(column) for column in zip(*needs, strict=True))
    if times * max(1, measured.n) > MOST or trainings > MOST_TRAININGS:
        return "no sample of a practical size would decide", math.nan, 0
    parts = [_sample(times, measured)] if times > 1 else []
    of_each = " of each" if measured.each else ""
    parts += [f"{trainings} trainings{of_each}"] if trainings > measured.trainings else []
    return f"about {' and '.join(parts)} would decide", times, trainings * (trainings > measured.trainings)


def _doubtful(test: Check, measured: Measured) -> Sequence[float]:
    """The ends of the margin that the interval must exclude for a verdict: both where the estimate is between them."""
    ends = margins(test)
    if ends[0] <= measured.estimate <= ends[1]:
        return ends
    return [min(ends, key=lambda end: abs(measured.estimate - end))]  # outside, the nearer end alone can be in doubt


def _needed(end: float, measured: Measured) -> tuple[float, int]:
    """What excludes one end: a factor of the photographs, infinite where none does, and a number of trainings.

    With half an interval h towards the end and the estimate d away from it, the standard error is h / 1.96 and must
    become d / (1.96 + 0.84). h has two parts, which add in quadrature: the photographs' falls with the root of their
    number, the trainings' with the root of theirs. The part that is too large is made smaller, or both by as much.
    """
    half = measured.estimate - measured.low if end < measured.estimate else measured.high - measured.estimate
    photographs = math.sqrt(max(0.0, half**2 - measured.trainings_half**2))
    needed = abs(measured.estimate - end) / REACH
    kept = min(photographs, needed / math.sqrt(2))
    trainings = _trainings(measured, math.sqrt(needed**2 - kept**2))
    left = needed**2 - _half_of(measured, trainings) ** 2
    return max(1.0, photographs**2 / left) if left > 0 else math.inf, trainings


def _trainings(measured: Measured, half: float) -> int:
    """How many trainings make up no more than `half`, one more than `MOST_TRAININGS` where none do."""
    if not measured.trainings_half:
        return measured.trainings
    enough = (more for more in range(measured.trainings, MOST_TRAININGS + 1) if _half_of(measured, more) <= half)
    return next(enough, MOST_TRAININGS + 1)


def _half_of(measured: Measured, trainings: int) -> float:
    """The trainings' part of the half-width with so many of them: it falls with the root, and with Student's factor."""
    if not measured.trainings_half:
        return 0.0
    students = [_student(amount, len(measured.sides) or 2) for amount in (trainings, measured.trainings)]
    factor = math.sqrt(measured.trainings / trainings) * students[0] / students[1]
    return measured.trainings_half * factor


def _student(trainings: int, sides: int) -> float:
    """Student's 97.5 % quantile where one or both `sides` have so many trainings, with equal scatter.

    Exact for few, then by the series of Abramowitz and Stegun (26.7.5), which is off by less than 0.01.
    """
    degrees = sides * (trainings - 1)
    few = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447}
    return few.get(degrees, 1.960 + 2.372 / degrees + 2.823 / degrees**2)


def _sample(times: float, measured: Measured) -> str:
    photographs = f"{rounded_up(times * measured.n):,} photographs"
    if not measured.raters:
        return photographs
    # With both people and photographs drawn at random, the error falls with both.
    return f"{rounded_up(times * measured.raters):,} raters and {photographs}"


def rounded_up(amount: float) -> int:
    """To two digits: an interval's width is not known better."""
    step = 10 ** max(0, math.floor(math.log10(amount)) - 1)
    return math.ceil(amount / step) * step


def combine(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome that decides for the whole claim: all tests must support it, and one contradiction is enough."""
    for verdict in ("contradicted", "not tested", "no difference that matters"):
        found = [outcome for outcome in outcomes if outcome.verdict == verdict]
        if found:
            return found[0]
    undecided = [outcome for outcome in outcomes if outcome.verdict == "undecided"]
    if undecided:  # the one that needs the largest sample
        return max(undecided, key=lambda one: (math.inf if math.isnan(one.times) else one.times, one.trainings))
    return outcomes[0]
