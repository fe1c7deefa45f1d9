"""How raters agreed and behaved, as tables; and all tables of the human study by name."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.plan.published import Published
from reports.statistics.means import RESAMPLES
from reports.study import conduct
from reports.study.agreement import agreement
from reports.study.export import Protocol
from reports.study.others.tables import means_document
from reports.study.pairs.tables import fooling_document
from reports.study.tables import (
    contrasts_document,
    criterion_name,
    intervals_of,
    marked,
    percent,
    placed,
    table2_document,
)
from reports.study.votes import Analysis
from reports.tables.documents import Table
from reports.tables.wording import number, p_value, signed_with_interval, with_interval


def agreement_document(studies: Sequence[Analysis]) -> Table:
    """Krippendorff's alpha of each criterion."""
    rows = pd.concat([placed(study, agreement(study.kept)) for study in studies])
    shown = pd.DataFrame(
        {
            "Dataset": rows["dataset"],
            "Criterion": rows["criterion"].map(criterion_name),
            "alpha [95 % interval]": [
                with_interval(*ends) if np.isfinite(ends[0]) else "-"
                for ends in zip(rows["alpha"], rows["ci_low"], rows["ci_high"], strict=True)
            ],
            "Pairs that agree": [f"{number(100 * value, 0)} %" for value in rows["agree"]],
            "Pictures": rows["n_pictures"].map(str),
        }
    )
    caption = (
        "How far raters agree on a picture: Krippendorff's alpha, 0 = as by chance, 1 = always. Its level is nominal "
        "for yes/no answers and interval otherwise. Brackets: 95 % bootstrap over photographs "
        f"({RESAMPLES:,} resamples). Where nearly all answers are yes, agreement by chance is high, so alpha is low "
        "even for careful raters. The share of equal pairs of answers is therefore given too."
    )
    return Table("agreement", rows, shown, marked(caption, studies), (), ("Dataset", "Criterion"))


def screening_document(studies: Sequence[Analysis]) -> Table:
    """Who was left out, by which rule."""
    rows = pd.concat([placed(study, conduct.screening(study)) for study in studies])
    columns = {"Dataset": "dataset", "Rule": "rule", "Meaning": "meaning"}
    shown = pd.DataFrame({name: rows[column].astype(str) for name, column in columns.items()})
    shown["Flagged"] = [f"{row['flagged']} of {row['participants']}" for row in rows.to_dict("records")]
    shown["Participants"] = [value.replace(" ", ", ") or "-" for value in rows["left_out"]]
    who = "Raters who break the screening rules of study.yaml. The rules were fixed before the first answer."
    if all(study.ratings.protocol == "other" for study in studies):
        who = "Raters who break the screening rules, which were chosen after the answers had been given."
    caption = (
        f"{who} Tables and figures leave these raters out; the table sensitivity has the means with them. A rater may "
        "break several rules."
    )
    notes = [
        f"{study.dataset or study.ratings.name}: no participants.csv lies beside ratings.csv, so nobody is left out."
        for study in studies
        if study.ratings.participants is None
    ]
    words = ("Dataset", "Rule", "Meaning")
    return Table("screening", rows, shown, marked(caption, studies), tuple(notes), words)


def sensitivity_document(studies: Sequence[Analysis]) -> Table:
    """Means with and without the flagged raters."""
    rows = pd.concat([placed(study, percent(conduct.sensitivity(study))) for study in studies])
    shown = pd.DataFrame(
        [
            {
                "Dataset": row["dataset"],
                "Method": row["method"],
                "Criterion": criterion_name(row["criterion"]),
                "Without": with_interval(row["mean"], row["ci_low"], row["ci_high"], 1),
                "Votes": str(row["n_votes"]),
                "With": with_interval(row["mean_everyone"], row["ci_low_everyone"], row["ci_high_everyone"], 1),
                "Votes, with": str(row["n_votes_everyone"]),
            }
            for row in rows.to_dict("records")
        ]
    )
    caption = f"Means in per cent without and with the raters whom the screening rules flag. {intervals_of(studies)}."
    return Table("sensitivity", rows, shown, marked(caption, studies), (), ("Dataset", "Method", "Criterion"))


def order_document(studies: Sequence[Analysis]) -> Table | None:
    """Effects of position, speed, sides and repeats; None where neither orders nor repeats are known."""
    effects = {study.ratings.name: (study, conduct.order_effects(study)) for study in studies}
    known = [placed(study, rows) for study, rows in effects.values() if len(rows)]
    if not known:
        return None
    rows = pd.concat(known)
    names = {
        "position": "Answers, first trial to last, points of %",
        "speed": "Response time, first trial to last, %",
        "side": "Answers, fake on the left or first to right or second, points of %",
        "repeat": "Second showing minus first, points of %",
        "agreement": "Second answers that agree with the first, %",
    }
    shown = pd.DataFrame(
        {
            "Dataset": rows["dataset"],
            "Effect": rows["effect"].map(names),
            "Criterion": rows["criterion"].map(criterion_name),
            "Estimate [95 % interval]": [
                (with_interval if effect == "agreement" else signed_with_interval)(mean, low, high, 1)
                for effect, mean, low, high in zip(
                    rows["effect"], rows["estimate"], rows["ci_low"], rows["ci_high"], strict=True
                )
            ],
            "p": rows["p"].map(p_value),
        }
    )
    caption = (
        "Effects of the order of showing. Position, time and side: linear model with a level for each method, "
        "clustered by raters and photographs. Repeats: mean over raters, Student's t. p values are not adjusted: these "
        "are checks, not claims."
    )
    return Table("order_effects", rows, shown, marked(caption, studies), (), ("Dataset", "Effect", "Criterion"))


def times_document(studies: Sequence[Analysis]) -> Table:
    """Response times by method."""
    rows = pd.concat([placed(study, conduct.response_times(study.kept)) for study in studies])
    shown = pd.DataFrame(
        {
            "Dataset": rows["dataset"],
            "Method": rows["method"],
            "Median, ms": rows["median_ms"].map(lambda value: number(value, 0)),
            "Quartiles, ms": [
                f"{number(low, 0)} to {number(high, 0)}"
                for low, high in zip(rows["q25_ms"], rows["q75_ms"], strict=True)
            ],
            "Votes": rows["n_votes"].map(str),
        }
    )
    caption = "Time from the appearance of a question to its answer; for each picture the median over its questions."
    return Table("response_times", rows, shown, marked(caption, studies), ())


def documents(studies: Sequence[Analysis], published: Published, seed: int) -> dict[str, Table]:
    """All tables by name, as far as there are votes for them; Table 2 alone where nobody has answered.

    Studies of one protocol share the tables of means and of differences, and all studies those on raters.
    """
    protocols: tuple[Protocol, ...] = ("naturalness", "pairs", "other")
    natural, pairs, other = ([study for study in studies if study.ratings.protocol == one] for one in protocols)
    tables = [table2_document(natural, published.table2)] if natural or not studies else []
    if pairs:
        tables.append(fooling_document(pairs, published.fooling, seed))
    if other:
        tables.append(means_document(other))
    for of in (natural, pairs, other):
        if compared := [study for study in of if len(study.kept.methods) > 1]:
            tables.append(contrasts_document(compared, seed))
    if judged := [study for study in studies if study.kept.methods]:
        tables.append(agreement_document(judged))
        if ordered := order_document(judged):
            tables.append(ordered)
        if timed := [study for study in judged if study.ratings.timed]:
            tables.append(times_document(timed))
    if studies:
        tables += [screening_document(studies), sensitivity_document(studies)]
    return {table.name: table for table in tables}
