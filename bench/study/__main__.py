"""The human study under load, in a rush of arrivals, and under kill -9: `make bench-long`, or

    python -m bench.study [load] [rush] [kill]

Server, database and clients share this machine. SQLite syncs every commit to the disk, as does PostgreSQL. Times belong
to the hardware that the last line names, and to a machine that does nothing else: the load average before each part is
printed beside it.
"""

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.study.place import large_place, steady_effects
from pipeline.settings.provenance import hardware
from study_app.design.study import Study
from study_app.simulation.drivers import Measured, over_network, run_live
from study_app.simulation.ledger import balance
from study_app.simulation.simulate import make_raters
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.chromium import Chromium
from tests.study_app.killing import Plan, Survival, long_study, survive
from tests.study_app.opinions import small_effects
from tests.study_app.postgres import PostgresServer, binaries
from tests.study_app.servers import AppServer, ForkedServer
from tests.study_app.visitors import Visit, visit

RATERS, RAMP = 1000, 40.0  # raters, and seconds in which they begin
ARRIVALS, WITHIN, READING = 200, 30.0, 3.0  # visitors, seconds in which they come, seconds they read each page
KILLED_RATERS = 60


class Line(NamedTuple):
    """One line of the table."""

    what: str
    database: str
    value: str
    goal: str = ""
    met: str = ""


def main() -> None:
    """Measure on both databases and print one table."""
    parser = argparse.ArgumentParser("python -m bench.study", description="The human study under load.")
    parts: dict[str, Callable[[str, str], list[Line]]] = {"load": load, "rush": rush, "kill": kill}
    parser.add_argument("parts", nargs="*", metavar="|".join(parts))
    chosen = parser.parse_args().parts or list(parts)
    if unknown := set(chosen) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    lines: list[Line] = []
    with databases() as urls:
        for name, new_url in urls.items():
            for part in chosen:
                print(f"{part} on {name}; load average before: {os.getloadavg()[0]:.1f}", flush=True)
                for line in parts[part](name, new_url()):
                    lines.append(line)
                    print("  ", *line, flush=True)
    print()
    widths = [max(len(row[column]) for row in [Line._fields, *lines]) for column in range(len(Line._fields))]
    for row in [Line._fields, *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"\n{hardware()}, {os.cpu_count()} cores, clients on the same cores")


@contextmanager
def databases() -> Iterator[dict[str, Callable[[], str]]]:
    """Of each kind a function that makes the address of an empty one."""
    with tempfile.TemporaryDirectory() as folder:
        urls = {"SQLite": lambda: f"sqlite:///{tempfile.mkdtemp(dir=folder)}/study.sqlite3"}
        if binaries() is None:
            print("PostgreSQL is left out: no server under /usr/lib/postgresql; `apt-get install postgresql`")
            yield urls
            return
        server = PostgresServer(settings="")
        try:
            yield {**urls, "PostgreSQL": server.new_database}
        finally:
            server.close()


@contextmanager
def large_server(url: str) -> Iterator[tuple[AppServer, Study, Stimuli]]:
    """The whole app with the large study on an empty database."""
    with tempfile.TemporaryDirectory() as folder:
        study, stimuli = large_place(Path(folder))
        server = AppServer(url, Path(folder) / "study.yaml", Path(folder) / "stimuli")
        try:
            yield server, study, stimuli
        finally:
            server.close()


def load(name: str, url: str) -> list[Line]:
    """1,000 raters at once, an answer every 4 s each."""
    measured: list[Measured] = []
    with large_server(url) as (server, study, stimuli):
        raters = make_raters(study, steady_effects(), stimuli, RATERS, seed=0)
        asyncio.run(_take(server.address, raters, measured))
    store = Store(Database(url), study, stimuli, simulated=True)
    book = balance(store, raters)
    store.database.close()
    begun = max(one.began for one in measured if one.path == "/api/plan")
    done = min(one.began for one in measured if one.path == "/api/finish")
    good = [one for one in measured if one.status == 200]
    rate = sum(one.path == "/api/answers" and begun < one.began < done for one in good) / (done - begun)
    answers = _milliseconds(one for one in good if one.path == "/api/answers" and begun < one.began < done)
    pictures = _milliseconds(one for one in good if one.path == "/s/" and begun < one.began < done)
    sound = book.lost == book.doubled == 0 and book.stored == RATERS * study.trials
    lost = f"{book.acknowledged:,}; {book.lost}; {book.doubled}"
    again = f"{book.cells[0]} to {book.cells[1]}; {sum(one.status != 200 for one in measured)}"
    quantiles = "; ".join(f"{answers[place]:.1f}" for place in (0, 2, 3))
    first = f"an answer, {RATERS:,} raters, {rate:.0f} answers/s: p95"
    return [
        Line(first, name, f"{answers[1]:.1f} ms", *_under(answers[1], 100)),
        Line("  median; 99 %; slowest", name, f"{quantiles} ms"),
        Line("  a picture of 120 kB: p95", name, f"{pictures[1]:.1f} ms"),
        Line("  answers acknowledged; lost; doubled", name, lost, "0; 0", _yes(sound)),
        Line("  cells; requests sent again", name, again, "within 1", _yes(_even(book.cells))),
    ]


async def _take(address: str, raters: Sequence[object], measured: list[Measured]) -> None:
    async with over_network(address, measured) as send:
        await run_live(raters, list(np.linspace(0, RAMP, len(raters))), send)  # type: ignore[arg-type]


def rush(name: str, url: str) -> list[Line]:
    """200 arrivals within 30 s through the pages, each with an empty cache, beside one real browser after the other."""
    with large_server(url) as (server, _, _), Chromium() as chromium:
        files, _ = chromium.visit(server.address)
        visits, seen = asyncio.run(_arrive(server.address, files, chromium))
    endings = Counter(one.ending for one in visits)
    first = np.percentile([one.pages[0] for one in visits if one.pages], [50, 95, 100])
    later = np.percentile([seconds for one in visits for seconds in one.pages[1:]], [50, 95, 100])
    title = f"first page with its {len(files)} files, {ARRIVALS} arrivals in {WITHIN:.0f} s: p95"
    arrived = endings["trials"]
    in_chromium = f"  first page in Chromium meanwhile, {len(seen)} times: median"
    return [
        Line(title, name, f"{first[1]:.2f} s", *_under(first[1], 2)),
        Line("  median; slowest", name, f"{first[0]:.2f}; {first[2]:.2f} s"),
        Line("  each of the four pages after it: p95", name, f"{later[1]:.2f} s", *_under(later[1], 2)),
        Line("  reached the first picture", name, f"{arrived} of {ARRIVALS}", "all", _yes(arrived == ARRIVALS)),
        Line(in_chromium, name, f"{np.median(seen):.2f} s"),
    ]


async def _arrive(address: str, files: Sequence[str], chromium: Chromium) -> tuple[list[Visit], list[float]]:
    async def one(number: int) -> Visit:
        await asyncio.sleep(WITHIN * number / ARRIVALS)
        return await visit(address, files, number, READING)

    seen: list[float] = []

    async def look() -> None:
        while not all(task.done() for task in tasks):
            _, seconds = await asyncio.to_thread(chromium.visit, address)
            seen.append(seconds)

    tasks = [asyncio.create_task(one(number)) for number in range(ARRIVALS)]
    await look()
    return await asyncio.gather(*tasks), seen


def kill(name: str, url: str) -> list[Line]:
    """kill -9 at random moments: 100 times the routes, 20 times the whole app."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        study, stimuli = long_study(folder)
        place = folder / "study.yaml", folder / "stimuli"
        speed = 3.6 * study.trials  # three questions of 1.2 s: raters would be through in a second

        def kills(what: str, server: ForkedServer | AppServer, url: str, plan: Plan) -> list[Line]:
            raters = make_raters(study, small_effects(lost_replies=0.1), stimuli, KILLED_RATERS, seed=1)
            store = Store(Database(url), study, stimuli, simulated=True)
            try:
                return _killed(what, name, survive(server, store, raters, plan))
            finally:
                server.close()
                store.database.close()

        plan = Plan(kills=100, gap=(0.1, 1.0), within=5, speed=speed / 60)
        lines = kills("of the routes", ForkedServer(url, *place), url, plan)
        if name == "SQLite":
            url = f"sqlite:///{folder / 'app.sqlite3'}"
            plan = Plan(kills=20, gap=(0.2, 3.0), within=5, speed=speed / 100)
            lines += kills("of the whole app", AppServer(url, *place), url, plan)
    return lines


def _killed(what: str, name: str, seen: Survival) -> list[Line]:
    book = seen.balance
    sound = book.lost == book.doubled == 0 and seen.endings == {"completed": KILLED_RATERS}
    title = f"{seen.kills} kills {what}, {KILLED_RATERS} raters: lost; doubled"
    return [
        Line(title, name, f"{book.lost}; {book.doubled}", "0; 0", _yes(sound)),
        Line("  answers; requests broken off", name, f"{book.acknowledged:,}; {seen.interrupted}"),
        Line("  cells", name, f"{book.cells[0]} to {book.cells[1]}", "within 1", _yes(_even(book.cells))),
    ]


def _milliseconds(requests: Iterator[Measured]) -> np.ndarray:
    """Median, 95 %, 99 % and the slowest."""
    return np.percentile([1000 * one.seconds for one in requests], [50, 95, 99, 100])


def _under(value: float, goal: float) -> tuple[str, str]:
    return f"< {goal:g}", _yes(value < goal)


def _even(cells: tuple[int, int]) -> bool:
    return cells[1] - cells[0] <= 1


def _yes(is_met: bool) -> str:
    return "yes" if is_met else "NO"


if __name__ == "__main__":
    main()
