"""Kills a server again and again while simulated raters take the study on it, and counts what that did."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from study_app.simulation.drivers import Measured, over_network, run_live
from study_app.simulation.ledger import Balance, balance
from study_app.simulation.rater import Rater
from study_app.storage.store import Store
from tests.study_app.servers import Server


@dataclass(frozen=True)
class Survival:
    """`kills` happened before the last rater was through; they broke off `interrupted` requests."""

    kills: int
    interrupted: int
    endings: Counter[str]
    balance: Balance


def survive(
    server: Server,
    store: Store,
    raters: Sequence[Rater],
    arrivals: Sequence[float],
    kills: int,
    gap: tuple[float, float],
    speed: float,
    seed: int = 0,
) -> Survival:
    """Let the raters go on while `server` is killed at random moments, a `gap` of seconds after each start."""
    measured: list[Measured] = []
    happened = asyncio.run(_run(server, raters, arrivals, measured, kills, gap, speed, np.random.default_rng(seed)))
    interrupted = sum(request.status == 0 for request in measured)
    return Survival(happened, interrupted, Counter(rater.ending for rater in raters), balance(store, raters))


async def _run(
    server: Server,
    raters: Sequence[Rater],
    arrivals: Sequence[float],
    measured: list[Measured],
    kills: int,
    gap: tuple[float, float],
    speed: float,
    rng: np.random.Generator,
) -> int:
    async with over_network(server.address, measured) as send:
        taking = asyncio.create_task(run_live(raters, arrivals, send, speed))
        happened = 0
        while happened < kills and not taking.done():
            await asyncio.sleep(float(rng.uniform(*gap)))
            server.kill()
            happened += not taking.done()
            await asyncio.to_thread(server.start)
        await taking
    return happened
