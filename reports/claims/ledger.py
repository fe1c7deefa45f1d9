"""The claims ledger: every claim of the paper on every dataset, its tests, and a verdict from the data at hand."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.settings.params import Params
from reports.claims.evidence import Tables, outcome
from reports.claims.verdicts import POWER, Measured, Outcome, Verdict, combine, margins
from reports.inputs.scores import Dataset
from reports.plan.claims import Check, Claim
from reports.plan.comparisons import FEWEST, FEWEST_RATED
from reports.plan.measures import MEASURES
from reports.statistics.means import RESAMPLES
from reports.tables.documents import Table, sizes
from reports.tables.wording import interval_convention, number, signed, signed_with_interval, with_interval

VERDICTS: tuple[Verdict, ...] = (
    "supported",
    "contradicted",
    "no difference that matters",
    "undecided",
    "not tested",
)
FULL_SIZE, FULL_EPOCHS = 224, {"voc": 40, "coco_stuff": 20}  # the paper's, section 3.1
AT_ITS_SCALE = "the paper's photographs at its scale"
READING = (
    "A verdict is about the data in its row and no other data. The tests were written down in "
    "reports/plan/claims.yaml before any result was seen.",
    "Supported: the whole 95 % interval lies where the claim expects it, beyond the smallest difference that matters. "
    "Contradicted: the whole interval lies beyond that difference on the other side. No difference that matters: the "
    "whole interval lies within it on both sides. Undecided: anything else.",
    "A claim with several tests is supported only if every test supports it. One test is enough to contradict it, and "
    "else one is enough to show no difference that matters.",
    "For an undecided test the table gives the sample that would decide it: photographs, trainings or both. With it, "
    f"{POWER:.0%} of samples would give a verdict, if the estimate is right.",
    "Where two trained networks are compared, the interval holds both sources of chance: other photographs and other "
    "trainings. Networks that were trained once give no verdict on their methods. Nor do people who saw one training "
    "of each. A network that was not trained here is compared as it is: the verdict is about these weights of it.",
    "Nothing is concluded about a network that has not learned: its own loss on validation photographs is not below "
    "that of the best constant answer.",
    f"Fewer than {FEWEST} photographs, or {FEWEST_RATED} that people rated, give no verdict.",
    "A 95 % interval misses one time in twenty: of twenty verdicts, expect about one that chance alone explains.",
)


@dataclass(frozen=True)
class Entry:
    """One claim on one dataset, of mIoU as one segmenter sees it. `decided`: the outcome that gave the verdict."""

    id: str
    claim: Claim
    dataset: Dataset
    scope: str
    segmenter: str
    outcomes: tuple[Outcome, ...]

    @property
    def decided(self) -> Outcome:
        """The outcome that decides for the claim."""
        return combine(self.outcomes)

    @property
    def verdict(self) -> Verdict:
        """Supported, contradicted, undecided or not tested."""
        return self.decided.verdict


def ledger(claims: Mapping[str, Claim], datasets: Sequence[Dataset], tables: Tables, params: Params) -> list[Entry]:
    """An entry per claim and dataset, and per segmenter where one is asked."""
    return [
        Entry(
            id,
            claim,
            dataset,
            scope(dataset, params),
            segmenter,
            tuple(outcome(test, dataset, segmenter, tables, params.seed) for test in claim.tests),
        )
        for dataset in datasets
        for id, claim in claims.items()
        for segmenter in (dataset.segmentations if claim.tests[0].evidence == "miou" else {}) or [""]
    ]


def scope(dataset: Dataset, params: Params) -> str:
    """What verdicts on a dataset can say of the paper, which is about two datasets at one size."""
    block = params.dataset(dataset.name)
    if dataset.val.synthetic:
        return "painted scenes: they show how the methods differ on them, and neither confirm nor refute the paper"
    if dataset.val.kind not in FULL_EPOCHS:
        return "photographs that the paper does not use"
    own = (block.pack.size, block.train.width, block.train.epochs) == (FULL_SIZE, 1.0, FULL_EPOCHS[dataset.val.kind])
    if dataset.val.part_of:
        return f"a part of the paper's photographs{'' if own else ', on a smaller scale'}: a hint, not a repetition"
    return AT_ITS_SCALE if own else "the paper's photographs on a smaller scale: a hint"


def ledger_document(entries: Sequence[Entry], datasets: Sequence[Dataset], seed: int) -> Table:
    """The ledger as a table: numbers are those of the test that decides."""
    rows = [_row(entry) for entry in entries]
    shown = [
        {
            "Dataset": entry.dataset.title,
            "Claim": entry.claim.claim,
            "In the paper": entry.claim.where,
            "Test": check_in_words(entry.decided.test),
            "Found [95 % interval]": estimate_in_words(entry.decided),
            "n": f"{row['n']:,}" if row["n"] else "-",
            "Verdict": verdict_in_words(entry),
        }
        for entry, row in zip(entries, rows, strict=True)
    ]
    scopes = dict.fromkeys(f"{entry.dataset.title}: {entry.scope}." for entry in entries)
    caption = (
        f"Claims of the paper, tested on {sizes(datasets)}. Brackets: {interval_convention(RESAMPLES, seed)}, of "
        "measures by photograph BCa. Where a claim has several tests, the row shows the one that decides."
    )
    words = ("Dataset", "Claim", "In the paper", "Test", "Verdict")
    return Table("claims", pd.DataFrame(rows), pd.DataFrame(shown), caption, (*scopes, *READING), words)


def ledger_json(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The ledger for programs, with every test; null where there is no number."""
    return [
        {name: _plain(value) for name, value in _row(entry).items()}
        | {
            "printed": entry.claim.printed,
            "remark": entry.claim.remark,
            "scope": entry.scope,
            "tests": [
                {"test": check_in_words(outcome.test), "verdict": outcome.verdict, "reason": outcome.reason}
                | {name: _plain(value) for name, value in _numbers(outcome).items()}
                for outcome in entry.outcomes
            ],
        }
        for entry in entries
    ]


def _row(entry: Entry) -> dict[str, Any]:
    decided = entry.decided
    return {
        "id": entry.id,
        "claim": entry.claim.claim,
        "where": entry.claim.where,
        "data": entry.dataset.title,
        "segmenter": entry.segmenter,
        "test": check_in_words(decided.test),
        **_numbers(decided),
        "verdict": decided.verdict,
        "reason": decided.reason,
    }


def _numbers(outcome: Outcome) -> dict[str, Any]:
    measured = outcome.measured or Measured(math.nan)
    deciding = math.ceil(outcome.times * measured.n) if math.isfinite(outcome.times) else None
    return {
        "estimate": measured.estimate,
        "ci_low": measured.low,
        "ci_high": measured.high,
        "n": measured.n,
        "n_raters": measured.raters,
        "n_deciding": deciding,
        "n_trainings": measured.trainings,
        "n_trainings_deciding": outcome.trainings or None,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def check_in_words(test: Check) -> str:
    """`PSNR, dB of semantics_jbu - semantics within ±0.5`."""
    if test.evidence == "input":
        pair = f"{test.a}, smallest - largest input"
    else:
        pair = f"{test.a} {'/' if test.ratio else '-'} {test.b}"
    if test.expects != "within":
        limit = f"{test.expects} {margins(test)[test.expects == 'above']:g}"
    else:
        limit = f"within 1/{test.threshold:g} and {test.threshold:g}" if test.ratio else f"within ±{test.threshold:g}"
    return f"{MEASURES[test.measure].label} of {pair} {limit}"


def estimate_in_words(outcome: Outcome) -> str:
    """The difference with its sign and interval, a ratio as it is, a dash where nothing was measured."""
    if outcome.measured is None:
        return "-"
    found, digits = outcome.measured, MEASURES[outcome.test.measure].digits_of_difference
    if math.isnan(found.low):
        return number(found.estimate, digits) if outcome.test.ratio else signed(found.estimate, digits)
    text = with_interval if outcome.test.ratio else signed_with_interval
    return text(found.estimate, found.low, found.high, digits)


def verdict_in_words(entry: Entry) -> str:
    """The verdict, and why it is none or what would give one."""
    decided = entry.decided
    seen = f" (seen by {entry.segmenter})" if entry.segmenter else ""
    return f"{decided.verdict}{seen}{': ' * bool(decided.reason)}{decided.reason}"
