"""A volunteer who was silent for too long goes on wherever the study has a place, and what was answered is kept."""

from collections import Counter

import pytest
from sqlalchemy import select

from study_app.export.monitor import overview
from study_app.export.tables import gather
from study_app.storage.schema import answers, sessions
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock, Newcomer, Volunteer, answer_to, new_key, read

HOUR = 3600


def votes(store: Store) -> Counter[int]:
    """How many trials of each session have answers, by the participant's number."""
    query = select(sessions.c.number, answers.c.trial).join(sessions, sessions.c.id == answers.c.session_id).distinct()
    return Counter(number for number, _ in read(store.database, query))


def marks(store: Store) -> dict[int, bool]:
    """Whose place is lost, as every export says it."""
    return {one.participant: one.place_lost for one in gather(store.database, store.study, False).participants}


def slept(volunteer: Newcomer, clock: Clock, answered: int) -> Volunteer:
    """A volunteer who has answered so many pictures, was then silent for an hour, and whose place is taken since."""
    sleeper = volunteer()
    sleeper.take(answered)
    sleeper.plan()
    clock.advance(HOUR)
    volunteer().plan()
    return sleeper


@pytest.mark.parametrize("answered", [0, 1, 5, 9])
def test_who_comes_back_goes_on_although_somebody_else_has_the_place(
    store: Store, volunteer: Newcomer, clock: Clock, answered: int
) -> None:
    sleeper = slept(volunteer, clock, answered)
    assert sleeper.post("/api/answers", answer_to(answered)).status_code == 200  # what was on the screen all the time
    assert sleeper.post("/api/tab", {"tab": new_key(), "take": True}).json() == {"mine": True}
    sleeper.take()
    assert sleeper.post("/api/finish").json() == {"code": sleeper.code}
    assert votes(store)[1] == store.study.trials
    assert marks(store) == {1: True, 2: False}


def test_the_last_answer_is_kept_even_if_the_study_is_full(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    sleeper = slept(volunteer, clock, 9)
    for _ in range(5):
        volunteer().take(1)
    assert sleeper.get("/api/plan").json()["reason"] == "lapsed"
    message = answer_to(9)
    for _ in range(2):
        assert sleeper.post("/api/answers", message).json() == {"acknowledged": message["key"]}
    assert sleeper.post("/api/finish").json() == {"code": sleeper.code}
    assert votes(store)[1] == store.study.trials and marks(store)[1]


@pytest.mark.parametrize("answered", [0, 4])
def test_of_a_full_study_an_answer_is_kept_and_events_with_it(
    store: Store, volunteer: Newcomer, clock: Clock, answered: int
) -> None:
    sleeper = slept(volunteer, clock, answered)
    for _ in range(5):
        volunteer().take(1)
    assert sleeper.post("/api/answers", answer_to(answered)).status_code == 200
    event = {"key": new_key(), "name": "visible", "at_ms": 1, "detail": {}}
    assert sleeper.post("/api/events", {"events": [event]}).status_code == 200
    assert sleeper.get("/api/plan").json()["reason"] == "lapsed"
    assert votes(store)[1] == answered + 1 and marks(store)[1]


def test_a_forged_early_or_unknown_answer_is_refused_as_ever(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    sleeper = slept(volunteer, clock, 3)
    assert sleeper.post("/api/answers", answer_to(5)).json()["reason"] == "order"
    assert sleeper.post("/api/answers", answer_to(2, value=0)).json()["reason"] == "conflict"
    assert sleeper.post("/api/answers", answer_to(3)).status_code == 200
    assert sleeper.post("/api/answers", answer_to(4)).json()["reason"] == "early"


def test_who_completes_without_a_place_counts_and_spares_another_volunteer(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    sleeper = volunteer()
    sleeper.take(9)
    clock.advance(HOUR)
    for _ in range(3):
        volunteer().take()  # one for each slot, the sleeper's own among them
    sleeper.plan()
    sleeper.take()
    for _ in range(2):
        volunteer().take()
    with pytest.raises(AssertionError, match="full at the moment"):
        volunteer()
    seen = overview(store)
    assert seen.states["completed"] == seen.wanted == 6
    assert {completed for completed, _ in seen.cells.values()} == {2}


def test_whoever_gets_the_place_back_is_not_marked(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    sleeper = volunteer()
    sleeper.take(3)
    clock.advance(HOUR)
    others = [volunteer() for _ in range(3)]  # the third has a slot of its own: each of the three has one now
    sleeper.take()
    assert marks(store)[1] is False
    assert len(others) == 3


def test_who_was_set_aside_or_has_withdrawn_does_not_come_back_this_way(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    sleeper = slept(volunteer, clock, 2)
    assert sleeper.client.post("/api/withdraw", json={"code": sleeper.code}).json() == {"removed": 6}
    assert sleeper.post("/api/answers", answer_to(2)).json()["reason"] == "withdrawn"
    assert votes(store)[1] == 0
