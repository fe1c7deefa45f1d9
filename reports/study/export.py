"""An export of the human study (`python -m study_app.export`), read and checked.

Only `ratings.csv` is needed. Beside it, `participants.csv` says whom the screening rules flag. `study.json` names the
dataset and the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from pipeline.records.ratings import KINDS, PairRating, Rating
from pipeline.settings.errors import UserError
from reports.plan.order import ORIGINAL, in_order
from reports.study.beside import participants_of, settings_of
from reports.study.spreadsheet import (
    ANEW,
    OTHERWISE,
    as_known,
    check_spelling,
    is_preference,
    read_cells,
    read_sheet,
)
from reports.study.stopped import Stopping, stopped

NATURALNESS = "naturalness"  # the equally weighted mean of the criteria
MEAN = "mean of all criteria"  # the same in a study that asks for naturalness itself; no criterion can be named so
BROKEN = "broken"  # the "method" of catch items whose colours were spoilt on purpose
FAKE = "fake"  # the only criterion of pairs: which of two pictures is the fake
FOOLED = "fooled"  # what its answers say, by which name they are analysed: 1 where the original was taken for the fake
OURS = {"study", "simulated", "kind", "repeat_of", "maximum", "shown_ms"}  # columns that hardly another table has
Protocol = Literal["naturalness", "pairs", "other"]  # ours, of one picture at a time or of two; somebody else's


def answer_to(criterion: str) -> str:
    """The column of `Ratings.votes` with the answers to a criterion; a criterion may be named as another column is."""
    return f"answer to {criterion}"


@dataclass(frozen=True)
class Ratings:
    """All answers of one study by one kind of raters.

    `name`: of the folder; `dataset`: "" where no study.json says it. `answers`: rows as `Rating`; `participants`:
    rows as `Participant`, None without the file. `rules`: the screening rules of study.yaml, {} where unknown.
    `protocol`, and of `other` ones alone: `minimum`, the scale's lower end; `graded`: whether there is anything between
    the ends; `timed`, `ordered`: whether response times and the order of trials are known; `reference`: the method that
    others are compared with, "" for the usual one; `remarks`: how the file was read. `stopping`: None unless the study
    stops by itself once a contrast is decided.
    """

    name: str
    dataset: str
    digest: str
    simulated: bool
    maximum: float
    criteria: tuple[str, ...]
    methods: tuple[str, ...]
    answers: pd.DataFrame
    participants: pd.DataFrame | None
    rules: dict[str, float]
    protocol: Protocol = "naturalness"
    minimum: float = 0
    graded: bool = False
    timed: bool = True
    ordered: bool = True
    reference: str = ""
    remarks: tuple[str, ...] = ()
    stopping: Stopping | None = None

    @property
    def overall(self) -> str:
        """What the mean of all criteria is called; a single criterion is its own mean."""
        if len(self.criteria) == 1:
            return self.criteria[0]
        if self.protocol == "other":
            return MEAN
        return MEAN if NATURALNESS in self.criteria else NATURALNESS

    @property
    def judged(self) -> tuple[str, ...]:
        """All that has a mean: the criteria, and `overall` as the last."""
        return (*(name for name in self.criteria if name != self.overall), self.overall)

    @property
    def flagged(self) -> frozenset[int]:
        """Participants who broke a screening rule that was fixed before the first answer."""
        if self.participants is None:
            return frozenset()
        return frozenset(self.participants["participant"][self.participants["flags"] != ""])

    def votes(self, kinds: Sequence[str] = ("main",), without: frozenset[int] = frozenset()) -> pd.DataFrame:
        """One row for each picture that a rater has rated; only the kind `main` is a vote on a method.

        Columns: participant, trial, photograph, method, response_ms (the median of the criteria), repeat_of, `picture`
        and `fake_place` where answers have them, and of each criterion and of `overall` the answer (`answer_to`) as a
        share of the scale, in [0, 1]. NaN where a criterion was not asked, and of `overall` where one was not.
        """
        chosen = self.answers[self.answers["kind"].isin(kinds) & ~self.answers["participant"].isin(without)]
        keys = ["participant", "trial"]
        values = chosen.pivot(index=keys, columns="criterion", values="value")
        values = (values.reindex(columns=list(self.criteria)) - self.minimum) / (self.maximum - self.minimum)
        values[self.overall] = values.mean(axis=1, skipna=False)
        more = [column for column in ("picture", "fake_place") if column in chosen]
        shown = chosen.groupby(keys)[["photograph", "method", "repeat_of", *more]].first()
        shown["response_ms"] = chosen.groupby(keys)["response_ms"].median()
        return shown.join(values.rename(columns=answer_to)).reset_index()


def read_studies(folder: Path) -> list[Ratings]:
    """Every export with votes below `folder`, by name; simulated ones only where there is none of people.

    So answers of people and of programs never share a page.
    """
    found = []
    for path in sorted(folder.glob("*/ratings.csv")):
        if is_preference(path):  # of two methods, not of one; `reports.preference` reads these
            continue
        ratings = read_ratings(path)
        found += [ratings] if ratings else []
    people = [ratings for ratings in found if not ratings.simulated]
    return people or found


def read_ratings(path: Path) -> Ratings | None:
    """Read `ratings.csv` and what lies beside it; None if nobody has rated a method yet.

    The files may have been written again by another program. Raises `UserError` for what is wrong.
    """
    answers = read_sheet(path, Rating)
    if answers.empty:
        return None
    is_pairs = bool((answers["criterion"].str.casefold() == FAKE).all())
    if is_pairs:
        answers = read_sheet(path, PairRating)
    _check_one_study(answers, path)
    settings = settings_of(path.with_name("study.json"), answers)
    criteria = settings["criteria"] or list(dict.fromkeys(answers["criterion"]))
    answers = _named(answers, criteria if settings["criteria"] else [], settings["methods"], path)
    _check_answers(answers, path)
    _check_trials(answers, criteria, path)
    if is_pairs:
        answers, criteria = answers.assign(criterion=FOOLED), [FOOLED]
    main = answers[answers["kind"] == "main"]
    beside = path.with_name("participants.csv")
    participants = participants_of(beside, answers) if beside.exists() else None
    if main.empty:
        return None
    return Ratings(
        name=path.absolute().parent.name,
        dataset=settings["dataset"],
        digest=answers["study"].iloc[0],
        simulated=bool(answers["simulated"].iloc[0]),
        maximum=int(answers["maximum"].iloc[0]),
        criteria=tuple(criteria),
        methods=tuple(in_order(sorted(set(main["method"])))),
        answers=answers.reset_index(drop=True),
        participants=participants,
        rules=settings["rules"],
        protocol="pairs" if is_pairs else "naturalness",
        graded=int(answers["maximum"].iloc[0]) > 1,
        stopping=stopped(path),
    )


def is_export(path: Path) -> bool:
    """Whether the heading of a CSV is that of an export, a column or two of which somebody may have lost."""
    header = read_cells(path, ANEW, "`python -m study_app.export` writes it.").header
    return len(OURS & {cell.strip().casefold() for cell in header}) > 1


def _named(answers: pd.DataFrame, criteria: Sequence[str], methods: Sequence[str], path: Path) -> pd.DataFrame:
    """The answers with every kind, criterion and method in its one spelling."""
    named = {"kind": as_known(answers, "kind", KINDS, path)}
    known = {"criterion": criteria, "method": [*methods, *({ORIGINAL, BROKEN} - set(methods))] if methods else []}
    for column, names in known.items():
        if names:
            named[column] = as_known(answers, column, names, path)
        else:
            check_spelling(answers, column, path)
    return answers.assign(**named)


def _check_one_study(answers: pd.DataFrame, path: Path) -> None:
    if answers["simulated"].nunique() > 1:
        raise UserError(f"{path} mixes answers of people and of simulated raters, which are never one study; {ANEW}")
    for column, what in (("version", "versions of one study"), ("study", "studies"), ("maximum", "scales")):
        found = answers[column].unique()
        if len(found) > 1:
            seen = [f"{value!s:.12} in line {answers.index[answers[column] == value][0]}" for value in found]
            raise UserError(
                f"{path} mixes {len(found)} {what} (column {column}: {', '.join(seen)}); keep the rows of one, or "
                f"{OTHERWISE}"
            )


def _check_answers(answers: pd.DataFrame, path: Path) -> None:
    twice = answers[answers.duplicated(["participant", "trial", "criterion"])]
    if len(twice):
        row = twice.iloc[0]
        raise UserError(
            f"{path}, line {row.name}: has two answers of participant {row['participant']} to {row['criterion']} of "
            f"trial {row['trial']}; {ANEW}"
        )
    outside = answers[(answers["value"] < 0) | (answers["value"] > answers["maximum"]) | (answers["maximum"] < 1)]
    if len(outside):
        row = outside.iloc[0]
        raise UserError(
            f"{path}, line {row.name}, column value: found {row['value']}, outside of the scale from 0 to "
            f"{row['maximum']}; {ANEW}"
        )
    if "fake_place" in answers and len(nowhere := answers[~answers["fake_place"].isin((0, 1))]):
        row = nowhere.iloc[0]
        raise UserError(
            f"{path}, line {row.name}, column fake_place: found {row['fake_place']}, which is neither 0 nor 1; {ANEW}"
        )


def _check_trials(answers: pd.DataFrame, criteria: Sequence[str], path: Path) -> None:
    """Raise `UserError` unless each trial is about one picture and has an answer to every criterion."""
    trials = answers.groupby(["participant", "trial"])
    for column in ("kind", "photograph", "method", "repeat_of"):
        several = trials[column].nunique()
        if (several > 1).any():
            participant, trial = several.index[several > 1][0]
            said = answers[(answers["participant"] == participant) & (answers["trial"] == trial)][column]
            other = said[said != said.iloc[0]]
            raise UserError(
                f"{path}, line {other.index[0]}, column {column}: found {other.iloc[0]!r}, but trial {trial} of "
                f"participant {participant} has {said.iloc[0]!r} in line {said.index[0]}; {ANEW}"
            )
    counts = trials["criterion"].nunique()
    lacking = counts[counts != len(criteria)]
    if len(lacking):
        participant, trial = lacking.index[0]
        given = set(answers["criterion"][(answers["participant"] == participant) & (answers["trial"] == trial)])
        absent = ", ".join(criterion for criterion in criteria if criterion not in given)
        raise UserError(
            f"{path}: participant {participant} has not answered all criteria of trial {trial} ({absent}); {ANEW}"
        )
    unknown = answers[(answers["kind"] == "repeat") & answers["repeat_of"].isna()]
    if len(unknown):
        raise UserError(f"{path}, line {unknown.index[0]}, column repeat_of: is empty, but this is a repeat; {ANEW}")
