"""Keeps the pages' websockets from taking the whole process: answers and pictures must not wait behind pages.

A page is a run of Python and costs as much as many answers. So each connection, each address and the process has a rate
of runs. What is beyond it is not refused but waits, and meanwhile nothing more is read from that connection.
"""

import asyncio
import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from study_app.server.security import Rate, network

TRY_AGAIN = 1013  # what a websocket is closed with that may come back later
# Held while a page is made, in a thread of its own: each makes the thread of answers wait longer for Python's lock.
FEW_RUNS = threading.BoundedSemaphore(4)


class TrafficRates(NamedTuple):
    """How many websockets may be open, and how many runs and new websockets there may be.

    A volunteer needs about eight runs in ten minutes. A class of forty behind one address is far below the limits.
    """

    open_per_address: int = 120
    open_in_all: int = 1000
    connects: Rate = Rate(3, 90)  # of an address
    connection: Rate = Rate(1, 10)
    address: Rate = Rate(8, 40)
    process: Rate = Rate(60, 20)


class Queue:
    """A token bucket that says how long to wait instead of refusing, with one line for each name.

    Names that owe nothing are forgotten.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()  # when the bucket will be full again

    def wait(self, name: str = "", most: float = math.inf) -> float:
        """Take one token and return the seconds until it is there; if those are more than `most`, take none."""
        now, each = self.clock(), 1 / self.rate.per_second
        full_at = max(now, self._full_at.get(name, now)) + each
        seconds = max(0.0, full_at - now - self.rate.burst * each)
        if seconds <= most:
            self._full_at[name] = full_at
            self._full_at.move_to_end(name)
        while self._full_at and next(iter(self._full_at.values())) <= now:
            self._full_at.popitem(last=False)
        return seconds


class Traffic:
    """Limits the websockets. Addresses are kept while their websockets are open, and in memory only."""

    def __init__(self, app: ASGIApp, rates: TrafficRates | None = None) -> None:
        self.app = app
        self.rates = rates or TrafficRates()
        self._open: Counter[str] = Counter()
        self._connects = Queue(self.rates.connects)
        self._addresses = Queue(self.rates.address)
        self._process = Queue(self.rates.process)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        caller = network((scope.get("client") or ("",))[0])
        if self._is_crowded(caller):
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN})
            return
        self._open[caller] += 1
        try:
            await self.app(scope, self._slowed(receive, caller), send)
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]

    def _is_crowded(self, caller: str) -> bool:
        if self._open[caller] >= self.rates.open_per_address or self._open.total() >= self.rates.open_in_all:
            return True
        return self._connects.wait(caller, most=0) > 0

    def _slowed(self, receive: Receive, caller: str) -> Receive:
        """`receive`, whose messages come no faster than they may."""
        own = Queue(self.rates.connection)

        async def receive_slowly() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                await asyncio.sleep(own.wait())
                await asyncio.sleep(self._addresses.wait(caller))
                await asyncio.sleep(self._process.wait())
            return message

        return receive_slowly
