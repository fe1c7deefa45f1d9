"""Figure 3: what a segmenter recognises in every method's pictures, as mIoU with intervals, and class by class."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from reports.inputs.judgements import Segmentation
from reports.inputs.scores import Dataset
from reports.plan.comparisons import pairs_of
from reports.plan.published import PublishedFigure3
from reports.statistics.means import RESAMPLES, Interval
from reports.statistics.miou import FEWEST, ClassRatios, class_ratios, differences_by_class, mean_difference
from reports.tables.documents import Table, sizes
from reports.tables.numbers import ORIGINAL
from reports.tables.wording import count, interval_convention, number, signed, signed_with_interval, with_interval

GRAY = "gray"
HERE = "trained here"  # what a card says of weights from `pipeline.train`
MIOU = (
    "mean over classes of intersection over union, in per cent, from sums over all labelled pixels of the dataset at "
    "the photographs' own size; classes that are neither there nor found do not count"
)


class Judged(NamedTuple):
    """One segmenter's ratios of every method on one dataset; n: photographs with a labelled pixel."""

    dataset: Dataset
    segmenter: str
    segmentation: Segmentation
    ratios: dict[str, ClassRatios]
    n: int


def judge(datasets: Sequence[Dataset], seed: int) -> list[Judged]:
    """Resample each segmenter's counts of every method, all in pairs."""
    return [
        Judged(
            dataset,
            segmenter,
            one,
            {method: class_ratios(one.intersections[method], one.unions[method], seed) for method in one.unions},
            one.card.photographs - one.card.unlabelled,
        )
        for dataset in datasets
        for segmenter, one in dataset.segmentations.items()
    ]


def figure3_document(judged: Sequence[Judged], published: PublishedFigure3, seed: int) -> Table:
    """mIoU of every method with its interval, beside the published value and the distance to grey and original."""
    rows = [
        {
            "dataset": one.dataset.title,
            "method": method,
            **_ends(ratios.interval, "miou"),
            "n": one.n,
            "segmenter": one.segmenter,
            "published": published.rows[method].miou if method in published.rows else np.nan,
        }
        for one in judged
        for method, ratios in one.ratios.items()
    ]
    shown = [
        {
            "Dataset": one.dataset.title,
            "Segmenter": one.segmenter,
            "Method": method,
            "mIoU, % [95 % interval]": _percent(ratios.interval),
            "Above grey": _beside(one, method, GRAY),
            "Below original": _beside(one, ORIGINAL, method),
            "Published": _published(method, published),
            "n": f"{one.n:,}",
        }
        for one in judged
        for method, ratios in one.ratios.items()
    ]
    caption = (
        f"mIoU: {MIOU}. Brackets, also of differences: {interval_convention(RESAMPLES, seed)}. "
        f"Published: {published.where}, for {published.holds_for}. About {sizes([one.dataset for one in judged])}."
    )
    notes = tuple(f"{one.dataset.title}, {one.segmenter}: {segmenter_note(one)}" for one in judged)
    return Table("figure3", pd.DataFrame(rows), pd.DataFrame(shown), caption, notes, ("Dataset", "Segmenter", "Method"))


def segmenter_note(one: Judged) -> str:
    """Who judges: the network, what it has learned from, and how well it does on the originals themselves."""
    card = one.segmentation.card
    own = f"{_percent(one.ratios[ORIGINAL].interval)} %" if ORIGINAL in one.ratios else "not measured"
    unlabelled = f" {count(card.unlabelled, 'photograph')} without a labelled pixel." if card.unlabelled else ""
    differences = f" Differs from the published recipe: {'; '.join(card.differences)}." if card.differences else ""
    split = "the training split of " if card.weights == HERE else ""
    return (
        f"{card.parameters:,} parameters ({card.weights}, SHA-256 {card.weights_sha256[:12]}), learned from "
        f"{split}{card.training_data}, sees {card.resolution}. "
        f"Its own mIoU, on the originals: {own}.{unlabelled}{differences}"
    )


def class_iou_document(judged: Sequence[Judged], seed: int) -> Table:
    """Intersection over union by class, and how much of it each method's colours add to grey."""
    rows = [row for one in judged for row in _class_rows(one)]
    frame = pd.DataFrame(rows)
    shown = [
        {
            "Dataset": one.dataset.title,
            "Segmenter": one.segmenter,
            "Class": name,
            **{row["method"]: _class_cell(row) for row in found.to_dict("records")},
        }
        for one in judged
        for name, found in _classes(frame, one)
    ]
    caption = (
        f"Intersection over union in per cent by class, and in brackets how much more it is than in the grey "
        f"photographs, of {sizes([one.dataset for one in judged])}. Intervals ({interval_convention(RESAMPLES, seed)}) "
        f"stand in class_iou.csv, for classes that are in {FEWEST} photographs (n) or more, or were found there; of so "
        "many, some miss zero by chance."
    )
    return Table("class_iou", frame, pd.DataFrame(shown), caption, (), ("Dataset", "Segmenter", "Class"))


def _class_rows(one: Judged) -> Iterator[dict[str, object]]:
    """A row per class and method; NaN change where grey is not among the methods."""
    names = one.segmentation.card.classes
    nothing = [Interval(np.nan, np.nan, np.nan)] * len(names)
    for method, ratios in one.ratios.items():
        changes = differences_by_class(ratios, one.ratios[GRAY]) if GRAY in one.ratios else nothing
        columns = zip(names, ratios.photographs, ratios.by_class(), changes, strict=True)
        for name, photographs, iou, change in columns:
            named = {"dataset": one.dataset.title, "segmenter": one.segmenter, "class": name, "method": method}
            yield named | {"n": int(photographs), **_ends(iou, "iou"), **_ends(change, "change", "change_")}


def _classes(frame: pd.DataFrame, one: Judged) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each class that is anywhere, in the dataset's order."""
    mine = frame[(frame["dataset"] == one.dataset.title) & (frame["segmenter"] == one.segmenter)]
    for name in one.segmentation.card.classes:
        found = mine[mine["class"] == name]
        if found["iou"].notna().any():
            yield name, found


def _class_cell(row: Mapping[Hashable, Any]) -> str:
    beside = "" if row["method"] == GRAY or np.isnan(row["change"]) else f" ({signed(row['change'], 1)})"
    return number(row["iou"], 1) + beside


def miou_differences_document(judged: Sequence[Judged], seed: int) -> Table:
    """Differences of two mIoUs: the paper's comparisons, each method less grey, and the original less each."""
    rows: list[dict[str, Any]] = []
    for one in judged:
        methods = list(one.ratios)
        pairs = [(pair.a, pair.b) for pair in pairs_of(methods)]
        pairs += [(method, GRAY) for method in methods if method != GRAY and GRAY in methods]
        pairs += [(ORIGINAL, method) for method in methods if method not in (ORIGINAL, GRAY) and ORIGINAL in methods]
        for a, b in pairs:
            named = {"dataset": one.dataset.title, "segmenter": one.segmenter, "method_a": a, "method_b": b, "n": one.n}
            rows.append(named | _ends(mean_difference(one.ratios[a], one.ratios[b]), "difference"))
    shown = [
        {
            "Dataset": row["dataset"],
            "Segmenter": row["segmenter"],
            "Difference of": f"{row['method_a']} - {row['method_b']}",
            "n": f"{row['n']:,}",
            "mIoU, % [95 % interval]": signed_with_interval(row["difference"], row["ci_low"], row["ci_high"], 1),
        }
        for row in rows
    ]
    caption = (
        f"Differences of mIoU on the same photographs, first less second, in points of per cent. mIoU: {MIOU}. "
        f"Brackets: {interval_convention(RESAMPLES, seed)}; described, not tested."
    )
    words = ("Dataset", "Segmenter", "Difference of")
    return Table("miou_differences", pd.DataFrame(rows), pd.DataFrame(shown), caption, (), words)


def _ends(interval: Interval, name: str, prefix: str = "") -> dict[str, float]:
    """An interval of shares as three columns in per cent."""
    names = (name, f"{prefix}ci_low", f"{prefix}ci_high")
    return {key: 100 * end for key, end in zip(names, (interval.mean, interval.low, interval.high), strict=True)}


def _percent(interval: Interval) -> str:
    return with_interval(100 * interval.mean, 100 * interval.low, 100 * interval.high, 1)


def _beside(one: Judged, a: str, b: str) -> str:
    """The difference of two methods for people; a dash where one is not there, or both are one."""
    if a == b or a not in one.ratios or b not in one.ratios:
        return "-"
    difference = mean_difference(one.ratios[a], one.ratios[b])
    return signed_with_interval(100 * difference.mean, 100 * difference.low, 100 * difference.high, 1)


def _published(method: str, published: PublishedFigure3) -> str:
    return number(published.rows[method].miou, 0) if method in published.rows else "-"
