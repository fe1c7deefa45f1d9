"""Somebody else's ratings as a study: who saw what for the first time and who again, and who answered carelessly.

A trial is one showing of one picture to one rater. A rater who has rated a picture before rates it again: the first
answer is the vote, later ones say how consistent the rater is, as in a study of ours.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.settings.errors import UserError, suggestion
from reports.plan.order import in_order
from reports.study.conduct import AGREE_WITHIN
from reports.study.export import Ratings
from reports.study.others.columns import Columns
from reports.study.others.reading import ALL, ANY, read_long
from reports.tables.wording import count

FEW = 10  # answers: fewer may well be all the same; of repeats, a third
USUAL = {"straight_lining": 1.0, "repeat_agreement": 0.5}  # thresholds where the file names none
RULES = ("straight_lining", "repeat_agreement", "fastest_median_ms")


def read_others(path: Path, columns: Columns = ANY) -> Ratings:
    """Read a long table as a study; raises `UserError` for what is wrong.

    Raters are numbered in the order of the file: their own names may tell who they are.
    """
    table = read_long(path, columns)
    columns, (low, high) = table.attrs["columns"], table.attrs["scale"]
    answers = _trials(table)
    graded = bool((~table["share"].isin((0, 1))).any())
    methods = [*dict.fromkeys(columns.methods.values()), *sorted(table["method"].unique())]
    methods = in_order(dict.fromkeys(name for name in methods if (table["method"] == name).any()))
    if columns.reference and columns.reference not in methods:
        close = suggestion(columns.reference, methods)
        raise UserError(f"{path} has no method {columns.reference!r} to compare others with; {close}")
    rules = _rules(columns, graded, answers, path)
    name = columns.name or path.stem
    return Ratings(
        name=re.sub(r"[^\w-]+", "_", name).strip("_"),
        dataset=name,
        digest="",
        simulated=False,
        maximum=high,
        minimum=low,
        graded=graded,
        criteria=tuple(table["criterion"].unique()),
        methods=tuple(methods),
        answers=answers,
        participants=_participants(answers, rules, abs(high - low)),
        rules=rules,
        protocol="other",
        timed=bool(table["response_ms"].notna().all()),
        ordered=bool(table["order"].notna().all()),
        reference=columns.reference,
        remarks=_remarks(table, columns, path),
    )


def _trials(table: pd.DataFrame) -> pd.DataFrame:
    """The answers with participant, trial, kind and repeat_of, as `pipeline.records.ratings.Rating` has them.

    Trials count up in the order of showing, or of the file where that is not known. The column `picture` is left out
    where no method made several of one photograph.
    """
    rows = table.assign(participant=pd.factorize(table["rater"])[0] + 1)
    if rows["order"].notna().all():
        rows = rows.sort_values("order", kind="stable")
    seen = ["participant", "photograph", "method", "picture"]
    time = rows.groupby([*seen, "criterion"], sort=False).cumcount().rename("time")  # 0 for the first answer to it
    showing = rows.groupby([*(rows[name] for name in seen), time], sort=False).ngroup()
    rows["trial"] = showing.groupby(rows["participant"]).rank("dense").astype(int) - 1
    rows["kind"] = np.where(time == 0, "main", "repeat")
    rows["repeat_of"] = rows.groupby(seen)["trial"].transform("min").where(time > 0)
    several = rows.groupby(["photograph", "method"])["picture"].nunique().max() > 1
    return rows if several else rows.drop(columns="picture")


def _rules(columns: Columns, graded: bool, answers: pd.DataFrame, path: Path) -> dict[str, float]:
    """The thresholds of the rules that can be applied."""
    chosen = dict(USUAL if columns.screening is None else columns.screening)
    for rule in chosen:
        if rule not in RULES:
            raise UserError(f"screening has no rule {rule!r}; {suggestion(rule, list(RULES))}")
    if columns.screening is None and not graded:
        del chosen["straight_lining"]  # of good pictures a careful rater may well say yes to all
    if "fastest_median_ms" in chosen and answers["response_ms"].isna().any():
        raise UserError(f"{path}: the rule fastest_median_ms needs a column of times (--response-ms NAME).")
    if (answers["kind"] == "main").all():
        chosen.pop("repeat_agreement", None)
    return chosen


def _participants(answers: pd.DataFrame, rules: dict[str, float], width: float) -> pd.DataFrame | None:
    """Each rater with the rules that were broken, joined by `;`; None where there are no rules."""
    if not rules:
        return None
    by_rater = answers.groupby("participant")
    broken = pd.DataFrame(index=by_rater.size().index)
    if "straight_lining" in rules:
        same = answers.groupby(["participant", "value"]).size().groupby("participant").max() / by_rater.size()
        broken["straight_lining"] = (same >= rules["straight_lining"]) & (by_rater.size() >= FEW)
    if "fastest_median_ms" in rules:
        broken["fast"] = by_rater["response_ms"].median() < rules["fastest_median_ms"]
    if "repeat_agreement" in rules:
        agreement = _agreement(answers, width)
        poor = (agreement["mean"] < rules["repeat_agreement"]) & (agreement["count"] >= FEW / 3)
        broken["inconsistent"] = poor.reindex(broken.index, fill_value=False)
    flags = broken.apply(lambda row: ";".join(row.index[row.astype(bool)]), axis=1)
    return pd.DataFrame({"participant": flags.index, "flags": flags.to_numpy()})


def _agreement(answers: pd.DataFrame, width: float) -> pd.DataFrame:
    """Of each rater with repeats: the share (`mean`) of later answers near the first to the same, and their `count`."""
    keys = ["participant", "photograph", "method", *(["picture"] if "picture" in answers else []), "criterion"]
    first = answers[answers["kind"] == "main"].set_index(keys)["value"].rename("first")
    again = answers[answers["kind"] == "repeat"].join(first, on=keys)
    agrees = (again["value"] - again["first"]).abs() <= AGREE_WITHIN * width + 1e-9
    return agrees.groupby(again["participant"]).agg(["mean", "count"])


def _remarks(table: pd.DataFrame, columns: Columns, path: Path) -> tuple[str, ...]:
    """What was taken for what, and what was left out."""
    roles = ("rater", "picture", "photograph", "method", "criterion", "value", "order", "response_ms")
    taken = [f"{role} = {getattr(columns, role)}" for role in roles if getattr(columns, role)]
    remarks = [f"Columns of {path.name}: {', '.join(taken)}. Raters are numbered in the order of the file."]
    low, high = table.attrs["scale"]
    if columns.scale is None:
        remarks.append(f"The scale was taken from the values: {low:g} to {high:g}.")
    if table.attrs["empty"]:
        remarks.append(f"{count(table.attrs['empty'], 'row')} without a value left out.")
    if set(table["method"]) == {ALL}:
        remarks.append("Nothing tells which method made a picture, so all pictures count as one method's.")
    return tuple(remarks)
