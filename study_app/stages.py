"""Where a volunteer stands: which page comes next, by what the database has of the session."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from study_app import allocation
from study_app.refusals import RefusedError
from study_app.schema import events
from study_app.store import Store

Stage = Literal["vision", "screen", "practice", "trials", "thanks"]
# The pages before the trials, and the event that each ends with.
BEFORE_TRIALS: tuple[tuple[Stage, str], ...] = (
    ("vision", "vision"),
    ("screen", "screen"),
    ("practice", "practice_done"),
)


@dataclass(frozen=True)
class Standing:
    """A session as its page needs it."""

    stage: Stage
    language: str


def next_stage(happened: set[str], answered: int, trials: int, practice: int) -> Stage:
    """The page of a session with these events and answers; `practice`: how many pictures the study has for it."""
    if answered >= trials:
        return "thanks"
    if answered:
        return "trials"
    for stage, event in BEFORE_TRIALS:
        if event not in happened and (stage != "practice" or practice):
            return stage
    return "trials"


def standing(store: Store, token: str) -> Standing:
    """Where the session of `token` stands; raises `RefusedError` if it cannot go on here."""
    session = store.touch(token)
    ends = [event for _, event in BEFORE_TRIALS]
    query = select(events.c.name).where(events.c.session_id == session.id, events.c.name.in_(ends)).distinct()
    with store.database.reading() as connection:
        happened = set(connection.execute(query).scalars())
    stage = next_stage(happened, session.answered, session.trials, store.study.practice)
    return Standing(stage, session.language)


def check_vacancy(store: Store) -> None:
    """Raise `RefusedError` as `begin` would if the study is closed or full, before anybody reads the consent."""
    with store.database.writing() as connection:
        if allocation.lock_study(connection, store.study_id).closed_at is not None:
            raise RefusedError(503, "closed", "The study is closed; thank you for your interest.")
        allocation.lapse(connection, store.study, store.study_id, store.simulated, store.clock())
        allocation.free_slot(
            allocation.loads(connection, store.study, store.study_id, store.simulated), store.study.votes_per_cell
        )
