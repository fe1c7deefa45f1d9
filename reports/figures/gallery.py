"""The paper's Figures 6 and 7: example rows with the values of each picture, and failures with their reasons."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reports.figures.drawing import Plot
from reports.figures.showcases import show, under
from reports.figures.theme import columns, styled
from reports.inputs.per_image import column, distances_by_class
from reports.inputs.scores import Dataset, read_pictures
from reports.plan.order import GRAY, ORIGINAL, OURS

RIVALS = ("zhang", "larsson", "iizuka", OURS)  # the columns of the paper's Figure 6
BELOW = ("psnr_rgb", "ciede2000", "colorfulness", "color_distance", "bleeding_flat", "bleeding_boundary")
SMALL = 0.02  # share of a picture's labelled pixels; below it an object is small
LARGE = 0.05  # from this share on it is large


@dataclass(frozen=True)
class Failure:
    """A photograph that a method fails on, and the reason in words."""

    kind: str
    id: str
    reason: str


@styled()
def figure6(dataset: Dataset, values: pd.DataFrame) -> Plot | None:
    """A row per compared method: the photograph on which it is best in comparison with the others."""
    rivals = [method for method in RIVALS if method in dataset.cards]
    if len(rivals) < 2 or ORIGINAL not in dataset.cards:
        return None
    chosen = favourites(values["ciede2000"], rivals)
    methods = [*([GRAY] if GRAY in dataset.cards else []), *rivals, ORIGINAL]
    ids = list(dict.fromkeys(chosen.values()))
    pictures = {method: read_pictures(dataset.name, method, ids) for method in methods}
    shape = pictures[ORIGINAL][ids[0]].shape
    size = (1.75 * len(methods), len(chosen) * (1.75 * min(1.1, shape[0] / shape[1]) + 0.95) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(chosen), len(methods), squeeze=False)
    for row, id in enumerate(chosen.values()):
        for axes, method in zip(grid[row], methods, strict=True):
            show(axes, pictures[method][id], method)
            if method in rivals:
                text = under({key: column(values, method, key)[id] for key in BELOW})
                axes.text(0.5, -0.04, text, transform=axes.transAxes, ha="center", va="top", fontsize=6)
    figure.suptitle(dataset.title, x=0.01, ha="left", fontsize=9)
    photographs = "; ".join(f"{method}: {id}" for method, id in chosen.items())
    caption = (
        f"{dataset.title}: examples with the values of each picture (the paper prints votes here). Chosen by rule: a "
        "row for each method, with the photograph on which its CIEDE2000 is furthest below the mean of the others'. So "
        f"every method is shown once at its best. The photographs: {photographs}."
    )
    return Plot(f"figure6_{dataset.name}", caption, caption, figure)


def favourites(errors: pd.Series, methods: Sequence[str]) -> dict[str, str]:
    """For each method the photograph on which its error is furthest below the others' mean; ties by id."""
    wide = errors.unstack("method")[list(methods)].sort_index()
    gains = {method: wide.drop(columns=method).mean(axis=1) - wide[method] for method in methods}
    return {method: str(gain.idxmax()) for method, gain in gains.items()}


@styled()
def figure7(dataset: Dataset, values: pd.DataFrame) -> Plot | None:
    """The worst photographs of the whole method by each measure of the defects, beside their originals."""
    if not {OURS, ORIGINAL} <= set(dataset.cards):
        return None
    failures = worst(dataset, values, OURS)
    ids = list(dict.fromkeys(failure.id for failure in failures))
    pictures = {method: read_pictures(dataset.name, method, ids) for method in (OURS, ORIGINAL)}
    across = columns(len(failures), 3)
    down = -(-len(failures) // across)
    figure = Figure(figsize=(3.6 * across, 1.8 * down + 0.3), layout="constrained")
    blocks = figure.subfigures(down, across, squeeze=False, wspace=0.04, hspace=0.04).ravel()
    for block, failure in zip(blocks, failures, strict=False):
        for axes, method in zip(block.subplots(1, 2), pictures, strict=True):
            show(axes, pictures[method][failure.id], method)
        block.suptitle(failure.kind, fontsize=7.5, fontweight="bold")
        block.supxlabel(_wrapped(failure.reason), fontsize=6.5)
    caption = (
        f"{dataset.title}: where {OURS} fails, each beside its original. Chosen by rule: of all photographs the worst "
        "by each measure. " + " ".join(f"{failure.kind} ({failure.id}): {failure.reason}." for failure in failures)
    )
    return Plot(f"figure7_{dataset.name}", caption, caption, figure)


def worst(dataset: Dataset, values: pd.DataFrame, method: str) -> list[Failure]:
    """The worst photograph of a method by every measure that has one, with the reason; ties by id."""
    found = []
    for key, (kind, reason) in {
        "bleeding_boundary": ("Colours bleed across boundaries", "{:.0%} of its own contrast is missing beside them"),
        "bleeding_flat": ("Colours change within things", "{:.0%} of its colour change is away from all edges"),
    }.items():
        bleeding = {id: value for id, value in column(values, method, key).items() if math.isfinite(value)}
        if bleeding:
            id = max(bleeding, key=lambda id: bleeding[id])
            found.append(Failure(kind, id, reason.format(bleeding[id])))
    picture, original = (column(values, name, "colorfulness") for name in (method, ORIGINAL))
    id = max(picture, key=lambda id: original[id] - picture[id])
    reason = f"colorfulness {picture[id]:.0f}, the original's {original[id]:.0f}"
    found.append(Failure("Not enough colours", id, reason))
    return found + _confused(dataset, method)


def _confused(dataset: Dataset, method: str) -> list[Failure]:
    """The large and the small object with the wrongest colours.

    Objects that the classifier recognises by their original colours come first: its error is not the method's.
    """
    objects = dataset.defects.objects
    rows = objects[objects["method"] == method].copy()
    if rows.empty:
        return []
    places = {id: place for place, id in enumerate(dataset.defects.ids)}
    distances = distances_by_class(dataset)[method]
    rows["distance"] = distances[rows["id"].map(places).to_numpy(), rows["label"].to_numpy()]
    rows["share"] = rows["pixels"] / rows.groupby("id")["pixels"].transform("sum")
    wrong = rows[(rows["guess"] != rows["label"]) & np.isfinite(rows["distance"])]
    known = wrong[wrong["guess_original"] == wrong["label"]]
    wrong = known if len(known) else wrong
    found = []
    for kind, few in {
        "A thing in another's colours": wrong[wrong["share"] >= LARGE],
        "A small thing confused": wrong[wrong["share"] < SMALL],
    }.items():
        if len(few):
            object = few.sort_values(["distance", "id"], ascending=[False, True]).iloc[0]
            thing, other = (dataset.val.classes[object[key]] for key in ("label", "guess"))
            reason = f"{thing} ({object['share']:.1%} of the picture) has colours like {other}"
            found.append(Failure(kind, str(object["id"]), f"{reason}, {object['distance']:.0f} Lab units from its own"))
    return found


def _wrapped(text: str, width: int = 62) -> str:
    """Two lines at the most, broken near the middle."""
    if len(text) <= width:
        return text
    middle = min(
        (place for place, letter in enumerate(text) if letter == " "), key=lambda place: abs(place - len(text) / 2)
    )
    return f"{text[:middle]}\n{text[middle + 1 :]}"
