"""The pairs that the paper is about, from the rows of a session: each seed's difference, and the seeds' together.

    python -m bench.gpu.pairs HOME

Reads `rows.zip` of what a session brought home. An interval of a seed is over photographs (BCa bootstrap; of mIoU
percentiles of the photographs' resamples), one of the seeds together is Student's over their means.
"""

import argparse
import io
import math
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.source import VOID
from reports.miou import class_ratios
from reports.paired import compare_columns
from reports.seeds import between_seeds
from reports.statistics import percentile_ends

SEEDS = ("", "_seed1", "_seed2")
PAIRS = (
    ("semantics{}", "no_semantics{}"),
    ("semantics{}_jbu", "semantics{}"),
    ("no_semantics{}_jbu", "no_semantics{}"),
    ("semantics{}_jbu", "zhang"),
    ("semantics{}_jbu", "gray"),
    ("original", "semantics{}_jbu"),
)
MEASURES = {  # column -> its file, its name and digits
    "psnr_rgb": ("scores/{}/{}.csv", "PSNR, dB", 2),
    "ciede2000": ("scores/{}/{}.csv", "CIEDE2000", 2),
    "colorfulness": ("scores/{}/{}.csv", "colourfulness", 1),
    "bleeding_flat": ("diseases/{}/{}.csv", "bleeding away from edges", 3),
    "bleeding_boundary": ("diseases/{}/{}.csv", "bleeding across boundaries", 3),
}
MIOU = ("mIoU, points", 1)
BOOTSTRAP_SEED = 0

Found = tuple[float, float, float]  # a mean difference and the ends of its interval


class Rows:
    """The rows of all methods, by photograph."""

    def __init__(self, home: Path) -> None:
        self.zip = zipfile.ZipFile(home / "rows.zip")
        self.names = {Path(*Path(name).parts[2:]): name for name in self.zip.namelist()}  # without runs/<training>
        self.dataset = next(path.parts[1] for path in self.names if path.parts[0] == "scores")

    def column(self, method: str, column: str) -> pd.Series:
        """A measure of the photographs that have colour, by id."""
        rows = self._read(MEASURES[column][0].format(self.dataset, method))
        return rows[rows["colorless"] == 0].set_index("id")[column]

    def ids(self, method: str) -> list[str]:
        """All photographs, those without colour too."""
        return sorted(self._read(f"scores/{self.dataset}/{method}.csv")["id"])

    def counts(self, method: str, ids: list[str]) -> np.ndarray:
        """(photographs, 2, labels) intersections and unions; a label that nobody found or has counts nowhere."""
        rows = self._read(f"segmented/{self.dataset}/small/{method}.csv")
        counts = np.zeros((len(ids), 2, VOID))
        at = rows["id"].map({id: number for number, id in enumerate(ids)}).to_numpy()
        for place, column in enumerate(("intersection", "union")):
            counts[at, place, rows["label"].to_numpy()] = rows[column].to_numpy()
        return counts

    def _read(self, path: str) -> pd.DataFrame:
        return pd.read_csv(io.BytesIO(self.zip.read(self.names[Path(path)])), dtype={"id": str})


def main() -> None:
    """Print all pairs as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path, help="what a session brought home")
    print(table(Rows(parser.parse_args().home)), end="")


def table(rows: Rows) -> str:
    """A line for each pair and measure."""
    lines = [
        "| difference | measure | seed 0 | seed 1 | seed 2 | mean over seeds |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for first, second in PAIRS:
        named = f"{first.format('')} less {second.format('')}"
        for column, (_, name, digits) in MEASURES.items():
            found = [paired(rows, first.format(seed), second.format(seed), column) for seed in SEEDS]
            lines.append(line(named, name, found, digits))
        found = [paired_miou(rows, first.format(seed), second.format(seed)) for seed in SEEDS]
        lines.append(line(named, MIOU[0], found, MIOU[1]))
    return "\n".join(line for line in lines if line) + "\n"


def paired(rows: Rows, first: str, second: str, column: str) -> Found:
    """A measure's mean difference over the photographs that have it in both."""
    differences = (rows.column(first, column) - rows.column(second, column)).to_numpy(dtype=float)
    (one,) = compare_columns(differences[:, None], BOOTSTRAP_SEED)
    return one.mean, one.low, one.high


def paired_miou(rows: Rows, first: str, second: str) -> Found:
    """The difference of two mIoUs in points; both see the same resamples of photographs."""
    ids = rows.ids(first)
    counts = [rows.counts(method, ids) for method in (first, second)]
    ratios = [class_ratios(one[:, 0], one[:, 1], BOOTSTRAP_SEED) for one in counts]
    difference = ratios[0].interval.mean - ratios[1].interval.mean
    resampled = np.nanmean(ratios[0].filled, axis=1) - np.nanmean(ratios[1].filled, axis=1)
    low, high = percentile_ends(resampled[:, None])
    return 100 * difference, 100 * float(low[0]), 100 * float(high[0])


def line(pair: str, measure: str, found: list[Found], digits: int) -> str:
    """A row of the table, empty where nothing is measured."""
    if not all(math.isfinite(one[0]) for one in found):
        return ""
    spread = between_seeds([one[0] for one in found])
    together = (spread.mean, spread.low, spread.high)
    cells = [f"{mean:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]" for mean, low, high in (*found, together)]
    return f"| {pair} | {measure} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
