"""The paper's two defects as tables: edge bleeding and context confusion of every method, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.metrics.confusion import class_distances
from reports.inputs.judgements import Defects
from reports.inputs.scores import Dataset
from reports.plan.comparisons import pairs_of
from reports.plan.measures import MEASURES, Measure, measured_in, sentence
from reports.statistics.means import RESAMPLES, Interval, percentile_interval, resampled_counts
from reports.statistics.miou import ClassRatios, class_ratios, mean_difference, mean_ratios
from reports.statistics.trainings import Scatter, mean_of, scatter, widened
from reports.tables.documents import Table, difference_in_words, ends, in_words, sizes
from reports.tables.over_trainings import about_trainings, estimate, wide_of
from reports.tables.wording import interval_convention, of_fewer

DISTANCE_RESAMPLES = 2_000  # a distance of distributions is no sum: it costs much more than a mean
BLEEDING, CONFUSION = measured_in("defects"), measured_in("objects")
DIFFERENCES = ("Dataset", "Difference of", "Measure", "[95 % interval]")


@dataclass(frozen=True)
class Confusion:
    """One method's context confusion over its trainings: the colour distance and its resamples, and the accuracies.

    `by_training`: each measure's value of every training; empty for a method that was not trained here.
    """

    distance: float
    distances: np.ndarray
    accuracy: ClassRatios
    by_training: Mapping[str, Sequence[float]]

    @property
    def intervals(self) -> dict[str, Interval]:
        """The value of each measure with its interval, over photographs and trainings."""
        found = {
            "color_distance": percentile_interval(self.distance, self.distances),
            "balanced_accuracy": self.accuracy.interval,
        }
        return {key: widened(interval, scatter(self.by_training.get(key, ()))) for key, interval in found.items()}

    def minus(self, other: "Confusion", apart: bool) -> dict[str, Interval]:
        """The difference from another method by each measure, on the same photographs.

        `apart`: the two are not on the same weights, so that other trainings would move the difference.
        """
        found = {
            "color_distance": percentile_interval(self.distance - other.distance, self.distances - other.distances),
            "balanced_accuracy": mean_difference(self.accuracy, other.accuracy),
        }
        return {key: widened(interval, self.scatter_apart(other, key, apart)) for key, interval in found.items()}

    def scatter_apart(self, other: "Confusion", key: str, apart: bool) -> Scatter:
        """How far trainings move the difference by one measure."""
        return scatter(*(side.by_training.get(key, ()) for side in (self, other) if apart))


def context_confusion(dataset: Dataset, seed: int) -> dict[str, Confusion]:
    """The context confusion of every method over its trainings, resampled in pairs; none without masks."""
    defects, classes = dataset.repeated.defects, len(dataset.val.classes)
    if defects.objects.empty:
        return {}
    weights = np.concatenate(list(resampled_counts(len(defects.ids), seed, DISTANCE_RESAMPLES)))
    found = {
        run: (*resampled_distances(lines, weights), class_ratios(*_guesses(defects, run, classes), seed))
        for run, lines in defects.colors.items()
    }
    return {
        method: _over_trainings(dataset, method, [found[run] for run in runs]) for method, runs in dataset.runs.items()
    }


def _over_trainings(dataset: Dataset, method: str, found: Sequence[tuple[float, np.ndarray, ClassRatios]]) -> Confusion:
    distances, resampled, ratios = zip(*found, strict=True)
    values = {"color_distance": distances, "balanced_accuracy": [one.interval.mean for one in ratios]}
    return Confusion(
        float(np.mean(distances)), mean_of(resampled), mean_ratios(ratios), values if dataset.trained(method) else {}
    )


def resampled_distances(lines: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean over classes of the whole dataset, and of resamples; a class that one lacks counts as in the dataset."""
    whole, resampled = class_distances(lines), class_distances(lines, weights)
    filled = [np.where(np.isfinite(resampled[label]), resampled[label], whole[label]) for label in whole]
    return float(np.mean(list(whole.values()))), np.mean(filled, axis=0)


def _guesses(defects: Defects, method: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, classes) objects guessed correctly, and all objects; a class is in a photograph once or not at all."""
    objects = defects.objects[defects.objects["method"] == method]
    photographs = objects["id"].map({id: number for number, id in enumerate(defects.ids)}).to_numpy()
    correct, present = np.zeros((2, len(defects.ids), classes), np.int64)
    present[photographs, objects["label"]] = 1
    correct[photographs, objects["label"]] = objects["guess"] == objects["label"]
    return correct, present


def defects_document(datasets: Sequence[Dataset], confusions: Sequence[Mapping[str, Confusion]], seed: int) -> Table:
    """Every number of both defects: `confusions` as `context_confusion` gives it, for each dataset."""
    rows, shown = [], []
    for dataset, confusion in zip(datasets, confusions, strict=True):
        wide = {measure.key: wide_of(dataset.repeated.defects.bleeding, measure.of_rows) for measure in BLEEDING}
        for method in dataset.runs:
            measured = {key: estimate(dataset, values, method, seed) for key, values in wide.items()}
            if method in confusion:
                n = len(dataset.defects.ids)
                measured |= {key: (interval, n) for key, interval in confusion[method].intervals.items()}
            rows += [
                {"dataset": dataset.title, "method": method, "metric": key, **ends(interval), "n": n}
                for key, (interval, n) in measured.items()
            ]
            cells = {
                measure.name: _shown(measure, *measured[measure.key], dataset) if measure.key in measured else "-"
                for measure in (*BLEEDING, *CONFUSION)
            }
            shown.append({"Dataset": dataset.title, "Method": method} | cells)
    caption = (
        f"The paper's two defects, edge colour bleeding and context confusion, of {sizes(datasets)}. Brackets: "
        f"{interval_convention(RESAMPLES, seed)}; of colour distance {DISTANCE_RESAMPLES:,} resamples. n stands beside "
        "a value of fewer photographs."
    )
    notes = tuple(map(sentence, (*BLEEDING, *CONFUSION)))
    return Table("defects", pd.DataFrame(rows), pd.DataFrame(shown), caption, notes)


def _shown(measure: Measure, interval: Interval, n: int, dataset: Dataset) -> str:
    text = in_words(interval, measure.digits)
    return text if text == "-" else text + of_fewer(n, len(dataset.defects.ids))


def confusion_differences_document(
    datasets: Sequence[Dataset], confusions: Sequence[Mapping[str, Confusion]], seed: int
) -> Table:
    """The paper's comparisons by context confusion; those by bleeding stand among the paired differences."""
    rows, shown = [], []
    for dataset, confusion in zip(datasets, confusions, strict=True):
        for pair in pairs_of(confusion):
            apart = dataset.trainings_apart(pair.a, pair.b)
            for key, difference in confusion[pair.a].minus(confusion[pair.b], bool(apart)).items():
                named = {"dataset": dataset.title, "metric": key, "method_a": pair.a, "method_b": pair.b}
                moved = confusion[pair.a].scatter_apart(confusion[pair.b], key, bool(apart))
                counts = {"n": len(dataset.defects.ids), **about_trainings(apart, moved)}
                rows.append({**named, **counts, **ends(difference, "difference")})
                text = difference_in_words(difference, MEASURES[key].digits_of_difference)
                cells = (dataset.title, pair.title, MEASURES[key].name, text)
                shown.append(dict(zip(DIFFERENCES, cells, strict=True)))
    caption = (
        "Context confusion, first method minus second, on the same photographs. "
        f"{' '.join(map(sentence, CONFUSION))} Brackets: {interval_convention(RESAMPLES, seed)}; described, not tested."
    )
    table = pd.DataFrame(shown, columns=DIFFERENCES)
    return Table("confusion_differences", pd.DataFrame(rows), table, caption, (), DIFFERENCES[:3])


def confusion_rows(datasets: Sequence[Dataset]) -> pd.DataFrame:
    """The confusion matrices of the classifier of colours: a row per dataset, method, true class and guess."""
    frames = []
    for dataset in datasets:
        names = dict(enumerate(dataset.val.classes))
        counted = dataset.defects.objects.groupby(["method", "label", "guess"], sort=False).size().reset_index()
        counted.columns = pd.Index(["method", "class", "guess", "objects"])
        frames.append(counted.replace({"class": names, "guess": names}).assign(dataset=dataset.title))
    return pd.concat(frames)[["dataset", "method", "class", "guess", "objects"]]
