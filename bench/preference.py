"""How often the intervals of a study of preference hold the truth, and how often its tests find what is not there.

    python -m bench.preference [--studies 1000] [--seed 0]
    python -m bench.preference --checks [--studies 1000]     # what attention checks cost and save

Studies are drawn from truths in which raters have tastes and photographs suit methods, with places as the study gives
them out. What an interval should hold is the marginal truth over all raters and photographs: the chance that one method
is preferred to another by quadrature, and the strengths that come nearest to all these chances. Figures of a long run
stand in docs/results/preference_statistics.md.
"""

import argparse
import time
from dataclasses import dataclass, field, replace
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from bench.statistics import inside, percent
from reports.preference.estimates import Estimates, estimate
from reports.statistics.bradley_terry import Comparisons, Estimate, contrasts_to_zero
from reports.statistics.clustered import ALPHA
from reports.statistics.paired import holm
from study_app.design import assignment
from study_app.design.assignment import Cast
from study_app.design.study import study_of
from study_app.simulation.comparing import Asked, power, with_preference
from study_app.simulation.effects import EFFECTS_FILE, load_effects

Floats = NDArray[np.float64]
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
FOUR = (0.0, 0.0, 0.6, 1.5)  # twins, a better one, and one that wins about four of five
FIVE = (0.0, 0.0, 0.4, 0.8, 3.0)  # the last as an original is
EQUAL = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Truth:
    """A study's design, and what is behind its answers.

    `strengths` of the methods in the eyes of one rater on one photograph; standard deviations, of each method: between
    raters (`taste`) and between photographs (`suits`). `ties`: Davidson's nu; `side`: what standing left is worth.
    """

    strengths: tuple[float, ...]
    raters: int
    photographs: int
    taste: float = 0.3
    suits: float = 0.5
    ties: float = 0.0
    side: float = 0.0
    methods: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", tuple(f"method_{place}" for place in range(len(self.strengths))))


DESIGNS = {
    "4 methods: 24 raters, 30 photographs": Truth(FOUR, 24, 30),
    "4 methods: 12 raters, 30 photographs": Truth(FOUR, 12, 30),
    "4 methods: 60 raters, 60 photographs": Truth(FOUR, 60, 60),
    "4 methods: 24 x 30, tastes and photographs differ twice as much": Truth(FOUR, 24, 30, 0.6, 1.0),
    "4 methods: 24 x 30, nobody differs": Truth(FOUR, 24, 30, 0, 0),
    "4 methods: 24 x 30, ties": Truth(FOUR, 24, 30, ties=1.0),
    "4 methods: 24 x 30, the left side is liked": Truth(FOUR, 24, 30, side=0.4),
    "4 equal methods: 24 x 30": Truth(EQUAL, 24, 30),
    "5 methods with an original: 20 x 40": Truth(FIVE, 20, 40),
    "2 methods: 20 x 30": Truth((0.0, 0.5), 20, 30),
}


def chances(truth: Truth) -> Floats:
    """(M, M): the marginal chance that a row is preferred to a column, a tie being half, whichever stands left."""
    deviation = np.sqrt(2 * (truth.taste**2 + truth.suits**2))
    gaps = np.subtract.outer(truth.strengths, truth.strengths)[..., None] + deviation * NODES
    return np.asarray((share(gaps + truth.side, truth.ties) + share(gaps - truth.side, truth.ties)) / 2 @ WEIGHTS)


def share(stronger: Floats, ties: float) -> Floats:
    """What the stronger one of two gets of their comparisons in Davidson's model."""
    worth = np.exp(stronger / 2)
    return np.asarray((worth + ties / 2) / (worth + 1 / worth + ties))


def marginal_strengths(truth: Truth) -> Floats:
    """(M,) with mean 0: the strengths that come nearest to the marginal chances, all pairs alike."""
    pairs = list(combinations(range(len(truth.strengths)), 2))
    wanted = np.array([chances(truth)[pair] for pair in pairs])
    steps = np.array([np.eye(len(truth.strengths))[a] - np.eye(len(truth.strengths))[b] for a, b in pairs])
    basis = contrasts_to_zero(len(truth.strengths))
    design, beta = steps @ basis, np.zeros(basis.shape[1])
    for _ in range(50):  # Newton's steps, on so few numbers
        chance = 1 / (1 + np.exp(-design @ beta))
        beta += np.linalg.solve((design.T * (chance * (1 - chance))) @ design, design.T @ (wanted - chance))
    return np.asarray(basis @ beta)


def shown(truth: Truth) -> Comparisons:
    """Which two methods every rater compares on which photograph, as the study gives out places; no answers yet."""
    content = {"protocol": "preference", "dataset": "drawn", "methods": list(truth.methods), "languages": ["en"]}
    study = study_of({**content, "photographs": truth.photographs, "votes_per_cell": 1}, "drawn")
    names = tuple(str(number) for number in range(truth.photographs))
    slots, cast = assignment.slots(study), Cast(names, (), (), ())
    rows = [
        (
            truth.methods.index(one.method),
            truth.methods.index(one.other),
            one.fake_place == 0,
            rater,
            int(one.photograph),
        )
        for rater in range(truth.raters)
        for one in assignment.main_trials(study, cast, slots[rater % len(slots)])
    ]
    first, second, left, raters, photographs = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Comparisons(np.zeros(len(rows)), first, second, left.astype(bool), raters, photographs, len(truth.methods))


def draw(truth: Truth, places: Comparisons, rng: np.random.Generator) -> Comparisons:
    """One study's answers."""
    tastes = rng.normal(0, truth.taste, (truth.raters, places.count))
    suited = rng.normal(0, truth.suits, (truth.photographs, places.count))

    def strength(methods: NDArray[np.int64]) -> Floats:
        own = np.array(truth.strengths)[methods]
        return np.asarray(own + tastes[places.raters, methods] + suited[places.photographs, methods])

    stronger = strength(places.first) - strength(places.second) + np.where(places.left, truth.side, -truth.side)
    worth = np.exp(stronger / 2)
    total = worth + 1 / worth + truth.ties
    drawn = rng.random(len(worth))
    values = np.where(drawn < worth / total, 1.0, np.where(drawn < (worth + truth.ties) / total, 0.5, 0.0))
    return Comparisons(values, *[getattr(places, name) for name in list(vars(places))[1:]])


@dataclass(frozen=True)
class Measured:
    """Shares over simulated studies.

    `strengths`, `shares`: (M,) coverage of each method; `differences`, `cells`: coverage of all pairs together;
    `ranks`: studies whose ranges hold all true ranks; `false`: null differences found; `family`: studies in which Holm
    found a null difference; `misfit`: studies in which strengths are said to fit badly; `without`: studies without an
    estimate, which count for nothing else.
    """

    strengths: Floats
    differences: float
    shares: Floats
    cells: float
    ranks: float
    false: float
    family: float
    misfit: float
    without: float


def measure(truth: Truth, studies: int, seed: int) -> Measured:
    """Draw and estimate."""
    places, rng = shown(truth), np.random.default_rng(seed)
    expected, theta = chances(truth), marginal_strengths(truth)
    pairs = list(combinations(range(places.count), 2))
    nulls = [(a, b) for a, b in pairs if truth.strengths[a] == truth.strengths[b]]
    of_share = [np.delete(row, place).mean() for place, row in enumerate(expected)]
    found = []
    for _ in range(studies):
        got = estimate(draw(truth, places, rng))
        if not np.isfinite(got.strengths.values).all():
            continue
        p = [got.strengths.difference(a, b).p for a, b in nulls]
        found.append(
            {
                "strengths": [held(theta[place], got.strengths.strength(place)) for place in range(places.count)],
                "differences": [held(theta[a] - theta[b], got.strengths.difference(a, b)) for a, b in pairs],
                "shares": [inside(one, got.share(place)) for place, one in enumerate(of_share)],
                "cells": [inside(expected[pair], got.win(place)) for place, pair in enumerate(pairs)],
                "ranks": ranks_hold(theta, got),
                "false": [value < ALPHA for value in p],
                "family": bool((holm(p) < ALPHA).any()) if p else np.nan,
                "misfit": float(got.surplus_p.min() < ALPHA) if np.isfinite(got.surplus_p).all() else np.nan,
            }
        )
    each = {name: np.array([one[name] for one in found], np.float64) for name in found[0]}

    def overall(name: str) -> float:
        return float(np.nanmean(each[name])) if np.isfinite(each[name]).any() else np.nan

    return Measured(
        strengths=each["strengths"].mean(axis=0),
        shares=each["shares"].mean(axis=0),
        differences=overall("differences"),
        cells=overall("cells"),
        ranks=overall("ranks"),
        false=overall("false"),
        family=overall("family"),
        misfit=overall("misfit"),
        without=1 - len(found) / studies,
    )


def held(value: float, found: Estimate) -> bool:
    """Whether an estimate's interval holds a value."""
    return inside(value, (found.low, found.high))


def ranks_hold(theta: Floats, got: Estimates) -> bool:
    """Whether each method's range holds all ranks that are truly its own; equally strong ones share theirs."""
    best, worst = got.strengths.ranks()
    rounded = theta.round(9)
    better = (rounded[None, :] > rounded[:, None]).sum(axis=1)
    alike = (rounded[None, :] == rounded[:, None]).sum(axis=1)
    return bool(((best <= 1 + better) & (worst >= better + alike)).all())


def checks(studies: int, seed: int) -> None:
    """Print the power of 24 volunteers of 38 trials, with and without attention checks among them.

    With them 30 trials compare methods, and careless raters are left out (all of them, the most that checks can do).
    Without them 38 do, and nobody is left out.
    """
    content = {"protocol": "preference", "dataset": "drawn", "methods": ["a", "b", "c", "d"], "languages": ["en"]}
    print("| careless raters | preferred in | 38 comparisons of all | 30 of those who are not careless |")
    print("| ---: | ---: | ---: | ---: |")
    for share, points in product((0.0, 0.08, 0.2, 0.35), (10.0, 15.0)):
        found = []
        for photographs, careless, raters in ((38, share, 24), (30, 0.0, round(24 * (1 - share)))):
            study = study_of({**content, "photographs": photographs, "votes_per_cell": 2}, "drawn")
            effects = load_effects(EFFECTS_FILE, study)
            effects = replace(effects, careless=replace(effects.careless, share=careless))
            asked = Asked("a", "b", ALPHA, studies, seed)
            found.append(power(study, with_preference(study, effects, "a", "b", points), asked, raters) / studies)
        print(f"| {100 * share:.0f} % | {50 + points:.0f} % | {' | '.join(map(percent, found))} |", flush=True)


def main() -> None:
    """Measure all designs and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies for each line")
    parser.add_argument("--seed", type=int, default=0, help="of all studies")
    parser.add_argument("--checks", action="store_true", help="what attention checks cost and save, instead")
    arguments = parser.parse_args()
    if arguments.checks:
        checks(arguments.studies, arguments.seed)
        return
    start = time.perf_counter()
    print(f"Coverage of 95 % intervals and false positives at 5 %, in per cent; {arguments.studies} studies a line.\n")
    heads = [
        "truth",
        "strengths",
        "lowest, highest",
        "differences",
        "shares",
        "wins",
        "ranks",
        "false positives",
        "Holm",
    ]
    heads += ["misfit", "no estimate"]
    print(f"| {' | '.join(heads)} |\n| --- | {' | '.join(['---:'] * (len(heads) - 1))} |")
    for title, truth in DESIGNS.items():
        one = measure(truth, arguments.studies, arguments.seed)
        cells = [title, percent(one.strengths.mean())]
        cells += [f"{percent(one.strengths.min())}, {percent(one.strengths.max())}", percent(one.differences)]
        cells += [percent(value) for value in (one.shares.mean(), one.cells, one.ranks, one.false, one.family)]
        cells += [percent(one.misfit), percent(one.without)]
        print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
