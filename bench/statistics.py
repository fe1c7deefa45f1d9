"""How often the report's intervals hold the truth, and how often its verdicts find what is not there: `make bench`.

    python -m bench.statistics [--studies 1000] [--seed 0]     # the human study
    python -m bench.statistics --trainings [--studies 2000]    # comparisons of networks trained several times

Human studies are drawn from random-effects truths (`tests.reports.study.simulated_study`) whose marginal rates are
known by quadrature; comparisons of networks from `TrainingNoise`. Figures of long runs stand in
docs/results/human_statistics.md and docs/results/training_noise.md.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from scipy.stats import norm, t

from reports.claims.verdicts import Measured as Judged
from reports.claims.verdicts import Verdict, judge
from reports.plan.claims import Check
from reports.statistics.clustered import ALPHA, fit
from reports.statistics.crossed import crossed_means, share_beyond_zero
from reports.statistics.means import Interval
from reports.statistics.paired import compare_columns, holm
from reports.statistics.trainings import Scatter, scatter, widened
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
LONG = 2_000  # comparisons for the bootstrap over photographs
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


@dataclass(frozen=True)
class TrainingNoise:
    """A truth for the difference of two networks, in dB: photographs and trainings crossed, all effects normal.

    `seeds`: trainings of each; `deviations`: between the trainings of each. `of_photographs`: of the difference between
    photographs; `residual`: of one photograph in one training, which is their interaction. `matters`: the smallest
    difference that matters.
    """

    seeds: int
    photographs: int
    deviations: tuple[float, float]
    of_photographs: float = 3.0
    residual: float = 0.5
    matters: float = 1.0


@dataclass(frozen=True)
class Found:
    """Shares over simulated comparisons.

    `coverage`: of intervals that hold the truth, `alone`: of those over photographs alone. `no_difference`: verdicts
    that a difference matters where there is none. `beyond`, `within`: that it matters, or that none does, where it is
    exactly the smallest that matters.
    """

    coverage: float
    alone: float
    no_difference: float
    beyond: float
    within: float

    @property
    def false(self) -> float:
        """The share of the worst kind of false verdicts."""
        return max(self.no_difference, self.beyond, self.within)


TRAININGS = {
    "equal spread": {"deviations": (0.3, 0.3)},
    "unequal spread": {"deviations": (0.4, 0.07)},
    "equal spread, no interaction": {"deviations": (0.3, 0.3), "residual": 0.0},
    "unequal spread, no interaction": {"deviations": (0.4, 0.07), "residual": 0.0},
    "equal spread, strong interaction": {"deviations": (0.3, 0.3), "residual": 2.0},
    "little seed noise": {"deviations": (0.05, 0.05)},
    "no seed noise": {"deviations": (0.0, 0.0)},
}


def over_both(design: TrainingNoise, studies: int, seed: int) -> Found:
    """The report's interval and verdicts, from sufficient statistics.

    Means of normal photographs are independent of their standard deviation.
    """
    generator, n, k = np.random.default_rng(seed), design.photographs, design.seeds
    # Of one photograph's difference, the mean over trainings: the interaction of both sides is in it.
    deviation = np.sqrt(design.of_photographs**2 + 2 * design.residual**2 / k)
    s = deviation * np.sqrt(generator.chisquare(n - 1, studies) / (n - 1))
    halves = t.ppf(1 - ALPHA / 2, n - 1) * s / np.sqrt(n)
    common = generator.normal(0, design.of_photographs / np.sqrt(n), studies)
    sides = [
        generator.normal(0, np.hypot(spread, design.residual / np.sqrt(n)), (studies, k))
        for spread in design.deviations
    ]
    found = []
    for mean, half, a, b in zip(common, halves, *sides, strict=True):
        estimate = mean + a.mean() - b.mean()
        found.append((Interval(estimate, estimate - half, estimate + half), scatter(a, b)))
    return _shares(design, found)


def with_bootstrap(design: TrainingNoise, studies: int, seed: int, resamples: int = 1_000) -> Found:
    """The same with each photograph drawn, from a skewed distribution, and its BCa interval by the bootstrap."""
    generator, n, k = np.random.default_rng(seed), design.photographs, design.seeds
    found = []
    for study in range(studies):
        skewed = design.of_photographs * (generator.exponential(size=(n, 1)) - 1)
        a, b = (
            generator.normal(0, spread, k) + generator.normal(0, design.residual, (n, k))
            for spread in design.deviations
        )
        values = skewed + a
        (compared,) = compare_columns((values.mean(axis=1) - b.mean(axis=1))[:, None], study, resamples)
        trainings = scatter(values.mean(axis=0).tolist(), b.mean(axis=0).tolist())
        found.append((Interval(compared.mean, compared.low, compared.high), trainings))
    return _shares(design, found)


def _shares(design: TrainingNoise, found: Sequence[tuple[Interval, Scatter]]) -> Found:
    """`found`: intervals over photographs of a difference whose truth is 0, and how far trainings move it."""
    joined = [(widened(*one), one[1].half()) for one in found]
    none, edge = ([_verdict(design, *one, truth) for one in joined] for truth in (0.0, design.matters))
    return Found(
        float(np.mean([inside(0, (one.low, one.high)) for one, _ in joined])),
        float(np.mean([inside(0, (one.low, one.high)) for one, _ in found])),
        float(np.mean([verdict in ("supported", "contradicted") for verdict in none])),
        float(np.mean([verdict in ("supported", "contradicted") for verdict in edge])),
        float(np.mean([verdict == "no difference that matters" for verdict in edge])),
    )


def _verdict(design: TrainingNoise, interval: Interval, trainings_half: float, truth: float) -> Verdict:
    test = Check("paired", "psnr_rgb", "a", "b", "above", 0.0, matters=design.matters)
    mean, low, high = (end + truth for end in (interval.mean, interval.low, interval.high))
    return judge(test, Judged(mean, low, high, design.photographs, 0, design.seeds, trainings_half)).verdict


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
    parser.add_argument("--trainings", action="store_true", help="networks trained several times instead")
    arguments = parser.parse_args()
    if arguments.trainings:
        trainings(arguments.studies, arguments.seed)
    else:
        people(arguments.studies, arguments.seed)


def trainings(studies: int, seed: int) -> None:
    """Measure all designs of trainings and print a table."""
    print(f"In per cent. {studies:,} comparisons a line, at most {LONG:,} with the bootstrap; seed {seed}.\n")
    print("| truth | seeds | photographs | coverage | photographs alone | none | beyond | within |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    lines = product(TRAININGS.items(), (3, 5), (200, 1449))
    for line, ((title, options), seeds, photographs) in enumerate(lines):
        design = TrainingNoise(seeds, photographs, **options)  # type: ignore[arg-type]
        _print(title, design, over_both(design, studies, seed + line))
    for title, deviations in {"equal": (0.3, 0.3), "unequal": (0.4, 0.07)}.items():
        design = TrainingNoise(3, 200, deviations)
        found = with_bootstrap(design, min(LONG, studies), seed)
        _print(f"{title} spread, skewed, with the bootstrap", design, found)


def _print(title: str, design: TrainingNoise, found: Found) -> None:
    shares = map(percent, (found.coverage, found.alone, found.no_difference, found.beyond, found.within))
    print(f"| {title} | {design.seeds} | {design.photographs:,} | {' | '.join(shares)} |", flush=True)


def people(studies: int, seed: int) -> None:
    """Measure all designs of the human study and print a table."""
    start = time.perf_counter()
    print(
        "Coverage of 95 % intervals and false positives at 5 %, in per cent; `alike`: studies in which a method got one"
    )
    print(f"answer alone. {studies} studies a line, {SHORT} of the bootstrap; seed {seed}.\n")
    print("| truth | estimator | means | lowest, highest method | differences | false positives | Holm | alike |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for title, truth in DESIGNS.items():
        lines = {"two-way clustered": clustered(truth, studies, seed)}
        if truth.scale == 1 and truth.rates is PAPER:
            lines["two-way clustered, naturalness"] = clustered(truth, studies, seed, criteria=3)
        if truth.scale == 1:
            lines["as if independent"] = pooled(truth, studies, seed)
        lines["crossed bootstrap"] = bootstrapped(truth, min(SHORT, studies), seed)
        for name, one in lines.items():
            cells = [title, name, percent(one.coverage.mean())]
            cells += [f"{percent(one.coverage.min())}, {percent(one.coverage.max())}"]
            cells += [percent(value) for value in (one.difference_coverage, one.false, one.family, one.alike.max())]
            print(f"| {' | '.join(cells)} |", flush=True)
    found = percent(power(GAP, studies, seed))
    print(f"\nA gap of 12 points (60 and 72 %) is found in {found} % of studies of 20 raters and 60 photographs.")
    print(f"\n{time.perf_counter() - start:.0f} s")


def percent(share: float) -> str:
    """One decimal, a dash for nothing."""
    return "-" if np.isnan(share) else f"{100 * share:.1f}"


if __name__ == "__main__":
    main()
