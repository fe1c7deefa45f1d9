"""A small study of pairs, for the tests of the routes and for those of the browser."""

from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from study_app.design.study import Study
from study_app.design.tokens import digest
from study_app.storage.database import Database
from study_app.storage.schema import sessions, trials
from tests.study_app.volunteers import small_study

PAIR_METHODS = ["quokkanet", "zebranet"]  # of `volunteers.METHODS`, without the original
PAIRS: dict[str, Any] = {
    "protocol": "pairs",
    "arrangement": "side_by_side",
    "methods": PAIR_METHODS,
    "catch": {"broken": 2, "originals": 0},
    "criteria": [
        {
            "name": "fake",
            "term": dict.fromkeys(("en", "de", "fr"), "Fake"),
            "question": dict.fromkeys(("en", "de", "fr"), "Which of the two had fake colours?"),
        }
    ],
}


def pair_study(folder: Path, **changes: object) -> Study:
    """The small study as one of pairs."""
    return small_study(folder, **{**PAIRS, **changes})


def fakes(database: Database, token: str) -> list[int]:
    """The side of the colorization in every trial of a session, as only the server knows it."""
    query = select(trials.c.fake_place).join(sessions, sessions.c.id == trials.c.session_id)
    with database.reading() as connection:
        mine = query.where(sessions.c.token_hash == digest(token)).order_by(trials.c.position)
        return list(connection.execute(mine).scalars())


PREFERENCE: dict[str, Any] = {  # 3 methods, 6 photographs, 10 trials; 6 ways to stand, so 12 volunteers
    "protocol": "preference",
    "arrangement": "side_by_side",
    "catch": {"broken": 2, "originals": 0},
    "criteria": None,
    "title": None,
    "consent": None,
}


def preference_study(folder: Path, **changes: object) -> Study:
    """The small study as one of preference."""
    return small_study(folder, **{**PREFERENCE, **changes})


def shown_trials(database: Database, token: str) -> list[Row[Any]]:
    """The trials of a session, as only the server knows them."""
    query = select(trials).join(sessions, sessions.c.id == trials.c.session_id)
    with database.reading() as connection:
        mine = query.where(sessions.c.token_hash == digest(token)).order_by(trials.c.position)
        return list(connection.execute(mine))


BEST: dict[str, Any] = {**PREFERENCE, "pictures": 3}  # 3 methods stand in 3 ways, so 6 volunteers


def best_study(folder: Path, **changes: object) -> Study:
    """The small study as one that picks the best of three pictures."""
    return small_study(folder, **{**BEST, **changes})
