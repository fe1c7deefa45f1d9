"""Stages in several processes: forked from one that has imported them, as `torchrun` would have them a while later."""

import multiprocessing
import os
import socket
import sys
import traceback
from pathlib import Path

from tests.conftest import stage_in

STAGES = ("pipeline.train", "pipeline.colorize", "pipeline.score", "pipeline.segment")


def together_in(folder: Path, processes: int, *stage: str) -> None:
    """Run a stage's `main` in so many processes, which find each other as those of `torchrun` do."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(list(STAGES))
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    workers = [forks.Process(target=_work, args=(folder, stage, rank, processes, port)) for rank in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * processes


def _work(folder: Path, stage: tuple[str, ...], rank: int, processes: int, port: int) -> None:
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": processes, "MASTER_PORT": port, "MASTER_ADDR": "localhost"}
    os.environ.update({name: str(value) for name, value in place.items()})
    try:
        stage_in(folder, *stage)
    except BaseException:
        traceback.print_exc()
        sys.exit(1)
