"""The table of means of somebody else's ratings."""

from collections.abc import Sequence

import pandas as pd

from reports.study.tables import (
    INTERVALS,
    alike_notes,
    criterion_name,
    marked,
    mean_rows,
    missing_notes,
    placed,
    sizes_note,
)
from reports.study.votes import Analysis
from reports.tables.documents import Table
from reports.tables.wording import with_interval


def means_document(studies: Sequence[Analysis]) -> Table:
    """The mean of each method on each criterion, in per cent of the scale and, in the rows, on the scale itself."""
    rows = pd.concat([_rows(study) for study in studies])
    groups = rows.groupby(["study", "method"], sort=False)
    shown = pd.DataFrame([_shown(group) for _, group in groups])
    averaged = list(dict.fromkeys(study.kept.mean for study in studies if study.kept.mean))
    over = f" {averaged[0].capitalize()}: of answers to all of them." if averaged else ""
    caption = f"Mean of the answers in per cent of the scale.{over} {INTERVALS}."
    notes = [
        note
        for study in studies
        for note in (sizes_note(study), *study.ratings.remarks, *missing_notes(study), *alike_notes(study))
    ]
    return Table("means", rows, shown, marked(caption, studies), tuple(notes))


def _rows(study: Analysis) -> pd.DataFrame:
    rows, ratings = mean_rows(study), study.ratings
    for column in ("mean", "ci_low", "ci_high"):
        rows[f"{column}_on_scale"] = ratings.minimum + rows[column] / 100 * (ratings.maximum - ratings.minimum)
    rows = rows.assign(scale_low=ratings.minimum, scale_high=ratings.maximum)
    return placed(study, rows[["method", *(name for name in rows if name != "method")]])


def _shown(rows: pd.DataFrame) -> dict[str, str]:
    """One method for people; of a single criterion also on the scale itself, unless that is in per cent."""
    first = rows.iloc[0]
    shown = {"Dataset": str(first["dataset"]), "Method": str(first["method"])}
    for row in rows.to_dict("records"):
        name = criterion_name(row["criterion"])
        heading = f"{name} (criterion)" if name in shown else name
        shown[heading] = with_interval(row["mean"], row["ci_low"], row["ci_high"], 1)
    if len(rows) == 1 and (first["scale_low"], first["scale_high"]) not in ((0, 1), (0, 100)):
        mean, low, high = (float(first[f"{column}_on_scale"]) for column in ("mean", "ci_low", "ci_high"))
        shown[f"On the scale {first['scale_low']:g} to {first['scale_high']:g}"] = with_interval(mean, low, high)
    return shown | {"Votes": f"{rows['n_votes'].max():,}"}
