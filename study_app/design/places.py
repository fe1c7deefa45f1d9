"""Where pictures stand in the trials of a session: balanced and unpredictable."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

PLACES = 2
SEPARATOR = " | "  # between what stands beside each other
Item = TypeVar("Item")


def fake_places(trials: Sequence[tuple[str, int | None]], rng: random.Random) -> list[int]:
    """0 (left) or 1 (right) for every trial, given as (method, trial of the first showing or None).

    In every method, in the whole session and among the repeated pairs, left and right differ by one at most. A repeat
    has the sides exchanged: an observer who remembers only the side contradicts the first answer.
    """
    again = {first for _, first in trials if first is not None}
    methods: dict[str, list[int]] = defaultdict(list)
    for trial, (method, first) in enumerate(trials):
        if first is None:
            methods[method].append(trial)
    places: dict[int, int] = {}
    dealt = int(rng.random() * PLACES)
    lean = 0  # of the repeated pairs: how many more stand right than left
    for method in _shuffled(list(methods), rng):
        free = [(dealt + step) % PLACES for step in range(len(methods[method]))]
        dealt += len(free)
        free = _shuffled(free, rng)
        for trial in sorted(methods[method], key=lambda one: one not in again):
            wanted = int(lean < 0) if lean else free[0]
            place = wanted if trial in again and wanted in free else free[0]
            free.remove(place)
            places[trial] = place
            lean += (2 * place - 1) * (trial in again)
    return [places[trial] if first is None else 1 - places[first] for trial, (_, first) in enumerate(trials)]


def dealt_places(count: int, places: int, rng: random.Random) -> list[int]:
    """A place for each of `count` trials; no place comes more than once more than another."""
    start = int(rng.random() * places)
    return _shuffled([(start + step) % places for step in range(count)], rng)


def in_places(own: str, others: str, place: int) -> tuple[str, ...]:
    """What stands where: `own` at its place, and around it the others in their order, joined by `SEPARATOR`."""
    names = others.split(SEPARATOR)
    return (*names[:place], own, *names[place:])


def _shuffled(items: list[Item], rng: random.Random) -> list[Item]:
    return sorted(items, key=lambda _: rng.random())
