"""Databases as an older version of this program has left them."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from study_app import backup
from study_app.storage.database import Database

Row = dict[str, Any]
NEWER_TABLES = ("showings",)  # than revision 0003
NEWER_COLUMNS = ("other", "picture_width", "picture_height", "zoom")


def older_database(source: Database, target: Database, folder: Path, change: Callable[[str, Row], Row]) -> None:
    """Fill the empty `target` with what revision 0003 knew of `source`, each row of a table changed by `change`; then
    open it with this version."""
    path = folder / "older.zip"
    backup.write(source, path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(content.pop("manifest.json"))
    kept = {}
    for table in set(manifest["tables"]) - set(NEWER_TABLES):
        rows = [json.loads(line) for line in content[f"{table}.jsonl"].splitlines()]
        rows = [change(table, {key: row[key] for key in row if key not in NEWER_COLUMNS}) for row in rows]
        kept[table] = "".join(json.dumps(row) + "\n" for row in rows).encode()
    tables = {name: {"rows": 0, "sha256": hashlib.sha256(lines).hexdigest()} for name, lines in kept.items()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps({"revision": "0003", "tables": tables}))
        for table, lines in kept.items():
            archive.writestr(f"{table}.jsonl", lines)
    backup.restore(target, path)
