"""Opinions and behaviour of simulated raters: `effects.yaml` as frozen records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.params import parse_record
from pipeline.settings.yaml_file import read_yaml
from study_app.design.study import ORIGINAL, Study

EFFECTS_FILE = Path(__file__).with_name("effects.yaml")
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)  # expectations over a standard normal variable
WEIGHTS = WEIGHTS / WEIGHTS.sum()
SHARES = ["consistency", "lost_replies", "careless.share", "careless.same_everywhere", "leaving.share"]
SHARES += ["leaving.come_back", "color_blind.share", "color_blind.sees", "color_blind.plates_read"]
SPREADS = ("spread.observers", "spread.photographs", "spread.photographs_by_method", "times.spread")
GUESS = 0.5  # stands where a rate is never used
SMALLEST_RATE, LARGEST_RATE = 0.001, 0.999  # of yes: the logit of 0 or 1 is infinite
TIMES = ("times.arrivals_per_hour", "times.pages_seconds", "times.response_ms")


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the random effects, on the logit scale."""

    observers: float
    photographs: float
    photographs_by_method: float

    @property
    def total(self) -> float:
        """Of the sum of all three, which are independent."""
        return float(np.sqrt(self.observers**2 + self.photographs**2 + self.photographs_by_method**2))


@dataclass(frozen=True)
class Careless:
    """Raters who answer at once: a share answers the same everywhere, the others at random."""

    share: float
    same_everywhere: float
    response_ms: float


@dataclass(frozen=True)
class ColorBlind:
    """Raters who see a share of each difference to the original, and read a share of the plates."""

    share: float
    sees: float
    plates_read: float


@dataclass(frozen=True)
class Leaving:
    """Raters who stop before the end, and how many of them return."""

    share: float
    come_back: float
    away_minutes: float


@dataclass(frozen=True)
class Times:
    """Medians of how long things take; `spread`: standard deviation of their logarithm."""

    arrivals_per_hour: float
    pages_seconds: float
    response_ms: float
    spread: float


@dataclass(frozen=True)
class Default:
    """The rates on every criterion of a method and of the original, where `rates` does not say; `fooled`: of pairs."""

    method: float
    original: float
    fooled: float = 0.3


@dataclass(frozen=True)
class Effects:
    """The whole of `effects.yaml`; every key is explained there. `rates`: criterion -> method -> share.

    In a study of preference the logits of the rates are strengths on the scale of Bradley and Terry (1952).
    """

    rates: dict[str, dict[str, float]]
    broken: float
    spread: Spread
    consistency: float
    concentration: float
    careless: Careless
    color_blind: ColorBlind
    leaving: Leaving
    lost_replies: float
    times: Times
    default: Default | None = None
    ties: float = 0.5


def load_effects(path: Path, study: Study) -> Effects:
    """Read and check effects for a study, whose rates are then all there; `UserError` names the key that is wrong."""
    content = read_yaml(path, "study_app/simulation/effects.yaml is an example.")
    effects = parse_record(Effects, content, str(path))
    if path != EFFECTS_FILE:  # ours names the methods of the paper, which other studies need not have
        _check_spelling(effects, study, str(path))
    effects = completed(effects, study)
    check_effects(effects, study, str(path))
    return effects


def completed(effects: Effects, study: Study) -> Effects:
    """The effects with exactly the rates of the study's criteria and methods, by default where the file has none."""
    if effects.default is None:
        return effects
    usual = effects.default.fooled if study.protocol == "pairs" else effects.default.method
    others = dict.fromkeys(study.sources, usual) | {ORIGINAL: effects.default.original}
    given = {criterion.name: effects.rates.get(criterion.name, {}) for criterion in study.criteria}
    rates = {name: {method: of.get(method, others[method]) for method in study.sources} for name, of in given.items()}
    return replace(effects, rates=rates)


def rated(study: Study) -> tuple[str, ...]:
    """The pictures that raters have a rate for; in pairs nobody answers on the original."""
    return study.methods if study.protocol == "pairs" else study.sources


def planted(effects: Effects, study: Study) -> str:
    """A line for each criterion: what share of "natural" each method gets, or its strength."""
    lines = []
    for criterion in study.criteria:
        rates = effects.rates[criterion.name]
        if study.protocol == "preference":
            said = [f"{method} {logit(rates[method]):.2f}" for method in study.methods]
        else:
            said = [f"{method} {100 * rates[method]:.1f} %" for method in study.methods]
        lines.append(f"planted on {criterion.name}: {', '.join(said)}")
    return "\n".join(lines)


def _check_spelling(effects: Effects, study: Study, where: str) -> None:
    """Raise `UserError` for a name of the study that is missing while the file has one like it that is not."""
    wanted = [criterion.name for criterion in study.criteria]
    _like(wanted, effects.rates, f"{where}: rates has no criterion")
    for name in wanted:
        _like(rated(study), effects.rates.get(name, {}), f"{where}: rates.{name} has no method")


def _like(wanted: Sequence[str], given: Mapping[str, object], sentence: str) -> None:
    strange = [name for name in given if name not in wanted]
    for name in wanted:
        if name not in given and (close := get_close_matches(name, strange, n=1)):
            raise UserError(f"{sentence} {name!r}; did you mean {close[0]!r}?")


def check_effects(effects: Effects, study: Study, where: str) -> None:
    """Raise `UserError` unless all numbers can be, and every criterion and method of the study has its rate."""
    for criterion in study.criteria:
        rates = effects.rates.get(criterion.name)
        if rates is None:
            known = suggestion(criterion.name, list(effects.rates))
            raise UserError(f"{where}: rates has no criterion {criterion.name!r}; {known}")
        for method in rated(study):
            if method not in rates:
                known = suggestion(method, list(rates))
                raise UserError(f"{where}: rates.{criterion.name} has no method {method!r}; {known}")
            _check(rates[method], SMALLEST_RATE, LARGEST_RATE, f"{where}: rates.{criterion.name}.{method}")
    _check(effects.broken, SMALLEST_RATE, LARGEST_RATE, f"{where}: broken")
    ranges = {**dict.fromkeys(SHARES, (0, 1)), **dict.fromkeys(SPREADS, (0, 10)), **dict.fromkeys(TIMES, (0.001, 1e9))}
    for key, (low, high) in ranges.items():
        _check(attrgetter(key)(effects), low, high, f"{where}: {key}")
    both = effects.careless.share + effects.color_blind.share
    _check(both, 0, 1, f"{where}: careless.share + color_blind.share")
    _check(effects.ties, 0, 100, f"{where}: ties")
    _check(effects.concentration, 0.1, 1e6, f"{where}: concentration")


def marginal_intercepts(effects: Effects, study: Study) -> NDArray[np.float64]:
    """(sources + 1, criteria) on the logit scale: where the mean over all random effects is the planted rate.

    The rows: the methods, the original if it is none of them, and broken colours. A logistic curve is not straight, so
    the planted rate's own logit would give another mean: a rate of 0.94 would come out as 0.92. Of
    preferences the logits are as planted.
    """
    planted = [
        [effects.rates[criterion.name].get(method, GUESS) for criterion in study.criteria] for method in study.sources
    ]
    planted.append([effects.broken] * len(study.criteria))
    sd = 0.0 if study.protocol == "preference" else effects.spread.total
    solved = [[_intercept(rate, sd) for rate in row] for row in planted]
    return np.array(solved)


def _intercept(rate: float, sd: float) -> float:
    if sd == 0:
        return float(logit(rate))
    return float(brentq(lambda middle: WEIGHTS @ expit(middle + sd * NODES) - rate, -60, 60, xtol=1e-10))


def _check(value: float, low: float, high: float, where: str) -> None:
    if not low <= value <= high:
        raise UserError(f"{where} is {value!r}, but must be from {low} to {high}.")
