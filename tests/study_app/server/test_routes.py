"""What comes back over HTTP: nothing that unblinds, no trace of an error, the right headers."""

import hashlib
import json
import logging
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from study_app.design.study import Study
from study_app.server.routes import application
from study_app.server.security import BEGINS, BODY_BYTES, Limiter, Rate, Rates, network
from study_app.storage.store import Store
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS, Clock, Newcomer, Volunteer, answer_to


def test_nothing_a_client_gets_names_a_method_a_photograph_or_a_kind(store: Store, study: Study, clock: Clock) -> None:
    received: list[bytes] = []
    client = TestClient(application(store))

    def keep(response: Any) -> None:
        received.extend((response.read(), repr(response.headers.multi_items()).encode(), str(response.url).encode()))

    client.event_hooks = {"response": [keep]}
    one = Volunteer(client, study, clock)
    plan = one.plan()
    for trial in (*plan["trials"], *plan["practice"]):
        assert client.get(trial["url"]).status_code == 200
    one.take()
    one.post("/api/finish")
    one.post("/api/answers", answer_to(0, value=0))
    client.get("/s/nothing")
    assert len(received) > 60
    everything = b"\n".join(received).lower()
    for word in (*METHODS, *PHOTOGRAPHS, "repeat", "catch", "broken", '"main"', '"kind"'):
        assert word.encode() not in everything, word


def test_a_plan_has_what_the_page_needs(volunteer: Newcomer, study: Study) -> None:
    plan = volunteer().plan()
    assert (plan["study"], plan["exposure_ms"], plan["breaks"]) == (study.digest, 1000, [4, 8])
    assert plan["scale"] == {"name": "binary", "minimum": 0, "maximum": 1}
    assert [criterion["name"] for criterion in plan["criteria"]] == [one.name for one in study.criteria]
    assert set(plan["trials"][0]) == {"trial", "url", "sha256", "width", "height"}
    assert [trial["trial"] for trial in plan["trials"]] == list(range(10))
    assert [item["feedback"] for item in plan["practice"]] == ["natural", "oversaturated"]


def test_criteria_are_worded_in_the_volunteers_language(client: TestClient, study: Study) -> None:
    for language, word in (("en", "garish"), ("de", "grell"), ("fr", "criardes")):
        message = {"language": language, "consent": True, "study": study.digest}
        token = client.post("/api/sessions", json=message).json()["session"]
        plan = client.get("/api/plan", headers={"Authorization": f"Bearer {token}"}).json()
        assert plan["language"] == language
        assert word in plan["criteria"][0]["question"]


def test_pictures_come_as_promised_and_stay_in_the_browser_alone(client: TestClient, volunteer: Newcomer) -> None:
    picture = volunteer().plan()["trials"][0]
    reply = client.get(picture["url"])
    assert hashlib.sha256(reply.content).hexdigest() == picture["sha256"]
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "last-modified" not in reply.headers
    for path in ("/s/" + "A" * 22, "/s/" + "A" * 32, "/s/..%2fmanifest.json", "/s/../manifest.json"):
        assert client.get(path).status_code == 404


def test_every_reply_carries_the_headers_that_protect_it(client: TestClient, store: Store) -> None:
    for path in ("/healthz", "/api/plan", f"/s/{store.stimuli.manifest.stimuli[0].token}", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
    assert client.get("/api/plan").headers["cache-control"] == "no-store"
    assert "default-src 'none'" in client.get("/api/plan").headers["content-security-policy"]
    assert "default-src 'self'" in client.get("/nothing").headers["content-security-policy"]


def test_a_page_of_another_origin_cannot_post(client: TestClient, study: Study) -> None:
    text = '{"language": "en", "consent": true, "study": "' + study.digest + '"}'
    reply = client.post("/api/sessions", content=text, headers={"Content-Type": "text/plain"})
    assert reply.status_code == 415
    preflight = client.options("/api/sessions", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in preflight.headers


def test_a_fault_inside_is_logged_and_not_shown(
    store: Store, client: TestClient, volunteer: Newcomer, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    one = volunteer()
    monkeypatch.setattr(store, "plan", lambda token: 1 / 0)
    with caplog.at_level(logging.ERROR):
        reply = one.get("/api/plan")
    assert (reply.status_code, reply.json()["reason"]) == (500, "failed")
    assert "ZeroDivision" not in reply.text
    assert "ZeroDivisionError" in caplog.text
    assert "testclient" not in caplog.text  # the caller's address
    assert one.token not in caplog.text


def test_a_database_that_is_away_is_a_moment_to_wait(
    store: Store, client: TestClient, volunteer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = volunteer()
    assert client.get("/readyz").json() == {"status": "ready", "simulated": False}

    def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    monkeypatch.setattr(store.database, "writing", away)
    monkeypatch.setattr(store.database, "reading", away)
    reply = one.get("/api/plan")
    assert (reply.status_code, reply.json()["reason"]) == (503, "busy")
    assert reply.headers["retry-after"]
    assert "closed the connection" not in reply.text
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_withdrawal_codes_cannot_be_guessed_in_a_row(client: TestClient) -> None:
    codes = [client.post("/api/withdraw", json={"code": f"AAAA-AAAA-{n:04}"}).status_code for n in range(12)]
    assert codes == [404] * 10 + [429] * 2


def test_wrong_codes_of_others_keep_nobody_from_withdrawing(client: TestClient, volunteer: Newcomer) -> None:
    one = volunteer()
    one.take(1)
    elsewhere = TestClient(client.app, client=("203.0.113.7", 50000))
    codes = [elsewhere.post("/api/withdraw", json={"code": f"AAAA-AAAA-{n:04}"}).status_code for n in range(40)]
    assert codes[-1] == 429
    assert elsewhere.post("/api/withdraw", json={"code": one.code}).status_code == 429
    assert client.post("/api/withdraw", json={"code": "AAAA"}).status_code == 404
    assert client.post("/api/withdraw", json={"code": one.code}).json() == {"removed": 3}


def test_each_session_has_a_rate_of_its_own(store: Store, study: Study, clock: Clock) -> None:
    client = TestClient(application(store, Rates(session=Rate(0.001, 4))))
    one, two = Volunteer(client, study, clock), Volunteer(client, study, clock)
    replies = [one.get("/api/plan") for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert (replies[3].json()["reason"], int(replies[3].headers["retry-after"]) > 100) == ("rate", True)
    assert two.get("/api/plan").status_code == 200


def test_a_limit_forgives_with_time_and_keeps_no_address() -> None:
    now = [0.0]
    limiter = Limiter(Rate(2, 3), clock=lambda: now[0])

    def allowed() -> bool:
        try:
            limiter.check("203.0.113.7")
        except Exception:
            return False
        return True

    assert [allowed() for _ in range(5)] == [True, True, True, False, False]
    now[0] = 1.0
    assert [allowed() for _ in range(3)] == [True, True, False]
    assert "203.0.113.7" not in repr(vars(limiter))


def test_the_largest_honest_request_is_far_below_the_limit() -> None:
    event = {"key": "0" * 36, "name": "visibility", "at_ms": 123456.789, "detail": {"hidden": True, "trial": 12}}
    assert len(json.dumps({"events": [event] * 100})) < BODY_BYTES / 2


def test_a_class_behind_one_address_begins_at_once_and_a_program_does_not_go_on(store: Store, study: Study) -> None:
    client = TestClient(application(store))
    message = {"language": "en", "consent": True, "study": study.digest}
    codes = [client.post("/api/sessions", json=message).status_code for _ in range(BEGINS + 2)]
    assert BEGINS >= 40 and 429 not in codes[:BEGINS] and codes[BEGINS:] == [429, 429]
    few = TestClient(application(store, Rates(begin=Rate(2 / 300, 2))))
    assert [few.post("/api/sessions", json=message).status_code == 429 for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("host", "one_caller"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:1:2:3", "2001:db8:1:2::/64"),  # every address of a household is one caller
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("testclient", ""),
    ],
)
def test_a_caller_is_an_address_or_a_household(host: str, one_caller: str) -> None:
    assert network(host) == one_caller
