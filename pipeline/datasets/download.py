"""Downloads that survive a broken connection, a killed process and a wrong mirror."""

import hashlib
import json
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from pipeline.settings.errors import UserError
from pipeline.settings.files import write_whole

CHUNK = 1 << 20
TIMEOUT = (20.0, 60.0)  # seconds to connect (Oxford's server is slow) and between two chunks
TRIES = 5
LONGEST_PAUSE = 30.0  # seconds
RECORD = "sha256.json"


@dataclass(frozen=True)
class Download:
    """A file that any of `urls` gives, with its published SHA-256 and size in bytes where they are known."""

    name: str
    urls: tuple[str, ...]
    sha256: str | None = None
    bytes: int | None = None


def fetch(
    download: Download,
    cache: Path,
    tries: int = TRIES,
    sleep: Callable[[float], None] = time.sleep,
    timeout: tuple[float, float] = TIMEOUT,
) -> Path:
    """The file in `cache`, downloaded unless it is there whole; a broken download resumes where it stopped.

    `tries`: how often in a row a mirror may fail without another megabyte. Raises `UserError` if no mirror gives the
    right file, and `OSError` for a full disk. What has been downloaded is kept.
    """
    path = cache / download.name
    cache.mkdir(parents=True, exist_ok=True)
    if path.exists():
        wrong = _wrong(download, path, cache)
        if wrong is None:
            return path
        aside = path.with_name(f"{path.name}.wrong")
        print(f"{path} {wrong}; it is now {aside}, and is fetched again.", file=sys.stderr)
        path.replace(aside)
    problems = []
    for url in download.urls:
        problem = _Mirror(download, url, cache, timeout).give(tries, sleep)
        if problem is None:
            return path
        problems.append(f"{url} {problem}")
    raise UserError(
        f"cannot download {download.name}: {'; '.join(problems)}. Run the same command again later, or put the file "
        f"at {path} yourself, or give a folder that has the dataset as its `root` in params.yaml."
    )


class _RefusalError(Exception):
    """An answer that would be the same again."""


class _Mirror:
    """One address of a download. NAME.part holds what has been downloaded, NAME.part.json its origin."""

    def __init__(self, download: Download, url: str, cache: Path, timeout: tuple[float, float]) -> None:
        self.download, self.url, self.cache, self.timeout = download, url, cache, timeout
        self.part = cache / f"{download.name}.part"
        self.origin = cache / f"{download.name}.part.json"

    def give(self, tries: int, sleep: Callable[[float], None]) -> str | None:
        """Put the right file in its place, or return what is wrong with this mirror."""
        failed, best = 0, self._size()
        while True:
            resumed = self._size() > 0
            try:
                self._resume()
                problem = _wrong(self.download, self.part, self.cache)
                if problem is None:
                    self._keep()
                    return None
                self._discard()
                if not resumed:
                    return problem
                # Otherwise the part from an earlier run may be wrong: once more, from the start.
            except _RefusalError as refusal:
                return str(refusal)
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                problem = _in_words(error)
            failed = 0 if self._size() >= best + CHUNK else failed + 1
            best = max(best, self._size())
            if failed >= tries:
                return problem
            pause = min(2.0**failed, LONGEST_PAUSE)
            print(f"{self.url} {problem}; trying again in {pause:.0f} s.", file=sys.stderr)
            sleep(pause)

    def _resume(self) -> None:
        """Ask for what is missing and append it to the part."""
        origin = json.loads(self.origin.read_text()) if self._size() and self.origin.exists() else {}
        if origin and origin["total"] == self._size():
            return
        headers = {"Accept-Encoding": "identity", "User-Agent": "huebench", **self._rest_of(origin)}
        with requests.get(self.url, headers=headers, stream=True, timeout=self.timeout) as response:
            self._check(response)
            if not self._continues(response, origin):
                self._discard()
                if response.status_code != 200:
                    raise requests.RequestException(f"a {response.status_code} that does not continue the file")
                origin = {"url": self.url, "validator": _validator(response), "total": _total(response)}
                write_whole(self.origin, json.dumps(origin))
            # Not `iter_content`, which would undo the Content-Encoding that some servers declare for .tgz files.
            with self.part.open("ab") as file, self._bar(_total(response)) as bar:
                for piece in response.raw.stream(CHUNK, decode_content=False):
                    file.write(piece)
                    bar.update(len(piece))

    def _rest_of(self, origin: dict) -> dict[str, str]:
        """The headers that ask for the rest of the file which `origin` describes, or none to ask for all of it."""
        rest = {"Range": f"bytes={self._size()}-"}
        if origin and origin["url"] == self.url and origin["validator"]:
            return rest | {"If-Range": origin["validator"]}  # a changed file then comes whole
        if origin and self.download.sha256:
            return rest  # the same file from another mirror; in the end the digest decides
        return {}

    def _check(self, response: requests.Response) -> None:
        """Raise for an answer that does not hold the file or its rest."""
        status, total = response.status_code, _total(response)
        if 400 <= status < 500 and status not in (408, 416, 429):
            raise _RefusalError(f"answers {status} {response.reason}")
        if status >= 500 or status in (408, 429):
            raise requests.HTTPError(f"{status} {response.reason}")
        if status < 300 and self.download.bytes and total not in (None, self.download.bytes):
            raise _RefusalError(f"offers {total} bytes where the file has {self.download.bytes}")
        chunked = response.headers.get("Transfer-Encoding", "").lower() == "chunked"
        if status < 300 and total is None and not chunked and not self.download.sha256:
            raise _RefusalError("does not say how long the file is, so a broken one would pass for a whole one")

    def _continues(self, response: requests.Response, origin: dict) -> bool:
        """Whether the answer is the rest of the same file."""
        here = response.headers.get("Content-Range", "").startswith(f"bytes {self._size()}-")
        if not (origin and response.status_code == 206 and here):
            return False
        same = self.url != origin["url"] or origin["validator"] in (None, _validator(response))
        return same and origin["total"] in (None, _total(response))

    def _bar(self, total: int | None) -> tqdm:
        name, done = self.download.name, self._size()
        return tqdm(desc=name, total=total, initial=done, unit="B", unit_scale=True, disable=None)

    def _keep(self) -> None:
        if self.download.sha256 is None:
            _record(self.download, self.part, self.cache)
        self.part.replace(self.cache / self.download.name)
        self.origin.unlink(missing_ok=True)

    def _discard(self) -> None:
        self.part.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0


def _in_words(error: Exception) -> str:
    """What went wrong, in a few words."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "does not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "breaks off"
    return f"fails ({error})"


def _total(response: requests.Response) -> int | None:
    """The length of the whole file in bytes; None where the server does not say."""
    if response.status_code == 206:
        length = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _validator(response: requests.Response) -> str | None:
    """What If-Range may name: a strong ETag, or else the date."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _wrong(download: Download, path: Path, cache: Path) -> str | None:
    """What is wrong with the bytes at `path`, or None."""
    size = path.stat().st_size
    if download.bytes not in (None, size):
        return f"gives {size} bytes where the file has {download.bytes}"
    expected = download.sha256 or _recorded(cache).get(download.name)
    if expected is None:
        # No digest is known yet, but a login page or a cut archive must not become the reference.
        is_zip = not download.name.endswith(".zip") or zipfile.is_zipfile(path)
        return None if is_zip else "gives something that is no whole zip archive"
    found = _sha256(path)
    if found == expected:
        return None
    known = "published" if download.sha256 else f"the first download's (for a new edition, delete {cache / RECORD})"
    return f"gives SHA-256 {found} where {expected} is {known}"


def _record(download: Download, path: Path, cache: Path) -> None:
    """Record the digest of the first download as the reference of later ones, where none is published."""
    record = _recorded(cache)
    if download.name not in record:
        record[download.name] = _sha256(path)
        write_whole(cache / RECORD, json.dumps(record, indent=2, sort_keys=True) + "\n")
        message = f"no SHA-256 of {download.name} is published: wrote down {record[download.name]} in {cache / RECORD};"
        print(message, "later downloads are held to it.", file=sys.stderr)


def _recorded(cache: Path) -> dict[str, str]:
    path = cache / RECORD
    return json.loads(path.read_text()) if path.exists() else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
