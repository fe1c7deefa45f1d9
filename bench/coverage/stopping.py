"""How often studies that stop by themselves are wrong, how many volunteers that saves, and what may be reported then.

    python -m bench.coverage.stopping [--studies 2000] [--seed 0] [--null | --effects]

Studies are drawn as `huebench study check` draws them (`study_app.simulation`). Figures of a long run stand in
docs/results/stopping.md.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import t

from bench.statistics import percent
from reports.statistics.clustered import ALPHA
from reports.statistics.stopping import Contrast, Estimate, Rule, decided, looks
from study_app.design.study import Study, study_of
from study_app.simulation.effects import EFFECTS_FILE, Careless, ColorBlind, Effects, Spread, load_effects
from study_app.simulation.population import draw_population
from study_app.simulation.power.contrast import chance_p_value, p_value
from study_app.simulation.power.stopping import Plan, planned, with_contrast

FOUR, NODES = ("a", "b", "c", "d"), np.polynomial.hermite_e.hermegauss(80)
FEWER = 2  # the usual test at every look takes long: half of the studies must do
CALM, WILD = Spread(0.0, 0.0, 0.0), Spread(1.4, 1.0, 1.0)


@dataclass(frozen=True)
class Design:
    """A study with a rule; `spread`: of raters and photographs, if not that of effects.yaml; `careless`: are some?"""

    protocol: str
    photographs: int = 30
    largest: int = 60
    methods: tuple[str, ...] = FOUR
    between: tuple[str, ...] = ("a", "b")
    criterion: str = ""
    more: tuple[tuple[str, Any], ...] = ()
    spread: Spread | None = None
    careless: bool = False

    def plan(self) -> Plan:
        """The study, and who sees what."""
        content: dict[str, Any] = {
            "protocol": self.protocol,
            "dataset": "drawn",
            "methods": list(self.methods),
            "languages": ["en"],
        }
        content |= {"photographs": self.photographs, "votes_per_cell": self.largest, **dict(self.more)}
        rule = {"between": list(self.between), "largest": self.largest, "criterion": self.criterion}
        study = study_of({**content, "stops": rule}, "drawn")
        assert study.stops is not None
        return planned(study, study.stops)

    def effects(self, study: Study, points: float) -> Effects:
        """What is planted."""
        effects = load_effects(EFFECTS_FILE, study)
        if self.spread is not None:
            effects = replace(effects, spread=self.spread)
        if not self.careless:
            effects = replace(effects, careless=Careless(0.0, 0.0, 250), color_blind=ColorBlind(0.0, 1.0, 1.0))
        assert study.stops is not None
        return with_contrast(study, study.stops, effects, points)


ONE = "edge_keeping"
NULLS = {
    "naturalness, all criteria: 60 volunteers, 30 photographs": Design("naturalness"),
    "the same, one criterion": Design("naturalness", criterion=ONE),
    "the same, with careless and colour-blind volunteers, nobody flagged": Design(
        "naturalness", criterion=ONE, careless=True
    ),
    "60 x 30, volunteers and photographs differ twice as much": Design("naturalness", criterion=ONE, spread=WILD),
    "60 x 30, nobody differs": Design("naturalness", criterion=ONE, spread=CALM),
    "60 x 12": Design("naturalness", 12, criterion=ONE),
    "60 x 60, a third of them to each volunteer": Design(
        "naturalness", 60, criterion=ONE, more=(("photographs_per_session", 20),)
    ),
    "20 x 30": Design("naturalness", largest=20, criterion=ONE),
    "200 x 60": Design("naturalness", 60, 200, criterion=ONE),
    "60 x 30, two methods": Design("naturalness", methods=("a", "b"), criterion=ONE),
    "60 x 30, graded 0-100": Design("naturalness", criterion=ONE, more=(("scale", "0-100"),)),
    "real or fake, one method and 50 %: 60 x 40": Design("pairs", 40, between=("a",)),
    "the same, everybody guesses": Design("pairs", 40, between=("a",), spread=CALM),
    "real or fake, two methods: 60 x 40": Design("pairs", 40),
    "preference, four methods: 60 x 30": Design("preference"),
    "preference, two methods: 60 x 30": Design("preference", methods=("a", "b")),
    "preference, three methods, ties: 60 x 30": Design("preference", methods=("a", "b", "c"), more=(("ties", True),)),
    "preference, four methods: 60 x 30, nobody differs": Design("preference", spread=CALM),
}
EFFECTS = {
    "naturalness, one criterion: 60 x 30": (Design("naturalness", criterion=ONE), (-5.0, -8.0, -10.0, -15.0)),
    "real or fake, one method and 50 %: 60 x 40": (Design("pairs", 40, between=("a",)), (-8.0, -12.0, -18.0)),
    "real or fake, two methods: 60 x 40": (Design("pairs", 40), (-6.0, -10.0, -15.0)),
    "preference, four methods: 60 x 30": (Design("preference"), (-6.0, -12.0, -18.0)),
    "preference, two methods: 60 x 30": (Design("preference", methods=("a", "b")), (-6.0, -10.0, -15.0)),
}


def drawn(plan: Plan, effects: Effects, studies: int, seed: int) -> Iterator[Contrast]:
    """The contrasts of simulated studies."""
    for study in range(studies):
        yield plan.draw(effects, np.random.default_rng([seed, study]))


def plain(seen: Contrast, found: Estimate) -> float:
    """The two-sided p of the usual test, of a study whose size was fixed.

    Of two means and of one against 50 % that of the report (`study_app.simulation.power.contrast`). Of preferences
    Student's t of the same estimate by the report's two-way variance, since its strengths would take minutes for all
    looks.
    """
    if len(seen.weights) == 2:
        return p_value(seen.cells == 1, seen.values, seen.raters, seen.photographs)
    if seen.null == 0.5 and seen.weights.tolist() == [1.0]:
        return chance_p_value(seen.values, seen.raters, seen.photographs)
    return float(2 * t.sf(abs(found.value) / np.sqrt(two_way(seen)), found.degrees))


def two_way(seen: Contrast) -> float:
    """The variance as the report has it: clustered both ways, or the larger one-way variance where that is negative."""
    counts = np.bincount(seen.cells)
    means = np.bincount(seen.cells, seen.values) / counts
    influence = (seen.weights / counts)[seen.cells] * (seen.values - means[seen.cells])
    answers = len(influence)
    parts = []
    for codes in (seen.raters, seen.photographs, np.arange(answers)):
        groups = np.count_nonzero(np.bincount(codes))
        correction = groups / (groups - 1) * (answers - 1) / (answers - len(counts))
        parts.append(float(np.square(np.bincount(codes, influence)).sum() * correction))
    variance = parts[0] + parts[1] - parts[2]
    return variance if variance > 0 else max(parts[:2])


def null_line(design: Design, studies: int, seed: int) -> list[float]:
    """Shares of studies in which equal methods are found different: by the rule; by its intervals without the part of
    photographs; by the usual test at every look; by the usual test at the end."""
    plan = design.plan()
    rule, effects = plan.stops.rule, design.effects(plan.study, 0.0)
    found = np.full((studies, 4), np.nan)
    for place, seen in enumerate(drawn(plan, effects, studies, seed)):
        every = list(looks(seen, rule))
        found[place, :2] = decided(every, rule) is not None, decided(map(of_raters_alone, every), rule) is not None
        if place < studies // FEWER:
            p = np.array([plain(seen.of_first(one.raters), one) for one in every])
            found[place, 2:] = (p < ALPHA).any(), p[-1] < ALPHA
    return list(np.nanmean(found, axis=0))


def of_raters_alone(found: Estimate) -> Estimate:
    """As if these photographs were all there are."""
    own = max(found.variance - found.lasting, 1e-12)
    return Estimate(found.raters, found.value, own, 0.0, found.raters - 1)


def effect_line(design: Design, points: float, studies: int, seed: int) -> list[float]:
    """Of a difference that is there: `decided`, mean volunteers, those of a fixed size with the same power.

    Then of where it stopped, of all studies and of early ones (before half of the largest number): by how much the
    estimate is too large, how many of the usual intervals and of the rule's hold the truth.
    """
    plan = design.plan()
    rule, effects = plan.stops.rule, design.effects(plan.study, points)
    truth = planted(plan, effects, points)
    powers = np.zeros(rule.largest + 1)
    ends = []
    for place, seen in enumerate(drawn(plan, effects, studies, seed)):
        every = list(looks(seen, rule))
        if place < studies // FEWER:
            for one in every:
                powers[one.raters] += plain(seen.of_first(one.raters), one) < ALPHA
        end = decided(every, rule)
        last = end or every[-1]
        ends.append((end is not None, *at_end(last, two_way(seen.of_first(last.raters)), rule, truth)))
    found = np.array(ends, np.float64)
    share = found[:, 0].mean()
    fixed = fixed_size(powers / (studies // FEWER), share)
    early = found[found[:, 1] < rule.largest / 2]
    bias = [float(100 * np.sign(truth) * rows[:, 2].mean()) if len(rows) > 20 else np.nan for rows in (found, early)]
    held = [float(rows[:, column].mean()) if len(rows) > 20 else np.nan for column in (3, 4) for rows in (found, early)]
    return [share, found[:, 1].mean(), fixed, len(early) / studies, *bias, *held]


def fixed_size(powers: np.ndarray, wanted: float) -> float:
    """The size whose power is the wanted one, of simulated powers of each size, which go up and down a little.

    Halfway from the first that has it to the one from which on all have it.
    """
    has = powers >= wanted
    if not has[-1]:
        return float(len(powers) - 1)
    return float(has.argmax() + len(powers) - has[::-1].argmin()) / 2


def at_end(end: Estimate, variance: float, rule: Rule, truth: float) -> tuple[float, float, float, float]:
    """Volunteers, the error of the estimate, and whether the usual interval and the rule's hold the truth."""
    usual = t.ppf(1 - ALPHA / 2, end.degrees) * np.sqrt(variance)
    error = end.value - truth
    return end.raters, error, float(abs(error) <= usual), float(abs(error) <= rule.reach(end))


def planted(plan: Plan, effects: Effects, points: float) -> float:
    """The contrast over all volunteers and photographs; of preferences by quadrature."""
    if plan.study.protocol != "preference":
        return points / 100
    population = draw_population(plan.study, effects, ("0",), 1, np.random.default_rng(0))
    strengths = population.intercepts[:, 0]
    nodes, weights = NODES
    deviation = effects.spread.photographs_by_method * np.sqrt(2)

    def share(one: int, other: int) -> float:
        stronger = strengths[one] - strengths[other] + deviation * nodes
        tie = effects.ties if plan.study.ties else 0.0
        chance = (np.exp(stronger / 2) + tie / 2) / (2 * np.cosh(stronger / 2) + tie) if tie else expit(stronger)
        return float(chance @ weights / weights.sum())

    first, second = (plan.study.methods.index(name) for name in plan.stops.between)
    places = range(len(plan.study.methods))
    means = [np.mean([share(one, other) for other in places if other != one]) for one in (second, first)]
    return float(means[0] - means[1])


def nulls(studies: int, seed: int) -> None:
    """Print how often equal methods are found different."""
    print("| equal methods | rule | without photographs | usual test, at every look | usual test, once |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for title, design in NULLS.items():
        print(f"| {title} | {' | '.join(map(percent, null_line(design, studies, seed)))} |", flush=True)


def effects(studies: int, seed: int) -> None:
    """Print what stopping saves, and how good what is reported then is."""
    heads = ["truth", "points", "decided", "volunteers", "fixed size", "early", "too large by", "early"]
    heads += ["usual interval holds", "early", "rule's interval holds", "early"]
    print(f"| {' | '.join(heads)} |\n| --- | {' | '.join(['---:'] * (len(heads) - 1))} |")
    for title, (design, differences) in EFFECTS.items():
        for points in differences:
            share, raters, fixed, early, *rest = effect_line(design, points, studies, seed)
            cells = [title, f"{points:g}", percent(share), f"{raters:.1f}", f"{fixed:.0f}", percent(early)]
            cells += [f"{value:+.1f}" if np.isfinite(value) else "-" for value in rest[:2]]
            cells += [percent(value) for value in rest[2:]]
            print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=2000, help="simulated studies for each line")
    parser.add_argument("--seed", type=int, default=0)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--null", action="store_true", help="equal methods only")
    which.add_argument("--effects", action="store_true", help="different methods only")
    arguments = parser.parse_args()
    start = time.perf_counter()
    if not arguments.effects:
        nulls(arguments.studies, arguments.seed)
    if not arguments.null:
        effects(arguments.studies, arguments.seed)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
