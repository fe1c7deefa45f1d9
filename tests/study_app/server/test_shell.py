"""The document of the pages: small, with the first page's text in the visitor's language, and whole otherwise."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from streamlit.file_util import get_static_dir

from study_app.app import build_service
from study_app.design.study import Study
from study_app.server.languages import STORED, load_texts
from study_app.server.researcher.access import Access
from study_app.server.security import Attempts, Rate
from study_app.server.service import Service
from study_app.server.shell import PARTS, Shell, parts, with_text
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store


@pytest.fixture(scope="module")
def service(study: Study, stimuli: Stimuli, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('shell') / 'study.sqlite3'}")
    yield build_service(Store(database, study, stimuli), Access(None, (), Attempts(Rate(1, 1))))
    database.close()


@pytest.fixture(scope="module")
def client(service: Service) -> TestClient:
    return TestClient(Shell(PlainTextResponse("the app behind"), service))


def test_what_streamlit_needs_is_there_and_what_no_page_uses_is_not(client: TestClient) -> None:
    document, installed = client.get("/").text, (Path(get_static_dir()) / "index.html").read_text()
    for needed in re.findall(r'<(?:script type="module"|link rel="(?:modulepreload|stylesheet)")[^>]*>', installed):
        assert needed in document
    assert '<div id="root"></div>' in document and "viewport" in document
    assert "<noscript>" in document and "agent" not in document
    assert 'as="font"' not in document and "service-desc" not in document and "<!--" not in document


def test_the_parts_of_the_first_page_are_asked_for_at_once(client: TestClient) -> None:
    folder = Path(get_static_dir())
    names = parts(folder, (folder / "index.html").read_text())
    assert {name.partition(".")[0] for name in names} >= set(PARTS)
    assert all((folder / "static" / "js" / name).is_file() and name in client.get("/").text for name in names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "de-CH,de;q=0.9,en;q=0.8", "de"),
        ("", "fr", "fr"),
        ("", "ja,en;q=0.5", "en"),
        ("", "", "en"),
        ("?lang=fr", "de", "fr"),
        ("?lang=xx", "de", "de"),
    ],
)
def test_the_text_comes_in_the_visitors_language(
    client: TestClient, study: Study, query: str, accepted: str, language: str
) -> None:
    reply = client.get(f"/{query}", headers={"Accept-Language": accepted})
    words = load_texts(language)[1]["stored"]
    assert study.title[language] in reply.text and f'<html lang="{language}">' in reply.text
    assert study.consent[language].strip()[:40] in reply.text
    assert all(f"<li>{html.escape(words[line])}</li>" in reply.text for line in STORED)
    assert {"Accept-Encoding", "Accept-Language"} <= set(reply.headers["vary"].split(", "))
    assert reply.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("query", ["s=" + "A" * 22, "page=researcher", "page=withdraw&lang=de"])
def test_other_pages_have_no_text_of_the_first(client: TestClient, query: str) -> None:
    document = client.get(f"/?{query}").text
    assert 'id="first"' not in document and '<div id="root">' in document


def test_only_the_document_is_answered_and_head_has_no_body(client: TestClient) -> None:
    assert client.get("/api/plan").text == client.post("/").text == "the app behind"
    head = client.head("/")
    assert head.text == "" and head.headers["content-type"].startswith("text/html")
    assert client.get("/", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/", headers={"Accept-Encoding": "identity"}).headers


def test_words_of_a_study_stay_words(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(service.store.study.title, "en", "<script>alert(1)</script> & more")  # type: ignore[arg-type]
    document = with_text('<html lang="en"><title>Streamlit</title><div id="root">', service, "en")
    assert "<script>alert" not in document and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in document
