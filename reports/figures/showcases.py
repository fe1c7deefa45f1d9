"""The paper's Figures 1 and 4: one photograph at several sizes, and methods side by side with their edges enlarged."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from pipeline.metrics.confusion import class_distances
from pipeline.records.archive import Archive
from pipeline.settings import paths
from reports.figures.crops import Picture, bleeding_map, change_map, confusion_map, strongest
from reports.figures.drawing import Plot
from reports.figures.theme import styled
from reports.inputs.per_image import column
from reports.inputs.scores import Dataset, read_pictures
from reports.plan.measures import MEASURES
from reports.plan.order import BEFORE_JBU, GRAY, ORIGINAL, OURS
from reports.tables.input_sizes import InputSizes
from reports.tables.wording import number

SIDE_BY_SIDE = (GRAY, "iizuka", "larsson", "zhang", BEFORE_JBU, OURS, ORIGINAL)
RED, BLUE = "#d62728", "#1f5fd0"  # as in the paper: bleeding and confusion


@styled()
def figure1(network: InputSizes) -> Plot | None:
    """One photograph at several input sizes, with the windows in which it bleeds and is confused most."""
    dataset = network.dataset
    methods = [method for method in (GRAY, ORIGINAL, OURS) if method in dataset.cards]
    if ORIGINAL not in methods:
        return None
    id = most_moved(network)
    shown = {method: read_pictures(dataset.name, method, [id])[id] for method in methods}
    sized = {side: Archive(paths.sizes(dataset.name, network.model) / f"{side}.zip")[id] for side in network.sides}
    original = shown[ORIGINAL]
    maps = {name: [of(original, one) for one in sized.values()] for name, of in _HARMS.items()}
    bleeding = strongest(np.mean(maps["bleeding"], axis=0))
    boxes = {"bleeding": bleeding, "confusion": strongest(np.mean(maps["confusion"], axis=0), [bleeding])}
    pictures = {**shown, **{f"{network.model}, {side} px": one for side, one in sized.items()}}
    figure, grid = _grid(3, len(pictures), original)
    for place, (name, picture) in enumerate(pictures.items()):
        show(grid[0, place], picture, name)
        for row, (harm, box) in enumerate(boxes.items(), start=1):
            show(grid[row, place], box.of(picture), "")
            if place >= len(shown):
                amounts = [float(box.of(one).mean()) for one in maps[harm]]
                worse = sorted(amounts).index(amounts[place - len(shown)])
                box.outline(grid[0, place], _COLORS[harm], 1 + 1.2 * worse)
    figure.suptitle(f"{dataset.title}: {id}", x=0.01, ha="left", fontsize=9)
    caption = (
        f"{dataset.title}: photograph {id} by {network.model}, whose input has {_listed(network.sides)} pixels a side. "
        "Chosen by rule: the photograph whose bleeding at boundaries and colour distance change most from "
        "size to size, by the sum of both ranks. It is an extreme and no average; averages stand in the table "
        "input_sizes. Red: the window in which its colours change most where the photograph has no edge. Blue: the "
        "window in which colours within things are furthest from the true ones. Both windows are chosen over all sizes "
        "together. The thicker the line, the worse that size."
    )
    return Plot(f"figure1_{dataset.name}_{network.model}", caption, caption, figure)


_HARMS = {"bleeding": bleeding_map, "confusion": confusion_map}
_COLORS = {"bleeding": RED, "confusion": BLUE}


def most_moved(network: InputSizes) -> str:
    """The photograph whose two defects change most over the sizes, by the sum of both ranks."""
    ids = network.dataset.defects.ids
    bleeding = [frame["bleeding_boundary"].to_numpy(dtype=float) for frame in network.bleeding.values()]
    if not np.isfinite(bleeding).any():  # without masks
        bleeding = [frame["bleeding_flat"].to_numpy(dtype=float) for frame in network.bleeding.values()]
    ranges = [np.ptp(np.nan_to_num(bleeding), axis=0)]
    if all(len(lines) for lines in network.colors.values()):
        means = [
            np.nan_to_num(list(class_distances(lines, np.eye(len(ids))).values())).mean(axis=0)
            for lines in network.colors.values()
        ]
        ranges.append(np.ptp(means, axis=0))
    return ids[int(np.sum([pd.Series(one).rank() for one in ranges], axis=0).argmax())]


@styled()
def figure4(dataset: Dataset, values: pd.DataFrame) -> Plot | None:
    """Methods side by side, and the window that JBU changes most, before and after it."""
    if not {BEFORE_JBU, OURS, ORIGINAL} <= set(dataset.cards):
        return None
    methods = [method for method in SIDE_BY_SIDE if method in dataset.cards]
    chosen = by_change(values)
    ids = list(dict.fromkeys(chosen.values()))
    pictures = {method: read_pictures(dataset.name, method, ids) for method in methods}
    figure, grid = _grid(len(ids), len(methods) + 3, pictures[ORIGINAL][ids[0]])
    for row, id in enumerate(ids):
        box = strongest(change_map(pictures[BEFORE_JBU][id], pictures[OURS][id]))
        for place, method in enumerate(methods):
            show(grid[row, place], pictures[method][id], method if row == 0 else "")
            if method in (BEFORE_JBU, OURS, ORIGINAL):
                box.outline(grid[row, place], RED, 1)
        closer = {"before JBU": BEFORE_JBU, "after JBU": OURS, "truth": ORIGINAL}
        for place, (name, method) in enumerate(closer.items(), start=len(methods)):
            show(grid[row, place], box.of(pictures[method][id]), name if row == 0 else "")
    figure.suptitle(dataset.title, x=0.01, ha="left", fontsize=9)
    change = _change(values)
    chosen_ids = "; ".join(f"{name}: {id} ({change.get(id, math.nan):+.3f})" for name, id in chosen.items())
    caption = (
        f"{dataset.title}: methods side by side. At the right, the window that joint bilateral upsampling changes "
        "most, before and after it. Chosen by rule, from the top: the photographs whose flat bleeding it lowers most, "
        f"middling and least; {chosen_ids}."
    )
    return Plot(f"figure4_{dataset.name}", caption, caption, figure)


def by_change(values: pd.DataFrame) -> dict[str, str]:
    """The photographs whose flat bleeding JBU lowers most, middling and least; ties by id."""
    change = {id: value for id, value in _change(values).items() if math.isfinite(value)}
    order = sorted(change, key=lambda id: change[id]) or list(_change(values))
    places = {"most": 0, "middling": len(order) // 2, "least": len(order) - 1}
    return {name: order[place] for name, place in places.items()}


def _change(values: pd.DataFrame) -> dict[str, float]:
    """What JBU adds to each photograph's flat bleeding."""
    before, after = (column(values, method, "bleeding_flat") for method in (BEFORE_JBU, OURS))
    return {id: after[id] - before[id] for id in after}


def show(axes: Axes, picture: Picture, title: str) -> None:
    """One picture without axes."""
    axes.imshow(picture, interpolation="antialiased")
    axes.set_axis_off()
    axes.set_title(title, loc="center", fontsize=6.5, pad=2)


def _grid(down: int, across: int, picture: Picture) -> tuple[Figure, np.ndarray]:
    height = 1.35 * min(1.1, picture.shape[0] / picture.shape[1])
    figure = Figure(
        figsize=(1.35 * across, down * (height + 0.12) + 0.4),
        layout=ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.02),
    )
    return figure, figure.subplots(down, across, squeeze=False)


def _listed(sides: Sequence[int]) -> str:
    return f"{', '.join(map(str, sides[:-1]))} and {sides[-1]}"


def under(values: Mapping[str, float]) -> str:
    """Values by measure as lines below a picture."""
    lines = ((MEASURES[key], value) for key, value in values.items())
    return "\n".join(f"{measure.short_label} {number(value, measure.browser_digits or 0)}" for measure, value in lines)
