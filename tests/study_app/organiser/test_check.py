"""`huebench study check`: what it says of a study, and every oddity that it names."""

import sys
from pathlib import Path

import pytest

from study_app.design.study import Study
from study_app.organiser import check
from study_app.organiser.needed import needed
from study_app.organiser.odd import odd
from study_app.simulation.effects import EFFECTS_FILE, load_effects
from tests.study_app.design.test_inherited import short
from tests.study_app.volunteers import METHODS, prepared_study, write_study

RULES = {"catch_wrong": 2, "fastest_median_ms": 400, "straight_lining": 0.97, "repeat_agreement": 0.5}
PLAIN = {"photographs": 30, "methods": ["a", "original"], "votes_per_cell": 10}


def oddities(study: Study) -> list[str]:
    return [sentence for sentence in odd(study, Path("study.yaml")) if "not prepared" not in sentence]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"photographs": 120}, "a session takes about 19 minutes"),
        ({"photographs": 150}, "photographs_per_session splits it"),
        ({"break_every": 0}, "39 trials have a break after none"),
        ({"break_every": 30}, "39 trials have a break after 30"),
        ({"practice": 0}, "practice is 0"),
        ({"smallest_width": 620, "longest_side": 800}, "pictures of 800 pixels are shrunk in a window of 620"),
        ({"votes_per_cell": 1}, "votes_per_cell is 1"),
        ({"votes_per_cell": 1, "photographs": 30}, "with 2 volunteers intervals are wide"),
        ({"photographs": 10}, "with 10 photographs results say little"),
        ({"methods": ["a", "b"]}, "methods has no original"),
        ({"screening": {**RULES, "catch_wrong": 9}}, "catch_wrong is 9, but there are 6 catch items"),
        ({"catch": {"broken": 8, "originals": 8}}, "flag 19 % of careful people: raise screening.catch_wrong"),
        ({"catch": {"broken": 2, "originals": 0}}, "flag only 25 % of those who guess: add catch items"),
        ({"repeats": 0}, "repeats is 0"),
        ({"screening": {**RULES, "straight_lining": 0.4}}, "flags everybody"),
    ],
)
def test_what_is_odd_is_named(change: dict[str, object], sentence: str) -> None:
    assert oddities(short(**PLAIN)) == []
    found = oddities(short(**{**PLAIN, **change}))
    assert (sentence in " ".join(found)) == (change != {"photographs": 120})


def test_the_number_of_volunteers_falls_with_the_difference_and_says_what_this_file_finds() -> None:
    study = short(photographs=20, methods=["a", "b"], votes_per_cell=6)
    lines = list(needed(study, load_effects(EFFECTS_FILE, study), repeats=30, seed=0))
    numbers = [line.partition(": ")[2].partition(";")[0] for line in lines[:4]]
    assert lines[0].startswith("15 points (88 and 73 %)") and "the 12 of this file find it in" in lines[0]
    assert int(numbers[0]) < 60 and numbers[-1] == "more than 100"


def test_volunteers_for_a_preference_are_counted_too() -> None:
    changes = {"protocol": "preference", "criteria": None, "catch": {"broken": 5}, "methods": ["a", "b", "original"]}
    study = short(**{**changes, "photographs": 24, "votes_per_cell": 3})
    assert study.sessions == 18 and oddities(study) == []
    lines = list(needed(study, load_effects(EFFECTS_FILE, study), repeats=20, seed=0))
    assert lines[0].startswith("preferred in 65 %: ") and "the 18 of this file find it in" in lines[0]
    assert lines[3].startswith("preferred in 53 %: more than 96")


def test_a_study_that_picks_the_best_is_outlined_and_its_volunteers_counted() -> None:
    changes = {"protocol": "preference", "pictures": 3, "criteria": None, "catch": {"broken": 5}}
    study = short(**{**changes, "photographs": 24, "methods": ["a", "b", "c", "d"], "votes_per_cell": 5})
    assert study.sessions == 20 and oddities(study) == []
    assert check.outline(study).startswith("3 methods' pictures of a photograph at once, which one is best")
    lines = list(needed(study, load_effects(EFFECTS_FILE, study), repeats=20, seed=0))
    assert lines[0].startswith("picked rather than another in 65 %: ") and "the 20 of this file find it" in lines[0]
    beside = short(**{**changes, "photographs": 24, "methods": ["a", "b", "original"], "votes_per_cell": 5})
    assert "methods has original: where it is picked nearly always" in " ".join(oddities(beside))


def test_the_command_says_it_all_and_that_pictures_are_missing_until_they_are_there(
    archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path, methods=METHODS)
    monkeypatch.setattr(sys, "argv", ["check", "study.yaml", "--repeats", "2"])
    check.main()
    printed = capsys.readouterr().out
    assert "3 questions (yes or no)" in printed and "a session: about 3 minutes; 10 trials, 2 of them catch" in printed
    assert "volunteers: 6, together about 0.3 hours" in printed
    assert "not prepared yet: `huebench study stimuli study.yaml`" in printed
    prepared_study(tmp_path, archives)
    check.main()
    assert "not prepared" not in capsys.readouterr().out
