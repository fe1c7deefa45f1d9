"""Verdicts on the claims about time. They hold for one machine, so they stand with the times, not in the report."""

from collections.abc import Iterable, Mapping, Sequence

from reports.claims.verdicts import Measured, Outcome, Verdict, combine, judge, untested
from reports.plan.claims import Check, Claim
from reports.times.times import NOWHERE, Time

Widths = Mapping[tuple[str, str], float]  # (dataset, method) -> what multiplies the layers of its network


def widths_of(rows: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], float]:
    """The widths in the rows of `size_and_time.csv`."""
    return {(row["dataset"], row["method"]): float(row["width"]) for row in rows if row["width"]}


def speed_verdicts(claims: Mapping[str, Claim], times: Sequence[Time], widths: Widths) -> list[str]:
    """A sentence per dataset and claim about time."""
    sentences = []
    for dataset in dict.fromkeys(time.dataset for time in times):
        of_dataset = {time.method: time for time in times if time.dataset == dataset}
        for claim in claims.values():
            if all(check.evidence == "time" for check in claim.tests):
                outcomes = [_outcome(check, dataset, of_dataset, widths) for check in claim.tests]
                sentences.append(f"{dataset}: {claim.claim} {_sentence(combine(outcomes).verdict, outcomes)}")
    return sentences


def _outcome(check: Check, dataset: str, times: Mapping[str, Time], widths: Widths) -> Outcome:
    """The ratio of two times; not tested unless both were measured on one machine, at full width."""
    pair = [times.get(method) for method in (check.a, check.b)]
    first, second = (None if time is None else time.milliseconds for time in pair)
    if not first or not second:
        return untested(check, NOWHERE)
    if len({time.device for time in pair if time}) > 1:
        return untested(check, "measured on two machines")
    if any(widths.get((dataset, method)) != 1 for method in (check.a, check.b)):
        return untested(check, f"{first / second:.2f} times, but networks here are not of full width")
    return judge(check, Measured(first / second))


def _sentence(verdict: Verdict, outcomes: Sequence[Outcome]) -> str:
    """`Supported (semantics / zhang 1.10).`"""
    found = [
        f"{outcome.test.a} / {outcome.test.b} {outcome.measured.estimate:.2f}"
        if outcome.measured
        else f"{outcome.test.b}: {outcome.reason}"
        for outcome in outcomes
    ]
    return f"{verdict.capitalize()} ({'; '.join(found)})."
