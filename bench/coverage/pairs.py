"""How often intervals of fooling rates hold the truth, and how often 50 % is refuted where it is true.

    python -m bench.coverage.pairs [--studies 1000] [--seed 0]

Studies of pairs are drawn from random-effects truths (`tests.reports.study.simulated_study`) whose marginal rates are
known by quadrature. Figures of a long run stand in docs/results/pairs_statistics.md.
"""

import argparse
import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.statistics import STRONG, ends, inside, percent
from reports.statistics.clustered import ALPHA, fit
from reports.statistics.crossed import crossed_means, share_beyond_zero
from reports.statistics.paired import holm
from reports.study.pairs.rates import CHANCE
from tests.reports.study.simulated_study import Truth, draw, levels_of

# Two methods that nobody can tell from photographs, and those of Zhang, Isola and Efros.
MIXED = {"perfect": 0.5, "twin": 0.5, "zhang": 0.323, "larsson": 0.272}
PERFECT = {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5}
POOR = {"perfect": 0.5, "poor": 0.1, "twin of poor": 0.1, "poorer": 0.05}
DESIGNS = {
    "as study_pairs.yaml: 40 raters, 40 photographs": Truth(MIXED, 40, 40),
    "the same, all at 50 %": Truth(PERFECT, 40, 40),
    "the same, poor methods": Truth(POOR, 40, 40),
    "20 raters, 40 photographs": Truth(MIXED, 20, 40),
    "20 raters, 40 photographs, all at 50 %": Truth(PERFECT, 20, 40),
    "12 raters, 40 photographs, all at 50 %": Truth(PERFECT, 12, 40),
    "40 raters, 20 photographs, all at 50 %": Truth(PERFECT, 40, 20),
    "100 raters, 40 photographs": Truth(MIXED, 100, 40),
    "40 x 40, raters and pictures differ twice as much": Truth(MIXED, 40, 40, **STRONG),  # type: ignore[arg-type]
    "40 x 40, all at 50 %, raters and pictures differ twice as much": Truth(PERFECT, 40, 40, **STRONG),  # type: ignore[arg-type]
    "40 x 40, all at 50 %, raters and pictures do not differ": Truth(PERFECT, 40, 40, False, 0, 0, 0, 0),
}
SHORT = 300  # studies for the crossed bootstrap, which takes longer
RESAMPLES = 2_000


@dataclass(frozen=True)
class Measured:
    """Shares over simulated studies; NaN where there is nothing to count.

    `coverage`: (methods,); `differences`: of all differences between methods. `half`: how often a rate of 50 % is
    refuted, by one test; `family`: studies in which Holm's family of the methods at 50 % refutes any; `found`: how
    often another rate than 50 % is, by Holm over all methods. `null`: how often two equal rates are found different.
    """

    coverage: np.ndarray
    differences: float
    half: float
    family: float
    found: float
    null: float


def clustered(truth: Truth, studies: int, seed: int, own: bool = False) -> Measured:
    """The estimator of the report; `own`: with the degrees of freedom of other means instead."""
    rates, generator, levels = np.array(list(truth.rates.values())), np.random.default_rng(seed), levels_of(truth)
    pairs = list(combinations(range(len(rates)), 2))
    at_half, equal = rates == CHANCE, [(a, b) for a, b in pairs if rates[a] == rates[b]]
    held, between, p_half, p_null = [], [], [], []
    for _ in range(studies):
        drawn = draw(truth, generator, levels=levels)
        fitted = fit(drawn.values[:, 0], **drawn.codes, count=len(rates), graded=False)
        degrees = [None if own else fitted.degrees_if_independent(place) for place in range(len(rates))]
        held.append([inside(rate, fitted.interval(place, degrees=degrees[place])) for place, rate in enumerate(rates)])
        between.append([inside(rates[a] - rates[b], fitted.difference_interval(a, b)) for a, b in pairs])
        p_half.append([fitted.against(place, CHANCE, degrees[place]) for place in range(len(rates))])
        p_null.append([fitted.contrast(a, b).p for a, b in equal])
    p = np.array(p_half)
    return Measured(
        np.mean(held, axis=0),
        float(np.mean(between)),
        share(p[:, at_half] < ALPHA),
        share(np.array([holm(row).min() for row in p[:, at_half]]) < ALPHA),
        share(np.array([holm(row) for row in p])[:, ~at_half] < ALPHA),
        share(np.array(p_null) < ALPHA),
    )


def bootstrapped(truth: Truth, studies: int, seed: int) -> Measured:
    """The cross-check: percentile intervals of the crossed bootstrap."""
    rates, generator, levels = np.array(list(truth.rates.values())), np.random.default_rng(seed), levels_of(truth)
    at_half, held, p = rates == CHANCE, [], []
    for study in range(studies):
        drawn = draw(truth, generator, levels=levels)
        means = crossed_means(drawn.values, **drawn.codes, count=len(rates), seed=study, resamples=RESAMPLES)[:, 0]
        held.append([inside(rate, ends(means[:, place])) for place, rate in enumerate(rates)])
        p.append([share_beyond_zero(means[:, place] - CHANCE) for place in np.flatnonzero(at_half)])
    half = share(np.array(p) < ALPHA)
    return Measured(np.mean(held, axis=0), np.nan, half, np.nan, np.nan, np.nan)


def share(happened: np.ndarray) -> float:
    """The share of trues; NaN of nothing."""
    return float(happened.mean()) if happened.size else float("nan")


def main() -> None:
    """Measure all designs and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies for each line")
    parser.add_argument("--seed", type=int, default=0, help="of all studies")
    arguments = parser.parse_args()
    start = time.perf_counter()
    print(f"In per cent. {arguments.studies} studies a line, {SHORT} of the bootstrap; seed {arguments.seed}.\n")
    print(
        "| truth | estimator | rates | lowest, highest method | differences | 50 % refuted | Holm | not 50 % | equal |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for title, truth in DESIGNS.items():
        lines = {
            "two-way clustered": clustered(truth, arguments.studies, arguments.seed),
            "the same, t of the smaller number - 1": clustered(truth, arguments.studies, arguments.seed, own=True),
            "crossed bootstrap": bootstrapped(truth, min(SHORT, arguments.studies), arguments.seed),
        }
        for name, one in lines.items():
            cells = [title, name, percent(one.coverage.mean())]
            cells += [f"{percent(one.coverage.min())}, {percent(one.coverage.max())}"]
            cells += [percent(value) for value in (one.differences, one.half, one.family, one.found, one.null)]
            print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
