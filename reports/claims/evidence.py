"""What a test of the claims ledger finds in the report's tables: one dataset, one segmenter, one training at a time.

Nothing is computed here twice: a verdict stands on the numbers that the page shows, so that it can be looked up.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from reports.claims.verdicts import Measured, Outcome, judge, untested
from reports.inputs.scores import Dataset
from reports.plan.claims import Check
from reports.plan.comparisons import Pair
from reports.statistics.paired import compare_columns
from reports.tables.cards import width_of
from reports.tables.documents import Table
from reports.tables.wording import count, listed

NO_RATINGS = "no ratings yet: `make study`"
SIMULATED = "simulated answers are no evidence"
ELSEWHERE = "times belong to one machine: `make repro` prints this verdict, times.html shows it"
DIFFERENCE = ("difference", "ci_low", "ci_high")
Tables = Mapping[str, Table]


def outcome(test: Check, dataset: Dataset, segmenter: str, tables: Tables, seed: int) -> Outcome:
    """The outcome of one test on one dataset; of mIoU, as one segmenter sees it."""
    barred = _barred(test, dataset)
    if barred:
        return untested(test, barred)
    found = _found(test, dataset, segmenter, tables, seed)
    return untested(test, found) if isinstance(found, str) else across_seeds(judge(test, found), dataset, tables)


def _barred(test: Check, dataset: Dataset) -> str:
    """Why a dataset is nothing that the test may be made on, "" if it is."""
    if test.data == "photographs" and "synthetic" in dataset.title:
        return "painted scenes are no photographs"
    missing = [method for method in dict.fromkeys((test.a, test.b)) if method not in dataset.cards]
    if missing:
        return f"needs the method {' and '.join(missing)}"
    if test.data == "full_width":
        widths = {method: width_of(dataset, method) or 0.0 for method in (test.a, test.b)}
        if set(widths.values()) != {1.0}:
            return f"networks here are not of full width ({listed(widths)})"
    return ""


def _found(test: Check, dataset: Dataset, segmenter: str, tables: Tables, seed: int) -> Measured | str:
    """What the tables say, or why they do not."""
    match test.evidence:
        case "paired":
            named = {"metric": test.measure, "method_a": test.a, "method_b": test.b}
            columns = ("mean_difference", "ci_low", "ci_high")
            return _row(tables, "paired", dataset, named, columns) or f"no {test.measure} of both methods"
        case "confusion":
            named = {"metric": test.measure, "method_a": test.a, "method_b": test.b}
            return _row(tables, "confusion_differences", dataset, named, DIFFERENCE) or "needs masks"
        case "miou":
            named = {"segmenter": segmenter, "method_a": test.a, "method_b": test.b}
            return _row(tables, "miou_differences", dataset, named, DIFFERENCE) or "needs masks and a segmenter"
        case "input":
            named = {"model": test.a, "metric": test.measure, "kind": "difference"}
            needs = f"needs masks, and {test.a} under `sizes` in params.yaml"
            return _row(tables, "input_sizes", dataset, named, ("value", "ci_low", "ci_high")) or needs
        case "people":
            return _people(test, dataset, tables)
        case "colorfulness":
            return _colorfulness(test, dataset, seed)
        case "size":
            sizes = [dataset.cards[method].parameters for method in (test.a, test.b)]
            return Measured(sizes[0] / sizes[1]) if sizes[0] and sizes[1] else "no number of parameters is stated"
        case "time":
            return ELSEWHERE


def _row(
    tables: Tables, name: str, dataset: Dataset, named: Mapping[str, str], columns: tuple[str, str, str]
) -> Measured | None:
    """The one row of a table that is `named` so, None where there is no such row or it has no value."""
    rows = _rows(tables, name, dataset, named)
    if rows.empty or not math.isfinite(rows.iloc[0][columns[0]]):
        return None
    row = rows.iloc[0]
    mean, low, high = (float(row[column]) for column in columns)
    return Measured(mean, low, high, int(row["n"]))


def _rows(tables: Tables, name: str, dataset: Dataset, named: Mapping[str, str]) -> pd.DataFrame:
    if name not in tables or tables[name].rows.empty:
        return pd.DataFrame()
    rows = tables[name].rows
    chosen = rows["dataset"].isin((dataset.name, dataset.title))
    for column, value in named.items():
        chosen &= rows[column] == value
    return rows[chosen]


def _people(test: Check, dataset: Dataset, tables: Tables) -> Measured | str:
    """What people said, in points of per cent; answers of simulated people say nothing about people."""
    named = {"criterion": test.measure, "method_a": test.a, "method_b": test.b}
    rows = _rows(tables, "naturalness_contrasts", dataset, named)
    if rows.empty:
        return NO_RATINGS
    if rows["simulated"].astype(bool).any():
        return SIMULATED
    row: dict[str, Any] = {str(key): value for key, value in rows.iloc[0].items()}
    mean, low, high = (float(row[column]) for column in DIFFERENCE)
    return Measured(mean, low, high, int(row["n_images"]), int(row["n_raters"]))


def _colorfulness(test: Check, dataset: Dataset, seed: int) -> Measured:
    """The difference of two colorfulnesses on the same photographs (the table has their distances from truth)."""
    wide = dataset.scores.pivot(index="id", columns="method", values="colorfulness").sort_index()
    found = compare_columns((wide[test.a] - wide[test.b]).to_numpy(dtype=float)[:, None], seed)[0]
    return Measured(found.mean, found.low, found.high, found.n)


def across_seeds(one: Outcome, dataset: Dataset, tables: Tables) -> Outcome:
    """A verdict of one training stands only if all others, where seeds were repeated, lie on its side.

    Seeds are never pooled: the interval stays that of the first, and the range of the others can only unsettle it.
    """
    if one.measured is None or one.test.evidence != "paired":
        return one
    named = {"metric": one.test.measure, "of": Pair(one.test.a, one.test.b, "").title}
    rows = _rows(tables, "seeds", dataset, named)
    if rows.empty:
        return one
    row = rows.iloc[0]
    told = f"from {row['spread_lowest']:.3g} to {row['spread_highest']:.3g} between {count(int(row['seeds']), 'seed')}"
    measured = replace(one.measured, note=told)
    ends = [judge(one.test, Measured(float(row[end]))) for end in ("spread_lowest", "spread_highest")]
    if one.verdict in ("supported", "contradicted") and any(end.verdict != one.verdict for end in ends):
        return Outcome(one.test, "undecided", measured, f"trainings disagree: {told}; more seeds would decide")
    return replace(one, measured=measured)
