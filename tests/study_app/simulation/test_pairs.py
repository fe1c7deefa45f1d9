"""Simulated raters of pairs: through the routes to the export, the report's table, and the power of a study."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t

from pipeline.settings.errors import UserError
from reports.statistics.clustered import fit
from reports.study.export import read_ratings
from reports.study.pairs.rates import fooling_rates
from reports.study.votes import analyse
from study_app.design.study import Study, load_study
from study_app.export.tables import gather, write_export
from study_app.simulation import simulate
from study_app.simulation.effects import EFFECTS_FILE, Careless, ColorBlind, Effects, Spread, load_effects
from study_app.simulation.population import draw_population
from study_app.simulation.power.contrast import chance_p_value
from study_app.simulation.power.curve import CHANCE, Question, given, power_curve, with_difference
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.conftest import ROOT
from tests.study_app.opinions import small_effects
from tests.study_app.pairing import PAIR_METHODS, PAIRS
from tests.study_app.volunteers import prepared_study

NOBODY = {"careless": Careless(0, 0, 250), "color_blind": ColorBlind(0, 0.5, 0.5)}
RATES = {"fake": dict(zip(PAIR_METHODS, (0.5, 0.2), strict=True))}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Stimuli]:
    """A study of pairs in turn, with room for 60 raters."""
    changes = {**PAIRS, "arrangement": "in_turn", "votes_per_cell": 30, "mask_ms": 500, "languages": ["en", "de", "fr"]}
    return prepared_study(tmp_path_factory.mktemp("pairs"), **changes)


def example() -> tuple[Study, Effects]:
    """The repository's own study of pairs and example of effects."""
    study = load_study(ROOT / "study_pairs.yaml")
    return study, load_effects(ROOT / EFFECTS_FILE, study)


def take(place: tuple[Study, Stimuli], folder: Path, raters: int, **changes: object) -> tuple[Store, list[str]]:
    """Let simulated raters take the study; its store, and the kind of each."""
    study, stimuli = place
    effects = small_effects(rates=RATES, **changes)
    store = Store(Database(f"sqlite:///{folder / 'pairs.sqlite3'}"), study, stimuli, simulated=True)
    people = simulate.make_raters(study, effects, stimuli, raters, 0)
    book = simulate.simulate(store, people, simulate.arrival_times(effects, raters, 0))
    assert (book.lost, book.doubled) == (0, 0) and book.acknowledged == raters * study.trials
    assert Counter(rater.ending for rater in people) == {"completed": raters}
    return store, [rater.population.kinds[rater.place] for rater in people]


def test_planted_fooling_rates_come_back_in_the_reports_table(place: tuple[Study, Stimuli], tmp_path: Path) -> None:
    store, _ = take(place, tmp_path, 60, **NOBODY, spread=Spread(0.4, 0, 0.2))
    write_export(tmp_path / "simulated", store.study, gather(store.database, store.study, simulated=True))
    ratings = read_ratings(tmp_path / "simulated" / "ratings.csv")
    assert ratings is not None and (ratings.protocol, ratings.simulated) == ("pairs", True)
    table = fooling_rates(analyse(ratings, {}, 0).everyone).set_index("method")
    assert set(table["n_votes"]) == {180}  # 60 raters, 6 photographs, 2 methods
    for method, rate in RATES["fake"].items():
        assert abs(table["mean"][method] - rate) < 3 * 1.3 * np.sqrt(rate * (1 - rate) / 180), method
    assert table["p_holm"]["quokkanet"] > 0.05 > table["p_holm"]["zebranet"]
    sides = ratings.answers[ratings.answers["kind"] == "main"].groupby("fake_place")["value"].mean()
    assert abs(sides[0] - sides[1]) < 0.15
    times = ratings.answers[["shown_ms", "offset_ms"]].min()
    assert (times["shown_ms"], times["offset_ms"] >= 2500) == (2000, True)  # both exposures; the mask between counts


def test_who_presses_one_side_is_flagged_and_who_sees_no_colours_guesses(
    place: tuple[Study, Stimuli], tmp_path: Path
) -> None:
    store, kinds = take(
        place,
        tmp_path,
        40,
        careless=Careless(0.5, 0.5, 250),
        color_blind=ColorBlind(0.3, 0.0, 0.3),
        spread=Spread(0, 0, 0),
    )
    export = gather(store.database, store.study, simulated=True)
    flags = {
        kind: [one.flags for one, of in zip(export.participants, kinds, strict=True) if of == kind]
        for kind in set(kinds)
    }
    assert set(flags) == {"same", "random", "color_blind", "honest"}
    assert all("straight_lining" in flag for flag in flags["same"]) and all("fast" in flag for flag in flags["random"])
    fooled = [
        one.value
        for one in export.ratings
        if one.kind == "main" and kinds[one.participant - 1] in ("same", "color_blind")
    ]
    assert abs(np.mean(fooled) - 0.5) < 3 * 0.5 / np.sqrt(len(fooled))


def test_careless_raters_find_half_of_the_fakes_in_the_power_too() -> None:
    study, effects = example()
    effects = replace(effects, careless=Careless(1, 0.5, 250), color_blind=ColorBlind(0, 0.5, 0.5))
    population = draw_population(study, effects, ["one"], 2000, np.random.default_rng(0))
    raters, nothing = np.arange(2000), np.zeros(2000, dtype=int)
    answers = given(population, raters, nothing, nothing, np.random.default_rng(1))
    for kind in ("same", "random"):
        assert abs(answers[np.array(population.kinds) == kind].mean() - 0.5) < 0.06


def test_the_test_against_half_is_that_of_statsmodels_and_of_the_analysis() -> None:
    rng = np.random.default_rng(3)
    observers, photographs = rng.integers(0, 20, 400), rng.integers(0, 30, 400)
    logits = -0.8 + 0.7 * rng.standard_normal(20)[observers] + 0.7 * rng.standard_normal(30)[photographs]
    values = rng.binomial(1, 1 / (1 + np.exp(-logits))).astype(float)
    model = sm.GLM(values, np.ones(400), family=sm.families.Binomial())
    reference = model.fit(cov_type="cluster", cov_kwds={"groups": np.column_stack([observers, photographs])})
    analysed = fit(values, np.zeros(400, dtype=int), observers, photographs, 1, graded=False)
    degrees = analysed.degrees_if_independent(0)
    ours = chance_p_value(values, observers, photographs)
    wanted = 2 * t.sf(abs(float(reference.params[0] / reference.bse[0])), degrees)
    assert 0.001 < ours < 0.5 and 8 < degrees < 19 and ours == pytest.approx(wanted, rel=1e-6)
    assert ours == pytest.approx(analysed.against(0, 0.5, degrees), rel=1e-4)
    assert chance_p_value(np.zeros(6), np.arange(6), np.arange(6)) == 2 / 64
    assert chance_p_value(np.zeros(6), np.zeros(6, dtype=int), np.arange(6)) == 1  # one observer shows nothing


def test_at_half_the_level_holds_and_power_grows_with_raters() -> None:
    study, effects = example()
    effects = replace(effects, careless=Careless(0, 0, 250))
    question = Question(CHANCE, "zhang", 0.05, 200, 40, 0)
    null = power_curve(study, with_difference(study, effects, CHANCE, "zhang", 0.0), question)
    assert null[-1].rate_second == 0.5 and null[-1].raters == 40 and null[-1].power < 0.1
    rows = power_curve(study, with_difference(study, effects, CHANCE, "zhang", None), question)
    assert rows[-1].rate_second == 0.323 and rows[-1].power > 0.9 > rows[0].power
    with pytest.raises(UserError, match=r"rates\.fake\.zhang is 1\.1.*50 % leaves room for -49 to \+49 points"):
        with_difference(study, effects, CHANCE, "zhang", 60)


def test_the_command_says_how_many_raters_tell_a_method_from_photographs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    words = [
        "study_pairs.yaml",
        "--power",
        "--chance",
        "zhang",
        "--repeats",
        "20",
        "--most",
        "40",
        "--to",
        str(tmp_path),
    ]
    monkeypatch.setattr(sys, "argv", ["simulate", *words])
    simulate.main()
    assert "fake: against 50 %, zhang 32.3 %" in capsys.readouterr().out
    assert (tmp_path / "power.png").exists()
