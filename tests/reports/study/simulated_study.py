"""Studies drawn from a random-effects truth whose marginal rates are known: what the statistics are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from pipeline.records.ratings import Participant, Rating
from pipeline.records.rows import write_json, write_rows

ALWAYS: dict[str, Any] = {
    "study": "0f" * 32,
    "version": 1,
    "exposures": 1,
    "hidden": 0,
    "showings": 1,
    "seen_at_most_ms": 3000.0,
    "picture_width": 640.0,
    "picture_height": 480.0,
    "zoom": 1.0,
}
ALWAYS |= {"onset_ms": 10.0, "offset_ms": 3010.0, "shown_ms": 3000.0}
CRITERIA = ("saturability", "semantic_correctness", "edge_keeping")
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)  # quadrature over a standard normal variable
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@dataclass(frozen=True)
class Truth:
    """How studies come about. Rates: method -> marginal share of yes over all raters and photographs.

    The others are standard deviations of normal effects on the logit scale: raters differ, photographs differ, a method
    suits some photographs and some raters better; `shared`: share of each effect's variance that all criteria share.
    `scale`: the largest answer; graded answers are binomial draws of it about a chance that itself varies (`grain`),
    which does not move a mean.
    """

    rates: Mapping[str, float]
    raters: int = 20
    photographs: int = 60
    crossed: bool = False  # every rater sees every photograph in every method, instead of a Latin square
    of_rater: float = 0.7
    of_photograph: float = 0.5
    of_picture: float = 0.5
    of_taste: float = 0.3
    shared: float = 0.5
    scale: int = 1
    grain: float = 8.0

    @property
    def spread(self) -> float:
        """Standard deviation of the sum of all effects."""
        return float(np.sqrt(self.of_rater**2 + self.of_photograph**2 + self.of_picture**2 + self.of_taste**2))


@dataclass(frozen=True)
class Draw:
    """One simulated study: (N,) codes of who saw what in which method, and (N, criteria) answers as shares."""

    methods: NDArray[np.int64]
    raters: NDArray[np.int64]
    photographs: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def codes(self) -> dict[str, NDArray[np.int64]]:
        """As `clustered.fit` takes them."""
        return {"methods": self.methods, "raters": self.raters, "photographs": self.photographs}


def intercept(rate: float, spread: float) -> float:
    """Where on the logit scale the mean over normal effects is `rate`."""
    return float(brentq(lambda at: (WEIGHTS * expit(at + spread * NODES)).sum() - rate, -20, 20))


def levels_of(truth: Truth) -> NDArray[np.float64]:
    """Each method's level on the logit scale (methods,)."""
    return np.array([intercept(rate, truth.spread) for rate in truth.rates.values()])


def draw(truth: Truth, rng: np.random.Generator, criteria: int = 1, levels: NDArray[np.float64] | None = None) -> Draw:
    """Draw raters, photographs and answers. `levels`: as `levels_of`, to save time where many studies are drawn."""
    count = len(truth.rates)
    axes = [np.arange(truth.raters), np.arange(truth.photographs)]
    if truth.crossed:
        rater, photograph, method = np.meshgrid(*axes, np.arange(count), indexing="ij")
    else:
        rater, photograph = np.meshgrid(*axes, indexing="ij")
        method = (rater + photograph) % count
    r, i, m = rater.ravel(), photograph.ravel(), method.ravel()
    levels = levels_of(truth) if levels is None else levels

    def effect(deviation: float, *shape: int) -> NDArray[np.float64]:
        common, own = rng.normal(0, deviation, (*shape, 1)), rng.normal(0, deviation, (*shape, criteria))
        return np.sqrt(truth.shared) * common + np.sqrt(1 - truth.shared) * own

    logits = (
        levels[m, None] + effect(truth.of_rater, truth.raters)[r] + effect(truth.of_photograph, truth.photographs)[i]
    )
    logits += effect(truth.of_picture, truth.photographs, count)[i, m]
    logits += effect(truth.of_taste, truth.raters, count)[r, m]
    chance = expit(logits)
    if truth.scale == 1:
        values = (rng.random(chance.shape) < chance).astype(np.float64)
    else:
        chance = rng.beta(truth.grain * chance, truth.grain * (1 - chance))
        values = rng.binomial(truth.scale, chance) / truth.scale
    return Draw(m, r, i, values)


def write_export(
    folder: Path, truth: Truth, seed: int, simulated: bool = True, careless: Sequence[int] = (), drift: float = 0.0
) -> Path:
    """Write a drawn study as `study_app.export.tables` would; gives the path of ratings.csv.

    `careless`: participants who answer yes to everything within 100 ms, and are flagged for it. `drift`: by so much on
    the log scale all get faster from their first trial to the last. Each has two repeats and a catch item.
    """
    rng = np.random.default_rng(seed)
    drawn = draw(truth, rng, len(CRITERIA))
    methods = list(truth.rates)
    ratings, participants = [], []
    for number in range(truth.raters):
        spots = rng.permutation(np.flatnonzero(drawn.raters == number))
        flagged = number + 1 in careless
        trials: list[tuple[str, int | None, int]] = [("main", None, spot) for spot in spots]
        trials += [("repeat", first, spots[first]) for first in (0, 1)] + [("broken", None, spots[0])]
        for trial, (kind, first, spot) in enumerate(trials):
            for place, criterion in enumerate(CRITERIA):
                value = truth.scale if flagged else round(drawn.values[spot, place] * truth.scale)
                ms = 100.0 if flagged else 1000.0 * np.exp(rng.normal(0, 0.3) - drift * trial / (len(trials) - 1))
                answer = Rating(
                    **ALWAYS, simulated=simulated, participant=number + 1, trial=trial, kind=kind, repeat_of=first,
                    photograph=f"photo_{drawn.photographs[spot]:03d}",
                    method="broken" if kind == "broken" else methods[drawn.methods[spot]], criterion=criterion,
                    value=0 if kind == "broken" and not flagged else value, maximum=truth.scale, response_ms=float(ms),
                )  # fmt: skip
                ratings.append(answer)
        somebody = Participant(
            "0f" * 32, 1, simulated, number + 1, "2026-01-01", "en", 0, 0, True, len(trials), len(trials), 9.0, 1200,
            800, 1.0, True, 5, 5, 1, 0, 1000.0, 0.7, 1.0, 9000.0, 0, "catch;fast" if flagged else "", "",
        )  # fmt: skip
        participants.append(somebody)
    write_rows(folder / "ratings.csv", Rating, ratings)
    write_rows(folder / "participants.csv", Participant, participants)
    rules = {"catch_wrong": 2, "fastest_median_ms": 400, "straight_lining": 0.97}
    rules |= {"repeat_agreement": 0.5, "plates_right": 0.75}
    criteria = [{"name": criterion, "term": {}, "question": {}} for criterion in CRITERIA]
    settings = {"digest": "0f" * 32, "dataset": "scenes", "methods": methods, "criteria": criteria, "screening": rules}
    write_json(folder / "study.json", settings)
    return folder / "ratings.csv"
