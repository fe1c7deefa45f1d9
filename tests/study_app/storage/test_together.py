"""Answers that come at the same time share a commit, and still stand or fall each by itself."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text

from study_app.storage.database import Database
from study_app.storage.together import MOST, TRANSACTIONS, Together


@pytest.fixture
def together(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator["Counted"]:
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE notes (number INTEGER PRIMARY KEY)"))
    yield Counted(database, monkeypatch)
    database.close()


class Counted(Together):
    """Counts its transactions; the first ones wait until `opened`."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(database)
        self.transactions = 0
        self.opened = threading.Event()
        writing = database.writing

        @contextmanager
        def counted() -> Iterator[Connection]:
            with writing() as connection:
                self.transactions += 1
                yield connection

        monkeypatch.setattr(database, "writing", counted)

    def note(self, number: int) -> int:
        """Write a number; refuse one that is negative after it was written."""

        def write(connection: Connection) -> int:
            if number == 0:
                self.opened.wait()
            connection.execute(text("INSERT INTO notes VALUES (:number)"), {"number": number})
            if number < 0:
                raise ValueError(number)
            return number

        return self.write(write)

    def stored(self) -> list[int]:
        """All numbers, from a connection of its own."""
        with self.database.reading() as connection:
            return list(connection.execute(text("SELECT number FROM notes ORDER BY number")).scalars())


def test_one_alone_has_a_transaction_of_its_own(together: Counted) -> None:
    assert together.note(1) == 1
    assert together.stored() == [1] and together.transactions == 1


def test_those_who_wait_share_the_next_commit_and_one_that_fails_harms_nobody(
    database: Database, together: Counted
) -> None:
    numbers = [*range(1, 20), -1]
    with ThreadPoolExecutor(len(numbers) + 1) as pool:
        first = pool.submit(together.note, 0)
        while not together.transactions:  # it has begun, and holds SQLite's only turn
            threading.Event().wait(0.001)
        others = {number: pool.submit(together.note, number) for number in numbers}
        while database.is_sqlite and len(together._waiting) < len(numbers):
            threading.Event().wait(0.001)
        together.opened.set()
        assert first.result() == 0
        with pytest.raises(ValueError, match="-1"):
            others.pop(-1).result()
        assert [future.result() for future in others.values()] == list(range(1, 20))
    assert together.stored() == list(range(20))
    if database.is_sqlite:
        assert together.transactions == 1 + 1 + len(numbers)  # the first, the shared one that was undone, each alone


def test_many_who_come_at_once_need_few_commits_and_all_are_stored(together: Counted) -> None:
    together.opened.set()
    with ThreadPoolExecutor(MOST) as pool:
        assert list(pool.map(together.note, range(600))) == list(range(600))
    assert together.stored() == list(range(600))
    assert together.transactions < 600


def test_a_commit_that_fails_is_everybodys_failure_and_nothing_is_stored(
    database: Database, together: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def full() -> Iterator[Connection]:
        with database.engine.begin() as connection:
            yield connection
            raise OSError("no space left")

    monkeypatch.setattr(database, "writing", full)
    with ThreadPoolExecutor(TRANSACTIONS) as pool:
        futures = [pool.submit(together.note, number) for number in range(1, 9)]
        for future in futures:
            with pytest.raises(OSError, match="no space"):
                future.result()
    assert together.stored() == []
