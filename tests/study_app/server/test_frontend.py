"""Streamlit's own files as `FrontendFiles` gives them: the same bytes, compressed once, kept for ever."""

import gzip
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from streamlit.file_util import get_static_dir

from study_app.server.frontend import FrontendFiles

SCRIPT = "export const letters = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';\n"
FONT = bytes(range(256))  # nothing that gzip makes smaller


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "static" / "js" / "index.abc.js").write_text(SCRIPT)
    (tmp_path / "static" / "font.woff2").write_bytes(FONT)
    (tmp_path / "secret.txt").write_text("outside")
    return tmp_path / "static"


@pytest.fixture
def client(files: Path) -> TestClient:
    return TestClient(FrontendFiles(PlainTextResponse("the app behind"), files))


def test_a_script_comes_compressed_to_who_can_read_it_and_plain_to_who_cannot(client: TestClient) -> None:
    small = client.get("/static/js/index.abc.js", headers={"Accept-Encoding": "gzip, br"})
    plain = client.get("/static/js/index.abc.js", headers={"Accept-Encoding": "identity"})
    assert small.text == plain.text == SCRIPT
    assert small.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert int(small.headers["content-length"]) == len(gzip.compress(SCRIPT.encode())) < len(SCRIPT)
    assert small.headers["content-type"].startswith("text/javascript")
    assert "immutable" in small.headers["cache-control"] and small.headers["vary"] == "Accept-Encoding"


def test_what_is_compressed_already_is_sent_as_it_is_and_head_has_no_body(client: TestClient) -> None:
    reply = client.get("/static/font.woff2", headers={"Accept-Encoding": "gzip"})
    assert reply.content == FONT
    assert "content-encoding" not in reply.headers
    reply = client.head("/static/font.woff2")
    assert (reply.headers["content-length"], reply.content) == ("256", b"")


@pytest.mark.parametrize(
    "path", ["/", "/static/", "/static/none.js", "/static/../secret.txt", "/static/%2e%2e/secret.txt"]
)
def test_everything_else_goes_to_the_app_behind(client: TestClient, path: str) -> None:
    assert client.get(path).text == "the app behind"
    assert client.post("/static/font.woff2").text == "the app behind"


def test_a_file_is_read_once(client: TestClient, files: Path) -> None:
    first = client.get("/static/js/index.abc.js").text
    (files / "js" / "index.abc.js").unlink()
    assert client.get("/static/js/index.abc.js").text == first


def test_streamlits_files_lie_where_they_are_looked_for() -> None:
    index = (Path(get_static_dir()) / "index.html").read_text()
    names = FrontendFiles(PlainTextResponse(""))._names
    assert {f"/{path.strip('./')}" for path in _addresses(index)} <= names


def _addresses(page: str) -> list[str]:
    """The scripts and styles that Streamlit's page names."""
    found = [part.partition('"')[0] for part in page.split('"./static/')[1:]]
    assert found, "Streamlit's page names no script: its layout has changed"
    return [f"static/{name}" for name in found]
