"""Which methods stand beside each other, and where: all ways in which a photograph is shown.

A way is a tuple of methods' numbers by place. The ways come in turns of one for each method: a first set of numbers,
and the same with 1, 2, ... added to each, modulo the number of methods. So within a turn every method stands in every
place once, and two methods meet as often as the distance between their numbers occurs in the first set (a difference
family, Bose 1939, Annals of Eugenics 9:353). First sets are added until all distances occur equally often.
"""

from functools import cache
from itertools import combinations

Way = tuple[int, ...]
Meetings = tuple[int, ...]
MOST_SUMS = 60  # of distances that are followed at once


@cache
def ways(count: int, size: int) -> tuple[Way, ...]:
    """All ways to show `size` of `count` methods. Of two, each stands beside each other one, either way round."""
    firsts = [(0, step) for step in range(1, count)] if size == 2 else first_sets(count, size)
    return tuple(tuple((start + step) % count for step in first) for first in firsts for start in range(count))


def first_sets(count: int, size: int) -> list[Way]:
    """The fewest first sets, at most count - 1, by which every two methods meet equally often, or most nearly so."""
    kinds: dict[Meetings, Way] = {}
    for rest in combinations(range(1, count), size - 1):
        kinds.setdefault(meetings((0, *rest), count), (0, *rest))
    sums: dict[Meetings, list[Way]] = {(0,) * (count // 2): []}
    best: list[Way] = []
    least = float("inf")  # of unevenness, beside how often two methods meet at all
    for turns in range(1, count):
        longer: dict[Meetings, list[Way]] = {}
        for met, chosen in sums.items():
            for more, first in kinds.items():
                added = [one + other for one, other in zip(met, more, strict=True)]
                longer.setdefault(tuple(one - min(added) for one in added), [*chosen, first])
        sums = dict(sorted(longer.items(), key=lambda one: max(one[0]))[:MOST_SUMS])
        unevenness, chosen = min(((max(met), chosen) for met, chosen in sums.items()), key=lambda one: one[0])
        if unevenness / turns < least:
            best, least = chosen, unevenness / turns
        if not unevenness:
            break
    return best


def meetings(first: Way, count: int) -> Meetings:
    """How often two methods meet in a turn, by the distance of their numbers: 1, 2, ..., half of `count`."""
    met = [0] * (count // 2)
    for one, other in combinations(first, 2):
        distance = min((one - other) % count, (other - one) % count)
        met[distance - 1] += 2 if 2 * distance == count else 1  # so few pairs are half a turn apart
    return tuple(met)
