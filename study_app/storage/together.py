"""Commits together what comes at the same time.

Every commit waits until it is on the disk, so the disk says how many commits a second there can be. While one waits,
other answers come; all of them share the next commit. Who comes alone waits for nobody.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from study_app.storage.database import Database

Result = TypeVar("Result")
TRANSACTIONS = 2  # at once on PostgreSQL, with whom each waits in turn; SQLite has one writer
MOST = 32  # pieces of work in a transaction


@dataclass(frozen=True)
class Work:
    """What somebody waits for."""

    write: Callable[[Connection], Any]
    done: Future[Any] = field(default_factory=Future)


class Together:
    """Transactions that several threads share."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: deque[Work] = deque()
        self._turns = threading.BoundedSemaphore(1 if database.is_sqlite else TRANSACTIONS)

    def write(self, write: Callable[[Connection], Result]) -> Result:
        """Call `write` in a transaction and return its result after the commit, or raise what it raises.

        If anything fails, the transaction is undone, and each piece of work is done again in one of its own. So
        `write` must change nothing but the database.
        """
        mine = Work(write)
        self._waiting.append(mine)
        with self._turns:
            while batch := self._take():
                self._commit(batch)
                if mine.done.done():
                    break
        result: Result = mine.done.result()  # another thread may have taken it along
        return result

    def _take(self) -> list[Work]:
        batch: list[Work] = []
        while len(batch) < MOST:
            try:
                batch.append(self._waiting.popleft())
            except IndexError:
                break
        return batch

    def _commit(self, batch: list[Work]) -> None:
        try:
            with self.database.writing() as connection:
                results = [work.write(connection) for work in batch]
        except BaseException as error:
            if len(batch) == 1:
                batch[0].done.set_exception(error)
                return
            for work in batch:
                self._commit([work])
        else:
            for work, result in zip(batch, results, strict=True):
                work.done.set_result(result)
