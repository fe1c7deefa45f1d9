"""Simulated raters who pick the best of several: planted strengths come back, and the power is that of the analysis."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.records.ratings import BestRating
from reports.statistics.luce import fit_luce
from study_app.export.tables import gather
from study_app.simulation import simulate
from study_app.simulation.effects import EFFECTS_FILE, Careless, load_effects
from study_app.simulation.ledger import balance
from study_app.simulation.population import draw_population
from study_app.simulation.power.comparing import Asked, power, with_preference
from study_app.simulation.power.picking import answered, p_value, shown
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.pairing import BEST, best_study
from tests.study_app.simulation.test_preference import effects_of
from tests.study_app.volunteers import METHODS, prepared_study

WIDE = {"photographs": 24, "photographs_per_session": 24}
EVEN = {"methods": ["a", "b", "c", "d"], **WIDE}


def test_picks_follow_the_choice_axiom(tmp_path: Path) -> None:
    study = best_study(tmp_path)
    population = draw_population(study, effects_of(study), ["one"], 1, np.random.default_rng(0))
    strengths = np.array([population.strength(0, "one", method, "") for method in METHODS])
    picked = population.picks(np.tile(strengths, (40_000, 1)), np.random.default_rng(1))
    expected = np.exp(strengths) / np.exp(strengths).sum()
    assert np.bincount(picked) / 40_000 == pytest.approx(expected, abs=0.01)
    broken = population.strength(0, "one", "original", "broken_2")
    assert broken == population.strength(0, "one", "original", "broken") < strengths.min()


def test_raters_take_the_study_and_all_they_said_is_stored(archives: Path, tmp_path: Path) -> None:
    study, stimuli = prepared_study(tmp_path, archives, **{**BEST, "votes_per_cell": 20})
    effects = effects_of(study, careless=Careless(0.2, 0.5, 250))
    store = Store(Database(f"sqlite:///{tmp_path / 'study.sqlite3'}"), study, stimuli, simulated=True)
    raters = simulate.make_raters(study, effects, stimuli, 60, 0)
    simulate.simulate(store, raters, simulate.arrival_times(effects, 60, 0))
    book = balance(store, raters)
    assert (book.lost, book.doubled, book.cells) == (0, 0, (20, 20)) and book.stored == 60 * study.trials
    people = gather(store.database, study, simulated=True)
    picked = Counter(one.method for one in people.ratings if isinstance(one, BestRating) and one.kind == "main")
    share = [picked[method] / 360 for method in METHODS]
    assert share[0] < share[1] < share[2] and 0.5 < share[2] < 0.72  # 0.665 of honest raters
    kinds = dict(zip((rater.population.kinds[rater.place] for rater in raters), people.participants, strict=False))
    assert "straight_lining" in kinds["same"].flags and kinds["honest"].flags == ""


def test_planted_strengths_are_found_again_and_the_test_is_that_of_the_analysis(tmp_path: Path) -> None:
    study = best_study(tmp_path, **EVEN)
    effects = with_preference(study, load_effects(EFFECTS_FILE, study), "a", "b", 15)
    calm = replace(effects, careless=Careless(0, 0, 250), spread=replace(effects.spread, photographs_by_method=0.0))
    seen = answered(study, calm, shown(study, 160), 160, np.random.default_rng(0))
    fitted = fit_luce(seen).difference(1, 0)
    assert fitted.value == pytest.approx(np.log(0.65 / 0.35), abs=0.15)
    assert p_value(seen, 1, 0) == fitted.p < 0.001


def test_power_is_the_level_without_a_difference_and_grows_with_it_and_with_raters(tmp_path: Path) -> None:
    study = best_study(tmp_path, **EVEN)
    effects, asked = load_effects(EFFECTS_FILE, study), Asked("a", "b", 0.05, 100, 0)
    found = [
        power(study, with_preference(study, effects, "a", "b", points), asked, raters) / asked.repeats
        for points, raters in ((0, 24), (15, 8), (15, 24), (30, 24))
    ]
    assert found[0] <= 0.11 and found[1] + 0.2 < found[2] < found[3] and found[3] > 0.95


def test_the_command_computes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    best_study(tmp_path, **WIDE)
    monkeypatch.chdir(tmp_path)
    options = ["--power", "--between", *METHODS[:2], "--difference", "25", "--repeats", "20", "--most", "36"]
    monkeypatch.setattr(sys, "argv", ["simulate", "study.yaml", *options, "--to", "power"])
    simulate.main()
    printed = capsys.readouterr().out
    assert "natural: zebranet picked rather than quokkanet in 75.0 %" in printed
