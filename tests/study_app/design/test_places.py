"""The sides in pairs: balanced in every session and every method, and impossible to foresee."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from study_app.design import assignment
from study_app.design.assignment import Slot
from study_app.design.study import load_study
from study_app.design.trials import Trial
from tests.conftest import ROOT
from tests.study_app.pairing import pair_study

IDS = [f"photo-{number:03}" for number in range(80)]
SHAPES = [
    {"photographs": 6, "photographs_per_session": 6, "repeats": 2, "methods": ["a"]},
    {"photographs": 15, "photographs_per_session": 5, "repeats": 1, "methods": ["a", "b", "c"]},
    {"photographs": 40, "photographs_per_session": 40, "repeats": 4, "methods": ["a", "b", "c", "d"]},
    {"photographs": 21, "photographs_per_session": 21, "repeats": 7, "methods": ["a", "b", "c", "d", "e"]},
]


@pytest.fixture(params=range(len(SHAPES)))
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> list[list[Trial]]:
    """Several sessions in every slot, under several seeds."""
    found = []
    for seed in range(5):
        study = pair_study(tmp_path, seed=seed, **SHAPES[request.param])
        cast = assignment.cast_photographs(study, IDS)
        for number, slot in enumerate(assignment.slots(study) * 4, start=1):
            found.append(assignment.session_trials(study, cast, slot, number))
    return found


def lean(trials: list[Trial]) -> int:
    """How many more fakes stand right than left."""
    return sum(1 if trial.fake_place else -1 for trial in trials)


def test_sides_are_balanced_in_every_session_and_in_every_method(sessions: list[list[Trial]]) -> None:
    for trials in sessions:
        assert {trial.fake_place for trial in trials} == {0, 1}
        once = [trial for trial in trials if trial.kind != "repeat"]
        assert abs(lean(once)) <= 1
        for method in {trial.fault or trial.method for trial in once}:
            assert abs(lean([trial for trial in once if (trial.fault or trial.method) == method])) <= 1


def test_a_pair_comes_again_with_the_sides_exchanged_and_not_always_the_same_way(sessions: list[list[Trial]]) -> None:
    for trials in sessions:
        again = [trial for trial in trials if trial.kind == "repeat"]
        for trial in again:
            assert trial.first is not None and trial.fake_place == 1 - (trials[trial.first].fake_place or 0)
        assert abs(lean(again)) <= 1


def test_neither_the_place_in_the_session_nor_the_photograph_tells_the_side(tmp_path: Path) -> None:
    study = pair_study(tmp_path, **SHAPES[3])
    cast = assignment.cast_photographs(study, IDS)
    right: Counter[object] = Counter()
    same = 0
    count = 2000
    for number in range(count):
        trials = assignment.session_trials(study, cast, Slot(0, number % 5), number)
        once = [trial for trial in trials if trial.kind != "repeat"]
        right.update(key for trial in once if trial.fake_place for key in (trial.photograph, once.index(trial)))
        same += sum(one.fake_place == two.fake_place for one, two in pairwise(once))
    assert len(right) == 2 * (21 + 2)
    assert all(abs(seen / count - 0.5) < 0.06 for seen in right.values())  # five standard errors
    assert 0.44 < same / count / (21 + 1) < 0.5  # a little under a half, since sides are balanced


def test_the_example_gives_every_method_and_photograph_equally_many_votes() -> None:
    study = load_study(ROOT / "study_pairs.yaml")
    assert (study.sessions, study.trials, study.sources) == (40, 49, (*study.methods, "original"))
    cast = assignment.cast_photographs(study, [f"photo-{number:03}" for number in range(200)])
    cells = Counter(
        picture for slot in assignment.slots(study) for picture in assignment.main_pictures(study, cast, slot)
    )
    assert cells == Counter({(name, method): 1 for name in cast.main for method in study.methods})
