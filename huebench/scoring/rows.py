"""One row for each picture, and the journal that keeps rows when a run is killed."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from huebench.scoring.sources import Source
from pipeline.settings.provenance import code_digest


@dataclass(frozen=True)
class Row:
    """One picture. `answer`: its number where a photograph has several; `problem`: why it has no values, else "".

    `format`: Pillow's name of the file's; `remark`: what a reader should know although it is scored.
    """

    method: str
    id: str
    answer: int
    format: str = ""
    problem: str = ""
    remark: str = ""
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Journal:
    """The rows of finished photographs, a line of JSON each, made under one `key`; kept nowhere without `folder`."""

    folder: Path | None
    key: str

    def read(self) -> dict[str, list[Row]]:
        """The rows by photograph; those of another key are removed, and half a line at the end is no row."""
        if self.folder is None:
            return {}
        files = sorted(self.folder.glob(f"{self.key}.*.jsonl"))
        if not files:
            shutil.rmtree(self.folder, ignore_errors=True)
        found: dict[str, list[Row]] = {}
        for file in files:
            for line in file.read_text(encoding="utf-8").split("\n")[:-1]:
                content = json.loads(line)
                found[content["id"]] = [Row(**row) for row in content["rows"]]
        return found

    def add(self, rank: int, photographs: Iterable[tuple[str, Sequence[Row]]]) -> None:
        """Note finished photographs, and see to it that they are on the disk."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{self.key}.{rank}.jsonl"
        cut_half_a_line(file)
        with file.open("a", encoding="utf-8") as lines:
            for id, rows in photographs:
                lines.write(json.dumps({"id": id, "rows": [asdict(row) for row in rows]}) + "\n")
            lines.flush()
            os.fsync(lines.fileno())

    def discard(self) -> None:
        """Remove it, once everything is written where it belongs."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def cut_half_a_line(file: Path) -> None:
    """Cut off the line at which a killed process stopped."""
    content = file.read_bytes() if file.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        file.write_bytes(whole)


def key_of(sources: Sequence[Source | None], *settings: object) -> str:
    """What rows depend on: the code, every folder's files with their sizes and times, and `settings`."""
    digest = hashlib.sha256(code_digest(["huebench.scoring.run"]).encode())
    for source in sources:
        if source is None:
            continue
        digest.update(str(source.path.resolve()).encode())
        inside = [source.path / file for file in source.files.values()] if source.path.is_dir() else [source.path]
        for file in inside:
            about = file.stat()
            digest.update(repr((str(file), about.st_size, about.st_mtime_ns)).encode())
    digest.update(repr(settings).encode())
    return digest.hexdigest()[:16]
