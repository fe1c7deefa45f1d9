"""Runs the scripts of simulated raters: in virtual time against an app in this process, or live against a server."""

import asyncio
import heapq
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import httpx2

from study_app.simulation.rater import Rater, Reply, Request, Wait

TIMEOUT = 30  # seconds
Send = Callable[[Rater, Request], Awaitable[Reply]]


@dataclass
class VirtualClock:
    """A server's clock that passes only when all raters wait. `now`: ms since 1970."""

    now: float

    def __call__(self) -> int:
        """Whole milliseconds, as the server counts."""
        return int(self.now)


@dataclass(frozen=True)
class Measured:
    """One request as the rater saw it. `path`: without tokens; `began`: seconds on the clock of this process."""

    path: str
    status: int
    began: float
    seconds: float


async def run_virtual(raters: Sequence[Rater], arrivals: Sequence[float], send: Send, clock: VirtualClock) -> None:
    """Let everything happen in its order, without waiting for it. `arrivals`: seconds from now."""
    start = clock.now
    scripts = [rater.script() for rater in raters]
    agenda = [(start + 1000 * arrival, place) for place, arrival in enumerate(arrivals)]
    heapq.heapify(agenda)
    while agenda:
        clock.now, place = heapq.heappop(agenda)
        reply: Reply | None = None
        try:
            while True:
                step = next(scripts[place]) if reply is None else scripts[place].send(reply)
                if isinstance(step, Wait):
                    # A millisecond more: the server counts whole ones.
                    heapq.heappush(agenda, (clock.now + 1000 * step.seconds + 1, place))
                    break
                reply = await send(raters[place], step)
        except StopIteration:
            continue


async def run_live(raters: Sequence[Rater], arrivals: Sequence[float], send: Send, speed: float = 1) -> None:
    """All raters at once in real time; what the server does not count passes `speed` times as fast."""

    async def visit(rater: Rater, arrival: float) -> None:
        await asyncio.sleep(arrival / speed)
        script = rater.script()
        try:
            step = next(script)
            while True:
                if isinstance(step, Wait):
                    await asyncio.sleep(step.seconds if step.exact else step.seconds / speed)
                    step = next(script)
                else:
                    step = script.send(await send(rater, step))
        except StopIteration:
            return

    async with asyncio.TaskGroup() as group:
        for rater, arrival in zip(raters, arrivals, strict=True):
            group.create_task(visit(rater, arrival))


def in_process(client: httpx2.AsyncClient) -> Send:
    """Send requests to an app in this process."""

    async def send(rater: Rater, request: Request) -> Reply:
        got = await client.request(request.method, request.path, json=request.content, headers=_headers(rater, request))
        return Reply(got.status_code, got.content)

    return send


@asynccontextmanager
async def over_network(
    server: str, measured: list[Measured] | None = None, trusted: ssl.SSLContext | None = None
) -> AsyncIterator[Send]:
    """Send requests to a server, and note how long each took. `trusted`: certificates other than the usual ones.

    By aiohttp, which needs a fifth of httpx's time for a request.
    """
    connections = aiohttp.TCPConnector(limit=0, ssl=trusted or True)
    timeout = aiohttp.ClientTimeout(TIMEOUT)
    async with aiohttp.ClientSession(server, connector=connections, timeout=timeout) as session:

        async def send(rater: Rater, request: Request) -> Reply:
            headers, began = _headers(rater, request), time.perf_counter()
            try:
                async with session.request(request.method, request.path, json=request.content, headers=headers) as got:
                    reply = Reply(got.status, await got.read())
            except (aiohttp.ClientError, TimeoutError):
                reply = Reply(0)
            if measured is not None:
                seconds = time.perf_counter() - began
                measured.append(Measured(request.path.partition("/s/")[0] or "/s/", reply.status, began, seconds))
            return reply

        yield send


def _headers(rater: Rater, request: Request) -> dict[str, str]:
    """Each rater has an address, as behind a proxy, so that the limits of an address treat raters as people."""
    authorization = {"Authorization": f"Bearer {request.token}"} if request.token else {}
    return {"X-Forwarded-For": address(rater.place), **authorization}


def address(number: int) -> str:
    """A private address for each of 16 million raters."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
