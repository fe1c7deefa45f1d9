"""The power of a study: how often a number of raters finds a difference, by simulation in memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.settings.errors import UserError, suggestion
from study_app.design import assignment
from study_app.design.assignment import Cast
from study_app.design.study import Study
from study_app.simulation.effects import LARGEST_RATE, SMALLEST_RATE, Effects, check_effects
from study_app.simulation.population import Population, draw_population
from study_app.simulation.power.contrast import chance_p_value, p_value

Indices = NDArray[np.int64]
CHANCE, HALF = "50 %", 0.5  # in a study of pairs: the fooling rate of a method that nobody can tell from photographs


@dataclass(frozen=True)
class PowerRow:
    """One point of a power curve. `low` and `high`: 95 % Wilson interval of `power` over the simulated studies."""

    criterion: str
    first: str
    second: str
    rate_first: float
    rate_second: float
    alpha: float
    raters: int
    repeats: int
    found: int
    power: float
    low: float
    high: float


@dataclass(frozen=True)
class Question:
    """The two methods, the level of the test, and how many studies to simulate with up to `most` raters.

    `first` may be `CHANCE`.
    """

    first: str
    second: str
    alpha: float
    repeats: int
    most: int
    seed: int


def with_difference(study: Study, effects: Effects, first: str, second: str, points: float | None) -> Effects:
    """The effects with the second method `points` above the first on every criterion (as planted if None).

    `first` may be `CHANCE`. Raises `UserError` if one of them is no method of the study or no rate has room for the
    difference.
    """
    if first == CHANCE and study.protocol != "pairs":
        raise UserError("--chance is for studies of pairs: of single pictures no share of yes is that of a guess.")
    for method in (first, second):
        if method not in (*study.methods, CHANCE):
            raise UserError(f"the study has no method {method!r}; {suggestion(method, list(study.methods))}")
    if first == second:
        raise UserError("--between needs two different methods.")
    if points is None:
        if all(rate_of(effects, name, first) == of[second] for name, of in effects.rates.items()):
            raise UserError(f"{first} and {second} are planted alike; say how far apart they are, --difference 5.")
        return effects
    rates = {
        criterion.name: {
            **effects.rates[criterion.name],
            second: round(rate_of(effects, criterion.name, first) + points / 100, 10),
        }
        for criterion in study.criteria
    }
    changed = replace(effects, rates=rates)
    try:
        check_effects(changed, study, f"with a difference of {points:g} points")
    except UserError as error:
        raise UserError(f"{error} {_room(study, effects, first)}") from None
    return changed


def _room(study: Study, effects: Effects, first: str) -> str:
    """Which differences from a method can be: those that keep the rate of every criterion in the scale."""
    rates = [rate_of(effects, criterion.name, first) for criterion in study.criteria]
    low, high = 100 * (SMALLEST_RATE - min(rates)), 100 * (LARGEST_RATE - max(rates))
    return f"{first} leaves room for {math.ceil(low):+d} to {math.floor(high):+d} points."


def rate_of(effects: Effects, criterion: str, method: str) -> float:
    """The planted rate of a method, or that of guesses."""
    return HALF if method == CHANCE else effects.rates[criterion][method]


def power_curve(study: Study, effects: Effects, question: Question) -> list[PowerRow]:
    """Simulate; a point every whole round of the Latin square, so that all cells have equally many votes."""
    order = assignment.slots(study)
    sizes = list(range(len(order), question.most + 1, len(order)))
    if not sizes:
        raise UserError(f"one round of the Latin square takes {len(order)} raters; --most is {question.most}.")
    names = [criterion.name for criterion in study.criteria]
    found = np.zeros((len(sizes), len(names)), dtype=int)
    for repeat in range(question.repeats):
        p_values = simulated_study(study, effects, question, sizes, np.random.default_rng([question.seed, repeat]))
        found += p_values < question.alpha
    return [
        _row(name, effects, question, raters, int(found[place, column]))
        for column, name in enumerate(names)
        for place, raters in enumerate(sizes)
    ]


def smallest(rows: Sequence[PowerRow], criterion: str, goal: float) -> int | None:
    """The number of raters from which on the power is at least the goal, None if it is not at the largest."""
    enough = None
    for row in sorted((row for row in rows if row.criterion == criterion), key=lambda row: -row.raters):
        if row.power < goal:
            break
        enough = row.raters
    return enough


def simulated_study(
    study: Study, effects: Effects, question: Question, sizes: Sequence[int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(sizes, criteria) p values of one study after each number of raters."""
    names = tuple(f"photograph {number}" for number in range(study.photographs))
    population = draw_population(study, effects, names, max(sizes), rng)
    raters, photographs, methods = shown(study, names, max(sizes))
    kept = np.isin(methods, [study.methods.index(name) for name in (question.first, question.second) if name != CHANCE])
    raters, photographs, methods = raters[kept], photographs[kept], methods[kept]
    answers = given(population, raters, photographs, methods, rng)
    second, compared = methods == study.methods.index(question.second), question.first != CHANCE
    values = np.empty((len(sizes), len(study.criteria)))
    for place, size in enumerate(sizes):
        among = raters < size
        for column in range(values.shape[1]):
            given_by = answers[among, column], raters[among], photographs[among]
            values[place, column] = p_value(second[among], *given_by) if compared else chance_p_value(*given_by)
    return values


def shown(study: Study, names: tuple[str, ...], raters: int) -> tuple[Indices, Indices, Indices]:
    """Rater, photograph and method of every vote, with places given out in turn as the running study does."""
    cast, order = Cast(names, (), (), ()), assignment.slots(study)
    numbers = {name: number for number, name in enumerate(names)}
    rows = [
        (rater, numbers[photograph], study.methods.index(method))
        for rater in range(raters)
        for photograph, method in assignment.main_pictures(study, cast, order[rater % len(order)])
    ]
    columns = np.array(rows, dtype=np.int64).T
    return columns[0], columns[1], columns[2]


def given(
    population: Population, raters: Indices, photographs: Indices, methods: Indices, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(N, criteria) answers in [0, 1], careless raters' among them: nobody is screened out."""
    maximum = population.study.maximum
    answers = population.answers(population.chances(raters, photographs, methods), rng) / maximum
    kinds = np.array(population.kinds)[raters]
    at_random = rng.integers(maximum + 1, size=answers.shape) / maximum
    answers = np.where((kinds == "random")[:, None], at_random, answers)
    if population.study.protocol == "pairs":  # whoever always presses one side finds the fake in half of the pairs
        return np.where((kinds == "same")[:, None], at_random, answers)
    return np.where((kinds == "same")[:, None], 1.0, answers)


def _row(criterion: str, effects: Effects, question: Question, raters: int, found: int) -> PowerRow:
    rates = [rate_of(effects, criterion, method) for method in (question.first, question.second)]
    return point(criterion, (rates[0], rates[1]), question, raters, found)


def point(criterion: str, rates: tuple[float, float], question: Question, raters: int, found: int) -> PowerRow:
    """One point of a curve, with its interval. `rates`: of both methods; `found`: of the question's repeats."""
    power, n, z = found / question.repeats, question.repeats, 1.959964
    middle, half = power + z * z / (2 * n), z * np.sqrt(power * (1 - power) / n + (z / (2 * n)) ** 2)
    return PowerRow(
        criterion=criterion,
        **{key: getattr(question, key) for key in ("first", "second", "alpha", "repeats")},
        rate_first=rates[0],
        rate_second=rates[1],
        raters=raters,
        found=found,
        power=power,
        low=float((middle - half) / (1 + z * z / n)),
        high=float((middle + half) / (1 + z * z / n)),
    )
