"""The design of trials as pure functions: who sees which photograph in which method, and in which order.

An observer sees each photograph once, in one method. A *slot* (block, row) is a row of the Latin square over a block of
photographs: photograph i in method (i + row) mod M. If every slot has equally many sessions, every cell (photograph x
method) has equally many votes.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TypeVar

from pipeline.settings.errors import UserError
from study_app.design.places import SEPARATOR, dealt_places, fake_places
from study_app.design.sets import ways
from study_app.design.study import ORIGINAL, Study
from study_app.design.trials import BROKEN, Trial

Item = TypeVar("Item")
PRACTICE_FAULTS = ("", "oversaturated", "recolored", "bleeding")  # "" is the photograph itself


@dataclass(frozen=True, order=True)
class Slot:
    """One row of the Latin square over one block of photographs."""

    block: int
    row: int


@dataclass(frozen=True)
class Cast:
    """Which photographs are used for what; no photograph is used twice."""

    main: tuple[str, ...]
    broken: tuple[str, ...]
    originals: tuple[str, ...]
    practice: tuple[str, ...]


def generator(*seeds: object) -> random.Random:
    """A random generator that depends on `seeds` alone."""
    return random.Random(int.from_bytes(hashlib.sha256(repr(seeds).encode()).digest()))


def shuffled(items: Iterable[Item], rng: random.Random) -> list[Item]:
    """The items in random order. Python promises the same `random()` for ever, but not the same `shuffle()`."""
    return [item for _, _, item in sorted((rng.random(), index, item) for index, item in enumerate(items))]


def cast_photographs(study: Study, photographs: Iterable[str]) -> Cast:
    """Distribute the photographs by the study's seed; raises `UserError` if there are too few."""
    order = shuffled(sorted(photographs), generator(study.seed, "photographs"))
    counts = (study.photographs, study.catch.broken, study.catch.originals, study.practice)
    if sum(counts) > len(order):
        raise UserError(
            f"the study wants {sum(counts)} photographs ({counts[0]} to judge, {counts[1] + counts[2]} catch items, "
            f"{counts[3]} for practice), but {study.dataset} has {len(order)}; lower `photographs` in study.yaml."
        )
    ends = list(accumulate(counts))
    return Cast(*(tuple(order[end - count : end]) for count, end in zip(counts, ends, strict=True)))


def slots(study: Study) -> list[Slot]:
    """Every slot, in the seeded order by which ties are broken."""
    every = [Slot(block, row) for block in range(study.blocks) for row in range(study.rows)]
    return shuffled(every, generator(study.seed, "slots"))


def main_pictures(study: Study, cast: Cast, slot: Slot) -> list[tuple[str, str]]:
    """The (photograph, method) pairs of a slot; where two methods are compared, both as they stand.

    Of several that one is picked of, each by itself: there are too many ways in which they stand.
    """
    trials = main_trials(study, cast, slot)
    if study.picks_best:
        return [(trial.photograph, method) for trial in trials for method in trial.in_places]
    return [(trial.photograph, trial.cell) for trial in trials]


def main_trials(study: Study, cast: Cast, slot: Slot) -> list[Trial]:
    """What a slot shows of its photographs, in no order."""
    start = slot.block * study.block_size
    block = cast.main[start : start + study.block_size]
    return [_way(study, name, (place + slot.row) % study.rows, place) for place, name in enumerate(block)]


def _way(study: Study, photograph: str, row: int, number: int) -> Trial:
    """One of the ways in which a photograph is shown; `number`: its own in the block.

    Of two methods: each beside the one after it, then each beside the second one after it, and so on. So in any
    len(methods) ways in a row each method stands left once, and right about once. Of more, the places of a way are
    drawn for as many photographs as there are methods, and are the other way round for as many after these.
    """
    count = len(study.methods)
    if study.protocol != "preference":
        return Trial(0, "main", photograph, study.methods[row])
    way = ways(count, study.pictures)[row]
    if study.picks_best:
        turn = number // count
        drawn = shuffled(way, generator(study.seed, "places", turn // 2))
        way = tuple(drawn[:: -1 if turn % 2 else 1])
    names = [study.methods[method] for method in way]
    return Trial(0, "main", photograph, study.methods[min(way)]).arranged(names)


def practice_pictures(cast: Cast, faults: Sequence[str] = PRACTICE_FAULTS) -> list[tuple[str, str]]:
    """The (photograph, fault) pairs of the practice, in the order of showing."""
    return [(name, faults[i % len(faults)]) for i, name in enumerate(cast.practice)]


def breaks(study: Study) -> list[int]:
    """The trials before which a break is offered."""
    return list(range(study.break_every, study.trials, study.break_every)) if study.break_every else []


def session_trials(study: Study, cast: Cast, slot: Slot, number: int) -> list[Trial]:
    """All trials of session `number` in `slot`, in order.

    Catch items and second showings are spread evenly, second showings over the second half. The others are shuffled,
    then swapped until no two neighbours share a method, where that can be.
    """
    rng = generator(study.seed, "session", number)
    count = study.trials
    beside = SEPARATOR.join([ORIGINAL, *spoilt(study)[1:]]) if study.protocol == "preference" else ""
    catch = [Trial(0, "broken", name, ORIGINAL, fault=BROKEN, other=beside) for name in cast.broken]
    catch += [Trial(0, "original", name, ORIGINAL) for name in cast.originals]
    catch_at = spread(len(catch), range(count), rng)
    repeats_at = spread(study.repeats, [p for p in range(count // 2, count) if p not in catch_at], rng)
    main_at = sorted(set(range(count)) - set(catch_at) - set(repeats_at))
    main = main_trials(study, cast, slot)
    order: list[Trial | None] = [None] * count
    for position, trial in zip(catch_at, shuffled(catch, rng), strict=True):
        order[position] = trial
    for position, trial in zip(main_at, shuffled(main, rng), strict=True):
        order[position] = trial
    _separate_neighbours(order, main_at, rng)
    _fill_repeats(order, main_at, repeats_at, rng)
    trials = [replace(trial, position=position) for position, trial in enumerate(order) if trial is not None]
    if study.protocol == "naturalness":
        return trials
    if study.picks_best:
        return _with_places(study, trials, rng)
    if study.protocol == "preference":
        return _with_sides(trials, rng)
    places = fake_places([(trial.fault or trial.method, trial.first) for trial in trials], rng)
    return [replace(trial, fake_place=place) for trial, place in zip(trials, places, strict=True)]


def _with_sides(trials: Sequence[Trial], rng: random.Random) -> list[Trial]:
    """Two methods stand as the design says; a repeat the other way round, and catch items balanced."""
    catch = [trial.position for trial in trials if trial.kind == "broken"]
    places = dict(zip(catch, fake_places([(BROKEN, None)] * len(catch), rng), strict=True))
    exchanged = {trial.position: 1 - (trial.fake_place or 0) for trial in trials if trial.kind == "repeat"}
    return [replace(one, fake_place=(places | exchanged).get(one.position, one.fake_place)) for one in trials]


def _with_places(study: Study, trials: Sequence[Trial], rng: random.Random) -> list[Trial]:
    """Several stand as the design says; in a repeat each in the next place, in catch items the original balanced."""
    catch = [trial.position for trial in trials if trial.kind == "broken"]
    places = dict(zip(catch, dealt_places(len(catch), study.pictures, rng), strict=True))
    placed = []
    for trial in trials:
        if trial.kind == "broken":
            broken = shuffled(spoilt(study), rng)
            place = places[trial.position]
            trial = trial.arranged([*broken[:place], ORIGINAL, *broken[place:]])
        elif trial.kind == "repeat":
            names = trial.in_places
            trial = trial.arranged([names[-1], *names[:-1]])
        placed.append(trial)
    return placed


def spoilt(study: Study) -> list[str]:
    """The faults of a catch item: one, or beside the original of several one less than there are pictures."""
    return [BROKEN, *(f"{BROKEN}_{number}" for number in range(2, study.pictures))]


def spread(count: int, places: Sequence[int], rng: random.Random) -> list[int]:
    """`count` of the ordered `places`: a random place in each of `count` equal sections, never two neighbours."""
    edges = [len(places) * section // count for section in range(count + 1)] if count else []
    return [places[low + int(rng.random() * max(1, high - low - 1))] for low, high in pairwise(edges)]


def _look(trial: Trial | None) -> str | None:
    return None if trial is None else trial.look


def _clashes(order: Sequence[Trial | None], position: int) -> int:
    own = _look(order[position])
    around = [order[place] for place in (position - 1, position + 1) if 0 <= place < len(order)]
    return sum(own is not None and own == _look(other) for other in around)


def _separate_neighbours(order: list[Trial | None], movable: list[int], rng: random.Random) -> None:
    """Swap movable trials as long as that separates neighbours of the same method."""
    improved = True
    while improved:
        improved = False
        for position in movable:
            for other in shuffled(movable, rng) if _clashes(order, position) else []:
                before = _clashes(order, position) + _clashes(order, other)
                order[position], order[other] = order[other], order[position]
                if _clashes(order, position) + _clashes(order, other) < before:
                    improved = True
                    break
                order[position], order[other] = order[other], order[position]


def _fill_repeats(order: list[Trial | None], main_at: list[int], repeats_at: list[int], rng: random.Random) -> None:
    """Choose the repeats: first by distance, then unlike the neighbours, then of the method repeated least."""
    far, used, seen = len(order) // 3, set[int](), Counter[str | None]()
    for place in repeats_at:
        around = {_look(order[p]) for p in (place - 1, place + 1) if p < len(order)}
        candidates = [(p, _look(order[p])) for p in main_at if p < place and p not in used]
        _, first = min(
            ((max(0, far - (place - p)), look in around, seen[look], rng.random()), p) for p, look in candidates
        )
        trial = order[first]
        assert trial is not None
        order[place] = replace(trial, kind="repeat", first=first)
        used.add(first)
        seen[_look(trial)] += 1
