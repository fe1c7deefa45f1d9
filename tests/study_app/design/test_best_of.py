"""Three to six methods at once: who meets whom, where, on what; and what a study that picks the best must say."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from pipeline.settings.errors import UserError
from study_app.design import assignment
from study_app.design.pairs import practice_trials, stored_value, trial_looks
from study_app.design.sets import first_sets, meetings, ways
from study_app.design.study import Study, study_of
from study_app.design.trials import Trial
from tests.study_app.pairing import best_study, preference_study

IDS = [f"photo-{number:03}" for number in range(80)]
SHAPES = [
    {"methods": ["a", "b", "c"], "pictures": 3, "photographs": 6, "photographs_per_session": 6},
    {"methods": ["a", "b", "c", "original"], "pictures": 3, "photographs": 24, "photographs_per_session": 12},
    {"methods": ["a", "b", "c", "d", "e"], "pictures": 5, "photographs": 20, "photographs_per_session": 20},
    {"methods": ["a", "b", "c", "d", "e"], "pictures": 3, "photographs": 21, "photographs_per_session": 21},
    {"methods": list("abcdefg"), "pictures": 6, "photographs": 14, "photographs_per_session": 14},
]


@pytest.fixture(params=range(len(SHAPES)))
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Study:
    return best_study(tmp_path, seed=3, **SHAPES[request.param])


def sessions_of(study: Study) -> list[list[Trial]]:
    """A session in every slot."""
    cast = assignment.cast_photographs(study, IDS)
    return [assignment.session_trials(study, cast, slot, n) for n, slot in enumerate(assignment.slots(study), start=1)]


def names(trial: Trial) -> tuple[str, ...]:
    """The methods, or faults, by place."""
    return tuple(fault or method for _, method, fault in trial_looks(trial))


@pytest.mark.parametrize("count", range(3, 13))
def test_every_two_methods_meet_equally_often_or_nearly_so_and_stand_everywhere_alike(count: int) -> None:
    for size in range(3, min(count, 6) + 1):
        every = ways(count, size)
        met = Counter(frozenset(pair) for way in every for pair in combinations(way, 2))
        assert len(met) == count * (count - 1) / 2 and len(every) <= count * (count - 1)
        uneven = max(met.values()) - min(met.values())
        assert uneven == (1 if (count, size) == (6, 3) else 0), (count, size)
        for place in range(size):
            assert set(Counter(way[place] for way in every).values()) == {len(every) // count}


def test_known_designs_are_found() -> None:
    assert len(first_sets(7, 3)) == 1  # the Fano plane
    assert meetings((0, 1, 3), 7) == (1, 1, 1)
    assert ways(4, 2) == tuple((left, (left + step) % 4) for step in (1, 2, 3) for left in range(4))


def test_on_every_photograph_methods_are_shown_alike_in_every_place(study: Study) -> None:
    main = [trial for trials in sessions_of(study) for trial in trials if trial.kind == "main"]
    for place in range(study.pictures):
        stood = Counter((trial.photograph, names(trial)[place]) for trial in main)
        assert len(stood) == study.photographs * len(study.methods) and len(set(stood.values())) == 1
    met = Counter((t.photograph, *pair) for t in main for pair in combinations(sorted(names(t)), 2))
    assert len(set(met.values())) == 1
    assert study.sessions == study.votes_per_cell * len(sessions_of(study))


def test_two_methods_are_not_always_neighbours(study: Study) -> None:
    main = [trial for trials in sessions_of(study) for trial in trials if trial.kind == "main"]
    before = Counter(pair for trial in main for pair in combinations(names(trial), 2))
    assert len({names(trial) for trial in main}) > study.rows
    for one, other in combinations(study.methods, 2):
        assert 0.3 < before[one, other] / (before[one, other] + before[other, one]) < 0.7


def test_a_volunteer_sees_a_photograph_once_and_all_methods_about_alike(study: Study) -> None:
    for trials in sessions_of(study):
        main = [trial for trial in trials if trial.kind == "main"]
        assert len({trial.photograph for trial in main}) == len(main) == study.block_size
        assert all(len(set(names(trial))) == study.pictures for trial in main)
        shown = Counter(name for trial in main for name in names(trial))
        assert set(shown) == set(study.methods) and max(shown.values()) - min(shown.values()) <= study.pictures


def test_a_repeat_has_all_in_other_places_and_catch_items_one_original(study: Study) -> None:
    for trials in sessions_of(study):
        places = []
        for trial in trials:
            if trial.kind == "repeat":
                assert trial.first is not None
                first, again = names(trials[trial.first]), names(trial)
                assert set(first) == set(again) and all(a != b for a, b in zip(first, again, strict=True))
            if trial.kind == "broken":
                assert len(set(names(trial))) == study.pictures
                assert sorted(name.partition("_")[0] for name in names(trial)) == [
                    *["broken"] * (study.pictures - 1),
                    "original",
                ]
                places.append(names(trial).index("original"))
        assert len(set(places)) == len(places) == 2


def test_practice_shows_the_original_among_spoilt_ones(study: Study) -> None:
    trials = practice_trials(study, assignment.cast_photographs(study, IDS))
    assert len(trials) == study.practice
    for trial in trials:
        assert len(set(names(trial))) == study.pictures and names(trial).count("original") == 1


def test_what_is_stored_is_the_place(tmp_path: Path) -> None:
    study = best_study(tmp_path)
    assert (study.maximum, [stored_value(study, place, 1) for place in range(3)]) == (2, [0, 1, 2])


def test_two_pictures_are_the_study_that_it_was_before(tmp_path: Path) -> None:
    plain, two = preference_study(tmp_path), preference_study(tmp_path, pictures=2)
    assert plain == two and plain.digest == two.digest != best_study(tmp_path).digest


def test_settings_and_words_are_those_of_several_pictures() -> None:
    content = {"protocol": "preference", "methods": ["a", "b", "c"], "dataset": "d", "photographs": 12}
    content |= {"languages": ["en", "de", "fr", "es"], "votes_per_cell": 1}
    two, three = study_of(content, "s"), study_of({**content, "pictures": 3}, "s")
    assert (two.exposure_ms, three.exposure_ms) == (3000, 8000)
    assert three.title["en"] == three.criteria[0].question["en"] == "Which one looks most natural?"
    assert "several times at once" in three.consent["en"] and "{" not in "".join(three.consent.values())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pictures": 1}, "pictures is 1, but must be from 2 to 6"),
        ({"pictures": 7, "methods": list("abcdefgh")}, "pictures is 7, but must be from 2 to 6"),
        ({"pictures": 4}, "pictures is 4, but methods names only 3"),
        ({"ties": True}, "ties is for two pictures: of 3 exactly one is picked"),
        ({"arrangement": "in_turn"}, "3 pictures are shown at once: side_by_side"),
        ({"methods": ["a", "b", "c | d"]}, "methods names 'c | d', but | stands between methods in exports"),
        ({"protocol": "naturalness", "arrangement": "single"}, "pictures is for `protocol: preference`"),
    ],
)
def test_a_mistake_is_named(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        best_study(tmp_path, **change)
    assert sentence in str(caught.value)
