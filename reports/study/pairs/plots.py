"""The figure of fooling rates: ours with intervals, and the published ones of the same methods."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.stats import norm

from reports.figures.drawing import Plot
from reports.figures.theme import INK, MethodStyle, styled
from reports.plan.published import PublishedFooling
from reports.study.drawing import banner, caption, legend_handles, method_row, published_marker, title
from reports.study.export import FOOLED, answer_to
from reports.study.pairs.rates import CHANCE, fooling_rates
from reports.study.tables import percent
from reports.study.votes import Analysis, per_image
from reports.study.wording import WORDS
from reports.tables.wording import listed, number

BELOW = 0.36  # where a published rate stands, of the distance between two rows
NORMAL = float(norm.ppf(0.975))


@styled()
def fooling(study: Analysis, published: PublishedFooling, styles: Mapping[str, MethodStyle]) -> Plot:
    """A row per method: dots are photographs, the thick bar is the interval; diamonds are the published rates."""
    methods, table, images = study.kept.methods, percent(fooling_rates(study.kept)), per_image(study.kept)
    figure = Figure(figsize=(6.4, 1.5 + 0.46 * len(methods)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(100 * CHANCE, color=INK, linewidth=0.9, linestyle="--", zorder=1)
    for place, row in enumerate(table.to_dict("records")):
        values = 100 * images[answer_to(FOOLED)][images["method"] == row["method"]].to_numpy()
        method_row(axes, place, row, values, styles[row["method"]])
        if theirs := published.rows.get(row["method"]):
            half = NORMAL * theirs.standard_error
            ends = [theirs.percent - half, theirs.percent + half]
            axes.plot(ends, [place - BELOW] * 2, color=INK, linewidth=0.9)
            published_marker(axes, place - BELOW, theirs.percent)
    axes.set(ylim=(len(methods) - 0.5, -0.6), xlim=(-3, 103), xlabel=WORDS["pairs"].axis)
    axes.set_yticks(range(len(methods)), methods)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    has_published = bool(published.rows.keys() & set(methods))
    theirs_are = f"published, {published.data}, ± 1.96 standard errors" if has_published else ""
    chance = Line2D([], [], color=INK, linewidth=0.9, linestyle="--", label="50 %: nobody can tell")
    handles = [*legend_handles("photograph", theirs_are), chance]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    title(figure, study)
    diamonds = f"; diamonds: {published.paper}, {published.where}, of {published.holds_for}" if has_published else ""
    said = caption(
        study,
        "share of pairs in which volunteers took the photograph for the fake. Dots: photographs, side by side where "
        "they coincide; thin bars: one standard deviation over photographs; thick bars: 95 % interval of the rate; "
        f"dashed: 50 %, where nobody can tell{diamonds}.",
    )
    values = listed({row["method"]: number(row["mean"], 1) for row in table.to_dict("records")})
    return Plot(f"fooling_{study.ratings.name}", said, f"{banner(study)}Fooling rate in per cent: {values}.", figure)
