"""A dataset's photographs in batches whose rows are kept as they come: a killed stage loses one batch at most.

Several processes (`pipeline.runtime.distributed`) share the photographs, another number of them after a kill too.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from tqdm import tqdm

from pipeline.records.archive import Archive
from pipeline.records.rows import PackedPhotograph, append_rows, read_finished_rows
from pipeline.runtime import distributed
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.provenance import code_digest

BATCH = 64


class RowOfPhotograph(Protocol):
    """A row that says which photograph it is about."""

    @property
    def id(self) -> str:
        """The photograph's id."""


Row = TypeVar("Row", bound=RowOfPhotograph)


@dataclass(frozen=True)
class Unfinished(Generic[Row]):
    """The rows that runs of a stage have left in `folder`; only those made under the same `key` count."""

    folder: Path
    key: str
    record: type[Row]

    def work_through(
        self, entries: Sequence[PackedPhotograph], row: Callable[[PackedPhotograph], Row], pool: ThreadPoolExecutor
    ) -> list[Row]:
        """Every photograph's row, sorted by id: those that are there already, and those that `row` makes in `pool`.

        With several processes the first gets them, the others none.
        """
        rank = distributed.rank()
        there = self._read() if rank == 0 else []
        done = distributed.broadcast({one.id for one in there})
        mine = distributed.share([entry for entry in entries if entry.id not in done])
        made: list[Row] = []
        with tqdm(total=len(mine), desc=self.folder.name, delay=2, unit="photo", disable=rank > 0) as bar:
            for start in range(0, len(mine), BATCH):
                batch = list(pool.map(row, mine[start : start + BATCH]))
                append_rows(self.folder / f"{self.key}.{rank}.csv", batch)
                made += batch
                bar.update(len(batch))
        everyones = distributed.gather(made)
        return each_once([entry.id for entry in entries], there + everyones) if rank == 0 else []

    def discard(self) -> None:
        """Remove all of them, once they are written where they belong: for the first process."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> list[Row]:
        files = sorted(self.folder.glob(f"{self.key}.*.csv"))
        if not files:
            self.discard()  # what was made of other pictures or by other code
        return [row for file in files for row in read_finished_rows(file, self.record)]


def each_once(ids: Sequence[str], rows: Iterable[Row]) -> list[Row]:
    """The rows sorted by id; raises `UserError` unless they are about every photograph of `ids` exactly once."""
    by_id = sorted(rows, key=lambda row: row.id)
    if [row.id for row in by_id] != sorted(ids):
        raise UserError(
            f"{len(by_id)} rows are there of {len(ids)} photographs, but not one of each; delete .scratch, run again."
        )
    return by_id


def fingerprint(modules: Sequence[str], folders: Sequence[Path], archive: Archive | None, *settings: object) -> str:
    """What a run's results depend on: the code, the packs' listings, the pictures by their CRC-32, and `settings`."""
    digest = hashlib.sha256(code_digest(modules).encode())
    for folder in folders:
        for name in paths.PACK_RECORDS:
            path = folder / name
            digest.update(path.read_bytes() if path.exists() else b"")
    for info in archive.zip.infolist() if archive else ():
        digest.update(repr((info.filename, info.CRC, info.file_size)).encode())
    digest.update(repr(settings).encode())
    return digest.hexdigest()[:16]
