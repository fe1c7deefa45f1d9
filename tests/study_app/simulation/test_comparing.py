"""The power of a study of preference: its test is that of the analysis, and impossible questions are named."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bench.preference.truths import FOUR, Truth, draw
from bench.preference.truths import shown as drawn_places
from pipeline.settings.errors import UserError
from reports.statistics.bradley_terry import fit_strengths
from study_app.simulation import simulate
from study_app.simulation.effects import EFFECTS_FILE, load_effects
from study_app.simulation.power.comparing import Asked, p_value, planted_share, power, shown, sizes, with_preference
from tests.study_app.pairing import preference_study
from tests.study_app.volunteers import METHODS

WIDE = {"photographs": 24, "photographs_per_session": 24}


@pytest.mark.parametrize("ties", [0.0, 0.8])
def test_the_test_is_that_of_the_analysis(ties: float) -> None:
    truth = Truth(FOUR, 18, 25, side=0.2, ties=ties)
    seen = draw(truth, drawn_places(truth), np.random.default_rng(4))
    fitted = fit_strengths(seen)
    for a, b in ((0, 1), (3, 0), (2, 3)):
        assert p_value(seen, a, b) == pytest.approx(fitted.difference(a, b).p, rel=1e-5)


def test_power_is_the_level_without_a_difference_and_grows_with_it_and_with_raters(tmp_path: Path) -> None:
    study = preference_study(tmp_path, **WIDE)
    effects = load_effects(EFFECTS_FILE, study)
    asked = Asked(METHODS[0], METHODS[1], 0.05, 150, 0)
    found = [
        power(study, with_preference(study, effects, *METHODS[:2], points), asked, raters) / asked.repeats
        for points, raters in ((0, 24), (15, 12), (15, 36), (30, 36))
    ]
    assert found[0] <= 0.11 and found[1] + 0.2 < found[2] < found[3] and found[3] > 0.95


def test_a_difference_is_how_far_a_preference_is_from_a_half(tmp_path: Path) -> None:
    study = preference_study(tmp_path)
    effects = load_effects(EFFECTS_FILE, study)
    assert planted_share(effects, METHODS[0], METHODS[2]) == pytest.approx(0.9645, abs=1e-3)  # 88.0 and 99.5 %
    for points in (-20.0, 12.0):
        changed = with_preference(study, effects, METHODS[2], METHODS[0], points)
        assert planted_share(changed, METHODS[2], METHODS[0]) == pytest.approx(0.5 + points / 100)
    for first, second, points, sentence in (
        (METHODS[0], METHODS[1], None, "are planted alike; say how far from 50 % they are"),
        (METHODS[0], METHODS[0], 5.0, "two different methods"),
        (METHODS[0], "zebranett", 5.0, "did you mean 'zebranet'"),
        (METHODS[0], METHODS[1], 50.0, "cannot be 100 %"),
    ):
        with pytest.raises(UserError, match=sentence):
            with_preference(study, effects, first, second, points)
    assert list(sizes(study, 20)) == [6, 12, 18]
    with pytest.raises(UserError, match="takes 6 raters; --most is 5"):
        sizes(study, 5)
    places = shown(study, 12)
    assert len(places.values) == 12 * 6 and places.left.mean() == 0.5


def test_the_command_computes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    preference_study(tmp_path, **WIDE)
    monkeypatch.chdir(tmp_path)
    options = ["--power", "--between", *METHODS[:2], "--difference", "25", "--repeats", "20", "--most", "36"]
    monkeypatch.setattr(sys, "argv", ["simulate", "study.yaml", *options, "--to", "power"])
    simulate.main()
    printed = capsys.readouterr().out
    assert "natural: zebranet preferred to quokkanet in 75.0 %" in printed and "raters (" in printed
    assert sorted(path.name for path in (tmp_path / "power").iterdir()) == ["power.csv", "power.pdf", "power.png"]
