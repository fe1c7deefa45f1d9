"""What every method scored on every single photograph: for galleries and the browser, not for conclusions."""

import numpy as np
import pandas as pd

from pipeline.metrics.confusion import class_distances
from reports.inputs.scores import Dataset
from reports.plan.measures import SORTABLE

KEYS = ["method", "id"]


def values_by_photograph(dataset: Dataset) -> pd.DataFrame:
    """A column for each `SORTABLE` measure by (method, id); NaN where a photograph has no such value."""
    values = dataset.scores
    for rows in (dataset.perceptual, dataset.defects.bleeding):
        values = values.merge(rows[[*KEYS, *(name for name in rows if name not in values)]], on=KEYS, how="left")
    values = values.set_index(KEYS)
    objects = dataset.defects.objects
    correct = (objects["guess"] == objects["label"]).groupby([objects[key] for key in KEYS]).mean()
    values["object_accuracy"] = 100 * correct.reindex(values.index).astype(float)
    values["color_distance"] = np.nan
    for method, distances in distances_by_class(dataset).items():
        present = np.isfinite(distances).sum(axis=1)
        mean = np.divide(
            np.nansum(distances, axis=1), present, out=np.full(len(present), np.nan), where=present > 0
        )  # over the classes in the photograph
        values.loc[[(method, id) for id in dataset.defects.ids], "color_distance"] = mean
    return values[list(SORTABLE)].astype(float)


def column(values: pd.DataFrame, method: str, measure: str) -> dict[str, float]:
    """One measure of one method by photograph, sorted by id."""
    chosen = values[measure].xs(method, level="method").sort_index()
    return {str(id): float(value) for id, value in chosen.items()}


def distances_by_class(dataset: Dataset) -> dict[str, np.ndarray]:
    """Of every method (photographs, classes): the distance of a class's colours from the true ones in one photograph.

    NaN where a photograph has no such class; nothing without masks.
    """
    found = {}
    for method, lines in dataset.defects.colors.items():
        if len(lines):
            distances = np.full((len(dataset.defects.ids), len(dataset.val.classes)), np.nan)
            for label, values in class_distances(lines, np.eye(len(distances))).items():
                distances[:, label] = values
            found[method] = distances
    return found
