"""The whole app as one process: replies without delay, simulated visitors through its pages, raters by the command."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from study_app.design.study import Study
from study_app.export.tables import gather
from study_app.simulation.drivers import address
from study_app.storage.database import Database
from tests.conftest import ROOT, run_in
from tests.study_app.opinions import PLAYED, effects_file
from tests.study_app.servers import AppServer
from tests.study_app.visitors import Visit, fetch, visit
from tests.study_app.volunteers import prepared_study


@pytest.fixture(scope="module")
def served(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AppServer, Study, Path]]:
    """The small study with places for 60, served for simulated raters."""
    folder = tmp_path_factory.mktemp("served")
    study, _ = prepared_study(folder, archives, votes_per_cell=20, exposure_ms=50, mask_ms=0)
    place = f"sqlite:///{folder / 'study.sqlite3'}", folder / "study.yaml", folder / "stimuli"
    server = AppServer(*place, "--begins-per-address", "3")
    yield server, study, folder
    server.close()


def test_the_server_says_where_it_is_and_warns_of_nothing(served: tuple[AppServer, Study, Path]) -> None:
    said = (served[2] / "server.log").read_text()
    assert [line.partition(":")[0] for line in said.splitlines()[:3]] == [
        "volunteers",
        "researcher",
        "STUDY_SIMULATED=1",
    ]
    assert "restart" not in said and "config option" not in said


def test_a_small_reply_does_not_wait_for_nagle(served: tuple[AppServer, Study, Path]) -> None:
    """Head and body are two writes: on a socket without TCP_NODELAY the second waits 40 ms for an acknowledgement."""

    async def ask() -> list[float]:
        seconds = []
        async with aiohttp.ClientSession(served[0].address) as session:
            for _ in range(30):
                began = time.perf_counter()
                async with session.get("/healthz") as reply:
                    await reply.read()
                seconds.append(time.perf_counter() - began)
        return seconds

    assert statistics.quantiles(asyncio.run(ask()), n=4)[0] < 0.03


def test_the_command_sends_simulated_raters_to_a_running_server(served: tuple[AppServer, Study, Path]) -> None:
    server, study, folder = served
    effects = effects_file(folder, "arrivals_per_hour: 60 -> arrivals_per_hour: 3600000", PLAYED)
    options = ["--effects", str(effects), "--stimuli", str(folder / "stimuli")]
    options += ["--server", server.address, "--speed", "200"]
    done = run_in(ROOT, "study_app.simulation", str(folder / "study.yaml"), "--raters", "5", *options)
    assert "visits: " in done.stdout and "completed" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("study.yaml --simulated --db ADDRESS --to ratings")
    database = Database(f"sqlite:///{folder / 'study.sqlite3'}")
    export = gather(database, study, simulated=True)
    database.close()
    assert len({rating.participant for rating in export.ratings}) >= 4
    assert all(rating.simulated for rating in export.ratings)


def test_pages_and_routes_count_together_who_begins_at_an_address(served: tuple[AppServer, Study, Path]) -> None:
    server, study, _ = served
    message = {"language": "en", "consent": True, "study": study.digest}

    async def begin() -> list[str]:
        headers = {"X-Forwarded-For": address(900)}
        async with aiohttp.ClientSession(server.address, headers=headers) as session:
            for _ in range(2):
                async with session.post("/api/sessions", json=message) as reply:
                    assert reply.status == 200
        visits = [await visit(server.address, ["/"], number, 0) for number in (900, 900, 901)]
        return [one.ending.partition(":")[0] for one in visits]

    assert asyncio.run(begin()) == ["trials", "welcome", "trials"]


def test_answers_and_pictures_do_not_wait_behind_a_flood_of_pages(served: tuple[AppServer, Study, Path]) -> None:
    """Twenty websockets that each ask for a hundred pages a second silenced the whole server for half a minute."""
    server, study, folder = served
    picture = next((folder / "stimuli" / study.digest / "pictures").iterdir()).stem
    asked = BackMsg()
    asked.rerun_script.query_string = ""

    async def flood(stop: asyncio.Event) -> None:
        async with (
            aiohttp.ClientSession(server.address, headers={"X-Forwarded-For": address(950)}) as session,
            session.ws_connect("/_stcore/stream", protocols=["streamlit"], max_msg_size=0) as socket,
        ):
            draining = asyncio.create_task(drained(socket))
            with suppress(TimeoutError, aiohttp.ClientError):
                while not stop.is_set():
                    await asyncio.wait_for(socket.send_bytes(asked.SerializeToString()), 1)
                    await asyncio.sleep(0.01)
            draining.cancel()

    async def run() -> tuple[list[float], list[str], Visit]:
        stop = asyncio.Event()
        floods = [asyncio.create_task(flood(stop)) for _ in range(20)]
        await asyncio.sleep(0.5)
        visiting = asyncio.create_task(visit(server.address, ["/"], 951, 0))
        seconds: list[float] = []
        refused: list[str] = []
        async with aiohttp.ClientSession(server.address) as session:
            while len(seconds) < 40:
                for path in ("/readyz", f"/s/{picture}"):
                    began = time.perf_counter()
                    try:
                        await fetch(session, path)
                    except (AssertionError, aiohttp.ClientError) as error:
                        refused.append(repr(error))
                    seconds.append(time.perf_counter() - began)
                await asyncio.sleep(0.05)
        stop.set()
        await asyncio.gather(*floods, return_exceptions=True)
        return seconds, refused, await visiting

    seconds, refused, visitor = asyncio.run(run())
    assert not refused, f"{refused}; the server: {(folder / 'server.log').read_text()[-3000:]}"
    # The flood itself and other tests share the cores, so single answers may be late; silence would be minutes in all.
    assert statistics.median(seconds) < 1 and sum(seconds) < 20
    assert visitor.ending == "trials" and max(visitor.pages) < 10


async def drained(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Read and forget whatever comes."""
    async for _ in socket:
        pass
