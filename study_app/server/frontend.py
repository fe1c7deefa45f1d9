"""Streamlit's own scripts and styles from memory, compressed once.

A new browser asks for about a hundred of them. Streamlit reads each file again and sends it uncompressed. When a class
of students arrives together, that alone keeps the process busy for most of a minute.
"""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.file_util import get_static_dir

from study_app.server.assets import IMMUTABLE

PREFIX = "/static/"
LEVEL = 6  # of gzip; 9 takes three times as long and saves another 1 %
WORTH = 0.95  # files that shrink by less than 5 % are sent as they are: fonts and pictures are compressed already


@dataclass(frozen=True)
class File:
    """A file's bytes as they are and, if that is worth it, compressed."""

    kind: str
    plain: bytes
    compressed: bytes | None

    def reply(self, scope: Scope, headers: Mapping[str, str]) -> Response:
        """The answer to a request for this file, compressed if the browser takes that; to HEAD without its body."""
        headers = {"Vary": "Accept-Encoding", **headers}
        content = self.plain
        if self.compressed is not None and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            content = self.compressed
            headers["content-encoding"] = "gzip"
        reply = Response(content, headers=headers, media_type=self.kind)
        if scope["method"] == "HEAD":
            reply.body = b""
        return reply


@dataclass
class FrontendFiles:
    """Answers for the files below `/static/`, whose names change with their content; all else goes to `app`.

    A file is read when it is first asked for and stays in memory; all of them would be 34 MB.
    """

    app: ASGIApp
    folder: Path = field(default_factory=lambda: Path(get_static_dir()) / "static")
    _files: dict[str, File] = field(default_factory=dict)
    _names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        self._names = frozenset(PREFIX + name for name in found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] not in self._names or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        await self._file(scope["path"]).reply(scope, IMMUTABLE)(scope, receive, send)

    def _file(self, path: str) -> File:
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = read_file(self.folder / path.removeprefix(PREFIX))
        return file


def read_file(path: Path) -> File:
    """Read and compress one file."""
    return compress(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def compress(plain: bytes, kind: str) -> File:
    """A file of these bytes."""
    compressed = gzip.compress(plain, LEVEL, mtime=0)
    return File(kind, plain, compressed if len(compressed) < WORTH * len(plain) else None)
