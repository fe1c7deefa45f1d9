"""A program that looks at the database of a running server, say an export, does it no harm."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from study_app.storage.database import Database

LOOK = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM kept').fetchone()[0])"


def look(file: Path) -> int:
    """What another process finds. As it closes, SQLite deletes the log of a database that nobody else has open."""
    done = subprocess.run([sys.executable, "-c", LOOK, str(file)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_what_is_written_after_another_process_has_looked_is_kept(tmp_path: Path) -> None:
    """SQLite's locks are POSIX's: whoever opens and closes the file in this process, past SQLite, loses them all."""
    file = tmp_path / "study.sqlite3"
    database = Database(f"sqlite:///{file}")
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE kept (number INTEGER)"))
    for number in range(1, 6):
        with database.reading() as first, database.reading() as second:  # more connections than there were
            assert first is not second
            assert look(file) == number - 1
        assert file.with_name("study.sqlite3-wal").exists()
        with database.writing() as connection:
            connection.execute(text("INSERT INTO kept VALUES (:number)"), {"number": number})
        assert look(file) == number
    database.close()
    assert look(file) == 5
