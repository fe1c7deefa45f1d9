"""What every method scored on every single photograph: for galleries and the browser, not for conclusions."""

import numpy as np
import pandas as pd

from pipeline.metrics.confusion import class_distances
from reports.inputs.scores import Dataset

# Column -> its name for people, decimals, and whether higher is better (None: neither).
VALUES: dict[str, tuple[str, int, bool | None]] = {
    "psnr_rgb": ("PSNR, dB", 1, True),
    "ciede2000": ("CIEDE2000", 1, False),
    "ssim_rgb": ("SSIM", 3, True),
    "colorfulness": ("Colorfulness", 0, None),
    "color_distance": ("Colour distance", 1, False),
    "told": ("Objects told, %", 0, True),
    "bleeding_flat": ("Bleeding, flat", 2, False),
    "bleeding_boundary": ("Bleeding, boundary", 2, False),
}


def values_by_photograph(dataset: Dataset) -> pd.DataFrame:
    """`VALUES` by (method, id); NaN where a photograph has no such value.

    `color_distance`: mean over the classes in the photograph; `told`: per cent of its objects whose class a classifier
    of colours alone guesses rightly.
    """
    keys = ["method", "id"]
    bleeding, objects = dataset.defects.bleeding, dataset.defects.objects
    values = dataset.scores.merge(bleeding[[*keys, "bleeding_flat", "bleeding_boundary"]], on=keys, how="left")
    told = (objects["guess"] == objects["label"]).groupby([objects[key] for key in keys]).mean()
    values = values.set_index(keys)
    values["told"] = 100 * told.reindex(values.index).astype(float)
    values["color_distance"] = np.nan
    for method, distances in distances_by_class(dataset).items():
        seen = np.isfinite(distances).sum(axis=1)
        mean = np.divide(np.nansum(distances, axis=1), seen, out=np.full(len(seen), np.nan), where=seen > 0)
        values.loc[[(method, id) for id in dataset.defects.ids], "color_distance"] = mean
    return values[list(VALUES)].astype(float)


def column(values: pd.DataFrame, method: str, value: str) -> dict[str, float]:
    """One value of one method by photograph, sorted by id."""
    chosen = values[value].xs(method, level="method").sort_index()
    return {str(id): float(one) for id, one in zip(chosen.index, chosen.to_numpy(), strict=True)}


def distances_by_class(dataset: Dataset) -> dict[str, np.ndarray]:
    """Of every method (photographs, classes): the distance of a class's colours from the true ones in one photograph.

    NaN where a photograph has no such class; nothing without masks.
    """
    found = {}
    for method, lines in dataset.defects.colors.items():
        if len(lines):
            distances = np.full((len(dataset.defects.ids), len(dataset.val.classes)), np.nan)
            for label, column in class_distances(lines, np.eye(len(distances))).items():
                distances[:, label] = column
            found[method] = distances
    return found
