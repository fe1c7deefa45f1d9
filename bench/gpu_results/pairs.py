"""The pairs that the paper is about, from the rows of a session: each seed's difference, and the seeds' together.

    python -m bench.gpu_results.pairs HOME

Reads `rows.zip` of what a session brought home. An interval of a seed is over photographs (BCa bootstrap; of mIoU
percentiles of the photographs' resamples), one of the seeds together is Student's over their means: it is about other
trainings on these photographs. `zhang`, which has one training, and the segmenter are the same for all seeds.
"""

import argparse
import io
import math
import re
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.packs.masks import VOID
from pipeline.settings.errors import UserError, run_stage
from reports.statistics.miou import class_ratios, mean_difference
from reports.statistics.paired import compare_columns
from reports.statistics.seeds import between_seeds

PAIRS = (
    ("semantics{}", "no_semantics{}"),
    ("semantics{}_jbu", "semantics{}"),
    ("no_semantics{}_jbu", "no_semantics{}"),
    ("semantics{}", "zhang"),
    ("semantics{}_jbu", "zhang"),
    ("semantics{}_jbu", "gray"),
    ("original", "semantics{}_jbu"),
)
MEASURES = {  # column -> its file, its name and digits
    "psnr_rgb": ("scores/{}/{}.csv", "PSNR, dB", 2),
    "ciede2000": ("scores/{}/{}.csv", "CIEDE2000", 2),
    "colorfulness": ("scores/{}/{}.csv", "colourfulness", 1),
    "bleeding_flat": ("scores/{}/{}.defects.csv", "bleeding away from edges", 3),
    "bleeding_boundary": ("scores/{}/{}.defects.csv", "bleeding across boundaries", 3),
}
MIOU = ("mIoU, points", 1)
SEGMENTED = "segmented/{}/small/{}.csv"
BOOTSTRAP_SEED = 0

Found = tuple[float, float, float]  # a mean difference and the ends of its interval


class Rows:
    """The rows of all methods, by photograph."""

    def __init__(self, home: Path) -> None:
        self.zip = zipfile.ZipFile(home / "rows.zip")
        # Without runs/<training>/results.
        self.names = {Path(*Path(name).parts[3:]): name for name in self.zip.namelist()}
        datasets = [path.parts[1] for path in self.names if path.parts[0] == "scores"]
        if not datasets:
            raise UserError(f"{home / 'rows.zip'} holds no scores: nothing was evaluated.")
        self.dataset = datasets[0]

    def has(self, *methods: str) -> bool:
        """Whether all of them were scored, measured and segmented."""
        files = (*{file for file, _, _ in MEASURES.values()}, SEGMENTED)
        return all(Path(file.format(self.dataset, method)) in self.names for file in files for method in methods)

    def seeds(self) -> list[int]:
        """Those with which `semantics` was trained."""
        methods = {path.stem for path in self.names if path.parts[0] == "scores"}
        found = [re.fullmatch(r"semantics(?:_seed(\d+))?", method) for method in methods]
        return sorted(int(match[1] or 0) for match in found if match)

    def epochs(self, method: str) -> int | None:
        """How long its network was trained; None of what is not trained."""
        training = method.removesuffix("_jbu")
        history = self.names.get(Path(f"models/{self.dataset}/{training}/history.csv"))
        return None if history is None else len(self.zip.read(history).splitlines()) - 1

    def column(self, method: str, column: str) -> pd.Series:
        """A measure of the photographs that have colour, by id."""
        rows = self._read(MEASURES[column][0].format(self.dataset, method))
        return rows[rows["colorless"] == 0].set_index("id")[column]

    def ids(self, method: str) -> list[str]:
        """All photographs, those without colour too."""
        return sorted(self._read(f"scores/{self.dataset}/{method}.csv")["id"])

    def counts(self, method: str, ids: list[str]) -> np.ndarray:
        """(photographs, 2, labels) intersections and unions; a label that nobody found or has counts nowhere."""
        rows = self._read(SEGMENTED.format(self.dataset, method))
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
    """A line for each pair and measure; what is not there, or not measured, is left out."""
    seeds = rows.seeds()
    names = " | ".join(f"seed {seed}" for seed in seeds)
    lines = [
        f"| difference | measure | {names} | mean over seeds |",
        f"| --- | --- |{' ---: |' * (len(seeds) + 1)}",
    ]
    for pair in PAIRS:
        of_seeds = [tuple(method.format(suffix(seed)) for method in pair) for seed in seeds]
        there = [one if rows.has(*one) else None for one in of_seeds]
        for name, digits, difference in measures():
            lines += line(rows, name, digits, there, [difference(rows, *one) if one else None for one in there])
    return "\n".join(lines) + "\n"


def measures() -> list[tuple[str, int, Callable[..., Found]]]:
    """Each measure's name and digits, and the difference of two methods in it."""
    columns = [(name, digits, partial(paired, column=column)) for column, (_, name, digits) in MEASURES.items()]
    return [*columns, (*MIOU, paired_miou)]


def paired(rows: Rows, first: str, second: str, column: str) -> Found:
    """A measure's mean difference over the photographs that have it in both."""
    differences = (rows.column(first, column) - rows.column(second, column)).to_numpy(dtype=float)
    (one,) = compare_columns(differences[:, None], BOOTSTRAP_SEED)
    return one.mean, one.low, one.high


def paired_miou(rows: Rows, first: str, second: str) -> Found:
    """The difference of two mIoUs in points; both see the same resamples of photographs."""
    ids = rows.ids(first)
    counts = [rows.counts(method, ids) for method in (first, second)]
    found = mean_difference(*(class_ratios(one[:, 0], one[:, 1], BOOTSTRAP_SEED) for one in counts))
    return 100 * found.mean, 100 * found.low, 100 * found.high


def line(
    rows: Rows, name: str, digits: int, pairs: Sequence[tuple[str, ...] | None], found: Sequence[Found | None]
) -> list[str]:
    """A row of the table, or none where nothing is measured."""
    means = [one[0] for one in found if one is not None]
    if not means or not all(map(math.isfinite, means)):
        return []
    first, second = next(pair for pair in pairs if pair)
    cells = [
        "-" if pair is None or one is None else interval(one, digits) + shortened(*map(rows.epochs, pair))
        for pair, one in zip(pairs, found, strict=True)
    ]
    together = between_seeds(means) if len(means) > 1 else None
    cells.append(interval((together.mean, together.low, together.high), digits) if together else "-")
    return [f"| {base(first)} less {base(second)} | {name} | {' | '.join(cells)} |"]


def interval(found: Found, digits: int) -> str:
    """A mean with the ends of its interval; nothing is -0."""
    mean, low, high = (f"{round(value, digits) + 0.0:+.{digits}f}" for value in found)
    return f"{mean} [{low}, {high}]"


def shortened(first: int | None, second: int | None) -> str:
    """A remark where two trainings are not of the same length."""
    return "" if first is None or second is None or first == second else f" ({first} and {second} epochs)"


def base(method: str) -> str:
    """A method's name without its seed."""
    return re.sub(r"_seed\d+", "", method)


def suffix(seed: int) -> str:
    """What the name of a training with this seed ends with."""
    return f"_seed{seed}" if seed else ""


if __name__ == "__main__":
    run_stage(main)
