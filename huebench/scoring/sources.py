"""Folders and zips of pictures, and which picture is of which photograph."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.datasets.listing import read_file
from pipeline.datasets.pictures import SUFFIXES, pictures_below
from pipeline.methods.folder import some
from pipeline.settings.errors import UserError

SAMPLE = re.compile(r"(.+)@(\d+)")  # name@3 is the third of several answers for the photograph called name


@dataclass(frozen=True)
class Source:
    """A folder or a zip of pictures. `files`: id -> where it lies inside, the id being that path without its suffix.

    `doubled`: ids that several files have, which then have none in `files`. `remarks`: what was left out and why.
    """

    path: Path
    name: str
    files: dict[str, str]
    doubled: dict[str, list[str]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def read(self, id: str) -> bytes:
        """The encoded picture; raises `UserError` where it cannot be read."""
        if not self.path.is_dir():
            return read_member(self.path, self.files[id])
        return read_file(self.path / self.files[id])

    def where(self, id: str) -> str:
        """The picture's place, for people."""
        return str(self.path / self.files[id])


def open_source(path: Path) -> Source:
    """Look through a folder or zip; raises `UserError` where there is none, or no picture in it."""
    if path.is_dir():
        found = pictures_below(path)
        listed = {id: [str(file.relative_to(path)) for file in files] for id, files in found.pictures.items()}
        remarks = found.sentences()
    elif path.is_file():
        listed, remarks = members(path), []
    else:
        raise UserError(f"{path} is missing; it should be a folder or zip of pictures.")
    files = {id: places[0] for id, places in listed.items() if len(places) == 1}
    doubled = {id: places for id, places in listed.items() if len(places) > 1}
    name = path.resolve().name if path.is_dir() else path.stem
    return Source(path, name, files, doubled, tuple(remarks))


def members(path: Path) -> dict[str, list[str]]:
    """The pictures of a zip by id; raises `UserError` for another file, or a zip without pictures."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise UserError(f"{path} is neither a folder nor a readable zip ({error}).") from None
    listed: dict[str, list[str]] = {}
    for name in sorted(names):
        place = PurePosixPath(name)
        hidden = any(part.startswith((".", "__MACOSX")) for part in place.parts)
        if not hidden and place.suffix.lower() in SUFFIXES:
            listed.setdefault(str(place.with_suffix("")), []).append(name)
    if not listed:
        raise UserError(f"there are no pictures in {path}; known suffixes are {', '.join(sorted(SUFFIXES))}.")
    return listed


def read_member(path: Path, name: str) -> bytes:
    """One file of a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except Exception as error:  # a damaged zip trips zipfile and zlib in many ways
        raise UserError(f"{name} in {path} cannot be read ({error}); pack the zip anew.") from None


@dataclass(frozen=True)
class Matched:
    """A method's pictures by photograph and number of the answer, 0 where there is one: id -> {number: picture's id}.

    `problems`: what keeps pictures from being scored, a sentence for each kind.
    """

    source: Source
    pictures: dict[str, dict[int, str]]
    problems: tuple[str, ...]

    @property
    def sampled(self) -> bool:
        """Whether any photograph has several answers."""
        return any(len(answers) > 1 for answers in self.pictures.values())


def match(originals: Source, pictures: Source) -> Matched:
    """Each picture's photograph: the one of the same path without suffix, else the only one of the same stem.

    Raises `UserError` where no picture has a photograph's name.
    """
    by_stem = only_ones(originals.files)
    found: dict[str, dict[int, str]] = {}
    extra = []
    for picture in pictures.files:
        photograph, number = photograph_of(picture, originals.files, by_stem)
        if photograph is None or number in found.setdefault(photograph, {}):
            extra.append(pictures.files[picture])
        else:
            found[photograph][number] = picture
    if not found:
        raise UserError(
            f"none of the {len(pictures.files)} pictures in {pictures.path} ({some(extra)}) has the name of a "
            f"photograph in {originals.path} ({some(list(originals.files.values()))})."
        )
    missing = [originals.files[id] for id in originals.files if id not in found]
    doubled = [" and ".join(files) for files in pictures.doubled.values()]
    problems = [
        f"{pictures.name}: {len(names)} {what}: {some(names)}"
        for names, what in (
            (missing, "photographs without a picture"),
            (extra, "pictures of no photograph"),
            (doubled, "names that several pictures have, of which none is taken"),
        )
        if names
    ]
    return Matched(pictures, found, (*problems, *(f"{pictures.name}: {remark}" for remark in pictures.remarks)))


def photograph_of(picture: str, photographs: Mapping[str, str], by_stem: Mapping[str, str]) -> tuple[str | None, int]:
    """The photograph that a picture is of, None if there is none, and the number of the answer."""
    answer = SAMPLE.fullmatch(picture)
    names = [(picture, 0)] + ([(answer[1], int(answer[2]))] if answer else [])
    for name, number in names:
        if name in photographs:
            return name, number
        if (stem := PurePosixPath(name).name) in by_stem:
            return by_stem[stem], number
    return None, 0


def only_ones(ids: Iterable[str]) -> dict[str, str]:
    """Stem -> id, for stems that one id alone has."""
    stems = {id: PurePosixPath(id).name for id in ids}
    counts = Counter(stems.values())
    return {stem: id for id, stem in stems.items() if counts[stem] == 1}
