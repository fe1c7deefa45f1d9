"""What was acknowledged is there once, whatever happens to the server: killed at any moment, or out of disk."""

import asyncio
import resource
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.settings.errors import UserError
from study_app.design.study import Study
from study_app.simulation import simulate
from study_app.simulation.drivers import over_network, run_live
from study_app.simulation.ledger import balance
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.killing import Plan, long_study, survive
from tests.study_app.opinions import small_effects
from tests.study_app.servers import ForkedServer

SPEED = 20
Long = tuple[Path, Study, Stimuli]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Long:
    """A folder with a study of 34 pictures a rater, quick to look at, and places for 66."""
    folder = tmp_path_factory.mktemp("long")
    return folder, *long_study(folder)


@pytest.fixture
def server(long: Long, tmp_path: Path) -> Iterator[ForkedServer]:
    """A running server on an SQLite file of its own."""
    folder = long[0]
    server = ForkedServer(address_of(tmp_path), folder / "study.yaml", folder / "stimuli")
    yield server
    server.close()


def address_of(folder: Path) -> str:
    """The database of a test."""
    return f"sqlite:///{folder / 'study.sqlite3'}"


def test_20_kills_during_a_study_of_60_raters_lose_and_double_nothing(
    long: Long, server: ForkedServer, tmp_path: Path
) -> None:
    _, study, stimuli = long
    raters = simulate.make_raters(study, small_effects(lost_replies=0.1), stimuli, 60, seed=1)
    store = Store(Database(address_of(tmp_path)), study, stimuli, simulated=True)
    survival = survive(server, store, raters, Plan(kills=20, gap=(0.1, 0.6), within=6, speed=SPEED))
    assert survival.kills == 20
    assert survival.interrupted > 20  # the kills met requests under way
    assert survival.endings == {"completed": 60}
    assert (survival.balance.lost, survival.balance.doubled) == (0, 0)
    assert survival.balance.acknowledged == survival.balance.stored == 60 * study.trials
    assert survival.balance.cells == (20, 20)
    with sqlite3.connect(tmp_path / "study.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (60,)
    store.database.close()


def test_a_full_disk_is_a_friendly_503_and_nothing_acknowledged_is_lost(
    long: Long, server: ForkedServer, tmp_path: Path
) -> None:
    """The server may write no file beyond a size, which to SQLite is a disk that does not take more; then it may."""
    _, study, stimuli = long
    raters = simulate.make_raters(study, small_effects(), stimuli, 8, seed=2)
    store = Store(Database(address_of(tmp_path)), study, stimuli, simulated=True)
    replies: list[tuple[int, dict[str, object]]] = []

    async def run() -> None:
        async with over_network(server.address) as send:

            async def noted(rater, request):  # type: ignore[no-untyped-def]
                reply = await send(rater, request)
                replies.append((reply.status, reply.json() if reply.status >= 500 else {}))
                return reply

            taking = asyncio.create_task(run_live(raters, [0.0] * 8, noted, 5 * SPEED))
            await asyncio.sleep(1)
            largest = max(path.stat().st_size for path in tmp_path.glob("study.sqlite3*"))
            limit_files(server.pid, largest + 8192)
            while sum(status == 503 for status, _ in replies) < 8:
                await asyncio.sleep(0.05)
            limit_files(server.pid, resource.RLIM_INFINITY)
            await taking

    asyncio.run(asyncio.wait_for(run(), 60))
    refused = [content for status, content in replies if status == 503]
    assert {content["reason"] for content in refused} == {"busy"}
    assert all("kept in the browser" in str(content["error"]) for content in refused)
    assert Counter(status for status, _ in replies if status >= 500).keys() == {503}
    book = balance(store, raters)
    assert (book.lost, book.doubled, book.stored) == (0, 0, 8 * study.trials)
    assert {rater.ending for rater in raters} == {"completed"}
    store.database.close()


def limit_files(pid: int, size: int) -> None:
    """How large a file the process may write from now on."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def test_simulated_raters_refuse_a_server_that_takes_people_s_answers(long: Long, tmp_path: Path) -> None:
    folder, study, stimuli = long
    server = ForkedServer(address_of(tmp_path), folder / "study.yaml", folder / "stimuli", simulated=False)
    raters = simulate.make_raters(study, small_effects(), stimuli, 2, seed=0)
    try:
        with pytest.raises(UserError, match=r"takes people's answers; .* started with STUDY_SIMULATED=1"):
            asyncio.run(simulate.against_server(raters, [0.0, 0.0], server.address, SPEED))
    finally:
        server.close()
    with pytest.raises(UserError, match="does not answer"):
        asyncio.run(simulate.against_server(raters, [0.0, 0.0], server.address, SPEED))
    with sqlite3.connect(tmp_path / "study.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
