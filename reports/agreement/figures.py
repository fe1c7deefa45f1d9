"""Figures of measures on trial: their ranking, their scatter against people's ratings, and where each is blind."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure

from reports.agreement.tables import Trial
from reports.figures.drawing import Plot
from reports.figures.theme import INK, columns, styled
from reports.statistics.agreement import SCOPES
from reports.tables.documents import Table
from reports.tables.wording import listed, number

BLUE, ORANGE = "#0072b2", "#d55e00"
ABREAST = 4  # panels side by side
WORDS = {"pooled": "all pictures", "within": "within photographs"}


@styled()
def ranking_plot(trial: Trial) -> Plot:
    """A row for each measure, the best first: both correlations with their intervals, and the ceiling."""
    figure = Figure(figsize=(6.4, 1.2 + 0.32 * len(trial.order)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    for scope, (color, shift, marker) in enumerate(((BLUE, -0.14, "o"), (ORANGE, 0.14, "s"))):
        top = trial.ceiling[scope]
        axes.axvspan(top.low, top.high, color=color, alpha=0.12, linewidth=0)
        for row, place in enumerate(trial.order):
            found = trial.interval(place, scope)
            axes.plot([found.low, found.high], [row + shift] * 2, color=color, linewidth=2.2, solid_capstyle="round")
            label = WORDS[SCOPES[scope]] if row == 0 else None
            axes.plot(found.mean, row + shift, marker, color=color, markersize=5, linestyle="", label=label)
    axes.set_yticks(range(len(trial.order)), [trial.measures[place].short_label for place in trial.order])
    axes.set(ylim=(len(trial.order) - 0.5, -0.5), xlabel="Spearman's correlation with people")
    axes.set(title=trial.evidence.title)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside lower center", ncols=2)
    caption = (
        f"{trial.evidence.title}: agreement of each measure with people, with 95 % intervals. Shaded: the noise "
        "ceiling, how far another crowd of the same size would agree."
    )
    values = {trial.measures[place].name: number(trial.interval(place, 0).mean) for place in trial.order}
    return Plot("court_ranking", caption, f"Forest plot of correlations over all pictures: {listed(values)}.", figure)


@styled()
def scatter_plot(trial: Trial) -> Plot:
    """A panel for each measure, a point for each picture: its value and its mean rating."""
    across = columns(len(trial.order), ABREAST)
    down = -(-len(trial.order) // across)
    figure = Figure(figsize=(2.3 * across, 2.0 * down), layout="constrained")
    panels = figure.subplots(down, across, sharey=True, squeeze=False)
    means = trial.evidence.rated.means()
    for axes in panels.ravel()[len(trial.order) :]:
        axes.set_axis_off()
    for axes, place in zip(panels.ravel(), trial.order, strict=False):
        measure = trial.measures[place]
        values = trial.evidence.scores[measure.key].to_numpy(np.float64)
        shown = np.isfinite(values)
        axes.plot(values[shown], means[shown], ".", color=BLUE, markersize=2.5, alpha=0.5, rasterized=True)
        axes.set(title=f"{measure.short_label}: {number(trial.interval(place, 0).mean)}")
    for axes in panels[:, 0]:
        axes.set(ylabel="mean rating")
    caption = (
        f"{trial.evidence.title}: every picture's value by each measure, and its mean rating. In the titles Spearman's "
        "correlation over all pictures, with its sign turned where less is better. Infinite values are not drawn."
    )
    return Plot("court_scatter", caption, caption, figure)


@styled()
def kinds_plot(trial: Trial, table: Table) -> Plot:
    """The heat map of `kinds_table`: blue agrees with people, orange disagrees."""
    kinds = [str(name) for name in table.rows if name != "measure"]
    values = table.rows[kinds].to_numpy(np.float64)
    figure = Figure(figsize=(2.2 + 0.85 * len(kinds), 1.9 + 0.3 * len(values)), layout="constrained")
    axes = figure.subplots()
    seaborn.heatmap(
        pd.DataFrame(values, [trial.measures[place].short_label for place in trial.order], kinds),
        cmap="PuOr",
        vmin=-1,
        vmax=1,
        annot=True,
        fmt=".2f",
        annot_kws={"fontsize": 7},
        cbar_kws={"label": "Spearman's correlation", "shrink": 0.8},
        ax=axes,
    )
    axes.tick_params(length=0)
    for label in axes.get_xticklabels():
        label.set(rotation=30, ha="right", rotation_mode="anchor")
    axes.set(title=trial.evidence.title)
    return Plot("court_kinds", table.caption, f"Heat map. {table.caption}", figure)
