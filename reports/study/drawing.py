"""What all figures of the human study share: the row of a method, titles, captions, and the banner of simulations."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures.theme import INK, MethodStyle
from reports.study.tables import BANNER
from reports.study.votes import Analysis
from reports.tables.wording import count

WARNING = "#b3261e"
NARROW = 7.5  # inches, in which a dataset's title and the banner do not stand side by side


def method_row(axes: Axes, place: int, row: Mapping[Any, Any], values: np.ndarray, style: MethodStyle) -> None:
    """The row of a method: its mean with bars, and below it a dot for each photograph."""
    ranks = pd.Series(values).groupby(values).cumcount().to_numpy()
    sizes = pd.Series(values).groupby(values).transform("size").to_numpy()
    spread = 0.3 * (ranks + 0.5) / np.maximum(sizes, 8) + 0.12
    axes.plot(values, place + spread, "o", color=style.color, markersize=1.8, alpha=0.45, markeredgewidth=0)
    mean, deviation = row["mean"], values.std(ddof=1) if len(values) > 1 else 0.0
    axes.plot([max(0, mean - deviation), min(100, mean + deviation)], [place, place], color=style.color, linewidth=0.9)
    axes.plot([row["ci_low"], row["ci_high"]], [place, place], color=style.color, linewidth=3, solid_capstyle="round")
    axes.plot(mean, place, style.marker, color=style.color, markerfacecolor=style.face, markersize=7)


def published_marker(axes: Axes, place: float, value: float | None) -> None:
    """A diamond at the published mean, where there is one."""
    if value is not None:
        axes.plot(value, place, "D", markerfacecolor="none", markeredgecolor=INK, markersize=6, zorder=5)


def legend_handles(of: str, published: str) -> list[Line2D]:
    """What the parts of a method's row are. `of`: what a dot is; `published`: what diamonds are, "" without any."""
    theirs = {"color": INK, "marker": "D", "linestyle": "", "markerfacecolor": "none"}
    handles = [
        Line2D([], [], color=INK, marker="o", linewidth=3, markersize=7, label="mean and 95 % interval"),
        Line2D([], [], color=INK, linewidth=0.9, label=f"standard deviation over {of}s"),
        Line2D([], [], color=INK, marker="o", linestyle="", markersize=2.5, alpha=0.4, label=f"a {of}"),
    ]
    return [*handles, Line2D([], [], label=published, **theirs)] if published else handles  # type: ignore[arg-type]


def title(figure: Figure, study: Analysis) -> None:
    """The dataset as the title; for simulated raters with the banner, in red, below it in a narrow figure."""
    if study.simulated:
        between = "  " if figure.get_figwidth() > NARROW else "\n"
        words = f"{study.dataset}{between}{BANNER}".strip()
        figure.suptitle(words, x=0.01, ha="left", fontsize=9, color=WARNING, weight="bold")
    else:
        figure.suptitle(study.dataset, x=0.01, ha="left", fontsize=9)


def banner(study: Analysis) -> str:
    """The banner and a space where raters are simulated."""
    return f"{BANNER} " if study.simulated else ""


def caption(study: Analysis, text: str) -> str:
    """The banner, what the study is about, and the text."""
    sizes = f"{count(study.kept.raters, 'rater')}, {count(study.kept.votes['photograph'].nunique(), 'photograph')}"
    return f"{banner(study)}{study.dataset or study.ratings.name} ({sizes}): {text}"
