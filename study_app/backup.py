"""Copies a study's database while it is in use, and brings a copy back; SQLite and PostgreSQL read each other's.

    python -m study_app.backup write backup.zip [--db sqlite:///study.sqlite3]
    python -m study_app.backup restore backup.zip --db postgresql+psycopg://...

`write` reads one moment of the database; the zip holds every table as JSON lines with its SHA-256, and the revision of
the tables. It takes the place of an older backup of the same database, but of nothing else. `restore` fills an empty
database only. Keep `stimuli/` as well: sessions under way need its secret.
"""

import argparse
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select, text

from pipeline.records.archive import DATE
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import PRIVATE_FILE, whole_file
from study_app.storage.database import DEFAULT_URL, Database
from study_app.storage.schema import metadata, sessions

ROWS_AT_ONCE = 1000
TABLES = [table.name for table in metadata.sorted_tables]  # a table comes after those that it refers to


def main() -> None:
    """Write or restore a backup."""
    parser = argparse.ArgumentParser(description="Back up or restore the human study's database.")
    parser.add_argument("action", choices=["write", "restore"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--db", default=DEFAULT_URL, help="the database's address")
    arguments = parser.parse_args()
    if arguments.action == "write":
        counts = write(Database.with_study(arguments.db), arguments.file)
    else:
        counts = restore(Database(arguments.db), arguments.file)
    print(", ".join(f"{count} {table}" for table, count in counts.items()))


def write(database: Database, path: Path) -> dict[str, int]:
    """Write a backup, atomically; returns the rows of every table.

    Raises `UserError` rather than overwrite anything but an older backup of the same database.
    """
    if path.exists():
        _check_older(database, path)
    with whole_file(path, PRIVATE_FILE) as temporary, database.reading() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is None:
            raise UserError("the database has no study in it; there is nothing to back up.")
        summary: dict[str, dict[str, Any]] = {}
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for table in _tables(connection):
                content, count = _lines(connection, table)
                summary[table.name] = {"rows": count, "sha256": hashlib.sha256(content).hexdigest()}
                _add(archive, f"{table.name}.jsonl", content)
            manifest = {"revision": revision, "tables": summary}
            _add(archive, "manifest.json", json.dumps(manifest, indent=2, sort_keys=True).encode())
    return {name: entry["rows"] for name, entry in summary.items()}


def restore(database: Database, path: Path) -> dict[str, int]:
    """Fill an empty database from a whole backup; otherwise raise `UserError` and change nothing."""
    revision, content = _read(path)
    database.migrate(revision)
    with database.writing() as connection:
        tables = _tables(connection)
        for table in tables:
            if connection.execute(select(func.count()).select_from(table)).scalar_one():
                raise UserError("the database is not empty; restore into a new one, so that nothing is overwritten.")
        for table in tables:
            rows = content[table.name]
            for start in range(0, len(rows), ROWS_AT_ONCE):
                connection.execute(insert(table), rows[start : start + ROWS_AT_ONCE])
            if not database.is_sqlite and "id" in table.c:
                _raise_counter(connection, table)
    database.migrate()
    return {table.name: len(content[table.name]) for table in tables}


def _check_older(database: Database, path: Path) -> None:
    """Every session of the file must be in the database; withdrawn ones keep their row."""
    before = {row["token_hash"] for row in _read(path)[1].get("sessions", [])}
    with database.reading() as connection:
        if not inspect(connection).has_table("sessions"):
            raise UserError("the database has no study in it; there is nothing to back up.")
        here = set(connection.execute(select(sessions.c.token_hash)).scalars())
    if lost := before - here:
        raise UserError(
            f"{path} holds {len(lost)} sessions that this database does not have; is it the right --db? To keep both, "
            "write to another file."
        )


def _read(path: Path) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """The revision and the rows of every table of a backup that is whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            content = {name: archive.read(f"{name}.jsonl") for name in manifest["tables"]}
        whole = all(
            hashlib.sha256(content[name]).hexdigest() == entry["sha256"] for name, entry in manifest["tables"].items()
        )
        if whole:
            rows = {name: [json.loads(line) for line in io.BytesIO(lines)] for name, lines in content.items()}
            return str(manifest["revision"]), rows
    except FileNotFoundError:
        raise UserError(f"{path} is not here.") from None
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError):
        pass
    raise UserError(f"{path} is not a whole backup; take another copy.")


def _tables(connection: Connection) -> list[Table]:
    """The tables as this database has them, which may be of an older revision."""
    here = MetaData()
    here.reflect(connection, only=lambda name, _: name in TABLES)
    return sorted(here.tables.values(), key=lambda table: TABLES.index(table.name))


def _lines(connection: Connection, table: Table) -> tuple[bytes, int]:
    rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
    lines = [json.dumps(dict(row), ensure_ascii=False) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode(), len(lines)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _raise_counter(connection: Connection, table: Table) -> None:
    """Move PostgreSQL's counter of new rows beyond the inserted numbers, which do not move it themselves."""
    counter = f"pg_get_serial_sequence('{table.name}', 'id')"
    connection.execute(text(f"SELECT setval({counter}, coalesce(max(id), 0) + 1, false) FROM {table.name}"))


if __name__ == "__main__":
    run_stage(main)
