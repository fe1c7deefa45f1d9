"""The database: SQLite for one process, PostgreSQL for several; transactions, migrations."""

import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from pipeline.settings.errors import UserError
from pipeline.settings.files import PRIVATE_FILE

DEFAULT_URL = "sqlite:///study.sqlite3"
MIGRATIONS = Path(__file__).parent / "migrations"
_making = threading.Lock()
BUSY_SECONDS = 10
IDLE_SECONDS = 1.0  # a connection of PostgreSQL that was used within them is taken to be there
MIGRATION_LOCK = 0x48756562  # any number that all processes of the app agree on


class Database:
    """Transactions on one engine. SQLite's writers queue: this process's at a lock, others' at BEGIN IMMEDIATE."""

    def __init__(self, url: str = DEFAULT_URL) -> None:
        """Raises `UserError` for an address that is no SQLite or PostgreSQL database."""
        parsed = _parsed(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = _sqlite(parsed) if self.is_sqlite else _postgresql(parsed)
        self._readers = self.engine.execution_options(reading=True)
        self._one_writer: AbstractContextManager[Any] = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write: committed on success, undone on any error."""
        with self._one_writer, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads. It sees the database as it is at one moment."""
        with self._readers.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield connection

    @classmethod
    def with_study(cls, url: str) -> "Database":
        """A database that holds a study; raises `UserError` for any other, and makes none."""
        parsed = _parsed(url)
        if parsed.get_backend_name() == "sqlite" and not parsed.query:
            _check_file(Path(parsed.database or ""))
        database = cls(url)
        with database._answering(), database.reading() as connection:
            if not inspect(connection).has_table("studies"):
                raise UserError(f"the database {database.where} has no study in it; is it the right --db?")
        return database

    @property
    def where(self) -> str:
        """Its address without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to `revision`; several processes may do so at once.

        Raises `UserError` if the database does not answer or is of a newer revision than this program knows.
        """
        try:
            with self._answering(), self.writing() as connection:
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                command.upgrade(migrations(connection), revision)
        except CommandError:
            raise UserError("the tables were made by a newer version of this program; update it first.") from None

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Raise `UserError` if there is nobody to answer."""
        try:
            yield
        except OperationalError as error:
            raise UserError(f"the database {self.where} does not answer: {plain_words(error)}.") from None

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def migrations(connection: Connection) -> Config:
    """Alembic's settings for our migrations over an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() in ("sqlite", "postgresql"):
            parsed.get_dialect()
            if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
                raise UserError("a study needs a database that stays: name a file, say sqlite:///study.sqlite3.")
            return parsed
    except (ArgumentError, NoSuchModuleError):
        pass
    raise UserError("the database must be given as sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME.")


def _check_file(file: Path) -> None:
    """Raise `UserError` unless this is SQLite's file of a study. Nothing is written, whatever it is."""
    if not file.is_file():
        raise UserError(f"there is no database {file}; is it the right --db?")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'studies'").fetchone()
    except sqlite3.DatabaseError as error:
        raise UserError(f"{file} cannot be read as a database ({error}); is it the right --db?") from None
    if found is None:
        raise UserError(f"the database {file} has no study in it; is it the right --db?")


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "do_connect")
    def protect(_: Dialect, __: ConnectionPoolEntry, arguments: list[str], options: dict[str, object]) -> None:
        if not options.get("uri"):
            _make_private(Path(arguments[0]))

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # otherwise the driver begins transactions itself, too late for the lock
        _write_ahead(connection)
        # FULL: a commit survives a power cut. secure_delete: what a volunteer withdrew is overwritten.
        for setting in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads and then writes must hold the write lock from its start, or it may fail in between.
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _make_private(file: Path) -> None:
    """Let only its owner read the database, before anything is in it; SQLite gives its journals the same rights.

    A file that is there is not opened: closing it would take all of SQLite's locks on it from this process, and the
    next process that looks at the database would delete the log that we still write to. A new one cannot be SQLite's.
    """
    with _making, suppress(OSError):  # what is wrong with the place, SQLite says when it opens the file
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    for path in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))):
        with suppress(OSError):
            if path.stat().st_uid == os.geteuid():
                path.chmod(PRIVATE_FILE)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log, with which readers never wait for a writer.

    Here SQLite itself does not wait if another process makes the same change of a new file.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _postgresql(url: URL) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, pool_size=10, max_overflow=10, pool_timeout=BUSY_SECONDS)

    @event.listens_for(engine, "checkin")
    def note(_: object, entry: ConnectionPoolEntry) -> None:
        entry.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: object) -> None:
        # The server may have been started anew. SQLAlchemy's own `pool_pre_ping` asks each time: a tenth of an answer.
        if time.monotonic() - entry.info.get("used_at", math.inf) < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error  # the pool opens another one

    return engine


def plain_words(error: Exception) -> str:
    """What the database itself says of an error, as a sentence without its dot."""
    return " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".")
