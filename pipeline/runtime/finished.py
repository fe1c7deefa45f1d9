"""What a stage has finished: one that works through many methods leaves alone those whose inputs are the same."""

import glob
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.records.rows import write_json
from pipeline.runtime import distributed

SUFFIX = ".key.json"


@dataclass(frozen=True)
class Finished:
    """The methods whose files are whole in `folder`, each with a key of all that they depend on in `<method>.key.json`.

    A file a method, so that several processes may work on other methods at the same time.
    """

    folder: Path

    def has(self, method: str, key: str, files: Sequence[Path]) -> bool:
        """Whether a method's `files` are there, as large as they were, and made under this key; in all processes."""
        return distributed.broadcast(self._key(method) == [key, *_sizes(files)] if distributed.rank() == 0 else False)

    def add(self, method: str, key: str, files: Sequence[Path]) -> None:
        """Note that a method's files are written; for the first process."""
        write_json(self._file(method), [key, *_sizes(files)])

    def keep(self, methods: Iterable[str]) -> None:
        """Remove the files of all other methods, which params.yaml names no more; for the first process."""
        found = {file.name.removesuffix(SUFFIX) for file in self.folder.glob(f"*{SUFFIX}")}
        for method in found - set(methods):
            for file in self.folder.glob(f"{glob.escape(method)}.*"):
                file.unlink()

    def _file(self, method: str) -> Path:
        return self.folder / f"{method}{SUFFIX}"

    def _key(self, method: str) -> object:
        file = self._file(method)
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def _sizes(files: Sequence[Path]) -> list[int]:
    """The bytes of each file, -1 of one that is not there."""
    return [file.stat().st_size if file.exists() else -1 for file in files]
