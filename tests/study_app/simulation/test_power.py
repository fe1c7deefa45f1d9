"""The power of a study: the test behind it against statsmodels, its level, and its answers."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import t

from pipeline.settings.errors import UserError
from reports.statistics.clustered import fit
from study_app.simulation import simulate
from study_app.simulation.effects import EFFECTS_FILE, Careless, Effects, Spread, load_effects, planted
from study_app.simulation.power.contrast import effect, p_value
from study_app.simulation.power.curve import CHANCE, PowerRow, Question, power_curve, shown, smallest, with_difference
from tests.conftest import ROOT
from tests.study_app.opinions import effects_file, example
from tests.study_app.volunteers import METHODS, small_study

LANGUAGES = ("en", "de", "fr")
TRUST = {"name": "trust", "term": dict.fromkeys(LANGUAGES, "Trust"), "question": dict.fromkeys(LANGUAGES, "Real?")}


@pytest.mark.parametrize("graded", [False, True])
def test_the_test_is_that_of_statsmodels(graded: bool) -> None:
    rng = np.random.default_rng(3)
    observers, photographs = rng.integers(0, 20, 500), rng.integers(0, 30, 500)
    second = rng.random(500) < 0.5
    logits = 1.5 + 0.4 * second + rng.standard_normal(20)[observers] + rng.standard_normal(30)[photographs]
    chances = 1 / (1 + np.exp(-logits))
    values = rng.binomial(10 if graded else 1, chances) / (10 if graded else 1)
    family = sm.families.Gaussian() if graded else sm.families.Binomial()
    design = sm.add_constant(second.astype(float))
    groups = np.column_stack([observers, photographs])
    reference = sm.GLM(values, design, family=family).fit(cov_type="cluster", cov_kwds={"groups": groups})
    difference, variance, degrees = effect(second, values.astype(float), observers, photographs)
    assert difference == pytest.approx(reference.params[1], rel=1e-9)
    assert np.sqrt(variance) == pytest.approx(reference.bse[1], rel=1e-7)
    expected = 2 * t.sf(abs(reference.params[1] / reference.bse[1]), degrees)
    assert p_value(second, values.astype(float), observers, photographs) == pytest.approx(expected, rel=1e-6)


def test_degrees_of_freedom_are_those_of_the_analysis() -> None:
    rng = np.random.default_rng(3)
    methods, observers, photographs = (rng.integers(0, size, 500) for size in (2, 20, 30))
    values = rng.random(500)
    ours = effect(methods == 1, values, observers, photographs)[2]
    analysed = fit(values, methods, observers, photographs, 2, graded=True)
    assert ours == pytest.approx(analysed.degrees_between(0, 1)) and 8 < ours < 19


def test_a_method_that_everybody_finds_natural_everywhere_proves_nothing() -> None:
    second = np.array([False, True] * 10)
    values = np.where(second, 1.0, np.arange(20) % 3 == 0)
    assert p_value(second, values, np.arange(20) // 2, np.arange(20) % 5) == 1


def calm(effects: Effects) -> Effects:
    """Nobody careless, moderate random effects."""
    return replace(effects, careless=Careless(0, 0, 250), spread=Spread(0.5, 0.3, 0.3))


def question(**changes: object) -> Question:
    """Zhang's network against the paper's, with few repeats."""
    return replace(Question("zhang", "semantics_jbu", 0.05, 60, 40, 0), **changes)  # type: ignore[arg-type]


def test_without_a_difference_the_test_finds_one_about_as_often_as_its_level_says() -> None:
    study, effects = example()
    rows = power_curve(study, with_difference(study, calm(effects), "zhang", "semantics_jbu", 0), question(repeats=150))
    last = [row for row in rows if row.raters == 40]
    assert len(last) == 3
    assert sum(row.found for row in last) / (3 * 150) < 0.09  # 0.05 and three standard errors


def test_power_grows_with_raters_and_with_the_difference() -> None:
    study, effects = example()
    curves = {}
    for points in (2.0, 10.0):
        changed = with_difference(study, calm(effects), "larsson", "zhang", points)
        rows = power_curve(study, changed, question(first="larsson", second="zhang"))
        curves[points] = [row.power for row in rows if row.criterion == "edge_keeping"]
        assert [row.raters for row in rows if row.criterion == "edge_keeping"] == [5, 10, 15, 20, 25, 30, 35, 40]
        assert all(row.low <= row.power <= row.high for row in rows)
    assert curves[10.0][-1] > curves[10.0][0] + 0.2
    assert curves[10.0][-1] > curves[2.0][-1] + 0.3


def test_raters_see_each_photograph_once_and_cells_are_even() -> None:
    study, _ = example()
    names = tuple(f"photograph {number}" for number in range(study.photographs))
    raters, photographs, methods = shown(study, names, 10)
    votes = pd.DataFrame({"rater": raters, "photograph": photographs, "method": methods})
    assert votes.groupby(["rater", "photograph"]).size().eq(1).all()
    cells = votes.groupby(["photograph", "method"]).size()
    assert (len(cells), set(cells)) == (30 * 5, {2})


@pytest.mark.parametrize(
    ("powers", "expected"),
    [((0.2, 0.9, 0.7, 0.8, 0.95), 20), ((0.8, 0.9, 0.9, 0.9, 0.9), 5), ((0.9,) * 4 + (0.7,), None)],
)
def test_the_smallest_number_is_that_from_which_on_all_are_enough(
    powers: tuple[float, ...], expected: int | None
) -> None:
    rows = [
        PowerRow("edges", "a", "b", 0.8, 0.9, 0.05, 5 * place, 100, 0, power, 0, 1)
        for place, power in enumerate(powers, start=1)
    ]
    assert smallest(rows, "edges", 0.8) == expected


def test_impossible_questions_are_answered_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    study, effects = example()
    for second, points, told in (
        (
            "original",
            60.0,
            r"of 60 points: rates\.\w+\.original is 1.*larsson leaves room for -85 to \+11 points",
        ),
        ("zhangg", 5.0, "the study has no method 'zhangg'; did you mean 'zhang'?"),
        ("larsson", 5.0, "two different methods"),
    ):
        with pytest.raises(UserError, match=told.replace("?", r"\?")):
            with_difference(study, effects, "larsson", second, points)
    with pytest.raises(UserError, match="one round of the Latin square takes 5 raters; --most is 4"):
        power_curve(study, effects, question(most=4))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["simulate", "--power"])
    with pytest.raises(UserError, match="--between METHOD METHOD or, in a study of pairs, --chance METHOD"):
        simulate.main()
    with pytest.raises(UserError, match="--chance is for studies of pairs"):
        with_difference(study, effects, CHANCE, "zhang", None)


def test_the_command_writes_table_and_figures_the_same_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    options = ["--power", "--between", "larsson", "semantics_jbu", "--difference", "10"]
    options += ["--repeats", "20", "--most", "60", "--goal", "0.5"]
    written = []
    for folder in ("one", "two"):
        monkeypatch.setattr(sys, "argv", ["simulate", *options, "--to", str(tmp_path / folder)])
        simulate.main()
        files = sorted((tmp_path / folder).iterdir())
        assert [file.name for file in files] == ["power.csv", "power.pdf", "power.png"]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    assert "raters (" in capsys.readouterr().out


def test_methods_and_criteria_that_effects_do_not_name_have_rates_by_default(tmp_path: Path) -> None:
    study = small_study(tmp_path, methods=METHODS[:2])
    effects = load_effects(EFFECTS_FILE, study)
    assert all(of.items() >= dict.fromkeys(METHODS[:2], 0.88).items() for of in effects.rates.values())
    own = load_effects(EFFECTS_FILE, small_study(tmp_path, methods=METHODS[:2], criteria=[TRUST]))
    assert own.rates == {"trust": {**dict.fromkeys(METHODS[:2], 0.88), "original": 0.995}}
    assert planted(effects, study).splitlines()[0] == "planted on saturability: quokkanet 88.0 %, zebranet 88.0 %"
    with pytest.raises(UserError, match="quokkanet and zebranet are planted alike; say how far apart they are"):
        with_difference(study, effects, *METHODS[:2], None)
    rows = power_curve(
        study, with_difference(study, effects, *METHODS[:2], -30), Question(*METHODS[:2], 0.05, 20, 12, 0)
    )
    assert {row.rate_second for row in rows} == {0.58} and rows[-1].power > 0
    without = "default: {method: 0.88, original: 0.995, fooled: 0.3} -> # no default"
    strict = effects_file(tmp_path, f"{without}\nzhang: 0.940 -> zebranet: 0.940")
    with pytest.raises(UserError, match=r"rates\.saturability has no method 'quokkanet'"):
        load_effects(strict, study)
