"""The power of a study of preference: how often a number of raters finds that one method is preferred to another.

The test is that of the analysis (`reports.statistics.bradley_terry`), of the difference of two strengths. For tens of
thousands of simulated studies it is written out here for one contrast, without the other estimates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import t

from pipeline.settings.errors import UserError, suggestion
from reports.statistics.bradley_terry import Comparisons, contrasts_to_zero, is_connected
from study_app.design import assignment
from study_app.design.assignment import Cast
from study_app.design.study import Study
from study_app.simulation.effects import Effects
from study_app.simulation.population import draw_population
from study_app.simulation.power import picking

Floats = NDArray[np.float64]
STEPS = 25  # of Newton's method at most
CLOSE = 1e-8


@dataclass(frozen=True)
class Asked:
    """Two methods, the level of the test, how many studies to simulate, and their seed."""

    first: str
    second: str
    alpha: float
    repeats: int
    seed: int


def with_preference(study: Study, effects: Effects, first: str, second: str, points: float | None) -> Effects:
    """The effects with the second method preferred to the first in 50 + `points` per cent (as planted if None).

    Raises `UserError` if one of them is no method of the study, or if that cannot be.
    """
    for method in (first, second):
        if method not in study.methods:
            raise UserError(f"the study has no method {method!r}; {suggestion(method, list(study.methods))}")
    if first == second:
        raise UserError("--between needs two different methods.")
    (name,) = effects.rates
    rates = effects.rates[name]
    if points is None:
        if rates[first] == rates[second]:
            raise UserError(f"{first} and {second} are planted alike; say how far from 50 % they are, --difference 5.")
        return effects
    if not -50 < points < 50:
        raise UserError(f"a preference cannot be {50 + points:g} %; --difference is from -50 to 50 points.")
    stronger = float(expit(logit(rates[first]) + logit(0.5 + points / 100)))
    return replace(effects, rates={name: {**rates, second: stronger}})


def planted_share(effects: Effects, first: str, second: str) -> float:
    """How often one rater on one photograph prefers the second to the first, ties left out."""
    (rates,) = effects.rates.values()
    return float(expit(logit(rates[second]) - logit(rates[first])))


def power(study: Study, effects: Effects, asked: Asked, raters: int) -> int:
    """In how many of the simulated studies of so many raters the two methods are found different."""
    pair = study.methods.index(asked.second), study.methods.index(asked.first)
    seeds = [[asked.seed, raters, repeat] for repeat in range(asked.repeats)]
    if study.picks_best:
        sets = picking.shown(study, raters)
        studies = (picking.answered(study, effects, sets, raters, np.random.default_rng(seed)) for seed in seeds)
        return sum(picking.p_value(one, *pair) < asked.alpha for one in studies)
    places = shown(study, raters)
    answers = (answered(study, effects, places, raters, np.random.default_rng(seed)) for seed in seeds)
    return sum(p_value(one, *pair) < asked.alpha for one in answers)


def shown(study: Study, raters: int) -> Comparisons:
    """What every rater compares, with places given out in turn as the running study does; no answers yet."""
    names = tuple(str(number) for number in range(study.photographs))
    cast, order = Cast(names, (), (), ()), assignment.slots(study)
    rows = [
        (study.methods.index(one.method), study.methods.index(one.other), one.fake_place, rater, int(one.photograph))
        for rater in range(raters)
        for one in assignment.main_trials(study, cast, order[rater % len(order)])
    ]
    first, second, place, who, photographs = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Comparisons(np.zeros(len(rows)), first, second, place == 0, who, photographs, len(study.methods))


def answered(study: Study, effects: Effects, places: Comparisons, raters: int, rng: np.random.Generator) -> Comparisons:
    """The same with answers, careless raters' among them: nobody is screened out."""
    population = draw_population(study, effects, [str(number) for number in range(study.photographs)], raters, rng)
    strengths = [population.strengths(places.raters, places.photographs, one) for one in (places.first, places.second)]
    values = population.preferences(strengths[0] - strengths[1], rng) / study.maximum
    kinds = np.array(population.kinds)[places.raters]
    values = np.where(kinds == "random", rng.integers(study.maximum + 1, size=len(values)) / study.maximum, values)
    return replace(places, values=np.where(kinds == "same", ~places.left, values))  # who does not look presses one side


def p_value(seen: Comparisons, a: int, b: int) -> float:
    """Two-sided p of "both are equally strong"; 1 where there are no strengths."""
    if not is_connected(seen.wins):
        return 1.0
    basis = contrasts_to_zero(seen.count)
    steps = (np.eye(seen.count)[seen.first] - np.eye(seen.count)[seen.second]) @ basis
    design = np.column_stack([steps, np.where(seen.left, 1.0, -1.0)])
    coefficients = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = expit(design @ coefficients)
        bread = np.linalg.inv((design.T * (chance * (1 - chance))) @ design)
        step = bread @ (design.T @ (seen.values - chance))
        coefficients += step
        if np.abs(step).max() < CLOSE:
            break
    contrast = np.append(basis[a] - basis[b], 0.0)
    pull = design @ (bread @ contrast)  # what a residual adds to the difference
    variance, degrees = _spread(pull * (seen.values - chance), pull**2 * chance * (1 - chance), seen, len(contrast))
    return float(2 * t.sf(abs(contrast @ coefficients) / np.sqrt(variance), degrees)) if variance > 0 else 1.0


def _spread(influence: Floats, independent: Floats, seen: Comparisons, parameters: int) -> tuple[float, float]:
    """The variance of the sum of influences, clustered both ways as statsmodels has it, and its degrees of freedom."""
    both = seen.raters * (seen.photographs.max() + 1) + seen.photographs
    variances: list[float] = []
    squares: list[float] = []
    count = len(influence)
    for clusters in (seen.raters, seen.photographs, both):
        _, places = np.unique(clusters, return_inverse=True)
        groups = int(places.max()) + 1
        correction = groups / (groups - 1) * (count - 1) / (count - parameters)
        variances.append(float(np.square(np.bincount(places, influence)).sum() * correction))
        squares.append(float(np.square(np.bincount(places, independent)).sum()))
    variance = variances[0] + variances[1] - variances[2]
    most = min(seen.raters.max(), seen.photographs.max())
    degrees = min(float(most), independent.sum() ** 2 / (squares[0] + squares[1] - squares[2]))
    return (variance if variance > 0 else max(variances[:2])), float(degrees)


def sizes(study: Study, most: int) -> Sequence[int]:
    """Numbers of raters to try: whole rounds of the design, so that all cells have equally many votes."""
    a_round = study.blocks * study.rows
    if most < a_round:
        raise UserError(f"one round of the design takes {a_round} raters; --most is {most}.")
    return range(a_round, most + 1, a_round)
