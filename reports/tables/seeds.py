"""Training noise: how far scores, and differences between methods, move from one training seed to another.

Two models whose blocks of params.yaml differ in `seed` alone are repeats of each other; so are two methods that differ
in such a model alone. Nothing else marks them, so that names stay free.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.settings.params import Params
from reports.inputs.judgements import read_defects
from reports.inputs.scores import Dataset, read_perceptual, read_scores
from reports.plan.comparisons import PAIRS
from reports.plan.measures import MEASURES
from reports.plan.order import ORIGINAL
from reports.statistics.means import finite_mean
from reports.statistics.seeds import between_seeds
from reports.tables.differences import by_photograph, joined
from reports.tables.documents import Table, ends, sizes
from reports.tables.wording import number, with_interval

Repeats = Mapping[str, Mapping[int, str]]  # method -> seed -> the method that was trained with it


def repeats(params: Params) -> dict[str, dict[int, str]]:
    """Each repeated method by its first name in params.yaml: the methods of all its seeds, its own first."""
    groups: dict[str, dict[int, str]] = {}
    for method, block in params.methods.items():
        if block.get("model") in params.models:
            same = {**block, "model": params.network(block["model"])}
            groups.setdefault(json.dumps(same, sort_keys=True), {}).setdefault(params.seed_of(block["model"]), method)
    return {next(iter(group.values())): group for group in groups.values() if len(group) > 1}


def seeds_table(datasets: Sequence[Dataset], groups: Repeats, seed: int) -> pd.DataFrame:
    """A row per dataset, measure, and repeated method or pair of the family whose methods share two seeds or more.

    `spread_*` and `seeds`: between trainings (`Spread`); `ci_low`, `ci_high`: between photographs, of the first seed.
    """
    return pd.DataFrame([row for dataset in datasets for row in _rows(dataset, groups, seed)])


def _rows(dataset: Dataset, groups: Repeats, seed: int) -> list[dict[str, object]]:
    originals = [ORIGINAL] if ORIGINAL in set(dataset.scores["method"]) else []
    methods = [method for group in groups.values() for method in group.values()] + originals
    scores = read_scores(dataset.name, methods)
    perceptual = read_perceptual(dataset.name, methods, scores)
    bleeding = read_defects(dataset.name, methods, dataset.defects.ids).bleeding
    rows = []
    for measure, wide in by_photograph(joined(scores, perceptual, bleeding)).items():
        for method, group in groups.items():
            rows.append(_row(dataset, measure, method, [wide[name] for name in group.values()], seed))
        for pair in PAIRS:
            a, b = groups.get(pair.a, {}), groups.get(pair.b, {})
            shared = [number for number in a if number in b]
            if len(shared) > 1:
                columns = [wide[a[number]] - wide[b[number]] for number in shared]
                rows.append(_row(dataset, measure, pair.title, columns, seed))
    return rows


def _row(dataset: Dataset, measure: str, name: str, columns: list[pd.Series], seed: int) -> dict[str, object]:
    """One score or difference: a column of photographs for each seed."""
    means = [finite_mean(column, seed)[0] for column in columns]
    spread = between_seeds([interval.mean for interval in means])
    return {
        "dataset": dataset.title,
        "metric": measure,
        "of": name,
        "seeds": spread.seeds,
        "spread_mean": spread.mean,
        "spread_sd": spread.deviation,
        "spread_lowest": spread.lowest,
        "spread_highest": spread.highest,
        "spread_low": spread.low,
        "spread_high": spread.high,
        **ends(means[0], "first"),
    }


def seeds_document(datasets: Sequence[Dataset], groups: Repeats, seed: int) -> Table:
    """The spread between trainings beside the interval between photographs."""
    rows = seeds_table(datasets, groups, seed)
    shown = pd.DataFrame([_shown(row) for row in rows.to_dict("records")])
    caption = (
        f"Training noise on {sizes(datasets)}: the same recipe trained with several seeds. Mean, sd and range are "
        "between seeds, of means over photographs. The interval of the mean is Student's, wide with few seeds. First "
        "seed: its mean with the 95 % interval over photographs. A difference smaller than the spread between seeds is "
        "no finding about a method."
    )
    return Table("seeds", rows, shown, caption, (), ("Dataset", "Of", "Measure"))


def _shown(row: Mapping[Any, Any]) -> dict[str, str]:
    measure = MEASURES[row["metric"]]
    digits = measure.digits_of_difference
    return {
        "Of": row["of"],
        "Dataset": row["dataset"],
        "Measure": measure.label,
        "Seeds": str(row["seeds"]),
        "Mean [95 % interval]": with_interval(row["spread_mean"], row["spread_low"], row["spread_high"], digits),
        "sd": number(row["spread_sd"], digits + 1),
        "Range": f"{number(row['spread_lowest'], digits)} to {number(row['spread_highest'], digits)}",
        "First seed [photographs]": with_interval(row["first"], row["ci_low"], row["ci_high"], digits),
    }
