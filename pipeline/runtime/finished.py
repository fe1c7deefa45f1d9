"""What a stage has finished: one that works through many methods leaves alone those whose inputs are the same."""

import glob
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.records.rows import write_json
from pipeline.runtime import distributed

FILE = "keys.json"


@dataclass(frozen=True)
class Finished:
    """The methods whose files are whole in `folder`, each with a key of all that they depend on, in `keys.json`."""

    folder: Path

    def has(self, method: str, key: str, files: Sequence[Path]) -> bool:
        """Whether a method's `files` are there, as large as they were, and made under this key; in all processes."""
        return distributed.broadcast(
            self._read().get(method) == [key, *_sizes(files)] if distributed.rank() == 0 else False
        )

    def add(self, method: str, key: str, files: Sequence[Path]) -> None:
        """Note that a method's files are written; for the first process."""
        self._write({**self._read(), method: [key, *_sizes(files)]})

    def keep(self, methods: Iterable[str]) -> None:
        """Remove the files of all other methods, which params.yaml names no more; for the first process."""
        keys = self._read()
        gone = set(keys) - set(methods)
        for method in gone:
            for file in self.folder.glob(f"{glob.escape(method)}.*"):
                file.unlink()
        if gone:
            self._write({method: key for method, key in keys.items() if method not in gone})

    def _read(self) -> dict[str, list[object]]:
        path = self.folder / FILE
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def _write(self, keys: dict[str, list[object]]) -> None:
        write_json(self.folder / FILE, keys)


def _sizes(files: Sequence[Path]) -> list[int]:
    """The bytes of each file, -1 of one that is not there."""
    return [file.stat().st_size if file.exists() else -1 for file in files]
