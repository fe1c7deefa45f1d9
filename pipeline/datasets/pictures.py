"""Finds the pictures in a folder of real life, and says what else is there and why it is left out."""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.datasets.listing import read_file
from pipeline.packs.decode import FORMATS
from pipeline.settings.errors import UserError

SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)
# Folders that storage devices and systems put beside photographs: thumbnails, deleted files, snapshots, notes.
NOT_OURS = frozenset(
    """@eadir, @recycle, @recently-snapshot, #recycle, #snapshot, $recycle.bin, recycler, lost+found,
    system volume information, __macosx""".replace("\n    ", " ").split(", ")
)
# Control characters, line and paragraph separators, and bytes that are not UTF-8: no list and no archive can hold them.
UNFIT = ("Cc", "Zl", "Zp", "Cs")
SHOWN = 3


@dataclass(frozen=True)
class Found:
    """The pictures below the folder `top` by id, in order; several may share one.

    `left_out`: reason -> files and folders; `suffixes`: how many files have each suffix that is not read.
    """

    top: Path
    pictures: dict[str, list[Path]] = field(default_factory=dict)
    left_out: dict[str, list[Path]] = field(default_factory=dict)
    suffixes: Counter[str] = field(default_factory=Counter)

    def leave_out(self, path: Path, why: str) -> None:
        """Note a file or folder that is left out."""
        self.left_out.setdefault(why, []).append(path)

    def sentences(self) -> list[str]:
        """What is left out and why, a line for each reason."""
        lines = [f"{len(files)} {why}: {self._some(files)}" for why, files in self.left_out.items()]
        if self.suffixes:
            kinds = ", ".join(f"{suffix or 'none'} ({count})" for suffix, count in self.suffixes.most_common())
            lines.append(f"{self.suffixes.total()} with suffixes that are not read, save pictures as PNG: {kinds}")
        return [f"left out: {line}" for line in lines]

    def _some(self, files: list[Path]) -> str:
        names = [repr(str(file.relative_to(self.top))) for file in files[:SHOWN]]
        return ", ".join(names) + (f" and {len(files) - SHOWN} more" if len(files) > SHOWN else "")


def pictures_below(top: Path, but: Path | None = None) -> Found:
    """The pictures in `top` and its subfolders, links to folders followed, except those in the folder `but`.

    An id is the path below `top` without suffix, in Unicode's composed form (NFC), whichever the disk has. What is
    hidden is no picture. Raises `UserError` for a folder without pictures.
    """
    found = Found(top)
    for path in sorted(_files(found, but)):
        if not path.is_file():
            found.leave_out(path, "that lead to no file")
        elif path.suffix.lower() not in SUFFIXES:
            found.suffixes[path.suffix.lower()] += 1
        elif any(unicodedata.category(character) in UNFIT for character in str(path.relative_to(top))):
            found.leave_out(path, "whose names are not UTF-8 or hold control characters, rename them")
        else:
            id = unicodedata.normalize("NFC", path.relative_to(top).with_suffix("").as_posix())
            found.pictures.setdefault(id, []).append(path)
    if not found.pictures:
        also = "".join(f" {sentence}." for sentence in found.sentences())
        raise UserError(f"there are no pictures in {top}; known suffixes are {', '.join(sorted(SUFFIXES))}.{also}")
    return found


def without_copies(files: Mapping[str, Path], listed: Collection[str], found: Found) -> dict[str, Path]:
    """`files` by id without copies, byte for byte, of others; they are noted in `found`.

    Those that a split list names all stay; else of equal ones the first.
    """
    by_size: dict[int, list[str]] = {}
    for id in sorted(files, key=lambda id: id not in listed):  # those that stay in any case come first
        by_size.setdefault(files[id].stat().st_size, []).append(id)
    copies: set[str] = set()
    for ids in (ids for ids in by_size.values() if len(ids) > 1):
        seen: set[bytes] = set()
        for id in ids:
            digest = hashlib.sha256(read_file(files[id])).digest()
            if digest in seen and id not in listed:
                copies.add(id)
            seen.add(digest)
    for id in sorted(copies):
        found.leave_out(files[id], "that equal another picture byte for byte")
    return {id: file for id, file in files.items() if id not in copies}


def _files(found: Found, but: Path | None) -> Iterator[Path]:
    """Every file below the top that is not hidden, nor in a folder of a device, nor in `but`."""
    for name, folders, files in os.walk(found.top, onerror=_unreadable, followlinks=True):
        folder = Path(name)
        folders[:] = [inner for inner in sorted(folders) if _entered(folder / inner, but, found)]
        yield from (folder / file for file in files if not file.startswith("."))  # macOS writes notes named ._x.jpg


def _entered(folder: Path, but: Path | None, found: Found) -> bool:
    """Whether to look into a folder."""
    if folder.name.startswith(".") or (but is not None and folder.resolve() == but.resolve()):
        return False
    if folder.name.lower() in NOT_OURS:
        found.leave_out(folder, "of a storage device or system, which holds thumbnails and deleted files")
        return False
    if folder.is_symlink():
        above = [outer.resolve() for outer in folder.parents if outer.is_relative_to(found.top)]
        if any(outer.is_relative_to(folder.resolve()) for outer in above):
            found.leave_out(folder, "that leads back to a folder around it")
            return False
    return True


def _unreadable(error: OSError) -> None:
    raise UserError(f"cannot read the folder {error.filename} ({error.strerror}); check its permissions.")
