"""What a study writes is its owner's alone, however careless the machine's defaults are."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from study_app import backup
from study_app.export.tables import gather, write_export
from study_app.stimuli.manifest import load_stimuli
from study_app.stimuli.prepare import prepare
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock, newcomer, small_study


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What below a folder anybody but its owner may read, write or enter."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.stat().st_mode & 0o077]


def test_database_journal_export_backup_and_pictures_are_the_owners_alone(
    archives: Path, tmp_path: Path, clock: Clock
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    study = small_study(tmp_path)
    prepare(study, archives, home / "stimuli")
    stimuli = load_stimuli(study.digest, home / "stimuli")
    database = Database(f"sqlite:///{home / 'study.sqlite3'}")
    store = Store(database, study, stimuli, clock=clock)
    newcomer(store, clock).take()
    write_export(home / "ratings" / "people", study, gather(database, study, False))
    backup.write(database, home / "backup.zip")
    written = {path.name for path in home.rglob("*")}
    assert {"study.sqlite3-wal", "study.sqlite3-shm", "secret", "manifest.json", "ratings.csv", "backup.zip"} <= written
    assert set(open_to_others(home)) <= {"ratings"}  # a folder of the user's own choice; nothing in it is open
    database.close()


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path, archives: Path) -> None:
    for name in ("study.sqlite3", "study.sqlite3-wal"):
        (tmp_path / name).touch(0o644)
    (tmp_path / "stimuli").mkdir(0o755)
    Database(f"sqlite:///{tmp_path / 'study.sqlite3'}").migrate()
    study = small_study(tmp_path)
    prepare(study, archives, tmp_path / "stimuli")
    assert set(open_to_others(tmp_path)) == {"study.yaml"}
