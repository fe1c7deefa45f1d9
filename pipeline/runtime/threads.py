"""Prefetching in threads: inputs are read ahead of the main one, its results written behind it, in order."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """The processor's cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def single_threaded(workers: int) -> ThreadPoolExecutor:
    """Threads for photographs, each of which PyTorch leaves alone: sums are then the same for any number of them."""
    return ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))


class Prefetch:
    """Work in a pool's threads while the caller does other things, at most `ahead` items more than it has taken.

    `busy`: seconds that the threads have worked, `waited`: seconds that the caller had to wait for them.
    """

    def __init__(self, pool: ThreadPoolExecutor, ahead: int) -> None:
        self.pool, self.ahead = pool, ahead
        self.busy = self.waited = 0.0
        self.under_way: deque[Future[tuple[Any, float]]] = deque()

    def in_order(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of every item; an error of a thread is raised where its result is due."""
        for item in items:
            self.under_way.append(self.pool.submit(_timed, function, item))
            if len(self.under_way) > self.ahead:
                yield self._next()
        while self.under_way:
            yield self._next()

    def settle(self) -> None:
        """Wait until the threads have nothing to do."""
        began = time.perf_counter()
        wait(self.under_way)
        self.waited += time.perf_counter() - began

    def _next(self) -> Any:
        began = time.perf_counter()
        result, seconds = self.under_way.popleft().result()
        self.waited += time.perf_counter() - began
        self.busy += seconds
        return result


def _timed(function: Callable[[Item], Result], item: Item) -> tuple[Result, float]:
    began = time.perf_counter()
    return function(item), time.perf_counter() - began
