"""Unpacks archives whole or not at all, and never outside of their folder."""

import json
import os
import re
import shutil
import tarfile
import zipfile
import zlib
from fnmatch import fnmatchcase
from gzip import BadGzipFile
from pathlib import Path

from tqdm import tqdm

from pipeline.settings.errors import UserError
from pipeline.settings.files import whole_folder

STAMP = ".unpacked.json"


def unpack(archive: Path, into: Path, patterns: tuple[str, ...] = ("*",)) -> Path:
    """The folder `into` with those files of a tar or zip whose names match one of `patterns`, whole or not at all.

    Raises `UserError` for a damaged archive and for one with files that lead out of the folder.
    """
    if is_unpacked(archive.name, into, patterns):
        return into
    extract = _unzip if archive.suffix == ".zip" else _untar
    try:
        with whole_folder(into) as folder:
            if not extract(archive, folder, patterns):
                raise UserError(
                    f"{archive} holds no {' or '.join(patterns)}; it is not the expected archive, delete it."
                )
            (folder / STAMP).write_text(_stamp(archive.name, patterns))
    except (tarfile.TarError, zipfile.BadZipFile, BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{archive} cannot be unpacked ({error}); delete it to have it fetched again.") from error
    return into


def is_unpacked(archive: str, folder: Path, patterns: tuple[str, ...]) -> bool:
    """Whether `folder` holds these files of the archive; its name suffices, as `fetch` ties a name to one digest."""
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text() == _stamp(archive, patterns)


def _stamp(archive: str, patterns: tuple[str, ...]) -> str:
    return json.dumps({"archive": archive, "parts": patterns}) + "\n"


def _untar(archive: Path, folder: Path, patterns: tuple[str, ...]) -> int:
    count = 0
    with tarfile.open(archive) as tar:
        for member in tqdm(tar, f"unpacking {archive.name}", unit=" files", disable=None):
            if _matches(member.name, patterns) and not member.isdir():
                _write(tar, member, _inside(folder, member.name))
                count += 1
    return count


def _inside(folder: Path, name: str) -> Path:
    """Where a member goes; raises `TarError` if that is not in `folder`, where no link is ever made to lead out."""
    inner = os.path.normpath(name.lstrip("/"))
    if inner in (".", "..") or inner.startswith("../"):
        raise tarfile.TarError(f"{name!r} leads out of the folder")
    return folder / inner


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """The content alone, as a new file: no owner, no rights, no links and no devices, whatever the archive says.

    Python's own filter for this is missing in 3.11.2, which Debian 12 has.
    """
    try:
        content = tar.extractfile(member)  # of a link: what it leads to within the archive
    except KeyError:
        raise tarfile.TarError(f"{member.name!r} is a link to what is not in the archive") from None
    if content is None:
        raise tarfile.TarError(f"{member.name!r} is neither a file nor a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file)


def _unzip(archive: Path, folder: Path, patterns: tuple[str, ...]) -> int:
    count = 0
    with zipfile.ZipFile(archive) as file:
        for name in tqdm(file.namelist(), f"unpacking {archive.name}", unit=" files", disable=None):
            steps = re.split(r"[/\\]", name)
            if ".." in steps or steps[0] == "" or ":" in steps[0]:
                raise zipfile.BadZipFile(f"{name!r} leads out of the folder")
            if _matches(name, patterns):
                file.extract(name, folder)
                count += 1
    return count


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
