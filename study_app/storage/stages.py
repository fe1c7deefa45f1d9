"""Which page comes next for a session, by its events and answers in the database."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from study_app.storage import allocation
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import events, studies
from study_app.storage.store import Store

Stage = Literal["vision", "screen", "practice", "trials", "thanks"]
# The pages before the trials, and the event that each ends with.
BEFORE_TRIALS: dict[Stage, str] = {"vision": "vision", "screen": "screen", "practice": "practice_done"}


@dataclass(frozen=True)
class Standing:
    """The page of a session and its language."""

    stage: Stage
    language: str


def next_stage(happened: set[str], answered: int, trials: int, practice: int) -> Stage:
    """The page of a session with these events and answers; `practice`: how many pictures the study has for it."""
    if answered >= trials:
        return "thanks"
    if answered:
        return "trials"
    for stage, event in BEFORE_TRIALS.items():
        if event not in happened and (stage != "practice" or practice):
            return stage
    return "trials"


def standing(store: Store, token: str) -> Standing:
    """Where the session of `token` stands; raises `RefusedError` if it cannot go on here."""
    session = store.touch(token)
    ends = events.c.name.in_(BEFORE_TRIALS.values())
    query = select(events.c.name).where(events.c.session_id == session.id, ends).distinct()
    with store.database.reading() as connection:
        happened = set(connection.execute(query).scalars())
    stage = next_stage(happened, session.answered, session.trials, store.study.practice)
    return Standing(stage, session.language)


def check_vacancy(store: Store) -> None:
    """Raise `RefusedError` as `begin` does if the study is closed or full, before the volunteer reads the consent."""
    mine = (store.study, store.study_id, store.simulated, store.clock())
    with store.database.reading() as connection:  # never waits for a writer, however many arrive
        closed_at = select(studies.c.closed_at).where(studies.c.id == store.study_id)
        if connection.execute(closed_at).scalar_one() is not None:
            raise RefusedError(503, "closed", "The study is closed; thank you for your interest.")
        if allocation.has_room(connection, *mine):
            return
    with store.database.writing() as connection:  # places of silent sessions may be free
        allocation.lock_study(connection, store.study_id)
        allocation.lapse(connection, *mine)
        if allocation.has_room(connection, *mine):
            return
    raise RefusedError(503, "full", "The study is full at the moment; please come back later.", retry_after=600)
