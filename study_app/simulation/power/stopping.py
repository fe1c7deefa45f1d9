"""When a study with a stopping rule stops, by simulation in memory: what `huebench study check` says of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from reports.statistics.stopping import Contrast, decided, looks
from study_app.design.stops import Answered, Stops, contrast
from study_app.design.study import Study
from study_app.simulation.effects import Effects, completed
from study_app.simulation.population import draw_population
from study_app.simulation.power import comparing
from study_app.simulation.power.curve import CHANCE, given, shown, with_difference


@dataclass(frozen=True)
class Plan:
    """What the volunteers of a study see, up to the largest number of the rule, without their answers."""

    study: Study
    stops: Stops
    places: comparing.Comparisons | None
    raters: np.ndarray
    photographs: np.ndarray
    methods: np.ndarray

    def draw(self, effects: Effects, rng: np.random.Generator) -> Contrast:
        """One study's contrast, in the order in which volunteers come."""
        if self.places is not None:
            return _contrast(self, comparing.answered(self.study, effects, self.places, self.stops.largest, rng).values)
        names = [str(number) for number in range(self.study.photographs)]
        population = draw_population(self.study, effects, names, self.stops.largest, rng)
        values = given(population, self.raters, self.photographs, self.methods, rng)
        criteria = [criterion.name for criterion in self.study.criteria]
        asked = [criteria.index(self.stops.criterion)] if self.stops.criterion else list(range(len(criteria)))
        return _contrast(self, values[:, asked].mean(axis=1))


def planned(study: Study, stops: Stops) -> Plan:
    """Places given out in turn, as the running study does."""
    if study.protocol == "preference":
        places = comparing.shown(study, stops.largest)
        return Plan(study, stops, places, places.raters, places.photographs, places.first)
    names = tuple(str(number) for number in range(study.photographs))
    raters, photographs, methods = shown(study, names, stops.largest)
    kept = np.isin(methods, [study.methods.index(name) for name in stops.between])
    return Plan(study, stops, None, raters[kept], photographs[kept], methods[kept])


def with_contrast(study: Study, stops: Stops, effects: Effects, points: float) -> Effects:
    """The effects with the second method `points` above the first, or the only one above 50 %; all others alike.

    Of preferences: preferred to the first in 50 + `points` per cent.
    """
    effects = completed(replace(effects, rates={}), study)
    if study.protocol == "preference":
        return comparing.with_preference(study, effects, stops.between[0], stops.between[1], points)
    first, second = stops.between if len(stops.between) > 1 else (CHANCE, stops.between[0])
    return with_difference(study, effects, first, second, points)


def ends(plan: Plan, effects: Effects, repeats: int, seed: int) -> Iterator[tuple[str, int]]:
    """Of each simulated study what it decides, "" if nothing, and after how many volunteers it stops."""
    rule = plan.stops.rule
    for repeat in range(repeats):
        found = decided(looks(plan.draw(effects, np.random.default_rng([seed, repeat])), rule), rule)
        yield ("", rule.largest) if found is None else (rule.decision(found), found.raters)


def _contrast(plan: Plan, values: np.ndarray) -> Contrast:
    others = None if plan.places is None else plan.places.second
    return contrast(plan.stops, plan.study, Answered(plan.methods, others, values, plan.raters, plan.photographs))
