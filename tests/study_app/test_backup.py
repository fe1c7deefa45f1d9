"""A backup brings back every row, from either kind of database to either, or nothing at all."""

import json
import threading
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.settings.errors import UserError
from study_app import backup
from study_app.design.study import Study
from study_app.export.tables import gather
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.schema import answers, metadata
from study_app.storage.store import Store
from tests.conftest import run_in, stage_in
from tests.study_app.volunteers import Clock, Newcomer, answer_to, newcomer


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


def test_a_restored_study_is_the_same_and_goes_on(
    store: Store, volunteer: Newcomer, other: Database, clock: Clock, tmp_path: Path
) -> None:
    one, two = volunteer(), volunteer()
    one.take()
    two.take(4)
    counts = backup.write(store.database, tmp_path / "backup.zip")
    assert (counts["answers"], counts["sessions"], counts["trials"]) == (42, 2, 20)
    assert backup.restore(other, tmp_path / "backup.zip") == counts
    assert rows(other) == rows(store.database)
    assert gather(other, store.study, False) == gather(store.database, store.study, False)
    restored = Store(other, store.study, store.stimuli, clock=clock)
    two.client = newcomer(restored, clock).client
    assert len(two.take()) == 6  # new rows get numbers of their own


def test_the_same_rows_give_the_same_backup_which_never_overwrites_rows(
    store: Store, volunteer: Newcomer, tmp_path: Path
) -> None:
    volunteer().take(2)
    backup.write(store.database, tmp_path / "a.zip")
    backup.write(store.database, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    before = rows(store.database)
    with pytest.raises(UserError, match="the database is not empty"):
        backup.restore(store.database, tmp_path / "a.zip")
    assert rows(store.database) == before


def test_a_backup_during_answers_is_of_one_moment(
    store: Store, volunteer: Newcomer, other: Database, clock: Clock, tmp_path: Path
) -> None:
    people = [volunteer() for _ in range(4)]
    for one in people:
        one.plan()
    go_on = True

    def answer_all() -> None:
        for trial in range(10):
            for one in people:
                clock.advance(2)
                assert one.post("/api/answers", answer_to(trial)).status_code == 200
                if not go_on:
                    return

    thread = threading.Thread(target=answer_all)
    thread.start()
    for number in range(3):
        backup.write(store.database, tmp_path / f"{number}.zip")
    go_on = False
    thread.join()
    backup.restore(other, tmp_path / "2.zip")
    content = rows(other)
    answered = sum(row[metadata.tables["sessions"].c.keys().index("answered")] for row in content["sessions"])  # type: ignore[misc]
    assert len(content["answers"]) == 3 * answered


def test_a_damaged_backup_changes_nothing(store: Store, volunteer: Newcomer, other: Database, tmp_path: Path) -> None:
    volunteer().take(2)
    path = tmp_path / "backup.zip"
    backup.write(store.database, path)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    missing = {name: text for name, text in content.items() if name != "answers.jsonl"}
    fewer = {**content, "answers.jsonl": content["answers.jsonl"].split(b"\n", 1)[1]}
    for damaged in (missing, fewer):
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in damaged.items():
                archive.writestr(name, text)
        with pytest.raises(UserError, match="is not a whole backup"):
            backup.restore(other, path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="is not a whole backup"):
        backup.restore(other, path)
    with pytest.raises(UserError, match="is not here"):
        backup.restore(other, tmp_path / "nothing.zip")
    path.write_bytes(whole)
    assert backup.restore(other, path)["answers"] == 6


def test_the_commands_say_what_they_moved(
    study: Study, stimuli: Stimuli, clock: Clock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(Database(f"sqlite:///{tmp_path / 'study.sqlite3'}"), study, stimuli, clock=clock)
    newcomer(store, clock).take(1)
    moved = "1 studies, 0 log, 1 sessions, 0 events, 10 trials, 3 answers, 1 showings\n"
    assert run_in(tmp_path, "study_app.backup", "write", "backup.zip").stdout == moved
    stage_in(tmp_path, "study_app.backup", "restore", "backup.zip", "--db", "sqlite:///copy.sqlite3")
    assert moved in capsys.readouterr().out
    copy = Database(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    assert rows(copy) == rows(store.database)
    empty = run_in(tmp_path, "study_app.backup", "write", "b.zip", "--db", "sqlite:///empty.sqlite3", check=False)
    assert (empty.returncode, "there is no database empty.sqlite3" in empty.stderr) == (1, True)
    copy.close()
    store.database.close()


def test_a_backup_has_no_token_and_no_code(store: Store, volunteer: Newcomer, study: Study, tmp_path: Path) -> None:
    one = volunteer()
    one.take(1)
    backup.write(store.database, tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
        manifest = json.loads(archive.read("manifest.json"))
    assert study.digest in everything
    assert one.token not in everything
    assert one.code not in everything
    assert manifest["tables"]["answers"]["rows"] == 3
    assert set(manifest["tables"]) == set(metadata.tables)
    assert answers.name in manifest["tables"]
