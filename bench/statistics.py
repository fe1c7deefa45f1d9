"""How often the human study's intervals hold the truth, and how often its tests find what is not there: `make bench`.

    python -m bench.statistics [--studies 1000] [--seed 0]

Studies are drawn from random-effects truths (`tests.reports.study.simulated_study`) whose marginal rates are known by
quadrature. Figures of a long run stand in docs/results/human_statistics.md.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import norm

from reports.statistics.clustered import ALPHA, fit
from reports.statistics.crossed import crossed_means, share_beyond_zero
from reports.statistics.paired import holm
from tests.reports.study.simulated_study import Truth, draw, levels_of

# Rates as in the paper's Table 2, with a twin of `ours` and one of `zhang`: the two differences that are null.
PAPER = {"larsson": 0.868, "zhang": 0.886, "twin_of_zhang": 0.886, "ours": 0.949, "twin_of_ours": 0.949}
PAPER |= {"original": 0.9958}
MIDDLE = {"a": 0.6, "twin_of_a": 0.6, "b": 0.7, "c": 0.85, "twin_of_c": 0.85, "d": 0.5}
HIGH = {"a": 0.99, "twin_of_a": 0.99, "b": 0.985, "c": 0.9969, "twin_of_c": 0.9969}
STRONG = {"of_rater": 1.2, "of_picture": 1.0, "of_taste": 0.7}
DESIGNS = {
    "as study.yaml: 20 raters, 30 photographs": Truth(PAPER, 20, 30),
    "20 raters, 60 photographs": Truth(PAPER, 20, 60),
    "60 raters, 60 photographs": Truth(PAPER, 60, 60),
    "10 raters, 30 photographs": Truth(PAPER, 10, 30),
    "20 x 60, rates about 0.7": Truth(MIDDLE, 20, 60),
    "20 x 60, rates about 0.7, raters and pictures differ twice as much": Truth(MIDDLE, 20, 60, **STRONG),  # type: ignore[arg-type]
    "20 x 60, rates of 0.985 and more": Truth(HIGH, 20, 60),
    "all raters see all: 20 x 24": Truth(PAPER, 20, 24, crossed=True),
    "all raters see all: 20 x 24, rates about 0.7": Truth(MIDDLE, 20, 24, crossed=True),
    "all raters see all: 20 x 12, rates about 0.7": Truth(MIDDLE, 20, 12, crossed=True),
    "graded 0-10: 20 x 60": Truth(PAPER, 20, 60, scale=10),
    "graded 0-100: 20 x 30": Truth(PAPER, 20, 30, scale=100),
}
GAP = Truth({"a": 0.6, "b": 0.72, "twin_of_a": 0.6, "c": 0.85, "d": 0.5, "e": 0.95}, 20, 60)  # 12 points, a to b
SHORT = 300  # studies for the crossed bootstrap, which takes longer
RESAMPLES = 2_000


@dataclass(frozen=True)
class Measured:
    """Shares over simulated studies. `coverage`: (methods,); `false`: of null differences, by test at 5 %.

    `difference_coverage`: of all differences; `family`: studies in which Holm's family, had all been null pairs of it,
    found anything; `alike`: (methods,) how often a method's answers were all alike.
    """

    coverage: np.ndarray
    difference_coverage: float
    false: float
    family: float
    alike: np.ndarray


def null_pairs(truth: Truth) -> list[tuple[int, int]]:
    """Pairs of methods with the same rate."""
    rates = list(truth.rates.values())
    return [(a, b) for a, b in combinations(range(len(rates)), 2) if rates[a] == rates[b]]


def clustered(truth: Truth, studies: int, seed: int, graded: bool | None = None, criteria: int = 1) -> Measured:
    """The primary estimator; of several criteria, of the same rates, that of their mean, which is naturalness."""
    graded = truth.scale > 1 if graded is None else graded
    rates, pairs, nulls = list(truth.rates.values()), list(combinations(range(len(truth.rates)), 2)), null_pairs(truth)
    generator, levels = np.random.default_rng(seed), levels_of(truth)
    held, held_between, false, family, alike = [], [], [], [], []
    for _ in range(studies):
        drawn = draw(truth, generator, criteria, levels)
        fitted = fit(drawn.values.mean(axis=1), **drawn.codes, count=len(rates), graded=graded)
        held.append([inside(rate, fitted.interval(place)) for place, rate in enumerate(rates)])
        held_between.append([inside(rates[a] - rates[b], fitted.difference_interval(a, b)) for a, b in pairs])
        p = [fitted.contrast(a, b).p for a, b in nulls]
        false.append([value < ALPHA for value in p])
        family.append(bool((holm(p) < ALPHA).any()))
        alike.append([fitted.alike(place) for place in range(len(rates))])
    return Measured(
        np.mean(held, axis=0), float(np.mean(held_between)), float(np.mean(false)), float(np.mean(family)),
        np.mean(alike, axis=0),
    )  # fmt: skip


def power(truth: Truth, studies: int, seed: int) -> float:
    """How often the first two methods are found different at 5 %."""
    generator, levels, found = np.random.default_rng(seed), levels_of(truth), 0
    for _ in range(studies):
        drawn = draw(truth, generator, levels=levels)
        found += fit(drawn.values[:, 0], **drawn.codes, count=len(truth.rates), graded=False).contrast(0, 1).p < ALPHA
    return found / studies


def pooled(truth: Truth, studies: int, seed: int) -> Measured:
    """What the estimator is needed for: Wilson's interval and the z test, as if all votes were independent."""
    rates, nulls = list(truth.rates.values()), null_pairs(truth)
    generator, levels = np.random.default_rng(seed), levels_of(truth)
    held, false = [], []
    for _ in range(studies):
        drawn = draw(truth, generator, levels=levels)
        votes = np.bincount(drawn.methods)
        means = np.bincount(drawn.methods, drawn.values[:, 0]) / votes
        held.append([inside(rate, wilson(*pair)) for rate, *pair in zip(rates, means, votes, strict=True)])
        false.append([two_sample_p(means, votes, a, b) < ALPHA for a, b in nulls])
    nothing = np.full(len(rates), np.nan)
    return Measured(np.mean(held, axis=0), np.nan, float(np.mean(false)), np.nan, nothing)


def bootstrapped(truth: Truth, studies: int, seed: int, resamples: int = RESAMPLES) -> Measured:
    """The cross-check: percentile intervals of the crossed bootstrap."""
    rates, pairs, nulls = list(truth.rates.values()), list(combinations(range(len(truth.rates)), 2)), null_pairs(truth)
    generator, levels = np.random.default_rng(seed), levels_of(truth)
    held, held_between, false = [], [], []
    for study in range(studies):
        drawn = draw(truth, generator, levels=levels)
        means = crossed_means(drawn.values, **drawn.codes, count=len(rates), seed=study, resamples=resamples)[:, 0]
        held.append([inside(rate, ends(means[:, place])) for place, rate in enumerate(rates)])
        held_between.append([inside(rates[a] - rates[b], ends(means[:, a] - means[:, b])) for a, b in pairs])
        false.append([share_beyond_zero(means[:, a] - means[:, b]) < ALPHA for a, b in nulls])
    nothing = np.full(len(rates), np.nan)
    return Measured(np.mean(held, axis=0), float(np.mean(held_between)), float(np.mean(false)), np.nan, nothing)


def inside(value: float, interval: Sequence[float]) -> bool:
    """Whether an interval holds a value; its ends belong to it."""
    return interval[0] - 1e-9 <= value <= interval[1] + 1e-9


def ends(resampled: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile interval."""
    low, high = np.quantile(resampled[np.isfinite(resampled)], [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def wilson(mean: float, votes: int) -> tuple[float, float]:
    """Wilson's interval of a share of independent votes."""
    z = norm.ppf(1 - ALPHA / 2)
    center = (mean + z**2 / (2 * votes)) / (1 + z**2 / votes)
    half = z * np.sqrt(mean * (1 - mean) / votes + z**2 / (4 * votes**2)) / (1 + z**2 / votes)
    return center - half, center + half


def two_sample_p(means: np.ndarray, votes: np.ndarray, a: int, b: int) -> float:
    """The z test of two shares of independent votes."""
    share = (means[a] * votes[a] + means[b] * votes[b]) / (votes[a] + votes[b])
    error = np.sqrt(share * (1 - share) * (1 / votes[a] + 1 / votes[b]))
    return 1.0 if error == 0 else float(2 * norm.sf(abs(means[a] - means[b]) / error))


def main() -> None:
    """Measure all designs and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies for each line")
    parser.add_argument("--seed", type=int, default=0, help="of all studies")
    arguments = parser.parse_args()
    seed, start = arguments.seed, time.perf_counter()
    print(
        "Coverage of 95 % intervals and false positives at 5 %, in per cent; `alike`: studies in which a method got one"
    )
    print(f"answer alone. {arguments.studies} studies a line, {SHORT} of the bootstrap; seed {seed}.\n")
    print("| truth | estimator | means | lowest, highest method | differences | false positives | Holm | alike |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for title, truth in DESIGNS.items():
        lines = {"two-way clustered": clustered(truth, arguments.studies, seed)}
        if truth.scale == 1 and truth.rates is PAPER:
            lines["two-way clustered, naturalness"] = clustered(truth, arguments.studies, seed, criteria=3)
        if truth.scale == 1:
            lines["as if independent"] = pooled(truth, arguments.studies, seed)
        lines["crossed bootstrap"] = bootstrapped(truth, min(SHORT, arguments.studies), seed)
        for name, one in lines.items():
            cells = [title, name, percent(one.coverage.mean())]
            cells += [f"{percent(one.coverage.min())}, {percent(one.coverage.max())}"]
            cells += [percent(value) for value in (one.difference_coverage, one.false, one.family, one.alike.max())]
            print(f"| {' | '.join(cells)} |", flush=True)
    found = percent(power(GAP, arguments.studies, seed))
    print(f"\nA gap of 12 points (60 and 72 %) is found in {found} % of studies of 20 raters and 60 photographs.")
    print(f"\n{time.perf_counter() - start:.0f} s")


def percent(share: float) -> str:
    """One decimal, a dash for nothing."""
    return "-" if np.isnan(share) else f"{100 * share:.1f}"


if __name__ == "__main__":
    main()
