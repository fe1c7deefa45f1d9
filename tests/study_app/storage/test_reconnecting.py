"""A PostgreSQL that was started anew is found again."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from study_app.storage import database
from study_app.storage.database import Database
from tests.study_app.postgres import PostgresServer


def ask(opened: Database) -> int:
    """One transaction."""
    with opened.reading() as connection:
        return int(connection.execute(text("SELECT 1")).scalar_one())


def test_a_connection_that_was_idle_is_tried_before_it_is_used(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", 0)
    opened = Database(postgres.new_database())
    assert ask(opened) == 1
    postgres.kill()
    postgres.start()
    assert ask(opened) == 1
    opened.close()


def test_of_busy_connections_one_request_fails_and_the_next_does_not(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser sends an answer again that was refused so."""
    monkeypatch.setattr(database, "IDLE_SECONDS", 1000)
    opened = Database(postgres.new_database())
    assert ask(opened) == 1
    postgres.kill()
    postgres.start()
    with pytest.raises(OperationalError):
        ask(opened)
    assert ask(opened) == 1
    opened.close()
