"""The forest plot: differences with their intervals, a row each, about a line at zero."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures.drawing import Plot
from reports.figures.theme import INK, MethodStyle, columns, styled
from reports.inputs.scores import Dataset
from reports.plan.comparisons import Pair
from reports.plan.measures import MEASURES, Measure
from reports.tables.wording import listed

ABREAST = 4  # panels side by side


@styled()
def paired_plot(dataset: Dataset, rows: pd.DataFrame, styles: Mapping[str, MethodStyle]) -> Plot:
    """A panel per measure, a row per pair, in the first method's style. `rows`: one dataset's, as `paired_table`."""
    measures = list(dict.fromkeys(rows["metric"]))
    pairs = list(dict.fromkeys(zip(rows["method_a"], rows["method_b"], strict=True)))
    across = columns(len(measures), ABREAST)
    down = -(-len(measures) // across)
    size = (2.2 + 1.95 * across, 0.4 + down * (0.7 + 0.32 * len(pairs)))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes in grid.ravel()[len(measures) :]:
        axes.set_axis_off()
    for axes, measure in zip(grid.ravel(), measures, strict=False):
        shown = rows[rows["metric"] == measure]
        ends = shown[["ci_low", "mean_difference", "ci_high"]].to_numpy().tolist()
        forest_panel(axes, ends, [styles[method] for method in shown["method_a"]], MEASURES[measure], "first")
    grid[0, 0].set_yticks(range(len(pairs)), [Pair(a, b, "").title for a, b in pairs])
    figure.suptitle(dataset.title, x=0.01, ha="left", fontsize=9)
    caption = (
        f"{dataset.title}: mean difference on the same photographs, first method minus second, with its 95 % interval. "
        "Right of zero the first scores higher. Intervals: about other photographs and, of networks that were trained "
        "several times, other trainings."
    )
    primary = rows[rows["family"] == "primary"].to_dict("records")
    means = listed(
        {Pair(row["method_a"], row["method_b"], "").title: f"{row['mean_difference']:+.2f}" for row in primary}
    )
    return Plot(f"paired_{dataset.name}", caption, f"Forest plot of paired differences; PSNR in dB: {means}.", figure)


def forest_panel(
    axes: Axes, ends: Sequence[Sequence[float]], styles: Sequence[MethodStyle], measure: Measure, first: str
) -> None:
    """One measure's rows, top down: `ends` holds low, mean and high of each. Says on which side `first` is better."""
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    for place, ((low, mean, high), style) in enumerate(zip(ends, styles, strict=True)):
        axes.plot([low, high], [place, place], color=style.color, linewidth=2.6, solid_capstyle="round")
        axes.plot(mean, place, style.marker, color=style.color, markerfacecolor=style.face, markersize=7)
    better = f"{first} is better →" if measure.better == "higher" else f"← {first} is better"
    axes.set(ylim=(len(ends) - 0.5, -0.5), title=measure.short_label, xlabel=better)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
