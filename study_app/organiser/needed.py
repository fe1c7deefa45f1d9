"""How many volunteers a study needs for which difference between two methods, by simulation."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from study_app.design.study import ORIGINAL, Study
from study_app.simulation.effects import Effects, completed
from study_app.simulation.power.comparing import Asked, power, sizes, with_preference
from study_app.simulation.power.curve import CHANCE, Question, power_curve, rate_of, smallest, with_difference

GOAL = 0.8  # the chance of finding a difference that is there
ALPHA = 0.05
POINTS = (15.0, 10.0, 5.0, 3.0)  # by which the second method is below the first
MOST = 100  # volunteers to try, or as many as the study plans


def needed(study: Study, effects: Effects, repeats: int, seed: int) -> Iterator[str]:
    """A line for each difference, computed one after the other."""
    if study.protocol == "preference":
        yield from _of_preferences(study, effects, repeats, seed)
    else:
        yield from _of_rates(study, effects, repeats, seed)


def _of_preferences(study: Study, effects: Effects, repeats: int, seed: int) -> Iterator[str]:
    """Between two methods of equal strength but for the difference; the first two that are not the original."""
    first, second = [*(name for name in study.methods if name != ORIGINAL), ORIGINAL][:2]
    effects = completed(replace(effects, rates={}), study)
    asked = Asked(first, second, ALPHA, repeats, seed)
    tried = sizes(study, max(MOST, study.sessions))
    for points in POINTS:
        changed = with_preference(study, effects, first, second, points)
        powers: dict[int, float] = {}

        def reached(raters: int, changed: Effects = changed, powers: dict[int, float] = powers) -> bool:
            powers[raters] = power(study, changed, asked, raters) / repeats
            return powers[raters] >= GOAL

        reached(study.sessions)
        place = bisect_left(tried, True, key=reached)  # power grows with raters
        number = f"more than {tried[-1]}" if place == len(tried) else str(tried[place])
        own = 100 * powers[study.sessions]
        found = f"the {study.sessions} of this file find it in {own:.0f} % of studies"
        better = "picked rather than another" if study.picks_best else "preferred"
        yield f"{better} in {50 + points:.0f} %: {number}; {found}"
    yield f"at alpha {ALPHA:g}, for a chance of {100 * GOAL:.0f} %; one of all pairs, raters as in effects.yaml"


def _of_rates(study: Study, effects: Effects, repeats: int, seed: int) -> Iterator[str]:
    """Between the first two methods, on the first criterion: with the default rates, all criteria are alike.

    In pairs: between a guess, which is 50 %, and the first method.
    """
    first, second = [*(name for name in study.methods if name != ORIGINAL), ORIGINAL][:2]
    if study.protocol == "pairs":
        first, second = CHANCE, first
    study = replace(study, criteria=study.criteria[:1])
    effects = completed(replace(effects, rates={}), study)
    (name,) = effects.rates
    rate = 100 * rate_of(effects, name, first)
    a_round = study.sessions // study.votes_per_cell
    most = max(MOST // a_round * a_round, study.sessions, a_round)
    question = Question(first, second, ALPHA, repeats, most, seed)
    for points in POINTS:
        rows = power_curve(study, with_difference(study, effects, first, second, -points), question)
        enough = smallest(rows, name, GOAL)
        (own,) = (row for row in rows if row.raters == study.sessions)
        what = f"{points:2.0f} points ({rate:.0f} and {rate - points:.0f} %)"
        number = f"more than {most}" if enough is None else str(enough)
        yield f"{what}: {number}; the {study.sessions} of this file find it in {100 * own.power:.0f} % of studies"
    yield f"at alpha {ALPHA:g}, for a chance of {100 * GOAL:.0f} %; one criterion, raters as in effects.yaml"
