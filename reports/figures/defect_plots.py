"""The two defects drawn: how colours go over true boundaries, and which classes colours alone suggest."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures.drawing import Plot
from reports.figures.theme import INK, MethodStyle, columns, styled
from reports.inputs.scores import Dataset
from reports.plan.order import ORIGINAL
from reports.tables.wording import listed, number

KEPT = "kept_"
ABREAST = 4  # matrices side by side
NAMED = 25  # classes whose names can still be read beside a matrix


@styled()
def boundary_plot(dataset: Dataset, styles: Mapping[str, MethodStyle]) -> Plot:
    """The share of a picture's own contrast that is reached at a distance to both sides of a boundary, by method."""
    bleeding = dataset.defects.bleeding
    kept = bleeding.groupby("method", sort=False)[[name for name in map(str, bleeding) if name.startswith(KEPT)]].mean()
    kept = kept.dropna()  # a method without contrast, such as grey, has no share of it
    distances = [int(str(name).removeprefix(KEPT)) for name in kept]
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    for method, shares in kept.iterrows():
        style = styles[str(method)]
        width = 2.4 if method == ORIGINAL else 1.4
        axes.plot(
            distances,
            shares,
            color=style.color,
            marker=style.marker,
            markerfacecolor=style.face,
            markersize=5,
            linewidth=width,
        )
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.set(
        title=dataset.title,
        xlabel="distance from the true boundary, 1/625 of the diagonal",
        ylabel="share of own contrast",
        xticks=distances,
    )
    handles = [
        Line2D(
            [], [], color=styles[name].color, marker=styles[name].marker, markerfacecolor=styles[name].face, label=name
        )
        for name in map(str, kept.index)
    ]
    figure.legend(handles=handles, loc="outside right upper")
    caption = (
        f"{dataset.title}: how colours go over from one object to the next. A sharp edge reaches its whole contrast at "
        "once, bled colours only far from it; the masks themselves are not exact to a unit or two."
    )
    nearest = listed({str(method): number(value) for method, value in kept[kept.columns[0]].items()})
    return Plot(f"boundary_{dataset.name}", caption, f"Line plot; share at the nearest distance: {nearest}.", figure)


@styled()
def confusion_plot(dataset: Dataset, methods: Sequence[str]) -> Plot:
    """A matrix per method: of the objects of each class (row), the share guessed to be of each class (column)."""
    names, objects = dataset.val.classes, dataset.defects.objects
    there = sorted(set(objects["label"]))
    guessed = sorted(set(objects["label"]) | set(objects["guess"]))
    across = columns(len(methods), ABREAST)
    down = -(-len(methods) // across)
    readable = len(guessed) <= NAMED
    margin = 1.3 if readable else 0.2
    figure = Figure(figsize=(2 * across + margin, (2.3 * down) + margin), layout="constrained")
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes, method in zip(panels.ravel(), methods, strict=False):
        rows = objects[objects["method"] == method]
        counts = pd.crosstab(rows["label"], rows["guess"]).reindex(index=there, columns=guessed, fill_value=0)
        shares = counts.to_numpy() / np.maximum(1, counts.sum(axis=1).to_numpy()[:, None])
        axes.imshow(shares, cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_title(method, fontsize=7.5)
        axes.grid(visible=False)
        axes.tick_params(length=0, labelsize=5.5)
        if readable:
            axes.set_xticks(range(len(guessed)), [names[label] for label in guessed], rotation=90)
            axes.set_yticks(range(len(there)), [names[label] for label in there])
        else:
            axes.set(xticks=[], yticks=[])
    for axes in panels.ravel()[len(methods) :]:
        axes.set_axis_off()
    figure.suptitle(dataset.title, x=0.01, ha="left", fontsize=9)
    caption = (
        f"{dataset.title}: what each object (row: its true class) is taken for by a classifier that sees its colours "
        "alone and has learned from original colours. Black on the diagonal: colours that tell the object. A black "
        "column: one colour for everything."
    )
    return Plot(f"confusion_{dataset.name}", caption, caption, figure)
