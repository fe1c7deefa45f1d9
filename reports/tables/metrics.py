"""The table of all metrics: one row per dataset, method and metric, each with its convention and what it lacks."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.records.rows import PerceptualSummary
from reports.inputs.scores import Dataset
from reports.plan.agreement import load_agreements
from reports.plan.measures import MEASURES, Measure, measured_in, sentence
from reports.plan.order import ORIGINAL
from reports.statistics.means import (
    RESAMPLES,
    Interval,
    bootstrap_mean,
    bootstrap_weighted_mean,
    finite_mean,
    pooled_psnr,
)
from reports.statistics.trainings import scatter, widened
from reports.tables.documents import Table, ends, sizes
from reports.tables.wording import interval_convention, number, with_interval

METRICS = measured_in("scores", "perceptual")
AGREEMENT = "Agrees with people"


@dataclass(frozen=True)
class Group:
    """What there is of one training, or a method without any: its rows and the originals', by id, and its summary."""

    rows: pd.DataFrame
    originals: pd.DataFrame
    summary: PerceptualSummary

    def column(self, measure: Measure) -> np.ndarray:
        """The values of photographs that a measure is a mean of."""
        values = self.rows[measure.of_rows].to_numpy(dtype=float)
        if "difference" not in measure.summary:
            return values
        difference: np.ndarray = values - self.originals[measure.of_rows].to_numpy(dtype=float)
        return np.abs(difference) if measure.summary == "mean_difference" else difference

    def value(self, measure: Measure) -> float:
        """The measure's value, nan where it has none."""
        if measure.summary == "set":
            found = getattr(self.summary, measure.key)
            return np.nan if found is None else float(found)
        values = self.column(measure)
        if measure.summary == "pooled_psnr":
            return pooled_psnr(values)
        if measure.summary == "weighted_mean":
            return float(np.average(values, weights=self.rows["auc_weight"]))
        finite = values[np.isfinite(values)]
        return float(finite.mean()) if len(finite) else np.nan


def measured(groups: Sequence[Group], measure: Measure, seed: int) -> tuple[Interval, int]:
    """A method's value over all its trainings with the interval over both, and of how many photographs.

    `groups`: a group a training; one for a method that was trained once, or not here.
    """
    interval, n = _of_photographs(groups, measure, seed)
    if len(groups) == 1:
        return interval, n
    values = [group.value(measure) for group in groups]
    if measure.summary in ("set", "pooled_psnr"):  # no means of photographs: a mean of decibels is not that of errors
        shift = float(np.mean(values)) - interval.mean
        interval = Interval(interval.mean + shift, interval.low + shift, interval.high + shift)
    return widened(interval, scatter(values)), n


def _of_photographs(groups: Sequence[Group], measure: Measure, seed: int) -> tuple[Interval, int]:
    """The value of the trainings' mean with its interval over photographs (NaN where it has none), and of how many."""
    if measure.summary == "set":  # a number of the whole set, such as FID, is no mean
        return Interval(groups[0].value(measure), np.nan, np.nan), groups[0].summary.photographs
    values = np.mean([group.column(measure) for group in groups], axis=0)
    if measure.summary == "weighted_mean":
        weights = groups[0].rows["auc_weight"].to_numpy()
        if np.isnan(weights).all():  # no colours in training, so that none is rare
            return Interval(np.nan, np.nan, np.nan), 0
        return bootstrap_weighted_mean(values, weights, seed), len(values)
    if measure.summary == "pooled_psnr":  # the ends of the error's interval are those of the PSNR's, reversed
        error = bootstrap_mean(values, seed)
        return Interval(*(pooled_psnr([end]) for end in (error.mean, error.high, error.low))), len(values)
    return finite_mean(values, seed)


def metrics_table(datasets: Sequence[Dataset], methods: Sequence[str], seed: int) -> pd.DataFrame:
    """Value, interval, n, convention and note of every metric; NaN where there is no value, and the note says why."""
    rows = []
    for dataset in datasets:
        groups = _groups(dataset)
        for method in (method for method in methods if method in dataset.runs):
            trainings = [groups[run] for run in dataset.runs[method]]
            for measure in METRICS:
                named = {"dataset": dataset.title, "method": method, "metric": measure.key}
                rows.append(named | _measured(measure, trainings, seed))
    return pd.DataFrame(rows)


def _groups(dataset: Dataset) -> dict[str, Group]:
    """Every training's rows by id, as the originals', so that the bootstrap draws the same photographs."""
    every = dataset.repeated
    scores = every.scores.merge(every.perceptual, on=["dataset", "method", "id"])
    by_run = {str(name): group.sort_values("id").reset_index(drop=True) for name, group in scores.groupby("method")}
    originals = by_run.get(ORIGINAL, scores.head(0))
    return {run: Group(rows, originals, every.perceptual_summaries[run]) for run, rows in by_run.items()}


def metrics_document(datasets: Sequence[Dataset], methods: Sequence[str], seed: int) -> Table:
    """The table for people: each convention stands once, below it."""
    rows = metrics_table(datasets, methods, seed)
    shown = pd.DataFrame(
        {
            "Dataset": rows["dataset"],
            "Method": rows["method"],
            "Metric": [MEASURES[key].name for key in rows["metric"]],
            "Value [95 % interval]": [_shown(row) for row in rows.to_dict("records")],
            "n": rows["n"].map(str),
            AGREEMENT: [_agreement(key) for key in rows["metric"]],
            "Note": rows["note"],
        }
    )
    caption = f"All metrics of {sizes(datasets)}. Brackets: {interval_convention(RESAMPLES, seed)}."
    people = (
        f"{AGREEMENT}: Spearman's correlation with people's ratings of single pictures, within photographs "
        f"({load_agreements().source}; docs/results/court.md); 1 is perfect, 0 is none. It is not about these methods."
    )
    notes = (people, *map(sentence, METRICS))
    return Table("metrics", rows, shown, caption, notes, words=("Dataset", "Method", "Metric", "Note"))


def _measured(measure: Measure, groups: Sequence[Group], seed: int) -> dict[str, Any]:
    """The columns of one row after its name."""
    group = groups[0]
    missing = group.summary.missing.get(measure.key, "") if measure.source == "perceptual" else ""
    if "difference" in measure.summary and group.originals.empty:
        missing = f"needs the method {ORIGINAL} in params.yaml"
    nothing = Interval(np.nan, np.nan, np.nan), 0
    interval, n = nothing if missing else measured(groups, measure, seed)
    left_out = len(group.rows) - n
    note = missing or (f"{left_out} without a finite value left out" if left_out else "")
    return {**ends(interval), "n": n, "convention": measure.convention, "note": note}


def _agreement(key: str) -> str:
    """`0.43 [0.35, 0.51]`; a dash for a metric that was not tried."""
    found = load_agreements().measures
    return with_interval(*found[key]) if key in found else "-"


def _shown(row: Mapping[Hashable, Any]) -> str:
    digits = MEASURES[row["metric"]].digits
    if np.isnan(row["ci_low"]):
        return number(row["value"], digits)
    return with_interval(row["value"], row["ci_low"], row["ci_high"], digits)
