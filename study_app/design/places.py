"""Where the colorization stands in each pair of a session, left or right: balanced, and not to be guessed."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

PLACES = 2
Item = TypeVar("Item")


def fake_places(trials: Sequence[tuple[str, int | None]], rng: random.Random) -> list[int]:
    """0 (left) or 1 (right) for every trial, given as (method, trial of the first showing or None).

    Within one of each other, in every method and in the whole session; so are the places of the pairs that come again.
    The second showing has the sides exchanged: whoever knows the place only, and not the picture, disagrees.
    """
    again = {first for _, first in trials if first is not None}
    methods: dict[str, list[int]] = defaultdict(list)
    for trial, (method, first) in enumerate(trials):
        if first is None:
            methods[method].append(trial)
    places: dict[int, int] = {}
    dealt = int(rng.random() * PLACES)
    lean = 0  # of the pairs that come again: how many more stand right than left
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


def _shuffled(items: list[Item], rng: random.Random) -> list[Item]:
    return sorted(items, key=lambda _: rng.random())
