"""No message whatever does harm: it is stored, or refused in a sentence."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from study_app.design.study import Study
from study_app.export.tables import gather
from study_app.server.security import Rate, Rates
from study_app.storage.schema import answers, events
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock, Newcomer, answer_to, new_key, newcomer, read


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
        (wrong(onset_ms=2000), "offset_ms is before onset_ms"),
        (wrong(shown_ms=10**9), "shown_ms should be from 0"),
        (wrong(shown_ms=0), "less than half an exposure"),
        (wrong(shown_ms=499.9), "less than half an exposure"),
        (wrong(shown_ms=86_400_000), "longer than from onset_ms to offset_ms"),
        (wrong(shown_ms=1002), "longer than from onset_ms to offset_ms"),
        (wrong(shown_ms=3000, exposures=3), "longer than from onset_ms to offset_ms"),
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
    assert not read(store.database, select(answers)).all()
    one.take(1)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        *((body, (400, 422)) for body in (b"", b"{", b"\xff\xfe", b'{"trial": NaN}', b"[" * 30_000, b"1" * 5000)),
        (b" " * 70_000, (413,)),
    ],
)
def test_broken_json_and_oversized_bodies_are_refused(body: bytes, codes: tuple[int, ...], volunteer: Newcomer) -> None:
    one = volunteer()
    headers = {**one.authorized, "Content-Type": "application/json"}
    reply = one.client.post("/api/answers", content=body, headers=headers)
    assert reply.status_code in codes
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


def test_no_message_whatever_makes_the_server_fail(store: Store, study: Study, clock: Clock) -> None:
    one = newcomer(store, clock, Rates(*[Rate(10**6, 10**6)] * 3))
    one.plan()
    event = {"key": new_key(), "name": "vision", "at_ms": 12.5, "detail": {"right": 4}}
    messages = {
        "/api/sessions": {"language": "en", "consent": True, "study": study.digest, "key": one.key},
        "/api/answers": answer_to(0),
        "/api/events": {"events": [event]},
        "/api/tab": {"tab": new_key(), "take": True},
        "/api/withdraw": {"code": "AAAA-AAAA-AAAA"},
    }
    headers = {**one.authorized, "Content-Type": "application/json"}
    codes: Counter[int] = Counter()
    for path, message in messages.items():
        for changed in mutations(message):
            body = json.dumps(changed)
            for text in NASTY_TEXTS:
                body = body.replace(f'"@{text}@"', text)
            reply = one.client.post(path, content=body.encode(), headers=headers)
            codes[reply.status_code] += 1
            assert reply.status_code < 500, (path, body, reply.text)
            assert len(reply.content) < 1000
    assert codes[422] > 300
    clock.advance(2)
    one.take(1)
    assert len(gather(store.database, study, False).ratings) == 3


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("vision", {"right": -5}),
        ("vision", {"right": 7, "shown": 6}),
        ("vision", {"right": "all"}),
        ("vision", {"shown": True}),
        ("screen", {"width": 1e199}),
        ("screen", {"width": "wide"}),
        ("screen", {"height": 0}),
        ("screen", {"zoom": -1}),
        ("screen", {"zoom": None}),
        ("screen", {"gray_step_seen": 1}),
        ("screen", {"gray_step_seen": "yes"}),
        ("practice", {"shown_ms": 1e12}),
        ("hidden", {"anything": -1e11}),
    ],
)
def test_events_that_cannot_be_are_not_stored(
    store: Store, volunteer: Newcomer, name: str, detail: dict[str, object]
) -> None:
    one = volunteer()
    event = {"key": new_key(), "name": name, "at_ms": 5.0, "detail": detail}
    reply = one.post("/api/events", {"events": [event]})
    assert (reply.status_code, reply.json()["reason"]) == (422, "invalid")
    assert not read(store.database, select(events)).all()
