"""A researcher stays signed in for a day of work; nobody else gets in by the cookie."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from study_app.server.researcher.access import Access
from study_app.server.researcher.cookie import COOKIE, HOURS, PATH, is_pass, new_pass, pass_routes
from study_app.server.security import Attempts, Rate
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock


def access(password: str | None) -> Access:
    return Access(password, (), Attempts(Rate(1, 1)))


OURS = access("correct horse battery")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """One kind of database is enough: nothing of this is stored."""
    return f"sqlite:///{tmp_path / 'study.sqlite3'}"


def browser(store: Store, scheme: str = "http") -> TestClient:
    return TestClient(Starlette(routes=pass_routes(store, OURS)), base_url=f"{scheme}://study.example.org")


def test_a_pass_is_good_for_hours_under_its_password_and_for_every_process(store: Store, clock: Clock) -> None:
    text = new_pass(store, OURS)
    assert is_pass(store, OURS, text)
    clock.advance(HOURS * 3600 - 1)
    assert is_pass(store, OURS, text)
    clock.advance(2)
    assert not is_pass(store, OURS, text)
    fresh = new_pass(store, OURS)
    assert not is_pass(store, access("another password"), fresh)
    assert not is_pass(store, access(None), fresh)


def test_no_other_text_is_a_pass(store: Store) -> None:
    until, signature = new_pass(store, OURS).split(".")
    later = f"{int(until) + 3600}.{signature}"
    others = ["", ".", until, f"{until}.", f"{until}.{signature[:-1]}0x", f"{until}.{'0' * 64}", later]
    others += [f"{until}.{signature} ", f"-{until}.{signature}", f"{until}.{signature.upper()}A", "é" * 80]
    assert not [text for text in others if is_pass(store, OURS, text)]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_for_this_site_alone_and_no_script_can_read_it(store: Store, scheme: str) -> None:
    client, text = browser(store, scheme), new_pass(store, OURS)
    reply = client.post(PATH, json={"text": text})
    assert (reply.status_code, reply.json()) == (200, {"kept": True})
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}={text};")
    assert {"HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={HOURS * 3600}"} <= set(cookie.split("; "))
    assert ("Secure" in cookie.split("; ")) == (scheme == "https")
    gone = client.post(PATH, json={"text": ""})
    assert "Max-Age=0" in gone.headers["set-cookie"] and COOKIE not in client.cookies


def test_what_is_no_pass_sets_no_cookie(store: Store) -> None:
    client = browser(store)
    for content in ({"text": "1.2"}, {"text": f"9999999999.{'a' * 64}"}, {"text": 1}, {}, {"text": "x", "more": 1}):
        reply = client.post(PATH, json=content)
        assert reply.status_code in (401, 422) and "set-cookie" not in reply.headers
    form = client.post(PATH, content=b'{"text": ""}', headers={"content-type": "text/plain"})
    assert form.status_code == 415  # which is what a page of another site could send
