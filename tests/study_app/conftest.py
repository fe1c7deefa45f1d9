"""A prepared small study, and the same fixtures on SQLite and on a real PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.testclient import TestClient

from study_app.design.study import Study
from study_app.server.routes import application
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.browsing import Served, chromium, missing, new_context, served
from tests.study_app.postgres import PostgresServer, binaries
from tests.study_app.volunteers import Clock, Newcomer, Volunteer, prepared_study, small_study, write_archives


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive for every method."""
    return write_archives(tmp_path_factory.mktemp("archives"))


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The small study: 3 methods, 6 photographs, 10 trials, 2 votes a cell, so 6 volunteers."""
    return small_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def stimuli(study: Study, archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Stimuli:
    """Its pictures."""
    return prepared_study(tmp_path_factory.mktemp("stimuli"), archives)[1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of a worker; where none is installed tests are skipped, but not in CI."""
    if binaries() is None:
        missing("no PostgreSQL server under /usr/lib/postgresql: `apt-get install postgresql`")
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of either kind."""
    return empty_database(request, tmp_path / "study.sqlite3")


def empty_database(request: pytest.FixtureRequest, file: Path) -> str:
    """The address of a new database of the kind that the test asks for."""
    return f"sqlite:///{file}" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A second one, of either kind."""
    database = Database(empty_database(request, tmp_path / "other.sqlite3"))
    yield database
    database.close()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """An empty database of either kind."""
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def clock() -> Clock:
    """The server's clock."""
    return Clock()


@pytest.fixture
def store(database: Database, study: Study, stimuli: Stimuli, clock: Clock) -> Store:
    """The small study, open."""
    return Store(database, study, stimuli, clock=clock)


@pytest.fixture
def robots(store: Store, clock: Clock) -> Store:
    """The same study on the same database, for simulated raters."""
    return Store(store.database, store.study, store.stimuli, simulated=True, clock=clock)


@pytest.fixture
def client(store: Store) -> TestClient:
    """The app of that study; errors inside come out as replies, as they do for browsers."""
    return TestClient(application(store), raise_server_exceptions=False)


@pytest.fixture
def volunteer(client: TestClient, study: Study, clock: Clock) -> Newcomer:
    """Each call is one more volunteer who begins."""
    return lambda: Volunteer(client, study, clock)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser without a window; skipped without one, but not in CI. While it runs, asyncio.run cannot."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page in a fresh profile of it."""
    context, _ = new_context(browser, tmp_path)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """One server for the tests of a file that can share it: room for many volunteers."""
    with served(tmp_path_factory.mktemp("served"), archives, votes_per_cell=20) as running:
        yield running
