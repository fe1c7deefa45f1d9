"""When a study stops by itself: once a contrast that was stated before the first answer is decided."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline.settings.errors import suggestion
from reports.statistics.stopping import Contrast, Floats, Indices, Rule

if TYPE_CHECKING:
    from study_app.design.records import Study

FEWEST = 10  # volunteers; from there on the false positives are measured (docs/results/stopping.md)


@dataclass(frozen=True)
class Stops:
    """`stops` of study.yaml. `between`: two methods, or in pairs one, which is compared with 50 %.

    `criterion`: "" for the mean of all. `smallest`, `largest`: volunteers that count, from which on and up to which one
    looks. `margin`: in points; a contrast that is surely smaller either way is decided, too. `act`: whether the study
    then closes, or only says so.
    """

    between: tuple[str, ...]
    largest: int
    smallest: int = FEWEST
    criterion: str = ""
    alpha: float = 0.05
    margin: float = 0.0
    act: Literal["close", "advise"] = "close"

    @property
    def rule(self) -> Rule:
        """The same for the statistics, whose contrasts are shares."""
        return Rule(self.alpha, self.smallest, self.largest, self.margin / 100)


def mistakes(stops: Stops, study: "Study") -> Iterator[tuple[object, str]]:
    """Every mistake that can be made, as `study._mistakes` has them."""
    names, methods = stops.between, list(study.methods)
    criteria = [criterion.name for criterion in study.criteria]
    alone = study.protocol == "pairs"
    wanted = "two methods, or one to be compared with 50 %" if alone else "two methods"
    odd = len(names) not in ((1, 2) if alone else (2,)) or len(set(names)) < len(names)
    yield study.picks_best, "stops is not for studies of the best of several pictures: it compares means of two."
    yield odd, f"stops.between must name {wanted}."
    for name in names:
        yield name not in methods, f"stops.between names {name!r}; {suggestion(name, methods)}"
    unknown = f"stops.criterion is {stops.criterion!r}; {suggestion(stops.criterion, list(criteria))}"
    yield stops.criterion and stops.criterion not in criteria, unknown
    yield not 0 < stops.alpha <= 0.5, f"stops.alpha is {stops.alpha!r}, but must be above 0 and at most 0.5."
    yield not 0 <= stops.margin < 100, f"stops.margin is {stops.margin!r}, but must be from 0 to less than 100 points."
    few = f"stops.smallest is {stops.smallest}, but must be at least {FEWEST}: with fewer, intervals are too rough."
    yield stops.smallest < FEWEST, few
    less = f"stops.largest is {stops.largest}, but must be at least stops.smallest, which is {stops.smallest}."
    yield stops.largest < stops.smallest, less
    many = f"stops.largest is {stops.largest}, but the study has places for {study.sessions}; raise votes_per_cell."
    yield stops.largest > study.sessions, many


@dataclass(frozen=True)
class Answered:
    """Answers (N,) of volunteers who count, in the order in which they finished.

    `methods`, `others`: places among the study's methods; `others`: what `methods` was compared with, in studies of
    preference. `values`: shares of the scale. `raters`, `photographs`: codes from 0.
    """

    methods: Indices
    others: Indices | None
    values: Floats
    raters: Indices
    photographs: Indices


def contrast(stops: Stops, study: "Study", given: Answered) -> Contrast:
    """The stated contrast, the second method minus the first, of these answers; in shares of the scale.

    Of preferences: by how much the second one's share of preferences exceeds the first one's, where the share is the
    mean over all other methods. Of one method alone: its fooling rate minus 50 %.
    """
    places = [study.methods.index(name) for name in stops.between]
    if given.others is not None:
        return _preferred(places[0], places[1], len(study.methods), given, given.others)
    kept = np.isin(given.methods, places)
    cells = (given.methods == places[-1])[kept].astype(np.int64) if len(places) > 1 else np.zeros(kept.sum(), np.int64)
    weights, null = (np.array([-1.0, 1.0]), 0.0) if len(places) > 1 else (np.array([1.0]), 0.5)
    return Contrast(given.values[kept], cells, given.raters[kept], given.photographs[kept], weights, null)


def _preferred(first: int, second: int, count: int, given: Answered, others: Indices) -> Contrast:
    """A cell for each two methods of which one is in the contrast, with the share that this one gets of them."""
    kept = np.isin(given.methods, (first, second)) | np.isin(others, (first, second))
    left, right, values = given.methods[kept], others[kept], given.values[kept]
    ours = np.where((left == second) | (right == second), second, first)
    opponents = np.where(left == ours, right, left)
    values = np.where(left == ours, values, 1 - values)
    opponent_codes = [place for place in range(count) if place not in (first, second)]
    codes = np.zeros(count, np.int64)  # the cell of both methods is 0
    codes[opponent_codes] = 1 + np.arange(len(opponent_codes))
    cells = codes[opponents] + len(opponent_codes) * ((ours == first) & (codes[opponents] > 0))
    each = 1 / (count - 1)
    weights = np.array([2 * each, *[each] * len(opponent_codes), *[-each] * len(opponent_codes)])
    return Contrast(values, cells, given.raters[kept], given.photographs[kept], weights, each)
