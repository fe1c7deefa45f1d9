"""What is behind the answers of a simulated study that picks the best of several pictures, and such studies.

As in `truths`: raters have tastes, and photographs suit methods. The marginal chances of a set of methods have no
formula; they are means over quasi-random tastes.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import norm
from scipy.stats.qmc import Sobol

from bench.preference.truths import Truth
from reports.statistics.luce import Choices, conditional_logit, regressors
from study_app.design.study import study_of
from study_app.simulation.power import picking

Floats = NDArray[np.float64]
POINTS = 15  # 2 to this power of tastes


def shown_sets(truth: Truth) -> Choices:
    """Which pictures every rater sees, as the study gives out places; no answers yet."""
    content: dict[str, Any] = {
        "protocol": "preference",
        "dataset": "drawn",
        "methods": list(truth.methods),
        "languages": ["en"],
    }
    content |= {"pictures": truth.pictures, "photographs": truth.photographs, "votes_per_cell": 1}
    return picking.shown(study_of(content, "drawn"), truth.raters)


def draw_picks(truth: Truth, sets: Choices, rng: np.random.Generator) -> Choices:
    """One study's answers."""
    tastes = rng.normal(0, truth.taste, (truth.raters, sets.count))
    suited = rng.normal(0, truth.suits, (truth.photographs, sets.count))
    own = np.array(truth.strengths)[sets.shown]
    own = own + tastes[sets.raters[:, None], sets.shown] + suited[sets.photographs[:, None], sets.shown]
    own[:, 0] += truth.side
    return replace(sets, picked=np.argmax(own + rng.gumbel(size=own.shape), axis=1))


@cache
def _tastes(methods: int) -> Floats:
    """(points, M) of standard normal variables."""
    drawn = Sobol(methods, rng=np.random.default_rng(0)).random_base2(POINTS)
    return np.asarray(norm.ppf(np.clip(drawn, 1e-9, 1 - 1e-9)))


def chances_of(truth: Truth, shown: NDArray[np.int64]) -> Floats:
    """(N, K): the marginal chance that each of the pictures in a place is picked."""
    deviation = np.sqrt(truth.taste**2 + truth.suits**2)
    strengths = np.array(truth.strengths) + deviation * _tastes(len(truth.strengths))
    kinds, places = np.unique(shown, axis=0, return_inverse=True)
    first = truth.side * (np.arange(shown.shape[1]) == 0)
    chances = [softmax(strengths[:, methods] + first, axis=1).mean(axis=0) for methods in kinds]
    return np.array(chances)[places]


def truths_of(truth: Truth, sets: Choices) -> tuple[Floats, Floats, Floats]:
    """What there is to find: strengths (M,), those that come nearest to the marginal chances; the chance of each method
    to be picked (M,); of each two, how often the first is picked of the picks of either (M, M)."""
    chances = chances_of(truth, sets.shown)
    design, basis, _ = regressors(sets.shown, sets.count)
    fitted = conditional_logit(design, chances)
    assert fitted is not None
    at_all = np.bincount(sets.shown.ravel(), chances.ravel()) / np.bincount(sets.shown.ravel())
    won = np.zeros((sets.count, sets.count))
    for place in range(sets.pictures):
        np.add.at(won, (sets.shown[:, [place]], sets.shown), chances[:, [place]])
    with np.errstate(invalid="ignore"):
        return basis @ fitted.coefficients, at_all, won / (won + won.T)
