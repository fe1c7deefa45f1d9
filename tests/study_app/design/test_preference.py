"""Two methods beside each other: which, on what, and on which side, is balanced; and what a study of it must say."""

from collections import Counter
from pathlib import Path

import pytest

from pipeline.settings.errors import UserError
from study_app.design import assignment
from study_app.design.pairs import stored_value, trial_looks, wanted_side
from study_app.design.study import Study
from study_app.design.trials import Trial
from tests.study_app.pairing import preference_study

IDS = [f"photo-{number:03}" for number in range(80)]
SHAPES = [
    {"methods": ["a", "b"], "photographs": 6, "photographs_per_session": 6},
    {"methods": ["a", "b", "original"], "photographs": 12, "photographs_per_session": 6},
    {"methods": ["a", "b", "c", "d"], "photographs": 30, "photographs_per_session": 30},
    {"methods": ["a", "b", "c", "d", "e"], "photographs": 21, "photographs_per_session": 21, "repeats": 7},
]


@pytest.fixture(params=range(len(SHAPES)))
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Study:
    return preference_study(tmp_path, seed=3, **SHAPES[request.param])


def sessions_of(study: Study) -> list[list[Trial]]:
    """A session in every slot."""
    cast = assignment.cast_photographs(study, IDS)
    return [assignment.session_trials(study, cast, slot, n) for n, slot in enumerate(assignment.slots(study), start=1)]


def sides(trial: Trial) -> tuple[str, str]:
    """The methods, or faults, on the left and on the right."""
    left, right = (fault or method for _, method, fault in trial_looks(trial))
    return left, right


def test_every_photograph_is_shown_once_for_every_two_methods_and_either_way_round(study: Study) -> None:
    cells = Counter((t.photograph, *sides(t)) for trials in sessions_of(study) for t in trials if t.kind == "main")
    count = len(study.methods)
    assert set(cells.values()) == {1} and len(cells) == study.photographs * count * (count - 1)
    assert study.sessions == study.votes_per_cell * len(sessions_of(study))


def test_a_volunteer_sees_a_photograph_once_and_methods_left_and_right_alike(study: Study) -> None:
    for trials in sessions_of(study):
        main = [trial for trial in trials if trial.kind == "main"]
        assert len({trial.photograph for trial in main}) == len(main) == study.block_size
        left, right = (Counter(sides(trial)[place] for trial in main) for place in (0, 1))
        assert max(left.values()) - min(left.values()) <= 1
        assert all(abs(left[method] - right[method]) <= 2 for method in study.methods)
        shown = left + right
        assert max(shown.values()) - min(shown.values()) <= 2


def test_a_second_showing_is_the_other_way_round_and_catch_items_have_a_broken_side(study: Study) -> None:
    for trials in sessions_of(study):
        for trial in trials:
            if trial.kind == "repeat":
                assert trial.first is not None and sides(trial) == sides(trials[trial.first])[::-1]
        catch = [sides(trial) for trial in trials if trial.kind == "broken"]
        assert sorted(catch) == [("broken", "original"), ("original", "broken")]


def test_what_is_stored_says_which_method_was_preferred_whatever_side_it_stood_on(tmp_path: Path) -> None:
    forced, tied = preference_study(tmp_path), preference_study(tmp_path, ties=True)
    assert (forced.maximum, tied.maximum) == (1, 2) and forced.digest != tied.digest
    assert [stored_value(forced, side, place) for side, place in ((0, 0), (1, 1), (1, 0), (0, 1))] == [1, 1, 0, 0]
    assert [stored_value(tied, side, 0) for side in (0, 1, 2)] == [2, 1, 0]
    assert [stored_value(tied, side, 1) for side in (0, 1, 2)] == [0, 1, 2]
    assert (wanted_side(tied, 0), wanted_side(tied, 1), wanted_side(forced, 0)) == (2, 0, 1)  # not the spoilt one


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"arrangement": "single"}, "arrangement is missing; the two pictures are shown side_by_side or in_turn"),
        ({"scale": "0-10"}, "`ties: true` adds that both are equal"),
        ({"methods": ["a"]}, "methods must name at least two"),
        ({"catch": {"broken": 1, "originals": 1}}, "catch.originals must be 0 for preference"),
        ({"criteria": ["natural", "natural"]}, "exactly one criterion"),
        ({"protocol": "naturalness", "arrangement": "single", "ties": True}, "ties is for `protocol: preference`"),
    ],
)
def test_a_mistake_is_named(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        preference_study(tmp_path, **change)
    assert sentence in str(caught.value)
