"""The table of all metrics: one row per dataset, method and metric, each with its convention and what it lacks."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.records.rows import PerceptualSummary
from reports.inputs.scores import Dataset
from reports.plan.measures import MEASURES, Measure, Summary, measured_in, sentence
from reports.plan.order import ORIGINAL
from reports.statistics.means import (
    RESAMPLES,
    Interval,
    bootstrap_mean,
    bootstrap_weighted_mean,
    finite_mean,
    pooled_psnr,
)
from reports.tables.documents import Table, ends, sizes
from reports.tables.wording import interval_convention, number, with_interval

Estimate = tuple[Interval, int]  # a value with its interval (NaN where it has none), and of how many photographs
METRICS = measured_in("scores", "perceptual")


@dataclass(frozen=True)
class Group:
    """What there is of one method: its rows and those of the originals, both sorted by id, and its summary."""

    rows: pd.DataFrame
    originals: pd.DataFrame
    summary: PerceptualSummary
    seed: int

    def less_original(self, column: str) -> np.ndarray:
        """A column minus the originals', photograph by photograph."""
        difference: np.ndarray = self.rows[column].to_numpy() - self.originals[column].to_numpy()
        return difference


def _pooled(group: Group, measure: Measure) -> Estimate:
    """PSNR of the mean error over photographs; the ends of the error's interval are those of the PSNR's, reversed."""
    error = bootstrap_mean(group.rows[measure.of_rows], group.seed)
    return Interval(*(pooled_psnr([end]) for end in (error.mean, error.high, error.low))), len(group.rows)


def _weighted(group: Group, measure: Measure) -> Estimate:
    """All photographs' pixels in one weighted curve: their AuC averaged by the mean weight of their pixels."""
    weights = group.rows["auc_weight"].to_numpy()
    return bootstrap_weighted_mean(group.rows[measure.of_rows].to_numpy(), weights, group.seed), len(weights)


def _of_set(group: Group, measure: Measure) -> Estimate:
    """A number of the whole set, such as FID, is no mean: it has no interval here."""
    value = getattr(group.summary, measure.key)
    return Interval(value or 0.0, np.nan, np.nan), group.summary.photographs


SUMMARIES: dict[Summary, Callable[[Group, Measure], Estimate]] = {
    "mean": lambda group, measure: finite_mean(group.rows[measure.of_rows], group.seed),
    "pooled_psnr": _pooled,
    "weighted_mean": _weighted,
    "set": _of_set,
    "difference_of_means": lambda group, measure: (
        bootstrap_mean(group.less_original(measure.of_rows), group.seed),
        len(group.rows),
    ),
    "mean_difference": lambda group, measure: (
        bootstrap_mean(np.abs(group.less_original(measure.of_rows)), group.seed),
        len(group.rows),
    ),
}


def metrics_table(datasets: Sequence[Dataset], methods: Sequence[str], seed: int) -> pd.DataFrame:
    """Value, interval, n, convention and note of every metric; NaN where there is no value, and the note says why."""
    rows = []
    for dataset in datasets:
        scores = dataset.scores.merge(dataset.perceptual, on=["dataset", "method", "id"])
        # By id, so that rows stand beside the originals', and the bootstrap draws the same photographs.
        by_method = {str(name): group.sort_values("id") for name, group in scores.groupby("method")}
        for method in methods:
            originals = by_method.get(ORIGINAL, scores.head(0))
            group = Group(by_method[method], originals, dataset.perceptual_summaries[method], seed)
            for measure in METRICS:
                named = {"dataset": dataset.title, "method": method, "metric": measure.key}
                rows.append(named | _measured(measure, group))
    return pd.DataFrame(rows)


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
            "Note": rows["note"],
        }
    )
    caption = f"All metrics of {sizes(datasets)}. Brackets: {interval_convention(RESAMPLES, seed)}."
    notes = tuple(map(sentence, METRICS))
    return Table("metrics", rows, shown, caption, notes, words=("Dataset", "Method", "Metric", "Note"))


def _measured(measure: Measure, group: Group) -> dict[str, Any]:
    """The columns of one row after its name."""
    missing = group.summary.missing.get(measure.key, "") if measure.source == "perceptual" else ""
    if "difference" in measure.summary and group.originals.empty:
        missing = f"needs the method {ORIGINAL} in params.yaml"
    nothing = Interval(np.nan, np.nan, np.nan), 0
    interval, n = nothing if missing else SUMMARIES[measure.summary](group, measure)
    left_out = len(group.rows) - n
    note = missing or (f"{left_out} without a finite value left out" if left_out else "")
    return {**ends(interval), "n": n, "convention": measure.convention, "note": note}


def _shown(row: Mapping[Hashable, Any]) -> str:
    digits = MEASURES[row["metric"]].digits
    if np.isnan(row["ci_low"]):
        return number(row["value"], digits)
    return with_interval(row["value"], row["ci_low"], row["ci_high"], digits)
