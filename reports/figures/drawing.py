"""The report's figures: drawn once, saved as PNG and PDF, and as SVG for the page."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D

from pipeline.settings.files import whole_file
from reports.figures.theme import INK, MethodStyle, columns, styled
from reports.inputs.examples import ABREAST, RULE, Examples
from reports.inputs.scores import Dataset
from reports.tables.wording import listed, number, of_fewer

LINES: dict[str, Literal["-", "--"]] = {"train": "-", "val": "--"}
PANELS = 4  # of the training figure in a row
SVG_STEPS = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C", Outline.CLOSEPOLY: "Z"}


@dataclass(frozen=True)
class Plot:
    """A figure with its file name, its caption, and a sentence for those who cannot see it."""

    name: str
    caption: str
    alt: str
    figure: Figure


@styled()
def table1_plot(dataset: Dataset, rows: pd.DataFrame, styles: Mapping[str, MethodStyle]) -> Plot:
    """Mean PSNR with its interval, a row per method; diamonds are the published values. `rows`: as `table1`."""
    figure = Figure(figsize=(4.6, 1.3 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows.to_dict("records")):
        style = styles[row["method"]]
        axes.plot(
            [row["ci_low"], row["ci_high"]], [place, place], color=style.color, linewidth=3, solid_capstyle="round"
        )
        axes.plot(row["psnr_mean"], place, style.marker, color=style.color, markerfacecolor=style.face, markersize=8)
        axes.plot(row["published"], place, "D", markerfacecolor="none", markeredgecolor=INK, markersize=6)
    whole = rows["n"].max()
    names = [f"{method}{of_fewer(n, whole)}" for method, n in zip(rows["method"], rows["n"], strict=True)]
    axes.set_yticks(range(len(rows)), names)
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel="PSNR in dB", title=dataset.title)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    ours = Line2D([], [], color=INK, marker="o", linewidth=3, markersize=8, label="mean and 95 % interval")
    theirs = Line2D([], [], color=INK, marker="D", linestyle="", markerfacecolor="none", label="published, VOC2012")
    figure.legend(handles=[ours, theirs], loc="outside lower center", ncols=2)
    means = listed({row["method"]: number(row["psnr_mean"]) for row in rows.to_dict("records")})
    caption = f"{dataset.title}: mean PSNR of each method with its 95 % interval, and the published values."
    return Plot(f"table1_{dataset.name}", caption, f"Dot plot of mean PSNR in dB: {means}.", figure)


@styled()
def training_curves(dataset: Dataset, styles: Mapping[str, MethodStyle]) -> Plot:
    """The losses by epoch, a panel for each part of the loss and a colour for each model."""
    histories = {model: training.history for model, training in dataset.trainings.items()}
    parts = list(
        dict.fromkeys(name for history in histories.values() for name in map(str, history) if name.startswith("loss"))
    )
    across = columns(len(parts), PANELS)
    down = -(-len(parts) // across)
    figure = Figure(figsize=(3.1 * across, 2.5 * down + 0.5), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, part in zip(panels, parts, strict=False):
        _loss_panel(axes, part, histories, styles)
    for axes in panels[len(parts) :]:
        axes.set_axis_off()
    handles = [
        Line2D([], [], color=styles[model].color, marker=styles[model].marker, markersize=4, label=model)
        for model in histories
    ]
    handles += [Line2D([], [], color=INK, linestyle=line, label=split) for split, line in LINES.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=columns(len(handles), 2 * across + 1))
    figure.suptitle(dataset.title, x=0.01, ha="left", fontsize=9)
    caption = (
        f"{dataset.title}: losses by epoch on train (solid) and val (dashed). The total loss of models with different "
        "parts or weights is not comparable; a part is."
    )
    alt = f"Line plots of {', '.join(parts)} by epoch for {', '.join(histories)}."
    return Plot(f"training_{dataset.name}", caption, alt, figure)


@styled()
def examples_strip(dataset: Dataset, examples: Examples) -> Plot:
    """A block per photograph, its methods in as many rows as they need."""
    methods = list(examples.pictures)
    across = columns(len(methods), ABREAST)
    down = -(-len(methods) // across)
    shapes = [examples.pictures[methods[0]][id].shape for id in examples.ids]
    heights = [down * (1.5 * shape[0] / shape[1] + 0.2) + 0.1 for shape in shapes]
    figure = Figure(figsize=(1.55 * across, sum(heights) + 0.3), layout="constrained")
    figure.suptitle(dataset.title, x=0.01, ha="left", fontsize=9)
    blocks = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights, hspace=0.06 if down > 1 else 0)[
        :, 0
    ]
    for block, id in zip(blocks, examples.ids, strict=True):
        panels = block.subplots(down, across, squeeze=False).ravel()
        for axes in panels:
            axes.set_axis_off()
        for axes, method in zip(panels, methods, strict=False):
            axes.imshow(examples.pictures[method][id], aspect="auto", interpolation="antialiased")
            axes.set_title(method, loc="center", fontsize=7, pad=2)
    caption = f"{dataset.title}: the grey photograph, what each method made of it, and the original. {RULE}"
    return Plot(f"examples_{dataset.name}", caption, caption, figure)


def _loss_panel(
    axes: Axes, part: str, histories: Mapping[str, pd.DataFrame], styles: Mapping[str, MethodStyle]
) -> None:
    for model, history in histories.items():
        for column, split in ((part, "train"), (f"val_{part}", "val")):
            if column in history:
                style = styles[model]
                axes.plot(
                    history["epoch"],
                    history[column],
                    LINES[split],
                    color=style.color,
                    marker=style.marker,
                    markersize=4,
                    markevery=1 + len(history) // 10,  # markers, not a chain of them
                )
    axes.set(title=part, xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


@styled()
def save(plot: Plot, folder: Path) -> None:
    """Write `<name>.png` and `<name>.pdf` without dates; both carry the caption as metadata."""
    with whole_file(folder / f"{plot.name}.png") as path:
        plot.figure.savefig(path, format="png", metadata={"Software": None, "Description": plot.caption})
    with whole_file(folder / f"{plot.name}.pdf") as path:
        plot.figure.savefig(path, format="pdf", metadata={"CreationDate": None, "Subject": plot.caption})


@styled()
def inline_svg(plot: Plot) -> str:
    """The figure as an SVG element that takes the page's ink and width."""
    text = io.StringIO()
    plot.figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*">', "<g>", body)  # matplotlib counts from 1 in every figure; a page wants unique ids
    width, height = (72 * inches for inches in plot.figure.get_size_inches())
    opening = f'<svg role="img" aria-label="{escape(plot.alt)}" viewBox="0 0 {width:g} {height:g}" width="{width:g}pt">'
    return opening + body.replace(INK, "currentColor")


def swatch(style: MethodStyle) -> str:
    """A method's marker as the figures draw it, as an SVG element for tables; the name beside it says the rest."""
    marker = MarkerStyle(style.marker)
    outline = marker.get_path().transformed(marker.get_transform() + Affine2D().scale(10, -10))
    steps = [
        SVG_STEPS[step] + (" ".join(f"{value:.4g}" for value in points) if step != Outline.CLOSEPOLY else "")
        for points, step in outline.iter_segments(simplify=False)
    ]
    color, face = (drawn.replace(INK, "currentColor") for drawn in (style.color, style.face))
    path = f'<path fill="{face}" stroke="{color}" d="{"".join(steps)}"/>'
    return f'<svg class="swatch" aria-hidden="true" viewBox="-7 -7 14 14">{path}</svg>'
