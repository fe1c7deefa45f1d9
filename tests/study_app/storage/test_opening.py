"""A study with answers stays what it was; migrations lead from nothing to the tables of the code."""

import dataclasses
import sqlite3
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect, select
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from pipeline.settings.errors import UserError
from study_app.design.study import Study
from study_app.storage.database import Database, migrations
from study_app.storage.opening import set_open
from study_app.storage.schema import answers, log, metadata, studies
from study_app.storage.store import Store
from tests.study_app.volunteers import Clock, Newcomer, newcomer, prepared_study, read


def test_migrations_lead_from_nothing_to_the_tables_of_the_code(database: Database) -> None:
    database.migrate()
    database.migrate()
    with database.writing() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == ScriptDirectory.from_config(migrations(connection)).get_current_head()
    assert set(inspect(database.engine).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_a_new_file_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "study.sqlite3"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    end = Timer(0.3, other.execute, ["COMMIT"])
    end.start()
    database = Database(f"sqlite:///{file}")
    database.migrate()
    end.join()
    other.close()
    assert "answers" in inspect(database.engine).get_table_names()
    database.close()


def test_tables_of_a_newer_program_are_left_alone(database: Database) -> None:
    database.migrate()
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UserError, match="made by a newer version of this program"):
        database.migrate()


def test_sqlite_survives_a_power_cut_and_checks_references(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'study.sqlite3'}")
    database.migrate()
    with database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    database.close()


def test_a_reader_sees_one_moment_while_others_write(store: Store, volunteer: Newcomer) -> None:
    one = volunteer()
    with store.database.reading() as connection:
        before = connection.execute(select(answers.c.id)).all()
        one.take(1)
        assert connection.execute(select(answers.c.id)).all() == before == []
    assert len(read(store.database, select(answers.c.id)).all()) == 3


def test_no_answer_without_its_trial(store: Store) -> None:
    row = {column.name: 0 for column in answers.c} | {"study": "", "criterion": "", "key": "", "tab": "", "trial": 5}
    with pytest.raises(IntegrityError), store.database.writing() as connection:
        connection.execute(insert(answers).values({**row, "simulated": False}))


@pytest.mark.parametrize("url", ["sqlite://", "mysql://a/b", "postgresql+nothing://a/b", "study.db", ""])
def test_other_addresses_are_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(UserError, match="database"):
        Database(url)


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    database = Database("postgresql://volunteer:sesame@127.0.0.1:9/study")
    with pytest.raises(UserError, match=r"postgresql\+psycopg://volunteer:\*\*\*@127\.0\.0\.1:9/study does not answer"):
        database.migrate()


def test_a_study_with_answers_refuses_a_change_unless_the_version_rises(
    store: Store, volunteer: Newcomer, archives: Path, tmp_path: Path, clock: Clock
) -> None:
    one = volunteer()
    one.plan()
    study, stimuli = prepared_study(tmp_path, archives, seed=3)
    assert Store(store.database, study, stimuli).study_id != store.study_id  # there are no answers yet
    one.take(2)
    with pytest.raises(UserError, match=r"holds 6 answers to version 1 of it.*set `version: 2`"):
        Store(store.database, study, stimuli)
    Store(store.database, store.study, store.stimuli)  # the unchanged one goes on
    study, stimuli = prepared_study(tmp_path, archives, seed=3, version=2)
    newer = Store(store.database, study, stimuli, clock=clock)
    assert newer.study_id != store.study_id
    two = newcomer(newer, clock)
    one.client = two.client
    assert (one.get("/api/plan").status_code, one.get("/api/plan").json()["reason"]) == (410, "changed")
    two.take()
    with pytest.raises(UserError, match=r"answers to version 2 of it.*set `version: 3`"):
        Store(store.database, store.study, store.stimuli)  # nor does an old file come back by mistake


def test_a_study_with_answers_refuses_other_pictures(store: Store, volunteer: Newcomer) -> None:
    manifest = store.stimuli.manifest
    other = dataclasses.replace(manifest.stimuli[0], sha256="0" * 64)
    repainted = dataclasses.replace(manifest, stimuli=(other, *manifest.stimuli[1:]))
    stimuli = dataclasses.replace(store.stimuli, manifest=repainted)
    Store(store.database, store.study, stimuli)
    Store(store.database, store.study, store.stimuli)
    volunteer().take(1)
    with pytest.raises(UserError, match="the pictures have changed, but the database holds 3 answers"):
        Store(store.database, store.study, stimuli)


def test_a_closed_study_takes_nobody_new_and_lets_the_others_finish(
    store: Store, client: TestClient, volunteer: Newcomer, study: Study, clock: Clock
) -> None:
    one = volunteer()
    for _ in range(2):
        set_open(store.database, store.study_id, False, False, clock())
    message = {"language": "en", "consent": True, "study": study.digest}
    reply = client.post("/api/sessions", json=message)
    assert (reply.status_code, reply.json()["reason"]) == (503, "closed")
    assert client.post("/api/sessions", json={**message, "key": one.key}).json()["session"] == one.token
    one.take()
    set_open(store.database, store.study_id, True, False, clock())
    volunteer()
    with store.database.reading() as connection:
        assert connection.execute(select(log.c.what).order_by(log.c.id)).scalars().all() == ["closed", "reopened"]
        assert connection.execute(select(studies.c.closed_at)).scalars().all() == [None]
