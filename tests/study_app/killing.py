"""Kills a server again and again while simulated raters take the study on it, and counts what that did."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from study_app.design.study import Study
from study_app.simulation.drivers import Measured, over_network, run_live
from study_app.simulation.ledger import Balance, balance
from study_app.simulation.rater import Rater
from study_app.stimuli.manifest import Stimuli
from study_app.storage.store import Store
from tests.study_app.servers import Server
from tests.study_app.volunteers import prepared_study, write_archives


@dataclass(frozen=True)
class Survival:
    """`kills` happened before the last rater was through; they broke off `interrupted` requests."""

    kills: int
    interrupted: int
    endings: Counter[str]
    balance: Balance


@dataclass(frozen=True)
class Plan:
    """So many kills, each a `gap` of seconds after a start. Raters come `within` seconds, `speed` times as fast."""

    kills: int
    gap: tuple[float, float]
    within: float
    speed: float


def long_study(folder: Path) -> tuple[Study, Stimuli]:
    """34 small pictures a rater, quick to look at, and places for 66."""
    archives = write_archives(folder / "archives", [f"heron-{number:02}" for number in range(40)])
    large = {"photographs": 30, "photographs_per_session": 30, "votes_per_cell": 22}
    return prepared_study(folder, archives, **large, exposure_ms=50, mask_ms=0)


def survive(server: Server, store: Store, raters: Sequence[Rater], plan: Plan) -> Survival:
    """Let the raters go on while `server` is killed at random moments."""
    measured: list[Measured] = []
    happened = asyncio.run(_run(server, raters, measured, plan, np.random.default_rng(0)))
    interrupted = sum(request.status == 0 for request in measured)
    return Survival(happened, interrupted, Counter(rater.ending for rater in raters), balance(store, raters))


async def _run(
    server: Server, raters: Sequence[Rater], measured: list[Measured], plan: Plan, rng: np.random.Generator
) -> int:
    arrivals = list(np.linspace(0, plan.within, len(raters)))
    async with over_network(server.address, measured) as send:
        taking = asyncio.create_task(run_live(raters, arrivals, send, plan.speed))
        happened = 0
        while happened < plan.kills and not taking.done():
            await asyncio.sleep(float(rng.uniform(*plan.gap)))
            server.kill()
            happened += not taking.done()
            await asyncio.to_thread(server.start)
        await taking
    return happened
