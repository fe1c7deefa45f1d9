"""An export of a study of preference, read and checked (`python -m study_app.export`).

Only `ratings.csv` is needed. Beside it, `participants.csv` says whom the screening rules flag.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.records.ratings import KINDS, BestRating, PreferenceRating
from pipeline.settings.errors import UserError
from reports.plan.order import in_order
from reports.statistics.bradley_terry import Comparisons
from reports.statistics.luce import Choices
from reports.study.beside import participants_of, settings_of
from reports.study.spreadsheet import ANEW, as_known, check_spelling, picks_best, read_sheet
from reports.study.stopped import Stopping, stopped

SEPARATOR = " | "  # between the methods of `BestRating.shown_methods`
FEWEST = 3  # of them; of two, an export is of `PreferenceRating`


@dataclass(frozen=True)
class Preferences:
    """All answers of one study. `name`: of its folder; `dataset`: "" where no study.json says it; `methods`: compared;
    `pictures`: how many at once.

    `answers`: rows as `PreferenceRating`, or of more than two pictures as `BestRating` with the methods of a trial as
    the list `shown`; `participants`: rows as `Participant`, None without the file. `stopping`: None unless the study
    stops by itself once a contrast is decided.
    """

    name: str
    dataset: str
    simulated: bool
    ties: bool
    methods: tuple[str, ...]
    answers: pd.DataFrame
    participants: pd.DataFrame | None
    pictures: int = 2
    stopping: Stopping | None = None

    @property
    def flagged(self) -> frozenset[int]:
        """Participants who broke a screening rule that was fixed before the first answer."""
        if self.participants is None:
            return frozenset()
        return frozenset(self.participants["participant"][self.participants["flags"] != ""])

    def votes(self, without: frozenset[int] = frozenset()) -> pd.DataFrame:
        """The answers that count, those of some participants left out."""
        return self.answers[(self.answers["kind"] == "main") & ~self.answers["participant"].isin(without)]

    def lacks(self, without: frozenset[int] = frozenset()) -> str:
        """The two methods that nobody has compared yet, in a sentence; "" where there are none."""
        votes = self.votes(without)
        shown = votes["shown"] if self.pictures > 2 else zip(votes["method"], votes["other"], strict=True)
        seen = {pair for names in set(map(tuple, shown)) for pair in combinations(sorted(names), 2)}
        for pair in combinations(self.methods, 2):
            if tuple(sorted(pair)) not in seen:
                return f"nobody who counts has compared {pair[0]} and {pair[1]} yet."
        return ""

    def comparisons(self, without: frozenset[int] = frozenset()) -> Comparisons | Choices:
        """The same for the statistics; raises `UserError` while two methods were not compared by anybody."""
        if lacks := self.lacks(without):
            raise UserError(f"{self.name}: {lacks}")
        votes = self.votes(without)
        places = {method: place for place, method in enumerate(self.methods)}
        if self.pictures > 2:
            return Choices(
                shown=np.array([[places[name] for name in names] for names in votes["shown"]], np.int64),
                picked=votes["value"].to_numpy(np.int64),
                raters=pd.factorize(votes["participant"], sort=True)[0].astype(np.int64),
                photographs=pd.factorize(votes["photograph"], sort=True)[0].astype(np.int64),
                count=len(self.methods),
            )
        return Comparisons(
            values=(votes["value"] / votes["maximum"]).to_numpy(np.float64),
            first=np.array([places[method] for method in votes["method"]], np.int64),
            second=np.array([places[method] for method in votes["other"]], np.int64),
            left=(votes["method_place"] == 0).to_numpy(),
            raters=pd.factorize(votes["participant"], sort=True)[0].astype(np.int64),
            photographs=pd.factorize(votes["photograph"], sort=True)[0].astype(np.int64),
            count=len(self.methods),
        )


def read_preferences(path: Path) -> Preferences | None:
    """Read `ratings.csv` and what lies beside it; None while nobody has compared two methods."""
    is_best = picks_best(path)
    answers = read_sheet(path, BestRating if is_best else PreferenceRating)
    if answers.empty:
        return None
    answers = answers.assign(kind=as_known(answers, "kind", KINDS, path))
    check_spelling(answers, "method", path)
    _check(answers, path)
    if is_best:
        answers = answers.assign(shown=[names.split(SEPARATOR) for names in answers["shown_methods"]])
        _check_wrong(answers, _mistakes_of_picks(answers), path)
    else:
        _check_wrong(answers, _mistakes_of_pairs(answers), path)
    main = answers[answers["kind"] == "main"]
    beside = path.with_name("participants.csv")
    participants = participants_of(beside, answers) if beside.exists() else None
    if main.empty:
        return None
    compared = main["shown"].explode() if is_best else pd.concat([main["method"], main["other"]])
    methods = in_order(sorted(set(compared)))
    return Preferences(
        name=path.absolute().parent.name,
        dataset=settings_of(path.with_name("study.json"), answers)["dataset"],
        simulated=bool(answers["simulated"].iloc[0]),
        ties=not is_best and bool(answers["maximum"].iloc[0] > 1),
        methods=tuple(methods),
        answers=answers.reset_index(drop=True),
        participants=participants,
        pictures=int(answers["maximum"].iloc[0]) + 1 if is_best else 2,
        stopping=stopped(path),
    )


def _check(answers: pd.DataFrame, path: Path) -> None:
    """Raise `UserError` for answers that are not of one study, or that cannot be."""
    for column in ("study", "version", "simulated", "maximum", "criterion"):
        if answers[column].nunique() > 1:
            line = answers.index[answers[column] != answers[column].iloc[0]][0]
            raise UserError(f"{path}, line {line}, column {column}: differs from line 2; keep one study's rows.")
    wrong = {
        "has a second answer of its participant to its trial": answers.duplicated(["participant", "trial"]),
        "has a value outside of its scale": ~answers["value"].between(0, answers["maximum"]),
    }
    _check_wrong(answers, wrong, path)


def _mistakes_of_pairs(answers: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "compares a method with itself": (answers["kind"] == "main") & (answers["method"] == answers["other"]),
        "has a method_place other than 0 and 1": ~answers["method_place"].isin((0, 1)),
    }


def _mistakes_of_picks(answers: pd.DataFrame) -> dict[str, pd.Series]:
    counts = answers["shown"].map(len)
    rows = zip(answers["shown"], answers["value"], strict=True)
    picked = pd.Series([names[value] if value < len(names) else "" for names, value in rows], answers.index)
    return {
        f"has other than {FEWEST} or more shown_methods, one more than maximum": (counts != answers["maximum"] + 1)
        | (counts < FEWEST),
        "shows a method twice": counts > answers["shown"].map(lambda names: len(set(names))),
        "has a method other than the one of shown_methods at the place of value": picked != answers["method"],
    }


def _check_wrong(answers: pd.DataFrame, wrong: Mapping[str, pd.Series], path: Path) -> None:
    """Raise `UserError` with the first sentence that is true of a row."""
    for sentence, rows in wrong.items():
        if rows.any():
            raise UserError(f"{path}, line {answers.index[rows][0]}: {sentence}; {ANEW}")
