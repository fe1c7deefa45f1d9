"""What a test of the claims ledger finds in the report's tables: one dataset and one segmenter at a time.

Nothing is computed here twice: a verdict stands on the numbers that the page shows, so that it can be looked up.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from reports.claims.verdicts import Measured, Outcome, judge, untested
from reports.inputs.scores import Dataset
from reports.plan.claims import Check
from reports.statistics.means import CONFIDENCE
from reports.statistics.paired import compare_columns
from reports.tables.cards import width_of
from reports.tables.differences import over_trainings
from reports.tables.documents import Table
from reports.tables.over_trainings import about_trainings, mean_over, scatter_apart, wide_of
from reports.tables.wording import listed

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
    if isinstance(found, str):
        return untested(test, found)
    if test.evidence != "size" and (reason := _not_learned(test, dataset)):
        return Outcome(test, "undecided", found, reason)
    counts = tuple(len(runs) for runs in dataset.trainings_apart(test.a, test.b))
    sides = (
        tuple(min(found.trainings, 1) for _ in counts) if found.raters else counts
    )  # people see one training of each
    judged, known = judge(test, replace(found, sides=sides)), dataset.as_they_are(*dict.fromkeys((test.a, test.b)))
    if not known or test.evidence == "size" or judged.verdict in ("undecided", "not tested"):
        return judged
    return replace(judged, reason=f"these weights of {' and '.join(known)}")


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


def _not_learned(test: Check, dataset: Dataset) -> str:
    """Of which of its networks nothing can be concluded, since they predict no better than a constant; "" of none."""
    for method in dict.fromkeys((test.a, test.b)):
        found, of = dataset.not_learned(method), len(dataset.trained(method))
        if found:
            share = f"{len(found)} of {of} trainings of {method} have" if of > 1 else f"{method} has"
            loss, constant = found[0].val_color_loss, found[0].constant_color_loss
            return f"{share} not learned (loss {loss:.4g}, of one colour everywhere {constant:.4g})"
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
    trainings = int(row.get("trainings", 0)), float(row.get("trainings_half", 0.0))
    return Measured(value, low, high, int(row["n"]), 0, *trainings)


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
    if not found:
        return "there is no finite value to compare"
    alpha = rows.iloc[0].get("stopping_alpha", math.nan)
    if math.isfinite(alpha):  # the study may have stopped once this was decided: the usual interval is too narrow
        if alpha > 1 - CONFIDENCE:
            return f"the study's stopping rule has alpha {alpha:g}, more than {1 - CONFIDENCE:g}"
        low, high = (float(rows.iloc[0][name]) for name in ("stopping_low", "stopping_high"))
        if math.isnan(low):
            return "too few volunteers for the first look of the study's stopping rule"
        found = replace(found, low=low, high=high)
    seen = int(bool(dataset.trainings_apart(test.a, test.b)))  # people see the first training's pictures
    return replace(found, raters=int(rows.iloc[0]["n_raters"]), trainings=seen)


def _colorfulness(test: Check, dataset: Dataset, seed: int) -> Measured:
    """The difference of two colorfulnesses on the same photographs (the table has their distances from truth)."""
    wide = wide_of(dataset.repeated.scores, "colorfulness")
    a, b = (mean_over(wide, dataset.runs[method]).to_numpy() for method in (test.a, test.b))
    compared = compare_columns((a - b)[:, None], seed)[0]
    trainings = scatter_apart(dataset, wide, test.a, test.b)
    found = over_trainings(compared, trainings)
    about = about_trainings(dataset.trainings_apart(test.a, test.b), trainings)
    return Measured(found.mean, found.low, found.high, found.n, 0, int(about["trainings"]), about["trainings_half"])
