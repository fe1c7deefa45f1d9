"""What a simulated rater answers to the pictures of a trial, and what of it the database should hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.settings.errors import UserError
from study_app.design.pairs import stored_value
from study_app.design.study import ORIGINAL
from study_app.simulation.population import Population
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Look

Values = dict[str, int]


@dataclass
class Answering:
    """One rater's opinions. `place`: in the population."""

    place: int
    population: Population
    addresses: Addresses
    rng: np.random.Generator
    _remembered: dict[Look, Values] = field(default_factory=dict)
    _compared: dict[tuple[Look, Look], int] = field(default_factory=dict)
    _picked: dict[frozenset[Look], Look] = field(default_factory=dict)

    def answers(self, addresses: Sequence[str]) -> tuple[Values, Values]:
        """What the rater sends, and what is stored of it. `addresses`: of the trial's pictures.

        Careless raters do not look; others may remember their first answer. Of a pair the side of the fake is sent, and
        stored is whether the rater was fooled.
        """
        looks = [self._look(address) for address in addresses]
        careless = self._without_looking()
        if len(looks) == 1:
            values = careless or self._opinion(looks[0])
            return values, values
        if self.population.study.picks_best:
            values = careless or self._pick(looks)
            return values, values
        if self.population.study.protocol == "preference":
            return self._preference(looks, careless)
        fake = 1 if looks[0][1:] == (ORIGINAL, "") else 0  # a photograph's own colours are no fake
        if careless:
            return careless, {name: side ^ fake for name, side in careless.items()}
        fooled = self._opinion(looks[fake])
        return {name: fake ^ is_fooled for name, is_fooled in fooled.items()}, fooled

    def _preference(self, looks: Sequence[Look], careless: Values) -> tuple[Values, Values]:
        """Of two methods the side of the better one is sent, and stored is what it says of the trial's `method`."""
        study = self.population.study
        order = [-1 if fault else study.sources.index(method) for _, method, fault in looks]  # the spoilt one is first
        place = int(order[0] > order[1])
        if careless:
            return careless, {name: stored_value(study, side, place) for name, side in careless.items()}
        first, second = looks[place], looks[1 - place]
        known = self._compared.get((first, second))
        if known is None or self.rng.random() >= self.population.effects.consistency:
            stronger = self.population.strength(self.place, *first) - self.population.strength(self.place, *second)
            known = self._compared[first, second] = int(self.population.preferences(np.array(stronger), self.rng))
        name = study.criteria[0].name
        return {name: known if place else study.maximum - known}, {name: known}

    def _pick(self, looks: Sequence[Look]) -> Values:
        """Of several pictures the place of the best one."""
        shown = frozenset(looks)
        known = self._picked.get(shown)
        if known is None or self.rng.random() >= self.population.effects.consistency:
            strengths = np.array([[self.population.strength(self.place, *look) for look in looks]])
            known = self._picked[shown] = looks[int(self.population.picks(strengths, self.rng)[0])]
        return {self.population.study.criteria[0].name: looks.index(known)}

    def _look(self, address: str) -> Look:
        try:
            look = self.addresses.stimulus(address)
        except KeyError:
            raise UserError("the server shows pictures that are not in stimuli/ here; copy that folder.") from None
        return look.photograph, look.method, look.fault

    def _without_looking(self) -> Values:
        """The answers of careless raters; {} for others."""
        names = [criterion.name for criterion in self.population.study.criteria]
        maximum, kind = self.population.study.maximum, self.population.kinds[self.place]
        if kind == "same":
            return dict.fromkeys(names, maximum)
        if kind == "random":
            return {name: int(self.rng.integers(maximum + 1)) for name in names}
        return {}

    def _opinion(self, look: Look) -> Values:
        if look in self._remembered and self.rng.random() < self.population.effects.consistency:
            return self._remembered[look]
        values = self.population.answers(self.population.chance(self.place, *look), self.rng)
        names = [criterion.name for criterion in self.population.study.criteria]
        self._remembered[look] = dict(zip(names, map(int, values), strict=True))
        return self._remembered[look]
