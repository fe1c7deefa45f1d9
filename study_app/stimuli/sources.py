"""Where the pictures of methods come from: archives that `make repro` has made, or folders of finished pictures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from pipeline.datasets.listing import read_file
from pipeline.datasets.pictures import pictures_below
from pipeline.packs.decode import decode_image
from pipeline.records.archive import Archive
from pipeline.settings.errors import UserError


class Source(Protocol):
    """The pictures of one method."""

    @property
    def path(self) -> Path:
        """Where they are."""

    @property
    def ids(self) -> list[str]:
        """Of its photographs."""

    def __getitem__(self, name: str) -> np.ndarray:
        """(H, W, 3) uint8 sRGB of one photograph."""


@dataclass(frozen=True)
class Folder:
    """Pictures of any format in a folder; one's id is its path there without suffix."""

    path: Path
    files: Mapping[str, Path]

    @property
    def ids(self) -> list[str]:
        """The photographs that it has a picture of."""
        return list(self.files)

    def __getitem__(self, name: str) -> np.ndarray:
        """(H, W, 3) uint8 sRGB of one photograph, upright; raises `UserError` for one that is damaged."""
        file = self.files[name]
        return decode_image(read_file(file), str(file))


def open_sources(place: Path, methods: Iterable[str]) -> dict[str, Source]:
    """The pictures of each method: `place/<method>.zip`, else the folder `place/<method>`; `UserError` without both."""
    return {method: _open(place, method) for method in methods}


def shared_photographs(sources: Mapping[str, Source]) -> list[str]:
    """The photographs of which every method has a picture; raises `UserError` if there are none."""
    shared = set.intersection(*(set(source.ids) for source in sources.values()))
    if not shared:
        named = "; ".join(f"{source.path} has {', '.join(sorted(source.ids)[:2])}" for source in sources.values())
        raise UserError(f"no photograph has a picture of every method: names must be alike ({named}).")
    for method, source in sources.items():
        if lacking := len(set().union(*(other.ids for other in sources.values())) - set(source.ids)):
            print(f"{method} has no picture of {lacking} photographs, which are left out")
    return sorted(shared)


def _open(place: Path, method: str) -> Source:
    archive, folder = place / f"{method}.zip", place / method
    if archive.exists():
        return Archive(archive)
    if not folder.is_dir():
        raise UserError(
            f"there are no pictures of {method!r}: neither {archive} nor a folder {folder}. `make repro` makes those "
            "of params.yaml; `huebench study stimuli --pictures FOLDER` takes finished ones, a folder for each method "
            "and one called `original`."
        )
    found = pictures_below(folder)
    for sentence in found.sentences():
        print(f"{folder}: {sentence}")
    twice = [id for id, files in found.pictures.items() if len(files) > 1]
    if twice:
        raise UserError(f"{folder} has {len(found.pictures[twice[0]])} pictures called {twice[0]!r}; keep one.")
    return Folder(folder, {id: files[0] for id, files in found.pictures.items()})
