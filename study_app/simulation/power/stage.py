"""Writes the power curve as a table and a figure, and states how many raters are enough."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from pipeline.records.rows import write_rows
from pipeline.settings.errors import UserError
from pipeline.settings.files import whole_file
from reports.figures.theme import INK, styled
from study_app.design.study import Study
from study_app.simulation.effects import Effects
from study_app.simulation.power.comparing import Asked, planted_share, power, sizes, with_preference
from study_app.simulation.power.curve import CHANCE, PowerRow, Question, point, power_curve, smallest, with_difference

# Okabe and Ito's; each criterion has a marker too, for prints without colour.
LOOKS = (("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"), ("#56b4e9", "v"), ("#e69f00", "P"))


def write_power(study: Study, effects: Effects, arguments: argparse.Namespace) -> str:
    """Simulate, write `power.csv`, `.png` and `.pdf`, and return a summary."""
    if (arguments.between is None) == (arguments.chance is None):
        raise UserError("--power needs --between METHOD METHOD or, in a study of pairs, --chance METHOD.")
    first, second = arguments.between or (CHANCE, arguments.chance)
    question = Question(first, second, arguments.alpha, arguments.repeats, arguments.most, arguments.seed)
    if study.protocol == "preference":
        rows = preference_curve(study, with_preference(study, effects, first, second, arguments.difference), question)
    else:
        rows = power_curve(study, with_difference(study, effects, first, second, arguments.difference), question)
    write_rows(arguments.to / "power.csv", PowerRow, rows)
    save(draw(study, rows, arguments.goal), arguments.to)
    lines = [sentence(study, rows, criterion.name, arguments.goal, arguments.most) for criterion in study.criteria]
    return "\n".join([*lines, f"{arguments.to / 'power.csv'}, .png and .pdf"])


def preference_curve(study: Study, effects: Effects, question: Question) -> list[PowerRow]:
    """A point for every whole round of the design."""
    asked = Asked(question.first, question.second, question.alpha, question.repeats, question.seed)
    share = planted_share(effects, question.first, question.second)
    (name,) = effects.rates
    return [
        point(name, (1 - share, share), question, raters, power(study, effects, asked, raters))
        for raters in sizes(study, question.most)
    ]


def sentence(study: Study, rows: Sequence[PowerRow], criterion: str, goal: float, most: int) -> str:
    """The answer for one criterion."""
    row = next(row for row in rows if row.criterion == criterion)
    first = "against 50 %" if row.first == CHANCE else f"{row.first} {100 * row.rate_first:.1f} %"
    what = f"{criterion}: {first}, {row.second} {100 * row.rate_second:.1f} %"
    if study.protocol == "preference":
        better = "picked rather than" if study.picks_best else "preferred to"
        what = f"{criterion}: {row.second} {better} {row.first} in {100 * row.rate_second:.1f} %"
    enough = smallest(rows, criterion, goal)
    if enough is None:
        return f"{what}: {most} raters are not enough for a power of {goal:g}"
    each = study.pictures if study.protocol == "preference" else 1  # a comparison is a vote on all of its methods
    votes = each * study.block_size * enough // len(study.methods)
    return f"{what}: {enough} raters ({votes} votes a method) give a power of at least {goal:g} at alpha {row.alpha:g}"


@styled()
def draw(study: Study, rows: Sequence[PowerRow], goal: float) -> Figure:
    """Power over the number of raters: a line for each criterion, with its simulation error."""
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    axes = figure.subplots()
    for criterion, (color, marker) in zip(study.criteria, LOOKS * len(study.criteria), strict=False):
        own = [row for row in rows if row.criterion == criterion.name]
        raters = [row.raters for row in own]
        rates = f"{100 * own[0].rate_first:.1f} and {100 * own[0].rate_second:.1f} %"
        label = f"{criterion.name.replace('_', ' ')}, {rates}"
        axes.plot(raters, [row.power for row in own], color=color, marker=marker, markersize=3.5, label=label)
        axes.fill_between(raters, [row.low for row in own], [row.high for row in own], color=color, alpha=0.15, lw=0)
        enough = smallest(rows, criterion.name, goal)
        if enough is not None:
            axes.axvline(enough, color=color, linewidth=0.8, linestyle=":")
    axes.axhline(goal, color=INK, linewidth=0.8, linestyle="--")
    title = f"{rows[0].first} against {rows[0].second}, {study.photographs} photographs, {study.scale}"
    axes.set(title=title, xlabel="raters", ylabel="power", ylim=(0, 1.02), xlim=(0, None))
    axes.legend(loc="lower right")
    return figure


@styled()
def save(figure: Figure, folder: Path) -> None:
    """Write `power.png` and `power.pdf` without dates, so that the same rows give the same bytes."""
    for kind, dated in (("png", "Software"), ("pdf", "CreationDate")):
        with whole_file(folder / f"power.{kind}") as path:
            figure.savefig(path, format=kind, metadata={dated: None})
