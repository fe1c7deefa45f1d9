"""Every showing of a picture is counted, whatever cut it short; each answer says how large its picture was; on both."""

from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError
from starlette.testclient import TestClient

from pipeline.records.ratings import Rating
from study_app.export.showings import seen_at_most
from study_app.export.tables import gather
from study_app.storage.database import Database
from study_app.storage.schema import showings
from study_app.storage.store import Store
from tests.study_app.older import older_database
from tests.study_app.volunteers import Clock, Newcomer, answer_to, new_key, newcomer, read


def first_rating(store: Store, trial: int = 0) -> Rating:
    """The first row of a trial in the export."""
    return next(one for one in gather(store.database, store.study, False).ratings if one.trial == trial)


def test_an_undisturbed_trial_was_begun_once_and_seen_as_long_as_the_page_says(
    store: Store, volunteer: Newcomer
) -> None:
    volunteer().take()
    export = gather(store.database, store.study, False)
    assert {(one.showings, one.exposures, one.seen_at_most_ms, one.shown_ms) for one in export.ratings} == {
        (1, 1, 1000.0, 1000.0)
    }
    assert export.participants[0].begun_again == 0


def test_a_reload_a_second_tab_and_a_crash_each_count_as_one_more_showing(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    one.plan()
    one.show(0)
    clock.advance(0.4)  # reloaded while it is shown
    one.show(0)
    clock.advance(7)  # seen in full; then another tab takes over at the question
    one.show(0)
    clock.advance(0.25)  # crashed, and opened again
    one.plan()
    one.show(0)
    clock.advance(1.5)
    assert one.post("/api/answers", answer_to(0)).status_code == 200
    row = first_rating(store)
    assert (row.showings, row.exposures) == (4, 1)
    assert row.seen_at_most_ms == 1000 + 400 + 1000 + 250  # 1000: the exposure; what was cut, until the next began
    assert gather(store.database, store.study, False).participants[0].begun_again == 1


def test_who_looks_again_and_again_is_flagged_by_the_servers_count(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    honest, peeping = volunteer(), volunteer()
    honest.take(value=0)
    for trial in range(len(peeping.plan()["trials"])):
        for _ in range(4):
            peeping.show(trial)
            clock.advance(5)
        assert peeping.post("/api/answers", answer_to(trial, value=trial % 2)).status_code == 200
    people = gather(store.database, store.study, False).participants
    assert [person.begun_again for person in people] == [0, 10]
    assert ["timing" in person.flags.split(";") for person in people] == [False, True]


def test_a_page_that_was_hidden_counts_its_own_showings_once(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    one = volunteer()
    one.plan()
    for _ in range(3):  # one that a reload cut, and two of the page that answers
        one.show(0)
        clock.advance(0.5)
    clock.advance(1)
    message = answer_to(0)
    message["timing"] |= {"exposures": 2, "shown_ms": 1300.0, "offset_ms": 2500.0}
    assert one.post("/api/answers", message).status_code == 200
    assert (first_rating(store).showings, first_rating(store).seen_at_most_ms) == (3, 1300 + 500)


def test_a_showing_that_follows_an_answer_is_counted_with_it_once(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    one.plan()
    one.show(0)
    count = len(one.plan()["trials"])
    for trial in range(count):
        clock.advance(3)
        message = answer_to(trial, next_key=new_key())
        for _ in range(2):  # the reply is lost
            assert one.post("/api/answers", message).status_code == 200
    rows = read(store.database, select(showings.c.trial).order_by(showings.c.id)).scalars().all()
    assert rows == list(range(count))  # and none after the last
    assert {one.showings for one in gather(store.database, store.study, False).ratings} == {1}


def test_a_key_that_was_used_or_is_none_counts_nothing(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    one = volunteer()
    one.plan()
    key = new_key()
    assert one.post("/api/showings", {"key": key, "trial": 0}).status_code == 200
    clock.advance(3)
    reply = one.post("/api/answers", answer_to(0, next_key=key))
    assert (reply.status_code, reply.json()["reason"]) == (409, "conflict")
    assert one.post("/api/answers", answer_to(0, next_key="1")).status_code == 422
    assert one.post("/api/answers", answer_to(0, next_key=None)).status_code == 200
    assert len(read(store.database, select(showings)).all()) == 1


def test_the_same_showing_sent_again_is_one_and_only_the_next_trial_can_be_shown(
    store: Store, volunteer: Newcomer, client: TestClient
) -> None:
    one = volunteer()
    message = {"key": new_key(), "trial": 0}
    for _ in range(3):
        assert one.post("/api/showings", message).json() == {"acknowledged": message["key"]}
    assert len(read(store.database, select(showings)).all()) == 1
    one.take(1)
    for trial in (0, 2, 10, 99):
        reply = one.post("/api/showings", {"key": new_key(), "trial": trial})
        assert (reply.status_code, reply.json()["reason"]) == (409, "order")
    one.take()
    assert one.post("/api/showings", {"key": new_key(), "trial": 10}).json()["reason"] == "order"
    assert client.post("/api/showings", json=message).json()["reason"] == "unknown"


@pytest.mark.parametrize(
    "change", [{"key": "1"}, {"trial": -1}, {"trial": 2**31}, {"trial": "0"}, {"trial": 0.5}, {"method": "zebranet"}]
)
def test_a_showing_that_no_page_sends_is_refused(change: dict[str, object], volunteer: Newcomer) -> None:
    reply = volunteer().post("/api/showings", {"key": new_key(), "trial": 0, **change})
    assert (reply.status_code, reply.json()["reason"]) == (422, "invalid")


def test_showings_are_never_changed_and_go_with_a_withdrawal(
    store: Store, volunteer: Newcomer, client: TestClient
) -> None:
    one, two = volunteer(), volunteer()
    one.take(3)
    two.take(1)
    with pytest.raises(DatabaseError, match="append-only"), store.database.writing() as connection:
        connection.execute(update(showings).values(trial=1))
    assert client.post("/api/withdraw", json={"code": one.code}).json() == {"removed": 9}
    assert len(read(store.database, select(showings)).all()) == 1


def test_each_answer_says_at_which_size_and_zoom_its_picture_was_shown(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    one.take(1)
    clock.advance(3)
    small = answer_to(1, seen={"width": 320, "height": 240, "zoom": 0.8})
    assert one.post("/api/answers", small).status_code == 200
    clock.advance(3)
    older = answer_to(2)
    del older["seen"]  # a page that was opened before an update of the program
    assert one.post("/api/answers", older).status_code == 200
    sizes = [
        (row.picture_width, row.picture_height, row.zoom) for row in (first_rating(store, trial) for trial in range(3))
    ]
    assert sizes == [(640, 480.5, 1.25), (320, 240, 0.8), (None, None, None)]


@pytest.mark.parametrize(
    "change", [{"width": 0}, {"height": -1}, {"zoom": 0}, {"width": 1e6}, {"zoom": 1e3}, {"width": "640"}, {"depth": 1}]
)
def test_a_size_that_cannot_be_is_refused(change: dict[str, object], volunteer: Newcomer, clock: Clock) -> None:
    one = volunteer()
    one.plan()
    clock.advance(3)
    message = answer_to(0)
    message["seen"] = {**message["seen"], **change}
    assert one.post("/api/answers", message).status_code == 422


def test_answers_of_an_older_database_are_kept_without_a_count_and_its_sessions_go_on(
    store: Store, other: Database, volunteer: Newcomer, clock: Clock, tmp_path: Path
) -> None:
    one = volunteer()
    one.take(2)
    older_database(store.database, other, tmp_path, lambda _, row: row)
    newer = Store(other, store.study, store.stimuli, clock=clock)
    one.client = newcomer(newer, clock).client
    one.take()
    ratings = [row for row in gather(other, store.study, False).ratings if row.participant == 1]
    known = [(row.showings, row.seen_at_most_ms, row.picture_width, row.zoom) for row in ratings]
    assert known == [(None, None, None, None)] * 6 + [(1, 1000, 640, 1.25)] * 24
    assert [row.value for row in ratings] == [1] * 30


def test_bounds_of_the_time_seen() -> None:
    assert seen_at_most([], 1, 1000.0, 1000) is None
    assert seen_at_most([0], 2, 1000.0, 1000) is None
    assert seen_at_most([0], 1, 1004.5, 1000) == 1004.5
    assert seen_at_most([0, 300, 9000], 1, 1000.0, 1000) == 1000 + 300 + 1000
    assert seen_at_most([0, 300, 9000], 3, 2300.0, 1000) == 2300
