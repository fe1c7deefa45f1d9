"""What decides which page comes, who may see what, and what routes beside the core's give away."""

import re
import socket
import threading
import uuid
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pipeline.settings.errors import UserError
from study_app.design.study import Study
from study_app.export.monitor import Overview
from study_app.pages.researcher import cell_table, completion
from study_app.serve import check_port, links
from study_app.server.assets import load_assets
from study_app.server.researcher.access import Access, read_access
from study_app.server.security import FORGIVEN, Attempts, Rate
from study_app.server.vision_route import vision_routes
from study_app.server.websocket import without_paths
from study_app.stimuli.manifest import Stimuli
from study_app.stimuli.plates import draw_plates
from study_app.storage import allocation
from study_app.storage.messages import BeginMessage
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import events, sessions
from study_app.storage.stages import check_vacancy, next_stage, standing
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock, read

PLATES = draw_plates(0)
DIGITS = [plate.digit for plate in PLATES]


def begin(store: Store) -> str:
    token = store.begin(BeginMessage("en", True, store.study.digest)).token
    store.claim_tab(token, str(uuid.uuid4()), take=False)
    return token


@pytest.mark.parametrize(
    ("happened", "answered", "practice", "stage"),
    [
        (set(), 0, 2, "vision"),
        ({"vision"}, 0, 2, "screen"),
        ({"vision", "screen"}, 0, 2, "practice"),
        ({"vision", "screen"}, 0, 0, "trials"),
        ({"vision", "screen", "practice_done"}, 0, 2, "trials"),
        (set(), 3, 2, "trials"),
        ({"vision", "screen", "practice_done"}, 10, 2, "thanks"),
    ],
)
def test_the_next_page_follows_from_what_has_happened(
    happened: set[str], answered: int, practice: int, stage: str
) -> None:
    assert next_stage(happened, answered, 10, practice) == stage


def test_a_full_or_closed_study_is_told_before_consent_and_silence_makes_room(
    store: Store, study: Study, clock: Clock
) -> None:
    check_vacancy(store)
    for _ in range(study.sessions):
        begin(store)
    with pytest.raises(RefusedError) as full:
        check_vacancy(store)
    assert full.value.reason == "full"
    clock.advance(60 * study.abandoned_after_minutes + 1)
    check_vacancy(store)


def test_pages_wait_for_nobody_who_writes(store: Store) -> None:
    token = begin(store)

    def pages() -> None:
        check_vacancy(store)
        standing(store, token)

    with store.database.writing() as connection:
        allocation.lock_study(connection, store.study_id)
        page = threading.Thread(target=pages, daemon=True)
        page.start()
        page.join(10)
        assert not page.is_alive(), "a page waits for the end of somebody's transaction"


def test_a_page_notes_that_its_session_is_alive_but_not_every_moment(store: Store, clock: Clock) -> None:
    token = begin(store)

    def seen() -> int:
        return int(read(store.database, select(sessions.c.seen_at)).scalar_one())

    begun = seen()
    clock.advance(19)
    standing(store, token)
    assert seen() == begun
    clock.advance(2)
    standing(store, token)
    assert seen() == begun + 21_000


def vision(store: Store, token: str, **changes: Any) -> Any:
    content = {"key": str(uuid.uuid4()), "answers": DIGITS, "at_ms": 12.5} | changes
    client = TestClient(Starlette(routes=vision_routes(store, PLATES)))
    return client.post("/api/vision", json=content, headers={"Authorization": f"Bearer {token}"})


def test_plates_are_judged_by_the_server_and_the_reply_tells_nothing(store: Store) -> None:
    assert [vision(store, unknown).status_code for unknown in ("A" * 22, "short")] == [401, 401]
    token = begin(store)
    key = str(uuid.uuid4())
    for answers in (DIGITS, [None] * len(DIGITS)):  # the second try under the same key changes nothing
        reply = vision(store, token, key=key, answers=answers)
        assert (reply.status_code, reply.json()) == (200, {"acknowledged": key})
    assert standing(store, token).stage == "screen"
    details = read(store.database, events.select()).all()
    assert len(details) == 1
    assert '"right": 6' in details[0].detail and '"protan_right": 2' in details[0].detail


@pytest.mark.parametrize(
    "changes",
    [
        {"answers": DIGITS[:-1]},
        {"answers": [*DIGITS[:-1], 10]},
        {"answers": [*DIGITS[:-1], True]},
        {"answers": [*DIGITS[:-1], "7"]},
        {"answers": "123456"},
        {"key": "no key"},
        {"at_ms": -1},
        {"at_ms": None},
        {"more": 1},
    ],
)
def test_other_messages_about_plates_are_refused(store: Store, changes: dict[str, Any]) -> None:
    reply = vision(store, begin(store), **changes)
    assert reply.status_code == 422, reply.text
    assert set(reply.json()) == {"error", "reason"}


def test_assets_are_immutable_and_their_names_tell_nothing(stimuli: Stimuli) -> None:
    assets = load_assets(PLATES, stimuli.secret)
    client = TestClient(Starlette(routes=assets.routes()))
    for url in (f"{assets.base}main.js", f"{assets.base}view.js", *assets.plate_urls):
        reply = client.get(f"/{url}")
        assert reply.status_code == 200
        assert "immutable" in reply.headers["cache-control"]
    assert client.get(f"/{assets.base}loader.py").status_code == 404
    assert client.get("/plates/0.png").status_code == 404
    assert len(set(assets.plate_urls)) == len(PLATES)
    other = load_assets(PLATES, b"another secret")
    assert set(other.plate_urls).isdisjoint(assets.plate_urls)


def test_without_a_secret_there_is_no_researchers_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not read_access({}, {}).configured
    assert read_access({"STUDY_PASSWORD": "long enough by far"}, {}).configured
    assert read_access({}, {"researcher": {"password": "long enough by far"}}).configured
    assert not read_access({}, {"researcher": {"emails": ["a@b.org"]}}).configured  # nobody vouches for addresses
    monkeypatch.setattr("study_app.server.researcher.access.find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs Authlib"):
        read_access({}, {"auth": {}})
    monkeypatch.setattr("study_app.server.researcher.access.find_spec", lambda name: name)
    assert read_access({}, {"auth": {}, "researcher": {"emails": ["A@b.org"]}}).oidc == ("a@b.org",)


@pytest.mark.parametrize("password", ["secret", "elevenchars", " padded    \t  ", "            "])
def test_a_short_password_is_refused_at_the_start(password: str) -> None:
    for environment, secrets in (({"STUDY_PASSWORD": password}, {}), ({}, {"researcher": {"password": password}})):
        with pytest.raises(UserError, match=r"fewer than 12 characters.*openssl rand"):
            read_access(environment, secrets)


def test_a_password_opens_and_guessing_is_slowed_down() -> None:
    access = Access("correct", (), Attempts(Rate(0.001, 5)))
    assert access.opens("correct", "a")
    assert [access.opens(typed, "a") for typed in ("correc", "", "correct\0", "Correct", "correct ")] == [False] * 5
    with pytest.raises(RefusedError):
        access.opens("correct", "a")
    assert not Access(None, ("a@b.org",), Attempts(Rate(1, 3))).opens("", "a")


def test_nobody_keeps_the_owner_out_by_guessing() -> None:
    now = [0.0]
    access = Access("correct", (), Attempts(Rate(0.2, 5), clock=lambda: now[0]))

    def guess(caller: str) -> str:
        try:
            return "opened" if access.opens("wrong", caller) else "checked"
        except RefusedError:
            return "slowed"

    for step in range(600):  # three a second from one address, and one from ever new ones
        now[0] += 1 / 3
        guess("203.0.113.7")
        if step % 3 == 0:
            guess(f"198.51.100.{step}")
        if step % 20 == 0:
            assert access.opens("correct", "192.0.2.1")  # the owner, at any moment
    assert guess("203.0.113.7") == "slowed"
    assert [guess("192.0.2.1") for _ in range(2)] == ["checked"] * 2 and access.opens(
        "correct", "192.0.2.1"
    )  # mistyped
    assert [guess("192.0.2.2") for _ in range(7)] == ["checked"] * 5 + ["slowed"] * 2
    now[0] += 901
    assert access.opens("correct", "192.0.2.2")


def test_many_addresses_that_fail_share_a_limit_and_leave_no_trace() -> None:
    attempts = Attempts(Rate(0.001, 5))
    checked = 0
    for caller in range(40):
        for _ in range(5):
            try:
                attempts.check(f"198.51.100.{caller}")
            except RefusedError:
                continue
            checked += 1
            attempts.failed(f"198.51.100.{caller}")
    assert 40 * FORGIVEN <= checked < 40 * FORGIVEN + 50
    assert "198.51.100" not in repr(vars(attempts)) + repr(vars(attempts._own))


def test_streamlits_first_message_loses_the_servers_paths_and_versions() -> None:
    message = ForwardMsg()
    message.new_session.main_script_path = "/home/somebody/study_app/pages/entry.py"
    message.new_session.initialize.environment_info.python_version = "3.11.7"
    message.new_session.initialize.session_id = "kept"
    left = ForwardMsg.FromString(without_paths(message.SerializeToString()))
    assert left.new_session.main_script_path == ""
    assert left.new_session.initialize.environment_info.python_version == ""
    assert left.new_session.initialize.session_id == "kept"


def test_the_researchers_table_has_a_row_a_photograph_and_a_column_a_method() -> None:
    cells = {("owl", "zebranet"): (2, 1), ("owl", "original"): (1, 0), ("elk", "zebranet"): (0, 0)}
    seen = Overview(True, 6, {}, {**cells, ("elk", "original"): (0, 2)}, {}, {}, None, None)
    table = cell_table(seen)
    assert list(table.columns) == ["zebranet", "original"]
    assert table.loc["owl"].tolist() == ["2 + 1", "1"]
    assert table.loc["elk"].tolist() == ["0", "0 + 2"]


@pytest.mark.parametrize(("hours", "words"), [(None, "unknown"), (0.04, "0.0 h"), (47.0, "47.0 h"), (60.0, "2.5 days")])
def test_the_time_to_completion_reads_well(hours: float | None, words: str) -> None:
    assert completion(hours) == words


@pytest.mark.parametrize(
    ("family", "address", "words"),
    [(socket.AF_INET, "127.0.0.1", r"^127\.0\.0\.1:\d+ cannot"), (socket.AF_INET6, "::1", r"^\[::1\]:\d+ cannot")],
)
def test_a_port_that_is_taken_ends_in_one_sentence(family: socket.AddressFamily, address: str, words: str) -> None:
    with socket.socket(family) as taken:
        taken.bind((address, 0))
        taken.listen()
        with pytest.raises(UserError, match=words):
            check_port(address, taken.getsockname()[1])


@pytest.mark.parametrize(("address", "port"), [("no.such.host.invalid", 8501), ("127.0.0.1", 70_000)])
def test_an_address_that_cannot_be_had_ends_in_one_sentence(address: str, port: int) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(address)}:{port} cannot be listened on .*; try --port"):
        check_port(address, port)


@pytest.mark.parametrize(("password", "words"), [("secret", "/?page=researcher"), (None, "none; set STUDY_PASSWORD")])
def test_the_links_are_printed(password: str | None, words: str) -> None:
    printed = links("http://localhost:8501/", Access(password, (), Attempts(Rate(1, 1))), simulated=False)
    assert "volunteers: http://localhost:8501/" in printed
    assert words in printed
    assert "simulated" not in printed
