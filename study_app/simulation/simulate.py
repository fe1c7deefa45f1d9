"""Takes the study with simulated raters whose opinions are known, or computes how many raters a study needs.

    python -m study_app.simulation [study.yaml] --raters 40 --effects study_app/simulation/effects.yaml [--seed 0]
        [--db sqlite:///simulated.sqlite3] [--server http://localhost:8501 [--speed 10]]
    python -m study_app.simulation [study.yaml] --power --between zhang semantics_jbu [--difference 6] [--goal 0.8]
    python -m study_app.simulation study_pairs.yaml --power --chance zhang [--difference -6]

The first command reads `study.yaml`, `stimuli/<digest>/` and the effects. It sends the requests of browsers to an app
in this process, in virtual time (an afternoon takes seconds). With --server it sends them in real time to a server that
was started with STUDY_SIMULATED=1. Every row is marked as simulated. The other commands need no stimuli and write
`power/power.csv`, `.png` and `.pdf`. --chance asks how many raters show that a method's fooling rate is not 50 %.
"""

import argparse
import asyncio
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx2
import numpy as np

from pipeline.settings.errors import UserError, run_stage
from study_app.design.study import STUDY_FILE, Study, load_study
from study_app.server.routes import application
from study_app.server.security import Rate, Rates
from study_app.simulation.drivers import VirtualClock, in_process, over_network, run_live, run_virtual
from study_app.simulation.effects import EFFECTS_FILE, Effects, load_effects, planted
from study_app.simulation.ledger import Balance, balance
from study_app.simulation.population import draw_population
from study_app.simulation.rater import Rater, Request
from study_app.stimuli.manifest import STIMULI, Stimuli, load_stimuli
from study_app.storage.database import Database
from study_app.storage.opening import recognised
from study_app.storage.store import Store, wall_clock

DATABASE = "sqlite:///simulated.sqlite3"
UNLIMITED = Rates(*[Rate(1e9, 10**9)] * 3)  # virtual time is too fast for limits that count real seconds


def main() -> None:
    """Read the files, then simulate or compute the power."""
    arguments = _arguments()
    study = load_study(arguments.study)
    effects = load_effects(arguments.effects, study)
    if arguments.power:
        from study_app.simulation.power.stage import write_power  # draws, and matplotlib is slow to import

        print(write_power(study, effects, arguments))
        return
    database = None if arguments.server else Database(arguments.db)
    if database is not None:
        database.migrate()
        study = recognised(database, study)
    stimuli = load_stimuli(study.digest, arguments.stimuli, arguments.study)
    raters = make_raters(study, effects, stimuli, arguments.raters, arguments.seed)
    print(planted(effects, study))
    arrivals = arrival_times(effects, arguments.raters, arguments.seed)
    if database is None:
        asyncio.run(against_server(raters, arrivals, arguments.server, arguments.speed))
    else:
        print(simulate(Store(database, study, stimuli, simulated=True), raters, arrivals))
    print(endings(raters))
    print(f"export their answers: {export_command(arguments)}")


def export_command(arguments: argparse.Namespace) -> str:
    """What to type next, for the same study and database."""
    study = [] if arguments.study == STUDY_FILE else [str(arguments.study)]
    database = "ADDRESS" if arguments.server else arguments.db  # a server's database has an address that it alone knows
    return shlex.join(["huebench", "study", "export", *study, "--simulated", "--db", database, "--to", "ratings"])


def make_raters(study: Study, effects: Effects, stimuli: Stimuli, count: int, seed: int) -> list[Rater]:
    """Raters with their opinions; the same for the same seed."""
    photographs = sorted({stimulus.photograph for stimulus in stimuli.manifest.stimuli})
    rng = np.random.default_rng(seed)
    population = draw_population(study, effects, photographs, count, rng)
    return [Rater(place, population, stimuli, own) for place, own in enumerate(rng.spawn(count))]


def arrival_times(effects: Effects, count: int, seed: int) -> list[float]:
    """Seconds from now; a Poisson process."""
    gaps = np.random.default_rng([seed, 1]).exponential(3600 / effects.times.arrivals_per_hour, count)
    return [float(time) for time in np.cumsum(gaps)]


def simulate(store: Store, raters: Sequence[Rater], arrivals: Sequence[float]) -> Balance:
    """Let the raters take the study on `store` through its routes, in virtual time that begins now."""
    store.clock = clock = VirtualClock(wall_clock())

    async def run() -> None:
        transport = httpx2.ASGITransport(app=application(store, UNLIMITED))
        async with httpx2.AsyncClient(transport=transport, base_url="http://study") as client:
            await run_virtual(raters, arrivals, in_process(client), clock)

    asyncio.run(run())
    return balance(store, raters)


def endings(raters: Sequence[Rater]) -> str:
    """How the visits ended, and whose they were, as a sentence each."""
    ended = Counter(rater.ending for rater in raters)
    kinds = Counter(rater.population.kinds[rater.place] for rater in raters)
    names = {"random": "answering at random", "same": "answering the same everywhere", "color_blind": "colour-blind"}
    return "\n".join(
        f"{title}: " + ", ".join(f"{count} {names.get(name, name)}" for name, count in sorted(counts.items()))
        for title, counts in (("visits", ended), ("raters", kinds))
    )


async def against_server(raters: Sequence[Rater], arrivals: Sequence[float], server: str, speed: float) -> None:
    """Real time, real HTTP. Raises `UserError` unless the server marks everything as simulated."""
    async with over_network(server) as send:
        ready = (await send(raters[0], Request("GET", "/readyz"))).json()
        if not ready:
            raise UserError(f"{server} does not answer; start it with STUDY_SIMULATED=1.")
        if ready.get("simulated") is not True:
            raise UserError(
                f"{server} takes people's answers; simulated raters need one started with STUDY_SIMULATED=1."
            )
        await run_live(raters, arrivals, send, speed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take the study with simulated raters, or compute its power.")
    parser.add_argument("study", nargs="?", type=Path, default=STUDY_FILE)
    parser.add_argument("--effects", type=Path, default=EFFECTS_FILE)
    parser.add_argument("--seed", type=int, default=0)
    taking = parser.add_argument_group("simulated raters")
    taking.add_argument("--raters", type=int, default=40)
    taking.add_argument("--db", default=DATABASE, help="where their answers go, without --server")
    taking.add_argument("--stimuli", type=Path, default=STIMULI, help="folder that `study_app.stimuli` has written")
    taking.add_argument("--server", help="a running server to use instead of one in this process")
    taking.add_argument("--speed", type=float, default=1, help="with --server: how much faster raters think")
    power = parser.add_argument_group("power")
    power.add_argument("--power", action="store_true", help="the smallest number of raters instead")
    power.add_argument("--between", nargs=2, metavar="METHOD", help="two methods of study.yaml")
    power.add_argument(
        "--chance", metavar="METHOD", help="in a study of pairs: a method against 50 %%, the rate of guesses"
    )
    power.add_argument(
        "--difference",
        type=float,
        help="second minus first, or METHOD minus 50, in points; by default that of the effects",
    )
    power.add_argument("--goal", type=float, default=0.8, help="wished chance of finding the difference")
    power.add_argument("--alpha", type=float, default=0.05, help="level of the test; divide it by the number of tests")
    power.add_argument("--most", type=int, default=200, help="raters to try at most")
    power.add_argument("--repeats", type=int, default=500, help="simulated studies")
    power.add_argument("--to", type=Path, default=Path("power"), help="folder")
    return parser.parse_args()


if __name__ == "__main__":
    run_stage(main)
