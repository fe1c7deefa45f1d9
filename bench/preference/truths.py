"""What is behind the answers of a simulated study of preference, and such studies drawn from it.

Raters have tastes and photographs suit methods, with places as the study gives them out. What an interval should hold
is the marginal truth over all raters and photographs: the chance that one method is preferred to another by quadrature,
and the strengths that come nearest to all these chances.
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from reports.statistics.bradley_terry import Comparisons, contrasts_to_zero
from study_app.design import assignment
from study_app.design.assignment import Cast
from study_app.design.study import study_of

Floats = NDArray[np.float64]
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
FOUR = (0.0, 0.0, 0.6, 1.5)  # twins, a better one, and one that wins about four of five
FIVE = (0.0, 0.0, 0.4, 0.8, 3.0)  # the last as an original is
SIX = (0.0, 0.0, 0.3, 0.6, 0.9, 1.5)
EQUAL = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Truth:
    """A study's design, and what is behind its answers.

    `strengths` of the methods in the eyes of one rater on one photograph; standard deviations, of each method: between
    raters (`taste`) and between photographs (`suits`). `ties`: Davidson's nu; `side`: what standing left is worth, or
    of more than two `pictures` the first place.
    """

    strengths: tuple[float, ...]
    raters: int
    photographs: int
    taste: float = 0.3
    suits: float = 0.5
    ties: float = 0.0
    side: float = 0.0
    pictures: int = 2
    methods: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", tuple(f"method_{place}" for place in range(len(self.strengths))))


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
