"""Every answer is stored exactly once, or refused with a reason; over HTTP, on both databases."""

import copy
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError
from starlette.testclient import TestClient

from study_app.design.study import Study
from study_app.export.tables import gather
from study_app.server.routes import application
from study_app.server.security import Rate, Rates
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.schema import answers, events, sessions
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock, Volunteer, answer_to, new_key

Newcomer = Callable[[], Volunteer]


def stored(store: Store) -> list[tuple[int, str, int]]:
    """(trial, criterion, value) of everything stored."""
    with store.database.reading() as connection:
        rows = connection.execute(select(answers).order_by(answers.c.trial, answers.c.criterion)).all()
    return [(row.trial, row.criterion, row.value) for row in rows]


def test_a_whole_session_is_stored_once_with_its_timings(store: Store, volunteer: Newcomer, study: Study) -> None:
    one = volunteer()
    one.take()
    assert len(stored(store)) == 10 * 3
    with store.database.reading() as connection:
        row = connection.execute(select(answers)).first()
        session = connection.execute(select(sessions)).one()
    assert row is not None
    assert (row.study, row.simulated, row.onset_ms, row.response_ms) == (study.digest, False, 16.5, 800.25)
    assert session.completed_at is not None
    assert one.post("/api/finish").json() == {"code": one.code}


def test_the_same_answer_again_is_acknowledged_and_not_stored_again(store: Store, volunteer: Newcomer) -> None:
    one = volunteer()
    sent = one.take(2)
    before = stored(store)
    for message in (*sent, *sent, {**sent[1], "key": new_key()}):
        reply = one.post("/api/answers", message)
        assert (reply.status_code, reply.json()) == (200, {"acknowledged": message["key"]})
    assert stored(store) == before


def test_a_contradicting_answer_is_refused_and_the_first_stays(store: Store, volunteer: Newcomer) -> None:
    one = volunteer()
    one.take(1)
    before = stored(store)
    reply = one.post("/api/answers", answer_to(0, value=0))
    assert (reply.status_code, reply.json()["reason"]) == (409, "conflict")
    assert stored(store) == before


def test_a_key_serves_one_trial_only(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    one = volunteer()
    sent = one.take(1)
    clock.advance(2)
    reply = one.post("/api/answers", answer_to(1, key=sent[0]["key"]))
    assert (reply.status_code, reply.json()["reason"]) == (409, "conflict")
    assert len(stored(store)) == 3
    one.take(1)  # and the session is not harmed


def test_one_answer_from_many_threads_at_once_is_stored_once(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    one = volunteer()
    one.plan()
    clock.advance(2)
    message, codes = answer_to(0), []
    threads = [
        threading.Thread(target=lambda: codes.append(one.post("/api/answers", message).status_code)) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
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


def wrong(**changes: object) -> dict[str, Any]:
    """An answer to trial 0 with something wrong in its timing."""
    message = answer_to(0)
    return {**message, "timing": {**message["timing"], **changes}}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (answer_to(0, value=2), "from 0 to 1"),
        (answer_to(0, value=-1), "from 0 to 1"),
        (answer_to(0, values={"saturability": 1}), "exactly the keys"),
        (answer_to(0, values={"saturability": True, "semantic_correctness": 1, "edge_keeping": 1}), "type int"),
        (answer_to(0, values={"saturability": 0.5, "semantic_correctness": 1, "edge_keeping": 1}), "type int"),
        (answer_to(-1), "trial should be from 0"),
        (answer_to(10**12), "trial should be from 0"),
        ({**answer_to(0), "trial": "0"}, "type int"),
        (answer_to(0, key="1"), "UUID"),
        (answer_to(0, key=new_key().upper()), "UUID"),
        (answer_to(0, tab="DROP TABLE answers"), "UUID"),
        (answer_to(0, decoded_sha256_ok=False), "not verified"),
        (answer_to(0, method="zebranet"), "unknown parameter 'method'"),
        (wrong(onset_ms=-1), "onset_ms should be from 0"),
        (wrong(onset_ms=2000), "went before it came"),
        (wrong(shown_ms=10**9), "shown_ms should be from 0"),
        (wrong(response_ms={"saturability": 5.0}), "exactly the keys"),
        (wrong(exposures=0), "exposures should be from 1"),
        (wrong(hidden=-1), "hidden should be from 0"),
        ([], "should hold keys and values"),
        ("answer", "should hold keys and values"),
    ],
)
def test_what_no_page_sends_is_refused_in_one_sentence(
    message: object, words: str, store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    one.plan()
    clock.advance(2)
    reply = one.post("/api/answers", message)
    assert (reply.status_code, reply.json()["reason"]) == (422, "invalid")
    assert words in reply.json()["error"]
    assert stored(store) == []
    one.take(1)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"trial": NaN}', b"[" * 30_000, b"1" * 5000])
def test_broken_json_is_refused(body: bytes, volunteer: Newcomer) -> None:
    one = volunteer()
    headers = {"Authorization": f"Bearer {one.token}", "Content-Type": "application/json"}
    reply = one.client.post("/api/answers", content=body, headers=headers)
    assert reply.status_code in (400, 422)
    assert set(reply.json()) == {"error", "reason"}


NASTY = [None, True, -1, 0, 2**70, 10**400, 1e308, "", "\0", "\ud800", "é" * 500, [], [[]], {}, {"\ud800": 1}]
NASTY_TEXTS = ["1e999", "-1e999", "NaN", "-Infinity", "1" * 4000]


def mutations(message: Any) -> Iterator[Any]:
    """The message with each of its parts replaced by each nasty thing, or gone."""
    parts = message.items() if isinstance(message, dict) else enumerate(message) if isinstance(message, list) else ()
    for key, part in parts:
        for other in (*NASTY, *(f"@{text}@" for text in NASTY_TEXTS), *mutations(part)):
            changed = copy.copy(message)
            changed[key] = other
            yield changed
    if isinstance(message, dict):
        for key in message:
            yield {name: part for name, part in message.items() if name != key}


def test_no_message_whatever_makes_the_server_fail(
    database: Database, study: Study, stimuli: Stimuli, clock: Clock
) -> None:
    store = Store(database, study, stimuli, clock=clock)
    generous = Rate(10**6, 10**6)
    client = TestClient(application(store, Rates(generous, generous, generous)), raise_server_exceptions=False)
    one = Volunteer(client, study, clock)
    one.plan()
    event = {"key": new_key(), "name": "vision", "at_ms": 12.5, "detail": {"right": 4}}
    messages = {
        "/api/sessions": {"language": "en", "consent": True, "study": study.digest, "key": one.key},
        "/api/answers": answer_to(0),
        "/api/events": {"events": [event]},
        "/api/tab": {"tab": new_key(), "take": True},
        "/api/withdraw": {"code": "AAAA-AAAA-AAAA"},
    }
    headers = {"Authorization": f"Bearer {one.token}", "Content-Type": "application/json"}
    codes: Counter[int] = Counter()
    for path, message in messages.items():
        for changed in mutations(message):
            body = json.dumps(changed)
            for text in NASTY_TEXTS:
                body = body.replace(f'"@{text}@"', text)
            reply = client.post(path, content=body.encode(), headers=headers)
            codes[reply.status_code] += 1
            assert reply.status_code < 500, (path, body, reply.text)
            assert len(reply.content) < 1000
    assert codes[422] > 300
    clock.advance(2)
    one.take(1)
    assert len(stored(store)) == 3
    assert gather(database, study, False).ratings


def test_an_oversized_body_is_refused_while_it_comes(volunteer: Newcomer) -> None:
    one = volunteer()
    headers = {"Authorization": f"Bearer {one.token}", "Content-Type": "application/json"}
    reply = one.client.post("/api/answers", content=b" " * 70_000, headers=headers)
    assert (reply.status_code, reply.json()["reason"]) == (413, "oversized")


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


def test_beginning_needs_consent_a_known_language_and_the_current_study(client: TestClient, study: Study) -> None:
    good = {"language": "de", "consent": True, "study": study.digest}
    for change, status in (({"consent": False}, 422), ({"language": "xx"}, 422), ({"study": "0" * 64}, 409)):
        assert client.post("/api/sessions", json={**good, **change}).status_code == status
    assert client.post("/api/sessions", json={**good, "key": "1"}).status_code == 422
    assert client.post("/api/sessions", json=good).status_code == 200


def test_beginning_again_under_one_key_is_the_same_session(store: Store, client: TestClient, study: Study) -> None:
    message = {"language": "de", "consent": True, "study": study.digest, "key": new_key()}
    replies = [client.post("/api/sessions", json=message).json() for _ in range(3)]
    assert replies[0] == replies[1] == replies[2]
    with store.database.reading() as connection:
        assert len(connection.execute(select(sessions)).all()) == 1


def test_finishing_needs_every_answer(volunteer: Newcomer) -> None:
    one = volunteer()
    one.take(9)
    reply = one.post("/api/finish")
    assert (reply.status_code, reply.json()["error"]) == (409, "1 pictures are left.")


def test_a_plan_resumes_where_the_answers_end(volunteer: Newcomer) -> None:
    one = volunteer()
    before = one.plan()
    one.take(4)
    after = one.plan()
    assert (before["answered"], after["answered"]) == ([], [0, 1, 2, 3])
    assert after["trials"] == before["trials"]


def test_a_second_tab_is_told_and_can_take_over(volunteer: Newcomer) -> None:
    one = volunteer()
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
    with store.database.reading() as connection:
        rows = connection.execute(select(events)).all()
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


def test_nobody_fills_the_table_of_events(database: Database, study: Study, stimuli: Stimuli, clock: Clock) -> None:
    store = Store(database, study, stimuli, clock=clock)
    generous = Rates(session=Rate(1000, 1000))
    one = Volunteer(TestClient(application(store, generous)), study, clock)
    codes = []
    for _ in range(21):
        event = {"name": "click", "at_ms": 1.0, "detail": {}}
        batch = [{**event, "key": new_key()} for _ in range(100)]
        codes.append(one.post("/api/events", {"events": batch}).status_code)
    assert codes == [200] * 20 + [429]


def test_stored_answers_and_events_cannot_be_changed(store: Store, volunteer: Newcomer) -> None:
    one = volunteer()
    one.take(1)
    one.post("/api/events", {"events": [{"key": new_key(), "name": "break", "at_ms": 1.0, "detail": {}}]})
    for statement in (update(answers).values(value=0), update(events).values(name="other")):
        with pytest.raises(DatabaseError, match="append-only"), store.database.writing() as connection:
            connection.execute(statement)
    assert {value for _, _, value in stored(store)} == {1}


def test_a_simulated_raters_link_is_not_known_among_people(
    client: TestClient, database: Database, study: Study, stimuli: Stimuli, clock: Clock
) -> None:
    simulated = Store(database, study, stimuli, simulated=True, clock=clock)
    robot = Volunteer(TestClient(application(simulated)), study, clock)
    robot.take(1)
    with database.reading() as connection:
        assert connection.execute(select(answers.c.simulated)).scalars().all() == [True] * 3
    robot.client = client
    assert robot.get("/api/plan").status_code == 401
    assert client.post("/api/withdraw", json={"code": robot.code}).status_code == 404
