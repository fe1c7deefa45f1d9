"""A command that reads a study makes no database where there is none, and changes nothing that is none."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.settings.errors import UserError
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.conftest import run_in
from tests.study_app.volunteers import write_study

COMMANDS = {
    "study_app.export": ("study.yaml", "--to", "out"),
    "study_app.backup": ("write", "backup.zip"),
    "study_app.set_aside": ("7", "--reason", "a program"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_typo_in_the_address_is_said_and_makes_nothing(command: str, tmp_path: Path) -> None:
    write_study(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run_in(tmp_path, command, *COMMANDS[command], "--db", "sqlite:///stduy.sqlite3", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: there is no database stduy.sqlite3; is it the right --db?\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def empty(path: Path) -> None:
    path.touch()


def of_something_else(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE birds (name TEXT)")


def no_database(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7 " * 400)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (empty, "has no study in it; is it the right --db"),
        (of_something_else, "has no study in it; is it the right --db"),
        (no_database, r"cannot be read as a database .*is it the right --db"),
        (Path.mkdir, "there is no database"),
    ],
)
def test_a_file_of_something_else_is_said_and_stays_as_it_is(
    make: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "other.sqlite3"
    make(path)
    path.chmod(0o755)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(UserError, match=words):
        Database.with_study(f"sqlite:///{path}")
    assert (path.read_bytes() if path.is_file() else None) == before
    assert path.stat().st_mode & 0o777 == 0o755
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_an_empty_database_of_either_kind_has_no_study(url: str) -> None:
    with pytest.raises(UserError, match=r"there is no database|has no study in it"):
        Database.with_study(url)


def test_a_study_is_found_with_or_without_a_server_that_uses_it(store: Store, url: str) -> None:
    for _ in range(2):
        found = Database.with_study(url)
        found.migrate()
        found.close()
        store.database.close()


def test_a_server_that_is_away_is_named() -> None:
    with pytest.raises(UserError, match=r"volunteer:\*\*\*@127\.0\.0\.1:9/study does not answer"):
        Database.with_study("postgresql://volunteer:sesame@127.0.0.1:9/study")
