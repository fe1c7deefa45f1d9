"""Simulated raters who compare two methods: planted strengths are found again, and what they say is what is stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.records.ratings import PreferenceRating, Rating
from reports.statistics.bradley_terry import Comparisons, fit_strengths
from study_app.design.study import Study
from study_app.export.tables import gather
from study_app.simulation import simulate
from study_app.simulation.effects import EFFECTS_FILE, Careless, ColorBlind, Effects, Leaving, Spread, load_effects
from study_app.simulation.ledger import balance
from study_app.simulation.population import draw_population
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.pairing import PREFERENCE, preference_study
from tests.study_app.volunteers import METHODS, prepared_study


def effects_of(study: Study, **changes: object) -> Effects:
    """Strengths of 0, 1 and 2; everybody honest, and all alike."""
    calm = {"careless": Careless(0, 0, 250), "color_blind": ColorBlind(0, 0.5, 0.5), "spread": Spread(0, 0, 0)}
    strengths = {method: 1 / (1 + np.exp(-place)) for place, method in enumerate(METHODS)}
    stay = Leaving(share=0, come_back=0, away_minutes=25)
    default = load_effects(EFFECTS_FILE, study)
    return replace(default, rates={"natural": strengths}, leaving=stay, **{**calm, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("ties", "expected"), [(False, (0.731, 0)), (True, (0.598, 0.181))])
def test_preferences_are_those_of_bradley_and_terry_and_ties_those_of_davidson(
    ties: bool, expected: tuple[float, float], tmp_path: Path
) -> None:
    study = preference_study(tmp_path, ties=ties)
    population = draw_population(study, effects_of(study), ["one"], 1, np.random.default_rng(0))
    stronger = population.strength(0, "one", METHODS[1], "") - population.strength(0, "one", METHODS[0], "")
    assert stronger == pytest.approx(1)
    answers = population.preferences(np.full(40_000, stronger), np.random.default_rng(1))
    shares = np.bincount(answers, minlength=3) / 40_000
    assert shares[study.maximum] == pytest.approx(expected[0], abs=0.01)
    assert not ties or shares[1] == pytest.approx(expected[1], abs=0.01)


def comparisons(ratings: Sequence[Rating]) -> Comparisons:
    """The votes of raters who are not careless, who are the first of all to be told by their times."""
    rows = [one for one in ratings if isinstance(one, PreferenceRating) and one.kind == "main"]
    table = pd.DataFrame(map(vars, rows))
    table = table[table.groupby("participant")["response_ms"].transform("median") > 400]
    codes = [pd.factorize(table[name])[0] for name in ("participant", "photograph")]
    first, second = (table[name].map(METHODS.index).to_numpy() for name in ("method", "other"))
    return Comparisons(
        table["value"].to_numpy(float), first, second, (table["method_place"] == 0).to_numpy(), *codes, 3
    )


@pytest.mark.parametrize("ties", [False, True])
def test_raters_take_the_study_and_all_they_said_is_stored(ties: bool, archives: Path, tmp_path: Path) -> None:
    study, stimuli = prepared_study(tmp_path, archives, **{**PREFERENCE, "ties": ties, "votes_per_cell": 10})
    effects = effects_of(study, careless=Careless(0.2, 0.5, 250))
    store = Store(Database(f"sqlite:///{tmp_path / 'study.sqlite3'}"), study, stimuli, simulated=True)
    raters = simulate.make_raters(study, effects, stimuli, 60, 0)
    simulate.simulate(store, raters, simulate.arrival_times(effects, 60, 0))
    book = balance(store, raters)
    assert (book.lost, book.doubled, book.cells) == (0, 0, (10, 10)) and book.stored == 60 * study.trials
    people = gather(store.database, study, simulated=True)
    wins: Counter[tuple[str, str]] = Counter()
    for one in people.ratings:
        assert isinstance(one, PreferenceRating)
        if one.kind == "main":
            wins[one.method, one.other] += one.value
    share = {pair: won / 120 / study.maximum for pair, won in wins.items()}
    assert share[METHODS[0], METHODS[2]] < share[METHODS[0], METHODS[1]] < 0.45
    if not ties:
        fitted = fit_strengths(comparisons(people.ratings))
        gaps = [fitted.difference(a, b).value - (a - b) for a, b in ((1, 0), (2, 0), (2, 1))]
        assert np.abs(gaps).max() < 0.55  # three standard errors of 300 comparisons, of 6 photographs alike
    kinds = dict(zip((rater.population.kinds[rater.place] for rater in raters), people.participants, strict=False))
    assert "straight_lining" in kinds["same"].flags and kinds["honest"].flags == ""
