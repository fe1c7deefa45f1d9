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
from reports.statistics.miou import (
    FEWEST,
    ClassRatios,
    class_ratios,
    differences_by_class,
    mean_difference,
    mean_ratios,
)
from reports.statistics.trainings import Scatter, scatter, widened
from reports.tables.documents import Table, difference_in_words, ends, in_words, sizes
from reports.tables.over_trainings import about_trainings
from reports.tables.wording import count, interval_convention, number, signed, signed_with_interval

TRAINED_HERE = "trained here"  # what a card says of weights from `pipeline.train`
MIOU, PERCENT = MEASURES["miou"], 100


@dataclass(frozen=True)
class SegmenterScores:
    """One segmenter's IoUs of every method on one dataset. `n`: photographs with a labelled pixel.

    `ratios` are means over a method's trainings; `by_training`: the ratios of each training, of those trained here.
    """

    dataset: Dataset
    segmenter: str
    segmentation: Segmentation
    ratios: dict[str, ClassRatios]
    by_training: dict[str, list[ClassRatios]]
    n: int

    def interval(self, method: str) -> Interval:
        """A method's mIoU with its interval, over photographs and trainings."""
        return widened(self.ratios[method].interval, scatter(self._values(method)))

    def difference(self, a: str, b: str) -> Interval:
        """The difference of two methods' mIoU on the same photographs; trainings count unless both share weights."""
        return widened(mean_difference(self.ratios[a], self.ratios[b]), self.scatter_apart(a, b))

    def scatter_apart(self, a: str, b: str) -> Scatter:
        """How far trainings move the difference."""
        return scatter(*map(self._values, self._apart(a, b)))

    def by_class(self, method: str) -> list[Interval]:
        """The ratio of each class with its interval, over photographs and trainings."""
        return [widened(*one) for one in zip(self.ratios[method].by_class(), self._of_classes(method), strict=True)]

    def differences_by_class(self, a: str, b: str) -> list[Interval]:
        """The difference of each class's ratio on the same photographs, over trainings as `difference`."""
        photographs = differences_by_class(self.ratios[a], self.ratios[b])
        return [widened(*one) for one in zip(photographs, self._of_classes(*self._apart(a, b)), strict=True)]

    def _apart(self, a: str, b: str) -> tuple[str, ...]:
        return (a, b) if self.dataset.trainings_apart(a, b) else ()

    def _values(self, method: str) -> list[float]:
        return [ratios.interval.mean for ratios in self.by_training.get(method, ())]

    def _of_classes(self, *methods: str) -> list[Scatter]:
        sides = [[ratios.whole for ratios in self.by_training.get(method, ())] for method in methods]
        classes = range(len(self.segmentation.card.classes))
        return [scatter(*([float(whole[label]) for whole in side] for side in sides)) for label in classes]


def score_segmenters(datasets: Sequence[Dataset], seed: int) -> list[SegmenterScores]:
    """Resample each segmenter's counts of every method and training, all in pairs."""
    return [
        _scored(dataset, segmenter, found, seed)
        for dataset in datasets
        for segmenter, found in dataset.repeated.segmentations.items()
    ]


def _scored(dataset: Dataset, segmenter: str, found: Segmentation, seed: int) -> SegmenterScores:
    ratios = {run: class_ratios(found.intersections[run], found.unions[run], seed) for run in found.unions}
    return SegmenterScores(
        dataset,
        segmenter,
        found,
        {method: mean_ratios([ratios[run] for run in runs]) for method, runs in dataset.runs.items()},
        {method: [ratios[run] for run in dataset.trained(method)] for method in dataset.runs},
        found.card.photographs - found.card.unlabelled,
    )


def figure3_document(scores: Sequence[SegmenterScores], published: PublishedFigure3, seed: int) -> Table:
    """mIoU of every method with its interval, beside the published value and the distance to grey and original."""
    rows = [
        {
            "dataset": score.dataset.title,
            "method": method,
            **ends(score.interval(method), "miou", PERCENT),
            "n": score.n,
            "segmenter": score.segmenter,
            "published": published.rows[method].miou if method in published.rows else np.nan,
        }
        for score in scores
        for method in score.ratios
    ]
    shown = [
        {
            "Dataset": score.dataset.title,
            "Segmenter": score.segmenter,
            "Method": method,
            f"{MIOU.label} [95 % interval]": _percent(score.interval(method)),
            "Above grey": _beside(score, method, GRAY),
            "Below original": _beside(score, ORIGINAL, method),
            f"Published, {published.data}": _published(method, published),
            "n": f"{score.n:,}",
        }
        for score in scores
        for method in score.ratios
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
        changes = score.differences_by_class(method, GRAY) if GRAY in score.ratios else nothing
        columns = zip(names, ratios.photographs, score.by_class(method), changes, strict=True)
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
            about = about_trainings(score.dataset.trainings_apart(a, b), score.scatter_apart(a, b))
            about["trainings_half"] *= PERCENT
            rows.append(named | about | ends(score.difference(a, b), "difference", PERCENT))
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
    return difference_in_words(score.difference(a, b), MIOU.digits, PERCENT)


def _published(method: str, published: PublishedFigure3) -> str:
    return number(published.rows[method].miou, 0) if method in published.rows else "-"
