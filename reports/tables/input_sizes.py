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
from reports.plan.measures import MEASURES, sentence
from reports.statistics.means import RESAMPLES, Interval, finite_mean, percentile_interval, resampled_counts
from reports.statistics.paired import compare_columns
from reports.tables.defects import DISTANCE_RESAMPLES, resampled_distances
from reports.tables.documents import Table, ends, sizes
from reports.tables.wording import photographs_convention, signed_with_interval, with_interval

BLEEDING = ("bleeding_boundary", "bleeding_flat")
DISTANCE = "color_distance"


@dataclass(frozen=True)
class InputSizes:
    """What one network makes of a dataset at several sizes of its input, by the side in pixels, the smallest first.

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


def read_input_sizes(datasets: Sequence[Dataset], params: Params) -> list[InputSizes]:
    """What `pipeline.input_sizes` left for each dataset and model; `UserError` where it is missing or of others."""
    return [
        _read(dataset, model) for dataset in datasets for model in params.sizes if model not in dataset.left_out.models
    ]


def _read(dataset: Dataset, model: str) -> InputSizes:
    folder, ids = paths.sizes(dataset.name, model), dataset.defects.ids
    sides = sorted(int(path.stem) for path in folder.glob("*.csv"))
    if len(sides) < 2:
        raise UserError(f"{folder} holds no two sizes; `dvc repro` makes it.")
    return InputSizes(
        dataset,
        model,
        {side: defect_rows({folder / f"{side}.csv": model}, BleedingRow, ids) for side in sides},
        {side: defect_colors(folder / f"{side}.colors.npy", len(ids)) for side in sides},
    )


def input_sizes_document(networks: Sequence[InputSizes], seed: int) -> Table | None:
    """Bleeding and confusion at every size, and the smallest size minus the largest on the same photographs.

    None where no photograph has a value: no masks, and no place away from edges.
    """
    rows = pd.DataFrame([row for network in networks for row in _rows(network, seed)])
    if rows.empty:
        return None
    shown = pd.DataFrame([_shown(row) for row in rows.to_dict("records")])
    datasets = list({network.dataset.name: network.dataset for network in networks}.values())
    measures = [MEASURES[key] for key in (*BLEEDING, DISTANCE) if key in set(rows["metric"])]
    caption = (
        "What the size of its input does to a network's colours, upsampled bilinearly, over all photographs of "
        f"{sizes(datasets)}; of each network its first training. One size is that of its training. Differences: on the "
        "same photographs. "
        f"Brackets: {photographs_convention(RESAMPLES, seed)}, of differences in bleeding BCa. "
        f"{' '.join(map(sentence, measures))}"
    )
    return Table("input_sizes", rows, shown, caption, (), ("Dataset", "Model", "Measure", "Input, pixels"))


def _rows(network: InputSizes, seed: int) -> list[dict[str, Any]]:
    first, last = network.sides[0], network.sides[-1]
    rows: list[dict[str, Any]] = []
    for measure in BLEEDING:
        columns = {side: frame[measure].to_numpy(dtype=float) for side, frame in network.bleeding.items()}
        for side, values in columns.items():
            mean, n = finite_mean(values, seed)
            rows.append(_row(network, measure, str(side), mean, n))
        found = compare_columns((columns[first] - columns[last])[:, None], seed)[0]
        rows.append(_row(network, measure, "", Interval(found.mean, found.low, found.high), found.n))
    photographs = len(network.dataset.defects.ids)
    if all(len(lines) for lines in network.colors.values()):
        weights = np.concatenate(list(resampled_counts(photographs, seed, DISTANCE_RESAMPLES)))
        distances = {side: resampled_distances(lines, weights) for side, lines in network.colors.items()}
        rows += [
            _row(network, DISTANCE, str(side), percentile_interval(*distance), photographs)
            for side, distance in distances.items()
        ]
        (small, smalls), (large, larges) = distances[first], distances[last]
        rows.append(_row(network, DISTANCE, "", percentile_interval(small - large, smalls - larges), photographs))
    return [row for row in rows if row["n"]]


def _row(network: InputSizes, measure: str, side: str, interval: Interval, n: int) -> dict[str, Any]:
    """A value at one `side`, or the difference where there is none."""
    return {
        "dataset": network.dataset.title,
        "model": network.model,
        "metric": measure,
        "kind": "value" if side else "difference",
        "input": side or f"{network.sides[0]} - {network.sides[-1]}",
        "n": n,
        **ends(interval),
    }


def _shown(row: Mapping[Any, Any]) -> dict[str, str]:
    measure, value = MEASURES[row["metric"]], row["kind"] == "value"
    text = with_interval if value else signed_with_interval
    return {
        "Dataset": row["dataset"],
        "Model": row["model"],
        "Measure": measure.label,
        "Input, pixels": row["input"],
        "n": f"{row['n']:,}",
        "Value [95 % interval]": text(row["value"], row["ci_low"], row["ci_high"], measure.digits + (not value)),
    }
