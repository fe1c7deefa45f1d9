"""Downloads from a real server on this machine that breaks off, lies, stalls and changes its mind."""

import errno
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from pipeline.datasets import official
from pipeline.datasets.download import Download, fetch
from pipeline.settings.errors import UserError
from tests.pipeline.datasets.test_unpack import zip_of

BODY = np.random.default_rng(0).bytes(3 << 20)
DIGEST = hashlib.sha256(BODY).hexdigest()
REPOSITORY = Path(official.__file__).parents[2]


@dataclass
class Page:
    """A file on the server.

    `breaks`: of each coming answer, how many bytes are sent before the line is cut. `shift`: how many bytes before the
    one that was asked for a rest begins.
    """

    body: bytes = BODY
    etag: str | None = '"first"'
    ranges: bool = True
    if_range: bool = True
    shift: int = 0
    length: bool = True
    breaks: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    stalls: list[float] = field(default_factory=list)
    pause: float = 0.0
    encoding: str | None = None


class Handler(BaseHTTPRequestHandler):
    """Answers GET from `pages`, and notes the byte that each answer was asked to begin with."""

    pages: ClassVar[dict[str, Page]] = {}
    asked: ClassVar[list[tuple[str, int]]] = []

    def do_GET(self) -> None:
        page = self.pages.get(self.path[1:])
        wanted = self.headers.get("Range")
        begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.asked.append((self.path[1:], begin))
        if page is None or page.statuses:
            self.send_error(page.statuses.pop(0) if page else 404)
            return
        changed = page.if_range and self.headers.get("If-Range", page.etag) != page.etag
        if changed or not page.ranges:
            begin = 0
        if begin and begin >= len(page.body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(page.body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send(page, max(begin - page.shift, 0))

    def _send(self, page: Page, begin: int) -> None:
        body, total = page.body[begin:], len(page.body)
        self.send_response(206 if begin else 200)
        headers = {
            "ETag": page.etag,
            "Content-Encoding": page.encoding,
            "Content-Length": str(len(body)) if page.length else None,
            "Content-Range": f"bytes {begin}-{total - 1}/{total}" if begin else None,
        }
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        end = page.breaks.pop(0) if page.breaks else len(body)
        try:
            for start in range(0, end, 1 << 16):
                self.wfile.write(body[start : min(start + (1 << 16), end)])
                time.sleep(page.pause)
            time.sleep(page.stalls.pop(0) if page.stalls else 0)
        except OSError:
            pass  # the reader went away, or was killed
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Site:
    """The running server: `pages` by name, `asked` of it so far, and the address of a page."""

    def __init__(self, address: str) -> None:
        self.address, self.pages, self.asked = address, Handler.pages, Handler.asked

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"

    def download(self, *names: str, sha256: str | None = DIGEST, **more: Any) -> Download:
        return Download("file.bin", tuple(map(self.url, names)), sha256, **more)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Handler.pages.clear()
    Handler.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def at_once(seconds: float) -> None:
    """Pauses between tries are not waited for."""


def test_a_file_comes_once_and_then_from_the_cache(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page()
    for _ in range(2):
        assert fetch(site.download("a"), tmp_path).read_bytes() == BODY
    assert site.asked == [("a", 0)]
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


BREAK = {
    "resumes": (Page(breaks=[1_000_000, 500_000]), DIGEST, [0, 1_000_000, 1_500_000]),
    "a server that ignores ranges": (Page(ranges=False, breaks=[1_000_000]), DIGEST, [0, 1_000_000]),
    "the same without a digest": (Page(ranges=False, breaks=[1_000_000]), None, [0, 1_000_000]),
    "a rest that begins elsewhere": (Page(breaks=[1_000_000], shift=576), None, [0, 1_000_000, 0]),
    "neither mark nor digest": (Page(etag=None, breaks=[1_000_000]), None, [0, 0]),
}


@pytest.mark.parametrize(("page", "sha256", "asked"), BREAK.values(), ids=BREAK)
def test_after_a_break_the_rest_is_appended_only_where_it_belongs(
    site: Site, tmp_path: Path, page: Page, sha256: str | None, asked: list[int]
) -> None:
    site.pages["a"] = replace(page, breaks=[*page.breaks])
    assert fetch(site.download("a", sha256=sha256), tmp_path, sleep=at_once).read_bytes() == BODY
    assert site.asked == [("a", begin) for begin in asked]


PARTS = {
    "complete when it was killed": (BODY, len(BODY), None, []),
    "wrong bytes": (b"\0" * 1000, len(BODY), DIGEST, [1000, 0]),
    "longer than the file": (BODY + b"more", None, DIGEST, [len(BODY) + 4, 0]),
}


@pytest.mark.parametrize(("part", "total", "sha256", "asked"), PARTS.values(), ids=PARTS)
def test_a_part_of_an_earlier_run_is_kept_only_if_it_is_right(
    site: Site, tmp_path: Path, part: bytes, total: int | None, sha256: str | None, asked: list[int]
) -> None:
    (tmp_path / "file.bin.part").write_bytes(part)
    (tmp_path / "file.bin.part.json").write_text(
        json.dumps({"url": site.url("a"), "validator": '"first"', "total": total})
    )
    site.pages["a"] = Page()
    assert fetch(site.download("a", sha256=sha256), tmp_path, sleep=at_once).read_bytes() == BODY
    assert site.asked == [("a", begin) for begin in asked]


def test_a_line_that_always_breaks_but_gives_something_is_not_given_up(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(BODY * 2, breaks=[1 << 20] * 5)
    digest = hashlib.sha256(BODY * 2).hexdigest()
    assert fetch(site.download("a", sha256=digest), tmp_path, tries=2, sleep=at_once).stat().st_size == 6 << 20


@pytest.mark.parametrize("published", [True, False])
def test_a_download_killed_with_signal_9_goes_on_in_a_new_process(site: Site, tmp_path: Path, published: bool) -> None:
    site.pages["a"] = Page(pause=0.05)
    download = site.download("a") if published else site.download("a", sha256=None)
    code = "from pathlib import Path; from pipeline.datasets.download import Download, fetch; "
    code += f"print(fetch({download!r}, Path({str(tmp_path)!r})))"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    part, deadline = tmp_path / "file.bin.part", time.monotonic() + 20
    while not (part.exists() and part.stat().st_size > 300_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    stopped = part.stat().st_size
    assert 300_000 < stopped < len(BODY) and not (tmp_path / "file.bin").exists()
    site.pages["a"].pause = 0
    again = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert Path(again.stdout.strip()).read_bytes() == BODY
    assert site.asked == [("a", 0), ("a", stopped)]


@pytest.mark.parametrize("if_range", [True, False])
def test_a_file_that_changed_on_the_server_is_never_sewn_to_its_old_beginning(
    site: Site, tmp_path: Path, if_range: bool
) -> None:
    site.pages["a"] = Page(b"old" * 500_000, breaks=[400_000], if_range=if_range)

    def publish_anew(seconds: float) -> None:
        site.pages["a"].body, site.pages["a"].etag = b"new" * 500_000, '"second"'

    assert fetch(site.download("a", sha256=None), tmp_path, sleep=publish_anew).read_bytes() == b"new" * 500_000
    assert len(site.asked) == (2 if if_range else 3)


MIRRORS = {
    "a broken line": (Page(breaks=[1_000_000]), [0, 1_000_000]),
    "wrong bytes": (Page(BODY[::-1]), [0, 0]),
}


@pytest.mark.parametrize(("first", "asked"), MIRRORS.values(), ids=MIRRORS)
def test_another_mirror_continues_a_right_part_and_replaces_a_wrong_one(
    site: Site, tmp_path: Path, first: Page, asked: list[int]
) -> None:
    site.pages |= {"a": first, "b": Page(etag='"other"')}
    assert fetch(site.download("a", "b"), tmp_path, tries=1, sleep=at_once).read_bytes() == BODY
    assert site.asked == list(zip("ab", asked, strict=True))


LOGIN = Page(b"<html>please log in</html>")
FOREIGN = {
    "the wrong length": ("file.bin", LOGIN, len(BODY), "offers 26 bytes where the file has"),
    "no length": ("file.bin", Page(length=False), None, "does not say how long"),
    "no zip": ("file.zip", LOGIN, None, "no whole zip"),
}


@pytest.mark.parametrize(("name", "page", "size", "said"), FOREIGN.values(), ids=FOREIGN)
def test_what_may_not_be_the_file_is_refused_without_a_digest(
    site: Site, tmp_path: Path, name: str, page: Page, size: int | None, said: str
) -> None:
    site.pages["a"] = page
    with pytest.raises(UserError, match=said):
        fetch(Download(name, (site.url("a"),), bytes=size), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_length_is_taken_with_a_digest(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(length=False)
    assert fetch(site.download("a"), tmp_path).read_bytes() == BODY


def test_when_every_mirror_fails_the_error_names_each_with_its_reason(site: Site, tmp_path: Path) -> None:
    site.pages |= {"liar": Page(BODY[::-1]), "tired": Page(statuses=[503] * 9)}
    download = site.download("gone", "liar", "tired")
    download = Download(download.name, (*download.urls, "http://127.0.0.1:9/none"), download.sha256)
    pauses: list[float] = []
    with pytest.raises(UserError) as caught:
        fetch(download, tmp_path, tries=3, sleep=pauses.append)
    for said in ("gone answers 404", "liar gives SHA-256", "tired fails (503", "none cannot be reached", "`root`"):
        assert said in str(caught.value)
    assert pauses == [2, 4, 2, 4] and list(tmp_path.iterdir()) == []


def test_a_server_that_stalls_is_asked_again(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(breaks=[1_000_000], stalls=[1.0])
    assert fetch(site.download("a"), tmp_path, sleep=at_once, timeout=(1.0, 0.2)).read_bytes() == BODY
    assert len(site.asked) == 2


def test_bytes_are_kept_as_they_are_when_the_server_calls_them_compressed(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(encoding="x-gzip")
    assert fetch(site.download("a"), tmp_path).read_bytes() == BODY


def test_the_first_digest_is_written_down_and_later_downloads_are_held_to_it(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["a"] = Page()
    download = site.download("a", sha256=None)
    fetch(download, tmp_path).unlink()
    digest = hashlib.sha256(BODY).hexdigest()
    assert json.loads((tmp_path / "sha256.json").read_text()) == {"file.bin": digest}
    assert digest in capsys.readouterr().err
    site.pages["a"] = Page(BODY[::-1], '"second"')
    with pytest.raises(UserError, match="the first download's"):
        fetch(download, tmp_path)


def test_a_spoilt_file_in_the_cache_is_put_aside_and_fetched_again(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page()
    (tmp_path / "file.bin").write_bytes(b"spoilt")
    assert fetch(site.download("a"), tmp_path).read_bytes() == BODY
    assert (tmp_path / "file.bin.wrong").read_bytes() == b"spoilt"


def test_a_full_disk_is_raised_as_such_and_the_part_is_kept(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["a"] = Page()
    opened = Path.open

    class FullDisk(io.FileIO):
        def write(self, data: Any) -> int:
            if self.tell() + len(data) > 1_500_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data) or 0

    monkeypatch.setattr(Path, "open", lambda path, mode="r", **more: FullDisk(path, mode))
    with pytest.raises(OSError) as caught:
        fetch(site.download("a"), tmp_path)
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.setattr(Path, "open", opened)
    kept = (tmp_path / "file.bin.part").stat().st_size
    assert kept > 0 and fetch(site.download("a"), tmp_path).read_bytes() == BODY
    assert site.asked == [("a", 0), ("a", kept)]


def test_cocostuff_is_downloaded_and_unpacked(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = zip_of(tmp_path / "coco.zip", {"imageLists/train.txt": b"1\n"}).read_bytes()
    site.pages["coco.zip"] = Page(body)
    monkeypatch.setattr(official, "COCO_STUFF_10K", Download("coco.zip", (site.url("coco.zip"),)))
    for _ in range(2):
        assert (official.obtain_cocostuff(tmp_path / "cache") / "imageLists/train.txt").read_text() == "1\n"
    assert len(site.asked) == 1
