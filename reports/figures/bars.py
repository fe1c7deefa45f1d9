"""Figure 3 as the paper draws it: a bar per method with its interval, beside the published values."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.figures.drawing import Plot
from reports.figures.theme import INK, MethodStyle, styled
from reports.plan.published import PublishedFigure3
from reports.tables.segmentation import SegmenterScores
from reports.tables.wording import listed, number

BAR = 0.66  # of the distance between two bars


@styled()
def figure3_plot(
    scores: Sequence[SegmenterScores], published: PublishedFigure3, styles: Mapping[str, MethodStyle]
) -> Plot:
    """A panel per segmenter of one dataset, a bar per method; diamonds are the published values."""
    dataset, methods = scores[0].dataset, list(scores[0].ratios)
    figure = Figure(figsize=(1.4 + 3.4 * len(scores), 1.3 + 0.34 * len(methods)), layout="constrained")
    panels = figure.subplots(1, len(scores), sharey=True, squeeze=False)[0]
    for axes, score in zip(panels, scores, strict=True):
        _panel(axes, score, published, styles)
    panels[0].set(ylim=(len(methods) - 0.5, -0.5))
    panels[0].set_yticks(range(len(methods)), methods)
    figure.suptitle(dataset.title, x=0.01, ha="left", fontsize=9)
    ours = Line2D([], [], color=INK, linewidth=1.6, label="95 % interval")
    theirs = Line2D([], [], color=INK, marker="D", linestyle="", markerfacecolor="none", label="published, VOC2012")
    figure.legend(handles=[ours, theirs], loc="outside lower center", ncols=2)
    caption = (
        f"{dataset.title}: mIoU of a segmenter that has learned from original colours, on the grey photographs, on "
        "each method's colorizations and on the originals, with 95 % intervals. Published values are of another "
        "segmenter on VOC2012."
    )
    first = {method: number(100 * ratios.interval.mean, 1) for method, ratios in scores[0].ratios.items()}
    return Plot(f"figure3_{dataset.name}", caption, f"Bar chart of mIoU in per cent: {listed(first)}.", figure)


def _panel(axes: Axes, score: SegmenterScores, published: PublishedFigure3, styles: Mapping[str, MethodStyle]) -> None:
    for place, method in enumerate(score.ratios):
        style, interval = styles[method], score.interval(method)
        face = f"{style.color}33" if style.hollow else style.color
        axes.barh(place, 100 * interval.mean, BAR, color=face, edgecolor=style.color, linewidth=1.2)
        axes.plot([100 * interval.low, 100 * interval.high], [place, place], color=INK, linewidth=1.6)
        if method in published.rows:
            axes.plot(
                published.rows[method].miou, place, "D", markerfacecolor="none", markeredgecolor=INK, markersize=6
            )
    axes.set(xlim=(0, 100), xlabel="mIoU in per cent", title=f"segmenter {score.segmenter}")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
