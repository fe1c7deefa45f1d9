"""What the size of its input does to a network's colours, over all photographs (the paper's Figure 1 shows one)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.records.rows import BleedingRow
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports.inputs.judgements import defect_colors, defect_rows
from reports.inputs.scores import Dataset
from reports.statistics.means import RESAMPLES, Interval, bootstrap_mean, resampled_counts
from reports.statistics.paired import compare_columns
from reports.tables.defects import DISTANCE_RESAMPLES, SCORES, around, resampled_distances
from reports.tables.documents import Table, sizes
from reports.tables.wording import interval_convention, signed_with_interval, with_interval

BLEEDING = ("bleeding_boundary", "bleeding_flat")


@dataclass(frozen=True)
class Looks:
    """What one network makes of a dataset, by the side in pixels of its input, the smallest first.

    `bleeding`: rows as `BleedingRow`, photographs sorted by id; `colors`: as `pipeline.metrics.confusion.COLORS`.
    """

    dataset: Dataset
    model: str
    bleeding: dict[int, pd.DataFrame]
    colors: dict[int, NDArray[Any]]

    @property
    def sides(self) -> list[int]:
        """The sides, the smallest first."""
        return list(self.bleeding)


def read_looks(datasets: Sequence[Dataset], params: Params) -> list[Looks]:
    """What `pipeline.input_sizes` left for each dataset and model; `UserError` where it is missing or of others."""
    return [_read(dataset, model) for dataset in datasets for model in params.sizes]


def _read(dataset: Dataset, model: str) -> Looks:
    folder, ids = paths.sizes(dataset.name, model), dataset.defects.ids
    sides = sorted(int(path.stem) for path in folder.glob("*.csv"))
    if len(sides) < 2:
        raise UserError(f"{folder} holds no two sizes; `dvc repro` makes it.")
    return Looks(
        dataset,
        model,
        {side: defect_rows({folder / f"{side}.csv": model}, BleedingRow, ids) for side in sides},
        {side: defect_colors(folder / f"{side}.colors.npy", len(ids)) for side in sides},
    )


def input_sizes_document(looks: Sequence[Looks], seed: int) -> Table:
    """Bleeding and confusion at every size, and the smallest size less the largest on the same photographs."""
    rows = pd.DataFrame([row for one in looks for row in _rows(one, seed)])
    shown = pd.DataFrame([_shown(row) for row in rows.to_dict("records")])
    datasets = list({one.dataset.name: one.dataset for one in looks}.values())
    caption = (
        "What the size of its input does to a network's colours, upsampled bilinearly, over all photographs of "
        f"{sizes(datasets)}; the middle size is that of its training. Differences: on the same photographs. "
        f"Brackets: {interval_convention(RESAMPLES, seed)}, of differences in bleeding BCa. "
        + " ".join(f"{score.name}: {score.convention}." for name, score in SCORES.items() if name in _measures(looks))
    )
    return Table("input_sizes", rows, shown, caption, (), ("Dataset", "Model", "Measure", "Input, pixels"))


def _measures(looks: Sequence[Looks]) -> tuple[str, ...]:
    return (*BLEEDING, "color_distance") if any(len(one.colors[one.sides[0]]) for one in looks) else BLEEDING


def _rows(one: Looks, seed: int) -> list[dict[str, Any]]:
    first, last = one.sides[0], one.sides[-1]
    rows: list[dict[str, Any]] = []
    for measure in BLEEDING:
        columns = {side: frame[measure].to_numpy(dtype=float) for side, frame in one.bleeding.items()}
        for side, values in columns.items():
            defined = values[np.isfinite(values)]
            if len(defined):
                rows.append(_row(one, measure, str(side), bootstrap_mean(defined, seed), len(defined)))
        found = compare_columns((columns[first] - columns[last])[:, None], seed)[0]
        if found.n:
            rows.append(_row(one, measure, "", Interval(found.mean, found.low, found.high), found.n))
    photographs = len(one.dataset.defects.ids)
    if all(len(lines) for lines in one.colors.values()):
        weights = np.concatenate(list(resampled_counts(photographs, seed, DISTANCE_RESAMPLES)))
        distances = {side: resampled_distances(lines, weights) for side, lines in one.colors.items()}
        rows += [
            _row(one, "color_distance", str(side), around(*found), photographs) for side, found in distances.items()
        ]
        (small, smalls), (large, larges) = distances[first], distances[last]
        rows.append(_row(one, "color_distance", "", around(small - large, smalls - larges), photographs))
    return rows


def _row(one: Looks, measure: str, side: str, interval: Interval, n: int) -> dict[str, Any]:
    """A value at one `side`, or the difference where there is none."""
    return {
        "dataset": one.dataset.title,
        "model": one.model,
        "metric": measure,
        "kind": "value" if side else "difference",
        "input": side or f"{one.sides[0]} - {one.sides[-1]}",
        "n": n,
        "value": interval.mean,
        "ci_low": interval.low,
        "ci_high": interval.high,
    }


def _shown(row: Mapping[Any, Any]) -> dict[str, str]:
    told = with_interval if row["kind"] == "value" else signed_with_interval
    score = SCORES[row["metric"]]
    return {
        "Dataset": row["dataset"],
        "Model": row["model"],
        "Measure": score.name,
        "Input, pixels": row["input"],
        "n": f"{row['n']:,}",
        "Value [95 % interval]": told(
            row["value"], row["ci_low"], row["ci_high"], score.digits + (row["kind"] != "value")
        ),
    }
