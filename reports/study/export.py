"""An export of the human study (`python -m study_app.export`), read and checked.

Only `ratings.csv` is needed. Beside it, `participants.csv` says whom the screening rules flag. `study.json` names the
dataset and the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.records.ratings import Participant, Rating
from pipeline.records.rows import read_rows
from pipeline.settings.errors import UserError
from reports.inputs.files import read_json
from reports.plan.order import in_order

NATURALNESS = "naturalness"  # the equally weighted mean of the criteria
ANEW = "export it anew with `python -m study_app.export`."


@dataclass(frozen=True)
class Ratings:
    """All answers of one study by one kind of raters.

    `name`: of the folder; `dataset`: "" where no study.json says it. `answers`: rows as `Rating`; `participants`:
    rows as `Participant`, None without the file. `rules`: the screening rules of study.yaml, {} where unknown.
    """

    name: str
    dataset: str
    digest: str
    simulated: bool
    maximum: int
    criteria: tuple[str, ...]
    methods: tuple[str, ...]
    answers: pd.DataFrame
    participants: pd.DataFrame | None
    rules: dict[str, float]

    @property
    def flagged(self) -> frozenset[int]:
        """Participants who broke a screening rule that was fixed before the first answer."""
        if self.participants is None:
            return frozenset()
        return frozenset(self.participants["participant"][self.participants["flags"] != ""])

    def votes(self, kinds: Sequence[str] = ("main",), without: frozenset[int] = frozenset()) -> pd.DataFrame:
        """One row for each picture that a rater has rated; only the kind `main` is a vote on a method.

        Columns: participant, trial, photograph, method, response_ms (the median of the criteria), repeat_of, and of
        each criterion and `naturalness` the answer as a share of the scale, in [0, 1].
        """
        chosen = self.answers[self.answers["kind"].isin(kinds) & ~self.answers["participant"].isin(without)]
        keys = ["participant", "trial"]
        values = chosen.pivot(index=keys, columns="criterion", values="value") / self.maximum
        values = values.reindex(columns=list(self.criteria))
        values[NATURALNESS] = values.mean(axis=1)
        shown = chosen.groupby(keys)[["photograph", "method", "repeat_of"]].first()
        shown["response_ms"] = chosen.groupby(keys)["response_ms"].median()
        return shown.join(values).reset_index()


def read_studies(folder: Path) -> list[Ratings]:
    """Every export with answers below `folder`, by name; simulated ones only where there is none of people.

    So answers of people and of programs never share a page.
    """
    read = [read_ratings(path) for path in sorted(folder.glob("*/ratings.csv"))]
    found = [ratings for ratings in read if ratings is not None]
    people = [ratings for ratings in found if not ratings.simulated]
    return people or found


def read_ratings(path: Path) -> Ratings | None:
    """Read `ratings.csv` and what lies beside it; None if nobody has answered. Raises `UserError` for what is wrong."""
    answers = _frame(path, Rating)
    if answers.empty:
        return None
    _check(answers, path)
    settings = _settings(path.with_name("study.json"), answers)
    criteria = [criterion["name"] for criterion in settings.get("criteria", [])]
    criteria = criteria or list(dict.fromkeys(answers["criterion"]))
    main = answers[answers["kind"] == "main"]
    _check_complete(main, criteria, path)
    beside = path.with_name("participants.csv")
    participants = _frame(beside, Participant) if beside.exists() else None
    if participants is not None:
        _check_participants(participants, answers, beside)
    return Ratings(
        name=path.absolute().parent.name,
        dataset=settings.get("dataset", ""),
        digest=answers["study"].iloc[0],
        simulated=bool(answers["simulated"].iloc[0]),
        maximum=int(answers["maximum"].iloc[0]),
        criteria=tuple(criteria),
        methods=tuple(in_order(sorted(set(main["method"])))),
        answers=answers,
        participants=participants,
        rules=settings.get("screening", {}),
    )


def _frame(path: Path, record: type[Any]) -> pd.DataFrame:
    if not path.exists():
        raise UserError(f"{path} is not here; `python -m study_app.export` writes it.")
    try:
        rows = read_rows(path, record)
    except UserError:
        raise UserError(f"{path} has other columns than an export has; {ANEW}") from None
    except (TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); {ANEW}") from None
    return pd.DataFrame(rows, columns=[field.name for field in fields(record)])


def _check(answers: pd.DataFrame, path: Path) -> None:
    if answers["simulated"].nunique() > 1:
        raise UserError(f"{path} mixes answers of people and of simulated raters, which are never one study; {ANEW}")
    for column, what in (("study", "studies"), ("maximum", "scales")):
        if answers[column].nunique() > 1:
            raise UserError(f"{path} mixes {answers[column].nunique()} {what}; {ANEW}")
    twice = answers[answers.duplicated(["participant", "trial", "criterion"])]
    if len(twice):
        row = twice.iloc[0]
        raise UserError(
            f"{path} has two answers of participant {row['participant']} to {row['criterion']} of trial "
            f"{row['trial']}; {ANEW}"
        )
    outside = answers[(answers["value"] < 0) | (answers["value"] > answers["maximum"])]
    if len(outside) or answers["maximum"].iloc[0] < 1:
        raise UserError(f"{path} has answers outside of the scale from 0 to {answers['maximum'].iloc[0]}; {ANEW}")


def _check_complete(main: pd.DataFrame, criteria: Sequence[str], path: Path) -> None:
    counts = main.groupby(["participant", "trial"])["criterion"].agg(set)
    lacking = counts[counts != set(criteria)]
    if len(lacking):
        participant, trial = lacking.index[0]
        raise UserError(f"{path}: participant {participant} has not answered all criteria of trial {trial}; {ANEW}")


def _check_participants(participants: pd.DataFrame, answers: pd.DataFrame, path: Path) -> None:
    first = answers.iloc[0]
    same = (participants["study"] == first["study"]) & (participants["simulated"] == first["simulated"])
    strangers = set(answers["participant"]) - set(participants["participant"])
    if not same.all() or strangers or participants["participant"].duplicated().any():
        raise UserError(f"{path} and {path.with_name('ratings.csv')} are not of one export; {ANEW}")


def _settings(path: Path, answers: pd.DataFrame) -> dict[str, Any]:
    if not path.exists():
        return {}
    settings: dict[str, Any] = read_json(path)
    if settings.get("digest") != answers["study"].iloc[0]:
        raise UserError(f"{path} is of another study than the ratings beside it; {ANEW}")
    return settings
