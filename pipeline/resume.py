"""A dataset's photographs in batches whose rows are kept as they come: a killed stage loses one batch at most."""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from tqdm import tqdm

from pipeline.archive import Archive
from pipeline.data import pack
from pipeline.errors import UserError
from pipeline.provenance import code_digest
from pipeline.records import PackedPhotograph, append_rows, read_finished_rows

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
        """Every photograph's row, sorted by id: those that are there already, and those that `row` makes in `pool`."""
        rows = self._read()
        done = {one.id for one in rows}
        missing = [entry for entry in entries if entry.id not in done]
        bar = tqdm(total=len(entries), initial=len(done), desc=str(self.folder.name), delay=2, unit="photo")
        with bar:
            for start in range(0, len(missing), BATCH):
                batch = list(pool.map(row, missing[start : start + BATCH]))
                append_rows(self._file, batch)
                rows += batch
                bar.update(len(batch))
        return each_once([entry.id for entry in entries], rows)

    def discard(self) -> None:
        """Remove all of them, once they are written where they belong."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.key}.csv"

    def _read(self) -> list[Row]:
        if not self._file.exists():
            self.discard()  # what was made of other pictures or by other code
        return read_finished_rows(self._file, self.record)


def each_once(ids: Sequence[str], rows: Iterable[Row]) -> list[Row]:
    """The rows sorted by id; raises `UserError` unless they are about every photograph of `ids` exactly once."""
    by_id = sorted(rows, key=lambda row: row.id)
    if [row.id for row in by_id] != sorted(ids):
        raise UserError(
            f"{len(by_id)} rows are there of {len(ids)} photographs, but not one of each; delete .scratch, run again."
        )
    return by_id


def fingerprint(module: str, folders: Sequence[Path], archive: Archive, *settings: object) -> str:
    """What a run's rows depend on: the code, the packs' listings, the pictures by their CRC-32, and `settings`."""
    digest = hashlib.sha256(code_digest([module]).encode())
    for folder in folders:
        for name in (pack.INDEX, pack.SUMMARY, pack.STATISTICS):
            path = folder / name
            digest.update(path.read_bytes() if path.exists() else b"")
    digest.update(repr([(info.filename, info.CRC, info.file_size) for info in archive.zip.infolist()]).encode())
    digest.update(repr(settings).encode())
    return digest.hexdigest()[:16]
