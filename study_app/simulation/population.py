"""A population of simulated raters and photographs: their random effects, and the expected answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from study_app.design.study import ORIGINAL, Study
from study_app.design.trials import BROKEN
from study_app.simulation.effects import Effects, marginal_intercepts

Kind = Literal["honest", "color_blind", "random", "same"]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """`observers` (raters,), `photographs` (photographs,), `own` (photographs, sources + 1): effects in logits.

    `intercepts`: (sources + 1, criteria). The last source everywhere is that of broken colours. `sees`: (raters,), the
    share of a difference to the original that a rater sees. `kinds`: one a rater; the last two are careless.
    """

    study: Study
    effects: Effects
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    observers: Floats
    sees: Floats
    photographs: Floats
    own: Floats
    intercepts: Floats

    def chances(self, raters: Indices, photographs: Indices, methods: Indices) -> Floats:
        """(N,) indices each -> (N, criteria): the expected answer of an attentive rater, as a share of the scale.

        Of pairs that is the chance of being fooled. Who sees less of the difference comes nearer to a half, a guess.
        """
        moods = (self.observers[raters] + self.photographs[photographs])[:, None]
        seen = self.intercepts[methods] + self.own[photographs, methods][:, None]
        if self.study.protocol == "pairs":
            return np.asarray(expit(self.sees[raters][:, None] * (moods + seen)))
        original = self.study.sources.index(ORIGINAL)
        plain = self.intercepts[original] + self.own[photographs, original][:, None]
        clearness = self.sees[raters][:, None]
        return np.asarray(expit(moods + clearness * seen + (1 - clearness) * plain))

    def chance(self, rater: int, photograph: str, method: str, fault: str) -> Floats:
        """(criteria,) for one rater and one picture."""
        place = np.array([self._place(method, fault)])
        return self.chances(np.array([rater]), np.array([self.names.index(photograph)]), place)[0]

    def strength(self, rater: int, photograph: str, method: str, fault: str) -> float:
        """Of one picture in one rater's eyes, in logits: what draws a preference towards it."""
        return float(
            self.strengths(np.array([rater]), np.array([self.names.index(photograph)]), [self._place(method, fault)])[0]
        )

    def strengths(self, raters: Indices, photographs: Indices, methods: Indices | list[int]) -> Floats:
        """(N,) indices each -> (N,). What a rater or a photograph adds to every method cancels out, and is left out."""
        original = self.study.sources.index(ORIGINAL)
        seen = self.intercepts[methods, 0] + self.own[photographs, methods]
        plain = self.intercepts[original, 0] + self.own[photographs, original]
        return np.asarray(self.sees[raters] * seen + (1 - self.sees[raters]) * plain)

    def preferences(self, stronger: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
        """Answers for the first of two pictures (N,), from 0 to the study's maximum, by how much stronger it is.

        With ties as in Davidson's model: their odds are nu times the geometric mean of both pictures' own.
        """
        worth = np.exp(stronger / 2)
        tie = self.effects.ties if self.study.ties else 0.0
        total = worth + 1 / worth + tie
        drawn = rng.random(stronger.shape)
        first, none = worth / total, tie / total
        return np.where(drawn < first, self.study.maximum, np.where(drawn < first + none, 1, 0))

    def picks(self, strengths: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
        """The place of the best of several pictures (N,), by their strengths (N, K) and Luce's choice axiom (1959).

        A strength and a Gumbel variable are largest together in proportion to exp(strength).
        """
        return np.asarray(np.argmax(strengths + rng.gumbel(size=strengths.shape), axis=1))

    def _place(self, method: str, fault: str) -> int:
        return len(self.study.sources) if fault.startswith(BROKEN) else self.study.sources.index(method)

    def answers(self, expected: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
        """Answers around their expectations: 0 or 1, or beta-binomial on a graded scale."""
        if self.study.maximum == 1:
            return rng.binomial(1, expected)
        inside = np.clip(expected, 1e-6, 1 - 1e-6)
        shares = rng.beta(inside * self.effects.concentration, (1 - inside) * self.effects.concentration)
        return rng.binomial(self.study.maximum, shares)


def draw_population(
    study: Study, effects: Effects, photographs: Sequence[str], raters: int, rng: np.random.Generator
) -> Population:
    """Draw every effect."""
    of_raters, of_photographs = rng.spawn(2)
    drawn = of_raters.random((raters, 2))
    kinds = tuple(_kind(effects, first, second) for first, second in drawn)
    return Population(
        study=study,
        effects=effects,
        names=tuple(photographs),
        kinds=kinds,
        observers=effects.spread.observers * of_raters.standard_normal(raters),
        sees=np.array([effects.color_blind.sees if kind == "color_blind" else 1.0 for kind in kinds]),
        photographs=effects.spread.photographs * of_photographs.standard_normal(len(photographs)),
        own=effects.spread.photographs_by_method
        * of_photographs.standard_normal((len(photographs), len(study.sources) + 1)),
        intercepts=marginal_intercepts(effects, study),
    )


def _kind(effects: Effects, first: float, second: float) -> Kind:
    if first < effects.careless.share:
        return "same" if second < effects.careless.same_everywhere else "random"
    return "color_blind" if first < effects.careless.share + effects.color_blind.share else "honest"
