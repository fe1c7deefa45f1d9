"""The paper's two defects as tables: edge bleeding and context confusion of every method, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.metrics.confusion import class_distances
from reports.inputs.judgements import Defects
from reports.inputs.scores import Dataset
from reports.plan.comparisons import pairs_of
from reports.statistics.means import RESAMPLES, Interval, bootstrap_mean, percentile_ends, resampled_counts
from reports.statistics.miou import ClassRatios, class_ratios, mean_difference
from reports.tables.documents import Table, sizes
from reports.tables.wording import interval_convention, number, signed_with_interval, with_interval

DISTANCE_RESAMPLES = 2_000  # a distance of distributions is no sum: it costs much more than a mean


@dataclass(frozen=True)
class Score:
    """A number of one defect: its name for people, the decimals it needs, and what it is."""

    name: str
    digits: int
    convention: str


BLEEDING = {
    "bleeding_flat": Score(
        "Bleeding, flat",
        3,
        "share of a picture's colour change that lies away from all edges of the photograph; mean over photographs "
        "whose colours change at all; lower is better, but the original's own shading is above 0",
    ),
    "bleeding_boundary": Score(
        "Bleeding, boundary",
        3,
        "share of a picture's own contrast across true object boundaries that is missing 3 to 9 units (1/625 of the "
        "diagonal) from them; mean over photographs that have contrast there; lower is better; see contrast, too",
    ),
    "boundary_contrast": Score(
        "Contrast",
        3,
        "colour contrast across true object boundaries as a multiple of the original's; 1 is the original, 0 is grey",
    ),
}
CONFUSION = {
    "color_distance": Score(
        "Colour distance",
        2,
        "sliced Wasserstein distance in Lab units of each class's colours in the dataset from the true ones, mean over "
        f"classes; lower is better ({DISTANCE_RESAMPLES:,} resamples)",
    ),
    "balanced_accuracy": Score(
        "Told by colour",
        3,
        "share of objects whose class a naive Bayes classifier of colours alone, which has learned from the training "
        "split's originals, guesses rightly, mean over classes; higher is better, the original's is the ceiling",
    ),
}
SCORES = {**BLEEDING, **CONFUSION}


@dataclass(frozen=True)
class Confused:
    """One method's context confusion: the resampled mean colour distance, and the ratios behind balanced accuracy."""

    distance: float
    distances: np.ndarray
    told: ClassRatios

    def interval(self, score: str) -> Interval:
        """The value of one of `CONFUSION` with its interval."""
        return self.told.interval if score == "balanced_accuracy" else around(self.distance, self.distances)


def examine(dataset: Dataset, seed: int) -> dict[str, Confused]:
    """The context confusion of every method, resampled in pairs; none without masks."""
    defects, classes = dataset.defects, len(dataset.val.classes)
    if defects.objects.empty:
        return {}
    weights = np.concatenate(list(resampled_counts(len(defects.ids), seed, DISTANCE_RESAMPLES)))
    return {
        method: Confused(*resampled_distances(lines, weights), class_ratios(*_guesses(defects, method, classes), seed))
        for method, lines in defects.colors.items()
    }


def resampled_distances(lines: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean over classes of the whole dataset, and of resamples; a class that one lacks counts as in the dataset."""
    whole, resampled = class_distances(lines), class_distances(lines, weights)
    filled = [np.where(np.isfinite(resampled[label]), resampled[label], whole[label]) for label in whole]
    return float(np.mean(list(whole.values()))), np.mean(filled, axis=0)


def _guesses(defects: Defects, method: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, classes) objects rightly guessed, and all objects; a class is in a photograph once or not at all."""
    objects = defects.objects[defects.objects["method"] == method]
    photographs = objects["id"].map({id: number for number, id in enumerate(defects.ids)}).to_numpy()
    right, there = np.zeros((2, len(defects.ids), classes), np.int64)
    there[photographs, objects["label"]] = 1
    right[photographs, objects["label"]] = objects["guess"] == objects["label"]
    return right, there


def defects_document(datasets: Sequence[Dataset], confused: Sequence[Mapping[str, Confused]], seed: int) -> Table:
    """Every number of both defects: `confused` as `examine` gives it, for each dataset."""
    rows, shown = [], []
    for dataset, one in zip(datasets, confused, strict=True):
        bleeding = dataset.defects.bleeding
        for method, found in bleeding.groupby("method", sort=False):
            measured = {score: _mean(found[score].to_numpy(), seed) for score in BLEEDING}
            if method in one:
                n = len(dataset.defects.ids)
                measured |= {score: (one[str(method)].interval(score), n) for score in CONFUSION}
            rows += [
                {
                    "dataset": dataset.title,
                    "method": method,
                    "metric": score,
                    "value": interval.mean,
                    "ci_low": interval.low,
                    "ci_high": interval.high,
                    "n": n,
                }
                for score, (interval, n) in measured.items()
            ]
            shown.append({"Dataset": dataset.title, "Method": method} | _cells(measured))
    notes = tuple(f"{score.name}: {score.convention}." for score in SCORES.values())
    caption = (
        f"The paper's two defects, edge colour bleeding and context confusion, of {sizes(datasets)}. Brackets: "
        f"{interval_convention(RESAMPLES, seed)}. How many photographs a number is about stands in defects.csv."
    )
    return Table("defects", pd.DataFrame(rows), pd.DataFrame(shown), caption, notes)


def confusion_differences_document(
    datasets: Sequence[Dataset], confused: Sequence[Mapping[str, Confused]], seed: int
) -> Table:
    """The paper's comparisons by context confusion; those by bleeding stand among the paired differences."""
    rows, shown = [], []
    for dataset, one in zip(datasets, confused, strict=True):
        for pair in pairs_of(one):
            a, b = one[pair.a], one[pair.b]
            differences = {
                "color_distance": around(a.distance - b.distance, a.distances - b.distances),
                "balanced_accuracy": mean_difference(a.told, b.told),
            }
            for name, difference in differences.items():
                score = CONFUSION[name]
                named = {"dataset": dataset.title, "metric": name, "method_a": pair.a, "method_b": pair.b}
                ends = {"difference": difference.mean, "ci_low": difference.low, "ci_high": difference.high}
                rows.append(named | {"n": len(dataset.defects.ids)} | ends)
                told = signed_with_interval(difference.mean, difference.low, difference.high, score.digits)
                shown.append(
                    {
                        "Dataset": dataset.title,
                        "Difference of": pair.title,
                        "Score": score.name,
                        "[95 % interval]": told,
                    }
                )
    caption = (
        "Context confusion, first method less second, on the same photographs. "
        + " ".join(f"{score.name}: {score.convention}." for score in CONFUSION.values())
        + f" Brackets: {interval_convention(RESAMPLES, seed)}; described, not tested."
    )
    words = ("Dataset", "Difference of", "Score")
    return Table("confusion_differences", pd.DataFrame(rows), pd.DataFrame(shown), caption, (), words)


def confusion_rows(datasets: Sequence[Dataset]) -> pd.DataFrame:
    """The confusion matrices of the classifier of colours: a row per dataset, method, true class and guess."""
    frames = []
    for dataset in datasets:
        names = dict(enumerate(dataset.val.classes))
        counted = dataset.defects.objects.groupby(["method", "label", "guess"], sort=False).size().reset_index()
        counted.columns = pd.Index(["method", "class", "guess", "objects"])
        frames.append(counted.replace({"class": names, "guess": names}).assign(dataset=dataset.title))
    return pd.concat(frames)[["dataset", "method", "class", "guess", "objects"]]


def _mean(values: np.ndarray, seed: int) -> tuple[Interval, int]:
    """The mean of the defined values and how many there are."""
    defined = values[np.isfinite(values)]
    return (bootstrap_mean(defined, seed) if len(defined) else Interval(np.nan, np.nan, np.nan)), len(defined)


def around(value: float, resampled: np.ndarray) -> Interval:
    low, high = percentile_ends(resampled)
    return Interval(value, float(low), float(high))


def _cells(measured: Mapping[str, tuple[Interval, int]]) -> dict[str, str]:
    nothing = Interval(np.nan, np.nan, np.nan), 0
    return {score.name: _cell(measured.get(key, nothing)[0], score.digits) for key, score in SCORES.items()}


def _cell(interval: Interval, digits: int) -> str:
    if np.isnan(interval.mean):
        return number(interval.mean)
    return with_interval(interval.mean, interval.low, interval.high, digits)
