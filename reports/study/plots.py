"""The human study's figures: Figure 5 a-d, differences, and how raters behaved."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures.drawing import Plot
from reports.figures.forest import forest_panel
from reports.figures.theme import INK, MethodStyle, columns, styled
from reports.plan.measures import criterion as criterion_measure
from reports.plan.published import PublishedTable2
from reports.study import conduct
from reports.study.export import answer_to
from reports.study.tables import BANNER, criterion_name, percent, published_rows
from reports.study.votes import Naturalness, compared_with, contrasts, means, per_image
from reports.tables.wording import listed, number

ABREAST = 2  # panels of Figure 5 side by side, as in the paper
WARNING = "#b3261e"


def plots(study: Naturalness, published: PublishedTable2, styles: Mapping[str, MethodStyle]) -> dict[str, Plot]:
    """All figures of one study by name, as far as there are votes for them."""
    drawn = {}
    if study.kept.methods:
        drawn["figure5"] = figure5(study, published, styles)
    if len(study.kept.methods) > 1:
        drawn["differences"] = differences(study, styles)
    if study.kept.methods:
        drawn["behaviour"] = behaviour(study, styles)
    return drawn


@styled()
def figure5(study: Naturalness, published: PublishedTable2, styles: Mapping[str, MethodStyle]) -> Plot:
    """A panel per criterion: dots are photographs, thin bars their standard deviation, thick ones the interval."""
    criteria, methods = study.kept.criteria, study.kept.methods
    table, images = percent(means(study.kept)), per_image(study.kept)
    lowest = 10 * np.floor(10 * images[list(map(answer_to, criteria))].to_numpy().min())
    printed = published_rows(study, published)
    across = columns(len(criteria), ABREAST)
    down = -(-len(criteria) // across)
    figure = Figure(figsize=(3.9 * across, 0.9 + down * (0.8 + 0.34 * len(methods))), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False, sharey=True)
    for letter, axes, criterion in zip("abcdefghijkl", panels.ravel(), criteria, strict=False):
        for place, row in enumerate(table[table["criterion"] == criterion].to_dict("records")):
            values = 100 * images[answer_to(criterion)][images["method"] == row["method"]].to_numpy()
            _method_row(axes, place, row, values, styles[row["method"]])
            if theirs := printed.get(row["method"]):
                _published_marker(axes, place, theirs.percent(criterion, study.ratings.criteria))
        axes.set(title=f"({letter}) {criterion_name(criterion)}", xlim=(lowest - 3, 103))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
    for axes in panels.ravel()[len(criteria) :]:
        axes.set_axis_off()
    panels[0, 0].set_yticks(range(len(methods)), methods)
    panels[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    for axes in panels[-1]:
        axes.set_xlabel("natural, per cent")
    figure.legend(handles=_legend_handles(), loc="outside lower center", ncols=2)
    _title(figure, study)
    caption = _caption(
        study,
        "answers by criterion. Dots: photographs, side by side where they coincide; thin bars: one standard deviation "
        "over photographs; thick bars: 95 % interval of the mean; diamonds: the paper's means, of other photographs "
        "and raters.",
    )
    overall = table[table["criterion"] == study.kept.overall].to_dict("records")
    values = listed({row["method"]: number(row["mean"], 1) for row in overall})
    alt = f"{_banner(study)}Mean naturalness in per cent: {values}."
    return Plot(f"figure5_{study.ratings.name}", caption, alt, figure)


def _legend_handles() -> list[Line2D]:
    return [
        Line2D([], [], color=INK, marker="o", linewidth=3, markersize=7, label="mean and 95 % interval"),
        Line2D([], [], color=INK, linewidth=0.9, label="standard deviation over photographs"),
        Line2D([], [], color=INK, marker="o", linestyle="", markersize=2.5, alpha=0.4, label="a photograph"),
        Line2D(
            [],
            [],
            color=INK,
            marker="D",
            linestyle="",
            markerfacecolor="none",
            label="published mean, of other photographs and raters",
        ),
    ]


def _published_marker(axes: Axes, place: int, value: float | None) -> None:
    """A diamond at the published mean, where there is one."""
    if value is not None:
        axes.plot(value, place, "D", markerfacecolor="none", markeredgecolor=INK, markersize=6, zorder=5)


def _method_row(axes: Axes, place: int, row: Mapping[Any, Any], values: np.ndarray, style: MethodStyle) -> None:
    """The row of a method: its mean with bars, and below it a dot for each photograph."""
    ranks = pd.Series(values).groupby(values).cumcount().to_numpy()
    sizes = pd.Series(values).groupby(values).transform("size").to_numpy()
    spread = 0.3 * (ranks + 0.5) / np.maximum(sizes, 8) + 0.12
    axes.plot(values, place + spread, "o", color=style.color, markersize=1.8, alpha=0.45, markeredgewidth=0)
    mean, deviation = row["mean"], values.std(ddof=1) if len(values) > 1 else 0.0
    axes.plot([max(0, mean - deviation), min(100, mean + deviation)], [place, place], color=style.color, linewidth=0.9)
    axes.plot([row["ci_low"], row["ci_high"]], [place, place], color=style.color, linewidth=3, solid_capstyle="round")
    axes.plot(mean, place, style.marker, color=style.color, markerfacecolor=style.face, markersize=7)


@styled()
def differences(study: Naturalness, styles: Mapping[str, MethodStyle]) -> Plot:
    """The first method minus each other method, a panel per criterion."""
    ours = compared_with(study.kept.methods)
    rows = percent(contrasts(study.kept))
    rows = rows[rows["method_a"] == ours]
    others = list(dict.fromkeys(rows["method_b"]))
    criteria = study.kept.criteria
    figure = Figure(figsize=(1.6 + 1.95 * len(criteria), 1.4 + 0.32 * len(others)), layout="constrained")
    panels = figure.subplots(1, len(criteria), sharex=True, sharey=True, squeeze=False)[0]
    for axes, criterion in zip(panels, criteria, strict=True):
        shown = rows[rows["criterion"] == criterion]
        ends = shown[["ci_low", "difference", "ci_high"]].to_numpy().tolist()
        forest_panel(axes, ends, [styles[other] for other in shown["method_b"]], criterion_measure(criterion), ours)
    panels[0].set_yticks(range(len(others)), [f"minus {other}" for other in others])
    _title(figure, study)
    caption = _caption(
        study,
        f"{ours} minus each other method in points of per cent, with 95 % intervals of the two-way clustered model.",
    )
    overall = rows[rows["criterion"] == study.kept.overall].to_dict("records")
    values = {row["method_b"]: f"{row['difference']:+.1f}" for row in overall}
    alt = f"{_banner(study)}Naturalness of {ours} in points of per cent, minus {listed(values)}."
    return Plot(f"naturalness_contrasts_{study.ratings.name}", caption, alt, figure)


@styled()
def behaviour(study: Naturalness, styles: Mapping[str, MethodStyle]) -> Plot:
    """Answers and response times over the session, and response times by method."""
    curve = conduct.curves(study)
    figure = Figure(figsize=(9.2, 2.9), layout="constrained")
    natural, quick, by_method = figure.subplots(1, 3)
    _curve(natural, curve, "natural", 100, "naturalness, per cent", "Answers")
    _curve(quick, curve, "response_ms", 0.001, "seconds", "Response time")
    quick.set_ylim(bottom=0)
    methods = list(study.kept.methods)
    for place, method in enumerate(methods):
        seconds = study.kept.votes["response_ms"][study.kept.votes["method"] == method] / 1000
        drawn = by_method.boxplot(
            seconds, positions=[place], orientation="horizontal", widths=0.6, showfliers=False, patch_artist=True
        )
        for part in [*drawn["boxes"], *drawn["whiskers"], *drawn["caps"], *drawn["medians"]]:
            part.set_color(styles[method].color)
        drawn["boxes"][0].set_facecolor(f"{styles[method].color}33")
    by_method.set_yticks(range(len(methods)), methods)
    by_method.set(ylim=(len(methods) - 0.5, -0.5), xlabel="seconds", title="Response time by method")
    by_method.grid(axis="y", visible=False)
    _title(figure, study)
    caption = _caption(
        study,
        f"learning and fatigue: answers and response times in {conduct.PARTS} parts of the session (methods held "
        "fixed, 95 % intervals over raters), and response times by method (median, quartiles, 1.5 times their "
        "distance).",
    )
    first, last = curve.iloc[0], curve.iloc[-1]
    alt = (
        f"{_banner(study)}Naturalness from {100 * first['natural']:.0f} to {100 * last['natural']:.0f} per cent, "
        f"response times from {first['response_ms'] / 1000:.1f} to {last['response_ms'] / 1000:.1f} seconds over "
        "the session."
    )
    return Plot(f"raters_{study.ratings.name}", caption, alt, figure)


def _curve(axes: Axes, curve: pd.DataFrame, name: str, factor: float, unit: str, title: str) -> None:
    low, high = (factor * curve[f"{name}{end}"] for end in ("_low", "_high"))
    axes.fill_between(curve["part"], low, high, color=INK, alpha=0.12, linewidth=0)
    axes.plot(curve["part"], factor * curve[name], "-o", color=INK, markersize=4)
    axes.set(xlabel=f"part of the session, of {conduct.PARTS}", ylabel=unit, title=title)


def _title(figure: Figure, study: Naturalness) -> None:
    """The dataset as the title; for simulated raters with the banner, in red."""
    if study.simulated:
        figure.suptitle(
            f"{study.dataset}  {BANNER}".strip(), x=0.01, ha="left", fontsize=9, color=WARNING, weight="bold"
        )
    else:
        figure.suptitle(study.dataset, x=0.01, ha="left", fontsize=9)


def _banner(study: Naturalness) -> str:
    return f"{BANNER} " if study.simulated else ""


def _caption(study: Naturalness, text: str) -> str:
    sizes = f"{study.kept.raters} raters, {study.kept.votes['photograph'].nunique()} photographs"
    return f"{_banner(study)}{study.dataset or study.ratings.name} ({sizes}): {text}"
