"""The power of a study that picks the best of several pictures: how often two methods are found different.

The test is that of the analysis (`reports.statistics.luce`), of the difference of two strengths.
"""

from dataclasses import replace

import numpy as np

from reports.statistics.luce import Choices, fit_luce
from study_app.design import assignment
from study_app.design.assignment import Cast
from study_app.design.study import Study
from study_app.simulation.effects import Effects
from study_app.simulation.population import draw_population


def shown(study: Study, raters: int) -> Choices:
    """What every rater sees, with places given out in turn as the running study does; no answers yet."""
    cast, order = Cast(tuple(map(str, range(study.photographs))), (), (), ()), assignment.slots(study)
    rows = [
        (rater, int(trial.photograph), *map(study.methods.index, trial.in_places))
        for rater in range(raters)
        for trial in assignment.main_trials(study, cast, order[rater % len(order)])
    ]
    columns = np.array(rows, np.int64)
    nothing = np.zeros(len(rows), np.int64)
    return Choices(columns[:, 2:], nothing, columns[:, 0], columns[:, 1], len(study.methods))


def answered(study: Study, effects: Effects, places: Choices, raters: int, rng: np.random.Generator) -> Choices:
    """The same with answers, careless raters' among them: nobody is screened out."""
    population = draw_population(study, effects, [str(number) for number in range(study.photographs)], raters, rng)
    who, photographs = (np.repeat(column, places.pictures) for column in (places.raters, places.photographs))
    strengths = population.strengths(who, photographs, places.shown.ravel()).reshape(places.shown.shape)
    kinds = np.array(population.kinds)[places.raters]
    picked = population.picks(strengths, rng)
    picked = np.where(kinds == "random", rng.integers(places.pictures, size=len(picked)), picked)
    return replace(places, picked=np.where(kinds == "same", places.pictures - 1, picked))


def p_value(seen: Choices, a: int, b: int) -> float:
    """Two-sided p of "both are equally strong"; 1 where there are no strengths."""
    p = fit_luce(seen).difference(a, b).p
    return p if np.isfinite(p) else 1.0
