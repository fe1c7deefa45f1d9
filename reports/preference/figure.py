"""The figure of a study of preference: how often each method is preferred, and by whom it is beaten."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from reports.figures.drawing import Plot
from reports.figures.theme import INK, MethodStyle, styled
from reports.preference.estimates import Estimates
from reports.preference.reading import Preferences
from reports.preference.tables import banner, ranked, who
from reports.study.drawing import WARNING
from reports.study.tables import BANNER
from reports.tables.wording import listed, number


@dataclass(frozen=True)
class Words:
    """What an answer says of a method: on its own, out of what, and beside another one."""

    preferred: str
    shown: str
    to: str


PREFERRED = Words("preferred", "comparisons", "preferred to")
PICKED = Words("picked", "showings", "picked over")
LIGHT, DARK = 0.25, 0.75  # shares between which ink can be read on the colour of a cell


@styled()
def preference_plot(study: Preferences, kept: Estimates, styles: Mapping[str, MethodStyle]) -> Plot:
    """Left, each method's share of preferences with its interval, the strongest on top; right, the matrix of wins."""
    order, count, words = ranked(kept), len(study.methods), PICKED if study.pictures > 2 else PREFERRED
    best, worst = kept.strengths.ranks()
    figure = Figure(figsize=(4.6 + 0.55 * count, 1.2 + 0.42 * count), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    chance = 100 / study.pictures
    left.axvline(chance, color=INK, linewidth=0.9, zorder=1)
    for row, place in enumerate(order):
        style, (low, high) = styles[study.methods[place]], kept.share(place)
        left.plot([100 * low, 100 * high], [row, row], color=style.color, linewidth=2.6, solid_capstyle="round")
        mean = 100 * kept.shares.means[place]
        left.plot(mean, row, style.marker, color=style.color, markerfacecolor=style.face, markersize=7)
    ranges = [f"{best[place]}" if best[place] == worst[place] else f"{best[place]}-{worst[place]}" for place in order]
    names = [f"{study.methods[place]}  ({ranks})" for place, ranks in zip(order, ranges, strict=True)]
    left.set_yticks(range(count), names)
    left.set(xlabel=f"{words.preferred}, per cent of {words.shown}", title="method (possible ranks)")
    left.set_ylim(count - 0.5, -0.5)
    left.tick_params(axis="y", length=0)
    left.grid(axis="y", visible=False)
    wins = kept.seen.wins[np.ix_(order, order)]
    with np.errstate(invalid="ignore"):
        shares = wins / (wins + wins.T)
    right.imshow(shares, cmap="PuOr_r", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share):
            ink = INK if LIGHT <= share <= DARK else "white"
            right.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=ink, fontsize=8)
    right.set_xticks(range(count), [study.methods[place] for place in order], rotation=35, ha="right")
    right.set_yticks(range(count), [study.methods[place] for place in order])
    right.set_title(f"{words.to}, per cent")
    right.tick_params(length=0)
    right.grid(visible=False)
    if study.simulated:
        figure.suptitle(BANNER, x=0.01, ha="left", fontsize=9, color=WARNING)
    caption = (
        f"{banner(study)}{who(study, kept)}. Left: how often each method was {words.preferred} in its {words.shown}, "
        f"with its 95 % interval, and the ranks that are possible; the line is chance, {chance:.3g} %. Right: how "
        f"often the method of a row was {words.to} that of a column."
    )
    said = listed({study.methods[place]: number(100 * kept.shares.means[place], 1) for place in order})
    return Plot(
        f"preference_{study.name}",
        caption,
        f"{banner(study)}{words.preferred.capitalize()} in per cent of {words.shown}: {said}.",
        figure,
    )
