"""Training noise: how far scores, and differences between methods, move from one training to another."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from reports.inputs.scores import Dataset
from reports.plan.comparisons import pairs_of
from reports.plan.measures import MEASURES
from reports.statistics.means import Interval, finite_mean
from reports.statistics.paired import compare_columns, difference
from reports.statistics.seeds import between_seeds
from reports.statistics.trainings import Scatter, widened
from reports.tables.differences import by_photograph, joined
from reports.tables.documents import Table, ends, sizes
from reports.tables.over_trainings import mean_over, scatter_apart, scatter_of, values_of
from reports.tables.wording import number, with_interval


def seeds_table(datasets: Sequence[Dataset], seed: int) -> pd.DataFrame:
    """A row per dataset, measure, and method or pair of the family that was trained with two seeds or more.

    `spread_*` and `seeds`: between trainings (`Spread`). `photographs_half` and `trainings_half`: half-widths of the
    95 % intervals over photographs and over trainings, which the interval of `value` joins.
    """
    return pd.DataFrame([row for dataset in datasets for row in _rows(dataset, seed)])


def _rows(dataset: Dataset, seed: int) -> Iterator[dict[str, object]]:
    every = dataset.repeated
    for key, wide in by_photograph(joined(every.scores, every.perceptual, every.defects.bleeding)).items():
        named: dict[str, object] = {"dataset": dataset.title, "metric": key}
        for method in dataset.runs:
            if len(runs := dataset.trained(method)) > 1:
                photographs, _ = finite_mean(mean_over(wide, runs), seed)
                about = {"of": method, "seeds": len(runs), **_spread(values_of(wide, runs)[0])}
                yield named | about | _halves(photographs, scatter_of(dataset, wide, method))
        for pair in pairs_of(set(dataset.runs)):
            sides = dataset.trainings_apart(pair.a, pair.b)
            if min(map(len, sides), default=0) > 1:
                means = (mean_over(wide, dataset.runs[method]).to_numpy() for method in (pair.a, pair.b))
                found = compare_columns(difference(*means)[:, None], seed)[0]
                about = {"of": pair.title, "seeds": min(map(len, sides))}
                photographs, trainings = (
                    Interval(found.mean, found.low, found.high),
                    scatter_apart(dataset, wide, pair.a, pair.b),
                )
                yield named | about | _halves(photographs, trainings)


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Between the trainings of one method; nothing where it has no finite value."""
    if len(values) < 2:
        return {}
    spread = between_seeds(values)
    return {"spread_sd": spread.deviation, "spread_lowest": spread.lowest, "spread_highest": spread.highest}


def _halves(photographs: Interval, trainings: Scatter) -> dict[str, float]:
    """A value with the interval that joins two sources, and half the width of each alone."""
    halves = {"photographs_half": (photographs.high - photographs.low) / 2, "trainings_half": trainings.half()}
    return ends(widened(photographs, trainings)) | halves


def seeds_document(datasets: Sequence[Dataset], seed: int) -> Table | None:
    """The two sources of each interval side by side; None where no network was trained twice."""
    rows = seeds_table(datasets, seed)
    if rows.empty:
        return None
    shown = pd.DataFrame([_shown(row) for row in rows.to_dict("records")])
    caption = (
        f"Training noise on {sizes(datasets)}. Value: the mean over trainings and photographs; its interval holds both "
        "sources of chance. Of photographs, of trainings: half its width from each source alone. sd and range: "
        "between the trainings of one method."
    )
    return Table("seeds", rows, shown, caption, (), ("Dataset", "Of", "Measure"))


def _shown(row: Mapping[object, object]) -> dict[str, str]:
    value = pd.Series(row)
    measure = MEASURES[value["metric"]]
    digits = measure.digits + 1
    lowest, highest = (number(value[f"spread_{end}"], measure.digits) for end in ("lowest", "highest"))
    return {
        "Of": value["of"],
        "Dataset": value["dataset"],
        "Measure": measure.name,
        "Trainings": str(value["seeds"]),
        "Value [95 % interval]": with_interval(value["value"], value["ci_low"], value["ci_high"], measure.digits),
        "Of photographs": f"±{number(value['photographs_half'], digits)}",
        "Of trainings": f"±{number(value['trainings_half'], digits)}",
        "sd": "-" if pd.isna(value["spread_sd"]) else number(value["spread_sd"], digits),
        "Range": "-" if pd.isna(value["spread_sd"]) else f"{lowest} to {highest}",
    }
