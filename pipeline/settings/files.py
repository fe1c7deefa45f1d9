"""Files that are either whole or absent: written under a temporary name, then renamed."""

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700  # modes of what only its owner may read


@contextmanager
def whole_file(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it is synced and renamed to `path`, on any error removed."""
    _make_room(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(mode)
        _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, mode: int = 0o755) -> Iterator[Path]:
    """Give a temporary folder beside `path`; on success it takes the place of `path`, on any error it is removed."""
    _make_room(path)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(mode)
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_whole(path: Path, content: bytes | str, mode: int = 0o644) -> None:
    """Write `content` (text as UTF-8) to `path`, atomically."""
    with whole_file(path, mode) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may read, or make it so if it is ours."""
    path.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    if path.stat().st_uid == os.geteuid():
        path.chmod(PRIVATE_FOLDER)
    return path


def _make_room(path: Path) -> None:
    """Make the parent folder and remove what killed writers of `path` have left; a path has one writer at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
