"""The design's promises, over many seeds and shapes of study."""

import itertools
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.settings.errors import UserError
from study_app.design import assignment
from study_app.design.assignment import Cast, Slot
from study_app.design.study import Study
from study_app.design.trials import Trial
from tests.study_app.volunteers import small_study

Sessions = list[tuple[Study, Cast, Slot, list[Trial]]]
IDS = [f"photo-{number:03}" for number in range(80)]
SHAPES = [
    {"photographs": 6, "photographs_per_session": 6, "repeats": 2, "methods": ["a", "original"]},
    {"photographs": 12, "photographs_per_session": 4, "repeats": 1, "methods": ["a", "b", "original"]},
    {"photographs": 30, "photographs_per_session": 30, "repeats": 4, "methods": [*"abcd", "original"]}
    | {"catch": {"broken": 3, "originals": 3}},
    {"photographs": 56, "photographs_per_session": 28, "repeats": 9, "methods": [*"abcdef", "original"]}
    | {"catch": {"broken": 8, "originals": 6}},
]


def look(trial: Trial) -> str:
    """What a volunteer sees of a trial: broken colours, or a method's."""
    return trial.fault or trial.method


@pytest.fixture(params=range(len(SHAPES)))
def shape(request: pytest.FixtureRequest) -> dict[str, object]:
    """A study's shape."""
    return SHAPES[request.param]


@pytest.fixture
def sessions(shape: dict[str, object], tmp_path: Path) -> Sessions:
    """Several sessions in every slot, under several seeds."""
    found = []
    for seed in range(6):
        study = small_study(tmp_path, seed=seed, **shape)
        cast = assignment.cast_photographs(study, IDS)
        for number, slot in enumerate(assignment.slots(study) * 3, start=1):
            found.append((study, cast, slot, assignment.session_trials(study, cast, slot, number)))
    return found


def test_a_session_shows_each_photograph_once_and_its_repeats_twice(sessions: Sessions) -> None:
    for study, cast, _, trials in sessions:
        assert [(trial.position, trial.fake_place) for trial in trials] == [(n, None) for n in range(study.trials)]
        once = Counter(trial.photograph for trial in trials if trial.kind != "repeat")
        assert set(once.values()) == {1}
        assert len(once) == study.trials - study.repeats
        assert not set(once) & set(cast.practice)
        again = [trial for trial in trials if trial.kind == "repeat"]
        assert len({trial.photograph for trial in again}) == len(again) == study.repeats
        for trial in again:
            assert trial.first is not None
            first = trials[trial.first]
            assert (first.kind, first.photograph, first.method) == ("main", trial.photograph, trial.method)


def test_one_session_in_every_slot_fills_every_cell_once(shape: dict[str, object], tmp_path: Path) -> None:
    for seed in range(20):
        study = small_study(tmp_path, seed=seed, **shape)
        cast = assignment.cast_photographs(study, IDS)
        every = assignment.slots(study)
        assert len(set(every)) == len(every) == study.blocks * len(study.methods)
        cells = Counter(picture for slot in every for picture in assignment.main_pictures(study, cast, slot))
        assert cells == Counter({(name, method): 1 for name in cast.main for method in study.methods})


def test_a_session_sees_every_method_equally_often_within_one(sessions: Sessions) -> None:
    for study, _, _, trials in sessions:
        counts = Counter(trial.method for trial in trials if trial.kind == "main")
        shown = [counts[method] for method in study.methods]
        assert max(shown) - min(shown) <= 1


def test_neighbours_share_a_method_far_less_often_than_by_chance(sessions: Sessions) -> None:
    clashes = chance = 0.0
    for _, _, _, trials in sessions:
        clashes += sum(look(a) == look(b) for a, b in pairwise(trials))
        looks = Counter(trial.fault or trial.method for trial in trials)
        pairs = len(trials) * (len(trials) - 1)
        chance += (len(trials) - 1) * sum(count * (count - 1) for count in looks.values()) / pairs
    assert clashes < chance / 3  # with two methods there is little to choose
    if len(sessions[0][0].methods) >= 5:
        assert clashes == 0


def test_repeats_come_late_and_far_from_their_first_showing(sessions: Sessions) -> None:
    gaps = []
    for study, _, _, trials in sessions:
        for trial in trials:
            if trial.kind == "repeat" and trial.first is not None:
                assert trial.position >= study.trials // 2
                gaps.append((trial.position - trial.first) / study.trials)
    assert min(gaps) >= 0.25


def test_catch_items_are_spread_over_the_session(sessions: Sessions) -> None:
    for study, _, _, trials in sessions:
        places = [trial.position for trial in trials if trial.kind in ("broken", "original")]
        count = study.catch.broken + study.catch.originals
        assert len(places) == count
        edges = [study.trials * part // count for part in range(count + 1)]
        assert all(low <= place < high for place, low, high in zip(places, edges, edges[1:], strict=False))
        assert all(two - one > 1 for one, two in itertools.pairwise(places))


def test_the_order_differs_from_session_to_session_and_is_reproducible(tmp_path: Path) -> None:
    study = small_study(tmp_path, **SHAPES[2])
    cast = assignment.cast_photographs(study, IDS)
    orders = [
        tuple(trial.photograph for trial in assignment.session_trials(study, cast, Slot(0, 0), n)) for n in range(40)
    ]
    assert len(set(orders)) == 40
    again = assignment.session_trials(study, cast, Slot(0, 0), 7)
    assert again == assignment.session_trials(study, assignment.cast_photographs(study, reversed(IDS)), Slot(0, 0), 7)


def test_no_photograph_and_no_method_comes_earlier_than_others(tmp_path: Path) -> None:
    study = small_study(tmp_path, **SHAPES[2])
    cast = assignment.cast_photographs(study, IDS)
    photographs: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    for number in range(600):
        for trial in assignment.session_trials(study, cast, Slot(0, 0), number):
            if trial.kind == "main":
                photographs[trial.photograph] += trial.position
                methods[trial.method] += trial.position
    # Of 40 places; the standard errors of these means are about 0.47 and 0.19.
    assert max(photographs.values()) - min(photographs.values()) < 600 * 3
    assert max(methods.values()) - min(methods.values()) < 600 * 6 * 1.2


def test_too_few_photographs_are_said_with_all_numbers(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    with pytest.raises(UserError, match=r"wants 10 photographs \(6 to judge, 2 catch items, 2 for practice\)"):
        assignment.cast_photographs(study, IDS[:9])


def test_breaks_come_between_trials_only(tmp_path: Path) -> None:
    assert assignment.breaks(small_study(tmp_path, break_every=5)) == [5]  # of 10 trials: none after the last
    assert assignment.breaks(small_study(tmp_path, break_every=0)) == []
