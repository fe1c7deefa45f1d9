"""Table 1 as plain text, the last thing that `make repro` prints.

    python -m reports.summary

Reads reports/build/tables/table1.csv, and no heavy library, so that it answers at once.
"""

import csv
from itertools import groupby
from pathlib import Path

from pipeline.errors import UserError, run_stage
from pipeline.layout import BUILD
from reports.published import load_published
from reports.wording import number, with_interval

HEADINGS = ("method", "n", "PSNR [95 % interval]", "pooled", "published")


def main() -> None:
    """Print the summary of the last report."""
    print(summary(BUILD))


def summary(folder: Path) -> str:
    """Table 1 of each dataset, aligned, then where the whole report lies."""
    table1 = load_published().table1
    rows = _read(folder / "tables" / "table1.csv")
    blocks = [
        f"Table 1, {title}\n\n{_aligned(list(group))}" for title, group in groupby(rows, lambda row: row["dataset"])
    ]
    told = f"PSNR in dB. Published: {table1.where}, for {table1.holds_for}."
    return "\n\n".join([*blocks, told, f"report: {folder / 'index.html'}"])


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; `make repro` makes it.") from None


def _aligned(rows: list[dict[str, str]]) -> str:
    """Columns as wide as their widest cell; names stand left, numbers right."""
    cells = [HEADINGS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for name, *numbers in cells:
        right = [text.rjust(width) for text, width in zip(numbers, widths[1:], strict=True)]
        lines.append("  ".join([f"  {name.ljust(widths[0])}", *right]))
    return "\n".join(lines)


def _cells(row: dict[str, str]) -> tuple[str, ...]:
    mean, low, high, pooled = (float(row[column]) for column in ("psnr_mean", "ci_low", "ci_high", "psnr_pooled"))
    published = number(float(row["published"] or "nan"), 1)
    return row["method"], row["n"], with_interval(mean, low, high), number(pooled), published


if __name__ == "__main__":
    run_stage(main)
