"""Every answer is stored exactly once, or refused with a reason; over HTTP, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError
from starlette.testclient import TestClient

from study_app.design.study import Study
from study_app.server.security import Rate, Rates
from study_app.storage.schema import answers, events, sessions
from study_app.storage.stages import standing
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock, Newcomer, Volunteer, answer_to, new_key, newcomer, read


def stored(store: Store) -> list[tuple[int, str, int]]:
    """(trial, criterion, value) of everything stored."""
    rows = read(store.database, select(answers).order_by(answers.c.trial, answers.c.criterion)).all()
    return [(row.trial, row.criterion, row.value) for row in rows]


def test_a_whole_session_is_stored_once_with_its_timings(store: Store, volunteer: Newcomer, study: Study) -> None:
    one = volunteer()
    one.take()
    assert len(stored(store)) == 10 * 3
    row = read(store.database, select(answers)).all()[0]
    session = read(store.database, select(sessions)).one()
    assert (row.study, row.simulated, row.onset_ms, row.response_ms) == (study.digest, False, 16.5, 800.25)
    assert session.completed_at is not None
    assert one.post("/api/finish").json() == {"code": one.code}
    assert standing(store, one.token).stage == "thanks"


def test_the_same_answer_again_is_acknowledged_and_not_stored_again(store: Store, volunteer: Newcomer) -> None:
    one = volunteer()
    sent = one.take(2)
    before = stored(store)
    for message in (*sent, *sent, {**sent[1], "key": new_key()}):
        reply = one.post("/api/answers", message)
        assert (reply.status_code, reply.json()) == (200, {"acknowledged": message["key"]})
    assert stored(store) == before


def test_a_contradiction_and_a_key_of_another_trial_are_refused_and_the_first_answer_stays(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    (sent,) = one.take(1)
    before = stored(store)
    clock.advance(2)
    for message in (answer_to(0, value=0), answer_to(1, key=sent["key"])):
        reply = one.post("/api/answers", message)
        assert (reply.status_code, reply.json()["reason"]) == (409, "conflict")
        assert stored(store) == before
    one.take(1)  # and the session is not harmed


def test_one_answer_from_many_threads_at_once_is_stored_once(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    one = volunteer()
    one.plan()
    clock.advance(2)
    message = answer_to(0)
    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(lambda _: one.post("/api/answers", message).status_code, range(12)))
    assert codes == [200] * 12
    assert len(stored(store)) == 3


def test_trials_come_in_order(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    one = volunteer()
    clock.advance(5)
    assert one.post("/api/answers", answer_to(0)).json()["reason"] == "order"  # the plan was never fetched
    one.plan()
    clock.advance(5)
    reply = one.post("/api/answers", answer_to(1))
    assert (reply.status_code, reply.json()["reason"]) == (409, "order")
    one.take()
    reply = one.post("/api/answers", answer_to(10))
    assert (reply.status_code, reply.json()["reason"]) == (404, "unassigned")
    assert len(stored(store)) == 30


def test_an_answer_before_the_exposure_can_have_ended_is_told_to_wait(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    one.plan()
    clock.advance(0.4)
    reply = one.post("/api/answers", answer_to(0))
    assert (reply.status_code, reply.json()["reason"], reply.json()["retry_after_ms"]) == (429, "early", 600)
    assert reply.headers["retry-after"] == "1"
    clock.advance(0.6)
    assert one.post("/api/answers", answer_to(0)).status_code == 200
    clock.advance(0.9)
    one.plan()  # fetching the plan again neither shortens nor prolongs the wait
    assert one.post("/api/answers", answer_to(1)).status_code == 429
    clock.advance(0.1)
    assert one.post("/api/answers", answer_to(1)).status_code == 200
    assert len(stored(store)) == 6


@pytest.mark.parametrize("token", ["", "x", "A" * 22, "../../etc/passwd", "é" * 22])
def test_a_stranger_gets_nothing(token: str, client: TestClient) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    for reply in (
        client.get("/api/plan", headers=headers),
        client.post("/api/answers", json=answer_to(0), headers=headers),
        client.post("/api/events", json={"events": []}, headers=headers),
        client.post("/api/finish", headers=headers),
        client.get("/api/plan"),
    ):
        assert (reply.status_code, reply.json()["reason"]) == (401, "unknown")


def test_beginning_needs_consent_a_known_language_and_the_current_study_and_a_key_begins_once(
    store: Store, client: TestClient, study: Study
) -> None:
    good = {"language": "de", "consent": True, "study": study.digest}
    for change, status in (({"consent": False}, 422), ({"language": "xx"}, 422), ({"study": "0" * 64}, 409)):
        assert client.post("/api/sessions", json={**good, **change}).status_code == status
    assert client.post("/api/sessions", json={**good, "key": "1"}).status_code == 422
    assert client.post("/api/sessions", json=good).status_code == 200
    message = {**good, "key": new_key()}
    replies = [client.post("/api/sessions", json=message).json() for _ in range(3)]
    assert replies[0] == replies[1] == replies[2]
    assert len(read(store.database, select(sessions)).all()) == 2


def test_a_plan_resumes_where_the_answers_end_and_finishing_needs_all_of_them(volunteer: Newcomer) -> None:
    one = volunteer()
    before = one.plan()
    one.take(4)
    after = one.plan()
    assert (before["answered"], after["answered"]) == ([], [0, 1, 2, 3])
    assert after["trials"] == before["trials"]
    one.take(5)
    reply = one.post("/api/finish")
    assert (reply.status_code, reply.json()["error"]) == (409, "1 pictures are left.")


def test_a_second_tab_is_told_and_can_take_over(client: TestClient, study: Study, clock: Clock) -> None:
    one = Volunteer(client, study, clock, shows_itself=False)
    first, second = new_key(), new_key()

    def mine(tab: str, take: bool = False) -> object:
        return one.post("/api/tab", {"tab": tab, "take": take}).json()["mine"]

    assert [mine(first), mine(second), mine(first)] == [True, False, True]
    assert [mine(second, take=True), mine(first), mine(second)] == [True, False, True]


def test_events_are_stored_once_and_never_anything_but_plain_values(store: Store, volunteer: Newcomer) -> None:
    one = volunteer()
    event = {"key": new_key(), "name": "vision", "at_ms": 12.5, "detail": {"right": 4, "shown": 5}}
    for _ in range(2):
        reply = one.post("/api/events", {"events": [event, event]})
        assert reply.json() == {"acknowledged": [event["key"]] * 2}
    rows = read(store.database, select(events)).all()
    assert [(row.name, row.detail) for row in rows] == [("vision", '{"right": 4, "shown": 5}')]
    bad: list[dict[str, object]] = [
        {"name": "Vision!"},
        {"at_ms": -1},
        {"detail": {"nested": {"a": 1}}},
        {"detail": {"text": "x" * 201}},
        {"detail": {"text": "a\0b"}},
        {"detail": {str(number): 1 for number in range(21)}},
        {"key": "1"},
    ]
    for change in bad:
        assert one.post("/api/events", {"events": [{**event, "key": new_key(), **change}]}).status_code == 422
    many = [{**event, "key": new_key()} for _ in range(101)]
    assert one.post("/api/events", {"events": many}).status_code == 422


def test_nobody_fills_the_table_of_events(store: Store, clock: Clock) -> None:
    one, event = newcomer(store, clock, Rates(session=Rate(1000, 1000))), {"name": "click", "at_ms": 1.0, "detail": {}}
    batches = [[{**event, "key": new_key()} for _ in range(100)] for _ in range(21)]
    codes = [one.post("/api/events", {"events": batch}).status_code for batch in batches]
    assert codes == [200] * 20 + [429]


def test_stored_answers_and_events_cannot_be_changed(store: Store, volunteer: Newcomer) -> None:
    one = volunteer()
    one.take(1)
    one.post("/api/events", {"events": [{"key": new_key(), "name": "break", "at_ms": 1.0, "detail": {}}]})
    for statement in (update(answers).values(value=0), update(events).values(name="other")):
        with pytest.raises(DatabaseError, match="append-only"), store.database.writing() as connection:
            connection.execute(statement)
    assert {value for _, _, value in stored(store)} == {1}


def test_a_simulated_raters_link_is_not_known_among_people(robots: Store, client: TestClient, clock: Clock) -> None:
    robot = newcomer(robots, clock)
    robot.take(1)
    assert read(robots.database, select(answers.c.simulated)).scalars().all() == [True] * 3
    robot.client = client
    assert robot.get("/api/plan").status_code == 401
    assert client.post("/api/withdraw", json={"code": robot.code}).status_code == 404
