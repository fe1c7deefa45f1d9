"""Figure 3: what a segmenter recognises in every method's pictures, as mIoU with intervals, and class by class."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reports.inputs.judgements import Segmentation
from reports.inputs.scores import Dataset
from reports.plan.comparisons import pairs_of
from reports.plan.measures import MEASURES, sentence
from reports.plan.order import GRAY, ORIGINAL
from reports.plan.published import PublishedFigure3
from reports.statistics.means import RESAMPLES, Interval
from reports.statistics.miou import FEWEST, ClassRatios, class_ratios, differences_by_class, mean_difference
from reports.tables.documents import Table, difference_in_words, ends, in_words, sizes
from reports.tables.wording import count, interval_convention, number, signed, signed_with_interval

TRAINED_HERE = "trained here"  # what a card says of weights from `pipeline.train`
MIOU, PERCENT = MEASURES["miou"], 100


@dataclass(frozen=True)
class SegmenterScores:
    """One segmenter's IoUs of every method on one dataset. `n`: photographs with a labelled pixel."""

    dataset: Dataset
    segmenter: str
    segmentation: Segmentation
    ratios: dict[str, ClassRatios]
    n: int


def score_segmenters(datasets: Sequence[Dataset], seed: int) -> list[SegmenterScores]:
    """Resample each segmenter's counts of every method, all in pairs."""
    return [
        SegmenterScores(
            dataset,
            segmenter,
            found,
            {method: class_ratios(found.intersections[method], found.unions[method], seed) for method in found.unions},
            found.card.photographs - found.card.unlabelled,
        )
        for dataset in datasets
        for segmenter, found in dataset.segmentations.items()
    ]


def figure3_document(scores: Sequence[SegmenterScores], published: PublishedFigure3, seed: int) -> Table:
    """mIoU of every method with its interval, beside the published value and the distance to grey and original."""
    rows = [
        {
            "dataset": score.dataset.title,
            "method": method,
            **ends(ratios.interval, "miou", PERCENT),
            "n": score.n,
            "segmenter": score.segmenter,
            "published": published.rows[method].miou if method in published.rows else np.nan,
        }
        for score in scores
        for method, ratios in score.ratios.items()
    ]
    shown = [
        {
            "Dataset": score.dataset.title,
            "Segmenter": score.segmenter,
            "Method": method,
            f"{MIOU.label} [95 % interval]": _percent(ratios.interval),
            "Above grey": _beside(score, method, GRAY),
            "Below original": _beside(score, ORIGINAL, method),
            "Published": _published(method, published),
            "n": f"{score.n:,}",
        }
        for score in scores
        for method, ratios in score.ratios.items()
    ]
    caption = (
        f"{sentence(MIOU)} Brackets, also of differences: {interval_convention(RESAMPLES, seed)}. "
        f"Published: {published.where}, for {published.holds_for}. About {sizes([score.dataset for score in scores])}."
    )
    notes = tuple(f"{score.dataset.title}, {score.segmenter}: {segmenter_note(score)}" for score in scores)
    return Table("figure3", pd.DataFrame(rows), pd.DataFrame(shown), caption, notes, ("Dataset", "Segmenter", "Method"))


def segmenter_note(score: SegmenterScores) -> str:
    """Which segmenter it is: the network, what it has learned from, and its mIoU on the originals."""
    card = score.segmentation.card
    own = f"{_percent(score.ratios[ORIGINAL].interval)} %" if ORIGINAL in score.ratios else "not measured"
    unlabelled = f" {count(card.unlabelled, 'photograph')} without a labelled pixel." if card.unlabelled else ""
    differences = f" Differs from the published recipe: {'; '.join(card.differences)}." if card.differences else ""
    split = "the training split of " if card.weights == TRAINED_HERE else ""
    return (
        f"{card.parameters:,} parameters ({card.weights}, SHA-256 {card.weights_sha256[:12]}), learned from "
        f"{split}{card.training_data}, sees {card.resolution}. "
        f"Its own mIoU, on the originals: {own}.{unlabelled}{differences}"
    )


def class_iou_document(scores: Sequence[SegmenterScores], seed: int) -> Table:
    """Intersection over union by class, and how much of it each method's colours add to grey."""
    rows = [row for score in scores for row in _class_rows(score)]
    frame = pd.DataFrame(rows)
    shown = [
        {
            "Dataset": score.dataset.title,
            "Segmenter": score.segmenter,
            "Class": name,
            **{row["method"]: _class_cell(row) for row in found.to_dict("records")},
        }
        for score in scores
        for name, found in _classes(frame, score)
    ]
    caption = (
        f"Intersection over union in per cent by class, and in brackets how much more it is than in the grey "
        f"photographs, of {sizes([score.dataset for score in scores])}. Intervals "
        f"({interval_convention(RESAMPLES, seed)}) stand in class_iou.csv, for classes that are present or "
        f"predicted in {FEWEST} photographs (n) or more. Of so many intervals, some miss zero by chance."
    )
    return Table("class_iou", frame, pd.DataFrame(shown), caption, (), ("Dataset", "Segmenter", "Class"))


def _class_rows(score: SegmenterScores) -> Iterator[dict[str, object]]:
    """A row per class and method; NaN change where grey is not among the methods."""
    names = score.segmentation.card.classes
    nothing = [Interval(np.nan, np.nan, np.nan)] * len(names)
    for method, ratios in score.ratios.items():
        changes = differences_by_class(ratios, score.ratios[GRAY]) if GRAY in score.ratios else nothing
        columns = zip(names, ratios.photographs, ratios.by_class(), changes, strict=True)
        for name, photographs, iou, change in columns:
            named = {"dataset": score.dataset.title, "segmenter": score.segmenter, "class": name, "method": method}
            shares: dict[str, object] = {
                **ends(iou, "iou", PERCENT),
                **ends(change, "change", PERCENT, prefix="change_"),
            }
            yield named | {"n": int(photographs)} | shares


def _classes(frame: pd.DataFrame, score: SegmenterScores) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each class that is anywhere, in the dataset's order."""
    rows = frame[(frame["dataset"] == score.dataset.title) & (frame["segmenter"] == score.segmenter)]
    for name in score.segmentation.card.classes:
        found = rows[rows["class"] == name]
        if found["iou"].notna().any():
            yield name, found


def _class_cell(row: Mapping[Hashable, Any]) -> str:
    beside = "" if row["method"] == GRAY or np.isnan(row["change"]) else f" ({signed(row['change'], 1)})"
    return number(row["iou"], 1) + beside


def miou_differences_document(scores: Sequence[SegmenterScores], seed: int) -> Table:
    """Differences of two mIoUs: the paper's comparisons, each method minus grey, and the original minus each."""
    rows: list[dict[str, Any]] = []
    for score in scores:
        methods = list(score.ratios)
        pairs = [(pair.a, pair.b) for pair in pairs_of(methods)]
        pairs += [(method, GRAY) for method in methods if method != GRAY and GRAY in methods]
        pairs += [(ORIGINAL, method) for method in methods if method not in (ORIGINAL, GRAY) and ORIGINAL in methods]
        for a, b in pairs:
            named = {
                "dataset": score.dataset.title,
                "segmenter": score.segmenter,
                "method_a": a,
                "method_b": b,
                "n": score.n,
            }
            rows.append(named | ends(mean_difference(score.ratios[a], score.ratios[b]), "difference", PERCENT))
    shown = [
        {
            "Dataset": row["dataset"],
            "Segmenter": row["segmenter"],
            "Difference of": f"{row['method_a']} - {row['method_b']}",
            "n": f"{row['n']:,}",
            f"{MIOU.label} [95 % interval]": signed_with_interval(row["difference"], row["ci_low"], row["ci_high"], 1),
        }
        for row in rows
    ]
    caption = (
        f"Differences of mIoU on the same photographs, first minus second, in points of per cent. {sentence(MIOU)} "
        f"Brackets: {interval_convention(RESAMPLES, seed)}; described, not tested."
    )
    words = ("Dataset", "Segmenter", "Difference of")
    return Table("miou_differences", pd.DataFrame(rows), pd.DataFrame(shown), caption, (), words)


def _percent(interval: Interval) -> str:
    return in_words(interval, MIOU.digits, PERCENT)


def _beside(score: SegmenterScores, a: str, b: str) -> str:
    """The difference of two methods for people; a dash where one is not there, or both are the same."""
    if a == b or a not in score.ratios or b not in score.ratios:
        return "-"
    return difference_in_words(mean_difference(score.ratios[a], score.ratios[b]), MIOU.digits, PERCENT)


def _published(method: str, published: PublishedFigure3) -> str:
    return number(published.rows[method].miou, 0) if method in published.rows else "-"
