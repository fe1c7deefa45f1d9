"""The report's tables as people read them: headings, captions and footnotes around the numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.inputs.scores import Dataset
from reports.plan.published import Published
from reports.statistics.means import RESAMPLES
from reports.tables.numbers import ORIGINAL, scores_summary, table1
from reports.tables.wording import CONVENTIONS, count, interval_convention, listed, number, with_interval

# Column of a score row -> its name for people and the decimals they need.
SCORES = {
    "psnr_rgb": ("PSNR", 2),
    "psnr_ab": ("PSNR ab", 2),
    "ssim_rgb": ("SSIM", 3),
    "colorfulness": ("Colorfulness", 1),
}


@dataclass(frozen=True)
class Table:
    """A table for files and pages. `rows`: numbers; `shown`: the same rows as text, under headings for people.

    `words`: the headings of columns that hold words, which stand left; numbers stand right.
    """

    name: str
    rows: pd.DataFrame
    shown: pd.DataFrame
    caption: str
    notes: tuple[str, ...]
    words: tuple[str, ...] = ("Dataset", "Method")


def table1_document(datasets: Sequence[Dataset], methods: Sequence[str], published: Published, seed: int) -> Table:
    """Table 1 with its conventions and footnotes."""
    rows = table1(_scores(datasets), _titles(datasets), methods, published.table1, seed)
    shown = pd.DataFrame(
        {
            "Dataset": rows["dataset"],
            "Method": rows["method"],
            "n": rows["n"].map(str),
            "PSNR [95 % interval]": _intervals(rows, ("psnr_mean", "ci_low", "ci_high"), 2),
            "PSNR, pooled": rows["psnr_pooled"].map(number),
            "Published": [number(value, 1) for value in rows["published"]],
        }
    )
    caption = (
        f"PSNR in dB of {sizes(datasets)}. PSNR: {CONVENTIONS['PSNR']}. Brackets: "
        f"{interval_convention(RESAMPLES, seed)}. Pooled: {CONVENTIONS['PSNR, pooled']}. "
        f"Published: {published.table1.where}, for {published.table1.holds_for}."
    )
    return Table("table1", rows, shown, caption, titled(datasets, notes_on))


def scores_document(datasets: Sequence[Dataset], methods: Sequence[str], seed: int) -> Table:
    """Every score with its conventions and footnotes."""
    rows = scores_summary(_scores(datasets), _titles(datasets), methods, seed)
    columns = {
        name: _intervals(rows, (f"{column}_mean", f"{column}_low", f"{column}_high"), digits)
        for column, (name, digits) in SCORES.items()
    }
    shown = pd.DataFrame({"Dataset": rows["dataset"], "Method": rows["method"], "n": rows["n"].map(str), **columns})
    conventions = " ".join(f"{name}: {CONVENTIONS[name]}." for name, _ in SCORES.values())
    caption = f"All scores of {sizes(datasets)}. {conventions} Brackets: {interval_convention(RESAMPLES, seed)}."
    return Table("scores", rows, shown, caption, titled(datasets, _exact_notes))


def notes_on(dataset: Dataset) -> list[str]:
    """What a reader of a dataset's PSNRs must know: colourless originals, exact copies, skipped pictures."""
    return [_colorless_note(dataset), *_exact_notes(dataset), *_skipped_notes(dataset)]


def _colorless_note(dataset: Dataset) -> str:
    said = (
        f"{dataset.val.colorless:,} of {dataset.val.photographs:,} originals are colourless "
        "(no |a| or |b| over 5 in any fourth pixel)"
    )
    colored = dataset.scores[~dataset.scores["colorless"] & np.isfinite(dataset.scores["psnr_rgb"])]
    if dataset.val.colorless == 0 or colored.empty:
        return f"{said}."
    means = colored.groupby("method", sort=False)["psnr_rgb"].mean()
    without = listed({str(method): number(mean) for method, mean in means.items()})
    return f"{said} and stay in the table, as the paper names no exception. PSNR without them: {without}."


def _exact_notes(dataset: Dataset) -> list[str]:
    """An infinite PSNR has no mean, so a photograph that a method reproduces exactly cannot be part of one."""
    exact = dataset.scores[np.isinf(dataset.scores["psnr_rgb"]) & (dataset.scores["method"] != ORIGINAL)]
    return [
        f"{method} reproduces {count(len(group), 'photograph')} exactly (infinite PSNR): "
        "no part of the mean and its interval, but of the pooled PSNR."
        for method, group in exact.groupby("method", sort=False)
    ]


def _skipped_notes(dataset: Dataset) -> list[str]:
    skipped = len(dataset.train.skipped) + len(dataset.val.skipped)
    if dataset.on_bad_image != "skip" and not skipped:
        return []
    return [
        f"{count(len(dataset.val.skipped), 'damaged picture')} of val and "
        f"{len(dataset.train.skipped):,} of train left out (on_bad_image: {dataset.on_bad_image})."
    ]


def titled(datasets: Sequence[Dataset], notes: Callable[[Dataset], list[str]]) -> tuple[str, ...]:
    """Every dataset's notes, each saying which dataset it is about."""
    return tuple(f"{dataset.title}: {note}" for dataset in datasets for note in notes(dataset))


def _scores(datasets: Sequence[Dataset]) -> pd.DataFrame:
    return pd.concat([dataset.scores for dataset in datasets], ignore_index=True)


def _titles(datasets: Sequence[Dataset]) -> Mapping[str, str]:
    return {dataset.name: dataset.title for dataset in datasets}


def sizes(datasets: Sequence[Dataset]) -> str:
    """The datasets by title, with the number of photographs that all their numbers are about."""
    return " and ".join(f"{dataset.title}, n = {dataset.val.photographs:,}" for dataset in datasets)


def _intervals(rows: pd.DataFrame, columns: tuple[str, str, str], digits: int) -> list[str]:
    mean, low, high = (rows[column] for column in columns)
    return [with_interval(*ends, digits=digits) for ends in zip(mean, low, high, strict=True)]
