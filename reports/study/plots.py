"""The human study's figures: Figure 5 a-d, differences, and how raters behaved."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.drawing import Plot
from reports.figures.forest import forest_panel
from reports.figures.theme import INK, MethodStyle, columns, styled
from reports.plan.measures import criterion as criterion_measure
from reports.plan.published import Published, PublishedTable2
from reports.study import conduct
from reports.study.drawing import banner, caption, legend_handles, method_row, published_marker, title
from reports.study.export import answer_to
from reports.study.pairs.plots import fooling
from reports.study.tables import CONTRASTS, criterion_name, percent, published_rows
from reports.study.votes import Analysis, contrasts, means, per_image
from reports.study.wording import WORDS
from reports.tables.wording import listed, number

ABREAST = 2  # panels of Figure 5 side by side, as in the paper
NARROWEST = 6.2  # inches, which the banner of simulated raters needs
PUBLISHED = "published mean, of other photographs and raters"


def plots(study: Analysis, published: Published, styles: Mapping[str, MethodStyle]) -> dict[str, Plot]:
    """All figures of one study by name, as far as there are votes for them."""
    drawn = {}
    if study.kept.methods and study.ratings.protocol == "pairs":
        drawn["fooling"] = fooling(study, published.fooling, styles)
    elif study.kept.methods:
        drawn["figure5"] = figure5(study, published.table2, styles)
    if len(study.kept.methods) > 1:
        drawn["differences"] = differences(study, styles)
    if study.kept.methods and (study.ratings.ordered or study.ratings.timed):
        drawn["behaviour"] = behaviour(study, styles)
    return drawn


@styled()
def figure5(study: Analysis, published: PublishedTable2, styles: Mapping[str, MethodStyle]) -> Plot:
    """A panel per criterion: dots are photographs, thin bars their standard deviation, thick ones the interval."""
    criteria, methods = study.kept.criteria, study.kept.methods
    table, images = percent(means(study.kept)), per_image(study.kept)
    lowest = 10 * np.floor(10 * np.nanmin(images[list(map(answer_to, criteria))].to_numpy()))
    printed = published_rows(study, published)
    across = columns(len(criteria), ABREAST)
    down = -(-len(criteria) // across)
    figure = Figure(
        figsize=(max(NARROWEST, 3.9 * across), 0.9 + down * (0.8 + 0.34 * len(methods))), layout="constrained"
    )
    panels = figure.subplots(down, across, squeeze=False, sharey=True)
    for number_of, (axes, criterion) in enumerate(zip(panels.ravel(), criteria, strict=False)):
        for place, row in enumerate(table[table["criterion"] == criterion].to_dict("records")):
            values = 100 * images[answer_to(criterion)][images["method"] == row["method"]].dropna().to_numpy()
            method_row(axes, place, row, values, styles[row["method"]])
            if theirs := printed.get(row["method"]):
                published_marker(axes, place, theirs.percent(criterion, study.ratings.criteria))
        letter = f"({chr(ord('a') + number_of)}) " if len(criteria) > 1 else ""
        axes.set(title=f"{letter}{criterion_name(criterion)}", xlim=(lowest - 3, 103))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
    for axes in panels.ravel()[len(criteria) :]:
        axes.set_axis_off()
    panels[0, 0].set_yticks(range(len(methods)), methods)
    panels[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    for axes in panels[-1]:
        axes.set_xlabel(WORDS[study.ratings.protocol].axis)
    of = "picture" if "picture" in images else "photograph"
    figure.legend(handles=legend_handles(of, PUBLISHED if printed else ""), loc="outside lower center", ncols=2)
    title(figure, study)
    theirs_are = "; diamonds: the paper's means, of other photographs and raters" if printed else ""
    said = caption(
        study,
        f"answers by criterion. Dots: {of}s, side by side where they coincide; thin bars: one standard deviation "
        f"over {of}s; thick bars: 95 % interval of the mean{theirs_are}.",
    )
    overall = table[table["criterion"] == study.kept.overall].to_dict("records")
    values = listed({row["method"]: number(row["mean"], 1) for row in overall})
    alt = f"{banner(study)}Mean {WORDS[study.ratings.protocol].mean} in per cent: {values}."
    name = "means" if study.ratings.protocol == "other" else "figure5"
    return Plot(f"{name}_{study.ratings.name}", said, alt, figure)


@styled()
def differences(study: Analysis, styles: Mapping[str, MethodStyle]) -> Plot:
    """The first method minus each other method, a panel per criterion."""
    ours = study.kept.first
    rows = percent(contrasts(study.kept))
    rows = rows[rows["method_a"] == ours]
    others = list(dict.fromkeys(rows["method_b"]))
    criteria = study.kept.criteria
    size = (max(NARROWEST, 1.6 + 1.95 * len(criteria)), 1.4 + 0.32 * len(others))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(criteria), sharex=True, sharey=True, squeeze=False)[0]
    for axes, criterion in zip(panels, criteria, strict=True):
        shown = rows[rows["criterion"] == criterion]
        ends = shown[["ci_low", "difference", "ci_high"]].to_numpy().tolist()
        forest_panel(axes, ends, [styles[other] for other in shown["method_b"]], criterion_measure(criterion), ours)
    panels[0].set_yticks(range(len(others)), [f"minus {other}" for other in others])
    title(figure, study)
    said = caption(
        study,
        f"{ours} minus each other method in points of per cent, with 95 % intervals of the two-way clustered model.",
    )
    overall = rows[rows["criterion"] == study.kept.overall].to_dict("records")
    values = {row["method_b"]: f"{row['difference']:+.1f}" for row in overall}
    subject = WORDS[study.ratings.protocol].mean.capitalize()
    alt = f"{banner(study)}{subject} of {ours} in points of per cent, minus {listed(values)}."
    return Plot(f"{CONTRASTS[study.ratings.protocol]}_{study.ratings.name}", said, alt, figure)


@styled()
def behaviour(study: Analysis, styles: Mapping[str, MethodStyle]) -> Plot:
    """Answers and response times over the session, and response times by method, as far as they are known."""
    words, said, alt = WORDS[study.ratings.protocol], [], []
    panels: list[Callable[[Axes], None]] = []
    if study.ratings.ordered:
        curve = conduct.curves(study)
        first, last = curve.iloc[0], curve.iloc[-1]
        panels.append(lambda axes: _curve(axes, curve, "natural", 100, f"{words.mean}, per cent", "Answers"))
        known = "answers and response times" if study.ratings.timed else "answers"
        said.append(
            f"learning and fatigue: {known} in {conduct.PARTS} parts of the session (methods held fixed, 95 % "
            "intervals over raters)"
        )
        alt.append(
            f"{words.mean.capitalize()} from {100 * first['natural']:.0f} to {100 * last['natural']:.0f} per cent"
        )
        if study.ratings.timed:
            panels.append(lambda axes: _curve(axes, curve, "response_ms", 0.001, "seconds", "Response time"))
            quick = first["response_ms"] / 1000, last["response_ms"] / 1000
            alt.append(f"response times from {quick[0]:.1f} to {quick[1]:.1f} seconds over the session")
    if study.ratings.timed:
        panels.append(lambda axes: _times(axes, study, styles))
        said.append("response times by method (median, quartiles, 1.5 times their distance)")
    figure = Figure(
        figsize=(max(NARROWEST, 9.2 * len(panels) / 3), max(2.9, 0.9 + 0.25 * len(study.kept.methods))),
        layout="constrained",
    )
    for axes, draw in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw(axes)
    title(figure, study)
    sentence = f"{', '.join(alt)}." if alt else "Response times by method."
    return Plot(
        f"raters_{study.ratings.name}", caption(study, f"{', and '.join(said)}."), f"{banner(study)}{sentence}", figure
    )


def _times(axes: Axes, study: Analysis, styles: Mapping[str, MethodStyle]) -> None:
    """The response times of each method as a box."""
    methods = list(study.kept.methods)
    for place, method in enumerate(methods):
        seconds = study.kept.votes["response_ms"][study.kept.votes["method"] == method] / 1000
        drawn = axes.boxplot(
            seconds, positions=[place], orientation="horizontal", widths=0.6, showfliers=False, patch_artist=True
        )
        for part in [*drawn["boxes"], *drawn["whiskers"], *drawn["caps"], *drawn["medians"]]:
            part.set_color(styles[method].color)
        drawn["boxes"][0].set_facecolor(f"{styles[method].color}33")
    axes.set_yticks(range(len(methods)), methods)
    axes.set(ylim=(len(methods) - 0.5, -0.5), xlabel="seconds", title="Response time by method")
    axes.grid(axis="y", visible=False)


def _curve(axes: Axes, curve: pd.DataFrame, name: str, factor: float, unit: str, title: str) -> None:
    low, high = (factor * curve[f"{name}{end}"] for end in ("_low", "_high"))
    axes.fill_between(curve["part"], low, high, color=INK, alpha=0.12, linewidth=0)
    axes.plot(curve["part"], factor * curve[name], "-o", color=INK, markersize=4)
    axes.set(xlabel=f"part of the session, of {conduct.PARTS}", ylabel=unit, title=title)
    if name == "response_ms":
        axes.set_ylim(bottom=0)
