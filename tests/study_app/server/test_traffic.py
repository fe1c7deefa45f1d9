"""The limits of websockets: who asks too often waits, and nobody else does."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from study_app.server.security import Rate
from study_app.server.traffic import Queue, Traffic, TrafficRates

Event = dict[str, object]


def test_what_is_beyond_the_rate_waits_its_turn_and_each_name_has_its_own_line() -> None:
    now = [0.0]
    queue = Queue(Rate(2, 3), clock=lambda: now[0])
    assert [queue.wait("a") for _ in range(6)] == pytest.approx([0, 0, 0, 0.5, 1.0, 1.5])
    assert queue.wait("b") == 0
    now[0] = 10.0
    assert [queue.wait("a") for _ in range(4)] == pytest.approx([0, 0, 0, 0.5])
    assert list(queue._full_at) == ["a"]  # the other is forgotten
    assert [queue.wait("c", most=0) for _ in range(40)] == pytest.approx([0] * 3 + [0.5] * 37)  # refusals cost nothing


def connect(traffic: Traffic, host: str, messages: int) -> Callable[[], Awaitable[list[Event]]]:
    """A websocket that sends so many messages and then stays; what it is sent."""

    async def talk() -> list[Event]:
        told: list[Event] = []
        said = iter([{"type": "websocket.connect"}, *[{"type": "websocket.receive", "bytes": b""}] * messages])

        async def receive() -> Event:
            event = next(said, None)
            if event is None:
                await asyncio.Event().wait()
            assert event is not None
            return event

        async def send(event: Event) -> None:
            told.append(event)

        await traffic({"type": "websocket", "client": (host, 1)}, receive, send)  # type: ignore[arg-type]
        return told

    return talk


def test_websockets_have_a_number_for_each_address_and_in_all() -> None:
    async def run() -> tuple[dict[str, int], int]:
        open_now: list[str] = []

        async def app(scope: Event, receive: Callable[[], Awaitable[Event]], send: object) -> None:
            open_now.append(str(scope["client"][0]))  # type: ignore[index]
            while True:
                await receive()

        traffic = Traffic(app, TrafficRates(open_per_address=3, open_in_all=5))  # type: ignore[arg-type]
        hosts = ["203.0.113.1"] * 5 + ["2001:db8::1", "2001:db8::2"] + ["198.51.100.9"] * 2
        tasks = [asyncio.create_task(connect(traffic, host, 0)()) for host in hosts]  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        refused = [task.result() for task in tasks if task.done()]
        assert all(told == [{"type": "websocket.close", "code": 1013}] for told in refused)
        counts = {host: open_now.count(host) for host in set(hosts)}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return counts, traffic._open.total()

    counts, left = asyncio.run(run())
    assert counts == {"203.0.113.1": 3, "2001:db8::1": 1, "2001:db8::2": 1, "198.51.100.9": 0}
    assert left == 0


def test_one_connection_and_one_address_are_slowed_and_others_are_not() -> None:
    async def run() -> dict[str, int]:
        runs: dict[str, int] = {}

        async def app(scope: Event, receive: Callable[[], Awaitable[Event]], send: object) -> None:
            host = str(scope["client"][0])  # type: ignore[index]
            while True:
                is_run = (await receive())["type"] == "websocket.receive"
                runs[host] = runs.get(host, 0) + is_run

        rates = TrafficRates(connection=Rate(1, 5), address=Rate(1, 12), process=Rate(1000, 1000))
        traffic = Traffic(app, rates)  # type: ignore[arg-type]
        hosts = ["203.0.113.1"] * 10 + ["198.51.100.9"]
        tasks = [asyncio.create_task(connect(traffic, host, 100)()) for host in hosts]  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return runs

    assert asyncio.run(run()) == {"203.0.113.1": 12, "198.51.100.9": 5}
