"""A table as people read it: numbers, the same as text, a caption and footnotes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.inputs.scores import Dataset
from reports.statistics.means import Interval
from reports.tables.wording import signed_with_interval, with_interval

WORDS = ("Dataset", "Method")


@dataclass(frozen=True)
class Table:
    """A table for files and pages. `rows`: numbers; `shown`: the same rows as text, under headings for people.

    `words`: the headings of columns that hold words, which stand left; numbers stand right.
    """

    name: str
    rows: pd.DataFrame
    shown: pd.DataFrame
    caption: str
    notes: tuple[str, ...] = ()
    words: tuple[str, ...] = WORDS


def ends(interval: Interval, name: str = "value", factor: float = 1, prefix: str = "") -> dict[str, float]:
    """An interval as three columns; `factor` 100 makes per cent of shares."""
    names = (name, f"{prefix}ci_low", f"{prefix}ci_high")
    return {key: factor * end for key, end in zip(names, (interval.mean, interval.low, interval.high), strict=True)}


def in_words(interval: Interval, digits: int, factor: float = 1) -> str:
    """`22.31 [22.05, 22.58]`."""
    return with_interval(factor * interval.mean, factor * interval.low, factor * interval.high, digits)


def difference_in_words(interval: Interval, digits: int, factor: float = 1) -> str:
    """`+0.12 [0.05, 0.19]`."""
    return signed_with_interval(factor * interval.mean, factor * interval.low, factor * interval.high, digits)


def titled(datasets: Sequence[Dataset], notes: Callable[[Dataset], list[str]]) -> tuple[str, ...]:
    """Every dataset's notes, each saying which dataset it is about."""
    return tuple(f"{dataset.title}: {note}" for dataset in datasets for note in notes(dataset))


def sizes(datasets: Sequence[Dataset]) -> str:
    """The datasets by title, with the number of photographs that all their numbers are about."""
    return " and ".join(f"{dataset.title}, n = {dataset.val.photographs:,}" for dataset in datasets)
