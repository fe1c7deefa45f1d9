"""How often the intervals and the tests of simulated studies are right."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bench.preference.picks import draw_picks, shown_sets, truths_of
from bench.preference.truths import Truth, chances, draw, marginal_strengths, shown
from bench.statistics import inside
from reports.preference.estimates import Estimates, estimate
from reports.statistics.bradley_terry import Comparisons, Estimate
from reports.statistics.clustered import ALPHA
from reports.statistics.luce import Choices
from reports.statistics.paired import holm

Floats = NDArray[np.float64]


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
    rng, count = np.random.default_rng(seed), len(truth.strengths)
    theta, of_share, expected, answered = _planted(truth)
    pairs = list(combinations(range(count), 2))
    nulls = [(a, b) for a, b in pairs if truth.strengths[a] == truth.strengths[b]]
    found = []
    for _ in range(studies):
        got = estimate(answered(rng))
        if not np.isfinite(got.strengths.values).all():
            continue
        p = [got.strengths.difference(a, b).p for a, b in nulls]
        found.append(
            {
                "strengths": [held(theta[place], got.strengths.strength(place)) for place in range(count)],
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


def _planted(truth: Truth) -> tuple[Floats, Floats, Floats, Callable[[np.random.Generator], Comparisons | Choices]]:
    """Strengths (M,), shares (M,), the share of each two (M, M), and what draws a study's answers."""
    if truth.pictures > 2:
        sets = shown_sets(truth)
        return *truths_of(truth, sets), lambda rng: draw_picks(truth, sets, rng)
    places, expected = shown(truth), chances(truth)
    shares = np.array([np.delete(row, place).mean() for place, row in enumerate(expected)])
    return marginal_strengths(truth), shares, expected, lambda rng: draw(truth, places, rng)


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
