"""Downloads from a real server on this machine that breaks off, lies, stalls and changes its mind."""

import errno
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from pipeline.datasets import official
from pipeline.datasets.download import Download, fetch
from pipeline.datasets.unpack import unpack
from pipeline.settings.errors import UserError

BODY = np.random.default_rng(0).bytes(3 << 20)
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

    def download(self, *names: str, sha256: str | None = hashlib.sha256(BODY).hexdigest(), **more: Any) -> Download:
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


def test_a_broken_download_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(breaks=[1_000_000, 500_000])
    assert fetch(site.download("a"), tmp_path, sleep=at_once).read_bytes() == BODY
    assert site.asked == [("a", 0), ("a", 1_000_000), ("a", 1_500_000)]


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


def test_a_download_that_was_complete_when_it_was_killed_is_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(BODY)
    origin = {"url": site.url("a"), "validator": '"first"', "total": len(BODY)}
    (tmp_path / "file.bin.part.json").write_text(json.dumps(origin))
    assert fetch(site.download("a", sha256=None), tmp_path).read_bytes() == BODY
    assert site.asked == []


@pytest.mark.parametrize("sha256", [hashlib.sha256(BODY).hexdigest(), None])
def test_a_server_that_ignores_ranges_gives_the_whole_file_again(
    site: Site, tmp_path: Path, sha256: str | None
) -> None:
    site.pages["a"] = Page(ranges=False, breaks=[1_000_000])
    assert fetch(site.download("a", sha256=sha256), tmp_path, sleep=at_once).read_bytes() == BODY
    assert site.asked == [("a", 0), ("a", 1_000_000)]


@pytest.mark.parametrize("if_range", [True, False])
def test_a_file_that_changed_on_the_server_is_never_sewn_to_its_old_beginning(
    site: Site, tmp_path: Path, if_range: bool
) -> None:
    site.pages["a"] = Page(b"old" * 500_000, breaks=[400_000], if_range=if_range)

    def publish_anew(seconds: float) -> None:
        site.pages["a"].body, site.pages["a"].etag = b"new" * 500_000, '"second"'

    assert fetch(site.download("a", sha256=None), tmp_path, sleep=publish_anew).read_bytes() == b"new" * 500_000
    assert len(site.asked) == (2 if if_range else 3)


def test_a_rest_that_begins_elsewhere_is_not_sewn_on(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(breaks=[1_000_000], shift=576)
    assert fetch(site.download("a", sha256=None), tmp_path, sleep=at_once).read_bytes() == BODY


def test_a_file_without_mark_and_digest_is_asked_for_from_the_start(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(etag=None, breaks=[1_000_000])
    assert fetch(site.download("a", sha256=None), tmp_path, sleep=at_once).read_bytes() == BODY
    assert site.asked == [("a", 0), ("a", 0)]


def test_another_mirror_goes_on_with_a_file_of_known_digest(site: Site, tmp_path: Path) -> None:
    site.pages |= {"a": Page(breaks=[1_000_000]), "b": Page(etag='"other"')}
    assert fetch(site.download("a", "b"), tmp_path, tries=1, sleep=at_once).read_bytes() == BODY
    assert site.asked == [("a", 0), ("b", 1_000_000)]


def test_a_spoilt_beginning_is_thrown_away_and_fetched_anew(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"\0" * 1000)
    origin = {"url": site.url("a"), "validator": '"first"', "total": len(BODY)}
    (tmp_path / "file.bin.part.json").write_text(json.dumps(origin))
    site.pages["a"] = Page()
    assert fetch(site.download("a"), tmp_path, sleep=at_once).read_bytes() == BODY
    assert site.asked == [("a", 1000), ("a", 0)]


def test_a_beginning_longer_than_the_file_is_thrown_away(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(BODY + b"more")
    origin = {"url": site.url("a"), "validator": '"first"', "total": None}
    (tmp_path / "file.bin.part.json").write_text(json.dumps(origin))
    site.pages["a"] = Page()
    assert fetch(site.download("a"), tmp_path, sleep=at_once).read_bytes() == BODY


def test_wrong_bytes_are_removed_and_the_next_mirror_is_asked(site: Site, tmp_path: Path) -> None:
    site.pages |= {"liar": Page(BODY[::-1]), "b": Page()}
    assert fetch(site.download("liar", "b"), tmp_path).read_bytes() == BODY
    assert site.asked == [("liar", 0), ("b", 0)]


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


def test_a_page_of_the_wrong_length_is_refused_before_it_is_downloaded(site: Site, tmp_path: Path) -> None:
    site.pages["portal"] = Page(b"<html>please log in</html>")
    with pytest.raises(UserError, match=f"offers 26 bytes where the file has {len(BODY)}"):
        fetch(site.download("portal", bytes=len(BODY)), tmp_path)


def test_a_server_that_stalls_is_asked_again(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(breaks=[1_000_000], stalls=[1.0])
    assert fetch(site.download("a"), tmp_path, sleep=at_once, timeout=(1.0, 0.2)).read_bytes() == BODY
    assert len(site.asked) == 2


def test_a_file_without_length_is_taken_only_with_a_digest(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(length=False)
    with pytest.raises(UserError, match="does not say how long"):
        fetch(site.download("a", sha256=None), tmp_path)
    assert fetch(site.download("a"), tmp_path).read_bytes() == BODY


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


def test_a_login_page_is_not_written_down_as_the_first_zip(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page(b"<html>please log in</html>")
    with pytest.raises(UserError, match="no whole zip"):
        fetch(Download("file.zip", (site.url("a"),)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_spoilt_file_in_the_cache_is_put_aside_and_fetched_again(site: Site, tmp_path: Path) -> None:
    site.pages["a"] = Page()
    (tmp_path / "file.bin").write_bytes(b"spoilt")
    assert fetch(site.download("a"), tmp_path).read_bytes() == BODY
    assert (tmp_path / "file.bin.wrong").read_bytes() == b"spoilt"


def test_a_full_disk_is_told_as_such_and_what_has_come_is_kept(
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


def tar_of(path: Path, files: dict[str, bytes], mode: Any = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_an_archive_is_unpacked_once_and_only_the_parts_that_are_wanted(tmp_path: Path, name: str) -> None:
    files = {"top/img/1.jpg": b"1", "top/box/1.xml": b"2"}
    archive = tmp_path / name
    zip_of(archive, files) if name == "a.zip" else tar_of(archive, files, "w:gz" if name == "a.tgz" else "w")
    into = unpack(archive, tmp_path / "into", ("*/img/*",))
    assert [path.name for path in into.rglob("*") if path.suffix != ".json"] == ["top", "img", "1.jpg"]
    archive.unlink()
    (into / "top/img/made later").touch()
    assert (unpack(archive, into, ("*/img/*",)) / "top/img/made later").exists()


@pytest.mark.parametrize("name", ["../outside", "/outside", "in/../../outside"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_whose_files_lead_out_of_the_folder_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    make = zip_of if kind == "zip" else tar_of
    archive = make(inner / f"bad.{kind}", {"good": b"1", name.replace("/outside", f"{tmp_path}/outside"): b"2"})
    if name.startswith("/") and kind == "tar":  # a leading slash is taken off, which is safe too
        assert (unpack(archive, inner / "into") / str(tmp_path)[1:] / "outside").exists()
    else:
        with pytest.raises(UserError, match="cannot be unpacked"):
            unpack(archive, inner / "into")
        assert not (inner / "into").exists()
    assert not (tmp_path / "outside").exists()


def test_a_tar_with_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "../../etc"
        tar.addfile(link)
    with pytest.raises(UserError, match=r"bad\.tar cannot be unpacked"):
        unpack(tmp_path / "bad.tar", tmp_path / "into")


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_a_damaged_archive_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    files = {f"{number}": BODY[:50_000] for number in range(4)}
    archive = tmp_path / name
    zip_of(archive, files) if name == "a.zip" else tar_of(archive, files, "w:gz" if name == "a.tgz" else "w")
    content = archive.read_bytes()
    archive.write_bytes(content[:70_000] if name != "a.zip" else content[:70_000] + b"!" * 50 + content[70_050:])
    with pytest.raises(UserError, match=f"{name} cannot be unpacked"):
        unpack(archive, tmp_path / "into")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_archive_without_the_wanted_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no"):
        unpack(tar_of(tmp_path / "a.tar", {"readme": b"1"}), tmp_path / "into", ("*/img/*",))


def test_cocostuff_is_downloaded_and_unpacked(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = zip_of(tmp_path / "coco.zip", {"imageLists/train.txt": b"1\n"}).read_bytes()
    site.pages["coco.zip"] = Page(body)
    monkeypatch.setattr(official, "COCO_STUFF_10K", Download("coco.zip", (site.url("coco.zip"),)))
    for _ in range(2):
        assert (official.obtain_cocostuff(tmp_path / "cache") / "imageLists/train.txt").read_text() == "1\n"
    assert len(site.asked) == 1
