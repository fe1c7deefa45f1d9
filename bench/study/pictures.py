"""What plans and pictures cost a process of the study:

    python -m bench.study.pictures

Two sizes of picture; sessions that each ask twice for their plan, and then for all its pictures, eight at a time. The
server is the whole app on SQLite; clients are on the same machine. Beside the pictures a second stands the processor's
time for one, which other work on the machine moves less.
"""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench.study import place
from pipeline.settings.provenance import hardware
from tests.study_app.servers import AppServer

SESSIONS, AT_ONCE = 40, 8
SIDES = {200: "120 kB", 553: "917 kB"}


def main() -> None:
    """Print a line for each size."""
    for side, size in SIDES.items():
        place.SIDE = side
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            study, _ = place.large_place(folder)
            server = AppServer(f"sqlite:///{folder / 'study.sqlite3'}", folder / "study.yaml", folder / "stimuli")
            try:
                print(f"pictures of {size}: {asyncio.run(measured(server, study.digest))}", flush=True)
            finally:
                server.close()
    print(f"{hardware()}, clients on the same cores; load average {os.getloadavg()[0]:.1f}")


async def measured(server: AppServer, study: str) -> str:
    """What the sessions measured, in words."""
    async with aiohttp.ClientSession(server.address) as client:
        tokens = [await begun(client, study) for _ in range(SESSIONS)]
        plans = [await plan_of(client, token) for token in tokens]
        used = processor(server.pid)
        plans += [await plan_of(client, token) for token in tokens]
        per_plan = (processor(server.pid) - used) / SESSIONS
        urls = asyncio.Queue[str]()
        for _, plan in plans[:SESSIONS]:
            for trial in plan["trials"]:
                urls.put_nowait(trial["url"])
        count, used, began = urls.qsize(), processor(server.pid), time.perf_counter()
        await asyncio.gather(*(fetch_all(client, urls) for _ in range(AT_ONCE)))
        rate, per_picture = count / (time.perf_counter() - began), (processor(server.pid) - used) / count
    later = statistics.median(milliseconds for milliseconds, _ in plans[1:])
    plan_times = f"a plan: first {plans[0][0]:.1f} ms, median {later:.1f} ms, processor {1000 * per_plan:.1f} ms"
    return f"{rate:.0f} a second, processor {1000 * per_picture:.2f} ms each; {plan_times}"


async def begun(client: aiohttp.ClientSession, study: str) -> str:
    """A new session's token."""
    async with client.post("/api/sessions", json={"language": "en", "consent": True, "study": study}) as reply:
        return str((await reply.json())["session"])


async def plan_of(client: aiohttp.ClientSession, token: str) -> tuple[float, dict[str, Any]]:
    """How long a plan took, in ms, and the plan."""
    began = time.perf_counter()
    async with client.get("/api/plan", headers={"Authorization": f"Bearer {token}"}) as reply:
        plan: dict[str, Any] = await reply.json()
    return 1000 * (time.perf_counter() - began), plan


async def fetch_all(client: aiohttp.ClientSession, urls: asyncio.Queue[str]) -> None:
    """Fetch until none is left."""
    while not urls.empty():
        async with client.get(urls.get_nowait()) as reply:
            assert reply.status == 200
            await reply.read()


def processor(pid: int) -> float:
    """Seconds that a process has kept processors busy."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
