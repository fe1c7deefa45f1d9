"""What a test of the claims ledger finds in the report's tables: one dataset, one segmenter, one training at a time.

Nothing is computed here twice: a verdict stands on the numbers that the page shows, so that it can be looked up.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

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
Tables = Mapping[str, Table]


def outcome(test: Check, dataset: Dataset, segmenter: str, tables: Tables, seed: int) -> Outcome:
    """The outcome of one test on one dataset; of mIoU, as one segmenter sees it."""
    obstacle = _obstacle(test, dataset)
    if obstacle:
        return untested(test, obstacle)
    found = _found(test, dataset, segmenter, tables, seed)
    return untested(test, found) if isinstance(found, str) else across_seeds(judge(test, found), dataset, tables)


def _obstacle(test: Check, dataset: Dataset) -> str:
    """Why the test cannot be made on this dataset, "" if it can."""
    if test.data == "photographs" and dataset.val.synthetic:
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
    pair = {"method_a": test.a, "method_b": test.b}
    match test.evidence:
        case "paired":
            rows = _rows(tables, "paired", dataset, pair | {"metric": test.measure})
            return _first(rows, "mean_difference") or f"no {test.measure} of both methods"
        case "confusion":
            rows = _rows(tables, "confusion_differences", dataset, pair | {"metric": test.measure})
            return _first(rows, "difference") or "needs masks"
        case "miou":
            rows = _rows(tables, "miou_differences", dataset, pair | {"segmenter": segmenter})
            return _first(rows, "difference") or "needs masks and a segmenter"
        case "input":
            named = {"model": test.a, "metric": test.measure, "kind": "difference"}
            rows = _rows(tables, "input_sizes", dataset, named)
            return _first(rows, "value") or f"needs masks, and {test.a} under `sizes` in params.yaml"
        case "people":
            return _people(test, dataset, tables)
        case "colorfulness":
            return _colorfulness(test, dataset, seed)
        case "size":
            sizes = [dataset.cards[method].parameters for method in (test.a, test.b)]
            return Measured(sizes[0] / sizes[1]) if sizes[0] and sizes[1] else "no number of parameters is stated"
        case "time":
            return ELSEWHERE


def _first(rows: pd.DataFrame, estimate: str) -> Measured | None:
    """The column `estimate` of the first row with its interval, None where there is no such row or it has no value."""
    if rows.empty or not math.isfinite(rows.iloc[0][estimate]):
        return None
    row = rows.iloc[0]
    value, low, high = (float(row[column]) for column in (estimate, "ci_low", "ci_high"))
    return Measured(value, low, high, int(row["n"]))


def _rows(tables: Tables, name: str, dataset: Dataset, named: Mapping[str, str]) -> pd.DataFrame:
    """The rows of a table about this dataset that are `named` so."""
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
    found = _first(rows.assign(n=rows["n_images"]), "difference")
    return replace(found, raters=int(rows.iloc[0]["n_raters"])) if found else "there is no finite value to compare"


def _colorfulness(test: Check, dataset: Dataset, seed: int) -> Measured:
    """The difference of two colorfulnesses on the same photographs (the table has their distances from truth)."""
    wide = dataset.scores.pivot(index="id", columns="method", values="colorfulness").sort_index()
    found = compare_columns((wide[test.a] - wide[test.b]).to_numpy(dtype=float)[:, None], seed)[0]
    return Measured(found.mean, found.low, found.high, found.n)


def across_seeds(outcome: Outcome, dataset: Dataset, tables: Tables) -> Outcome:
    """The same outcome, or undecided where trainings with other seeds do not agree with it.

    Seeds are never pooled: the interval stays that of the first, and the range of all seeds can only unsettle it.
    """
    test = outcome.test
    if outcome.measured is None or test.evidence != "paired":
        return outcome
    named = {"metric": test.measure, "of": Pair(test.a, test.b, "").title}
    rows = _rows(tables, "seeds", dataset, named)
    if rows.empty:
        return outcome
    row = rows.iloc[0]
    spread = (
        f"from {row['spread_lowest']:.3g} to {row['spread_highest']:.3g} between {count(int(row['seeds']), 'seed')}"
    )
    measured = replace(outcome.measured, note=spread)
    ends = [judge(test, Measured(float(row[end]))) for end in ("spread_lowest", "spread_highest")]
    if outcome.verdict in ("supported", "contradicted") and any(end.verdict != outcome.verdict for end in ends):
        return Outcome(test, "undecided", measured, f"trainings disagree: {spread}; more seeds would decide")
    return replace(outcome, measured=measured)
