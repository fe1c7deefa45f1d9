"""A method's archive in shards of one batch each: processes share them, and a killed run resumes after the last."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.records.archive import Archive, write_pngs
from pipeline.settings.errors import UserError


@dataclass(frozen=True)
class Shards:
    """Zips of the photographs `ids`, `size` to each, below `folder`; only those made under the same `key` count."""

    folder: Path
    key: str
    ids: Sequence[str]
    size: int

    def missing(self) -> list[int]:
        """Where the missing shards begin; those that were made under other keys are removed."""
        if not (self.folder / self.key).exists():
            self.discard()
        return [start for start in range(0, len(self.ids), self.size) if not self._path(start).exists()]

    def within(self, start: int) -> range:
        """The photographs of a shard, by their numbers."""
        return range(start, min(start + self.size, len(self.ids)))

    def write(self, start: int, pngs: Iterable[tuple[str, bytes]]) -> None:
        """Write the shard that begins at `start`."""
        write_pngs(self._path(start), pngs)

    def join(self, path: Path) -> None:
        """Write the archive of all photographs, each exactly once and in order, the PNGs as they are in the shards."""
        write_pngs(path, self._pngs())

    def discard(self) -> None:
        """Remove all shards."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _pngs(self) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(self.ids), self.size):
            shard, ids = Archive(self._path(start)), [self.ids[number] for number in self.within(start)]
            if shard.ids != ids:
                raise UserError(f"{shard.path} is not of the photographs {ids[0]} to {ids[-1]}; delete it, run again.")
            with shard.zip:
                yield from ((id, shard.png(id)) for id in ids)

    def _path(self, start: int) -> Path:
        return self.folder / self.key / f"{start:09}.zip"
