"""Screening measures against cases counted by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipeline.records.ratings import PairRating, Rating
from study_app.design.study import Screening
from study_app.export.screening import Conduct, Timing, conduct, median_pace, odd_timings

RULES = Screening(catch_wrong=2, fastest_median_ms=400, straight_lining=0.9, repeat_agreement=0.5, plates_right=0.75)


def rating(trial: int, value: int, kind: str = "main", criterion: str = "a", **changes: object) -> Rating:
    """One answer."""
    whose: dict[str, Any] = {"study": "s", "version": 1, "simulated": False, "participant": 1}
    what: dict[str, Any] = {"photograph": "p", "method": "m", "maximum": 1, "repeat_of": None}
    timing: dict[str, Any] = {"onset_ms": 0.0, "offset_ms": 1.0, "shown_ms": 1.0, "exposures": 1, "hidden": 0}
    rest = {**whose, **what, **timing, "response_ms": 1000.0, **changes}
    return Rating(trial=trial, kind=kind, criterion=criterion, value=value, **rest)


CAREFUL = [rating(trial, trial % 2) for trial in range(8)]


def test_nobody_is_flagged_without_cause() -> None:
    assert conduct(CAREFUL, (4, 5), RULES) == Conduct(0, 0, 1000.0, 0.5, None, None, 0, ())
    assert conduct([], None, RULES) == Conduct(0, 0, None, None, None, None, 0, ())


def test_catch_items_count_by_their_mean_answer() -> None:
    def item(trial: int, kind: str, *values: int) -> list[Rating]:
        return [rating(trial, value, kind, str(place)) for place, value in enumerate(values)]

    right = [*item(8, "broken", 0, 0, 1), *item(9, "original", 1, 1, 0)]
    wrong = [*item(10, "broken", 1, 1, 0), *item(11, "original", 0, 0, 0)]
    judged = conduct([*CAREFUL, *right, *wrong], None, RULES)
    assert (judged.catch_shown, judged.catch_wrong, judged.flags) == (4, 2, ("catch",))
    assert conduct([*CAREFUL, *right, *wrong[:3]], None, RULES).flags == ()
    undecided = [replace(one, value=5, maximum=10) for one in (*item(8, "broken", 0), *item(9, "original", 0))]
    assert conduct([*CAREFUL, *undecided], None, RULES).catch_wrong == 2


@pytest.mark.parametrize(("milliseconds", "flags"), [(399.0, ("fast",)), (400.0, ())])
def test_the_median_response_time_has_a_floor(milliseconds: float, flags: tuple[str, ...]) -> None:
    quick = [replace(one, response_ms=milliseconds) for one in CAREFUL[:5]]
    assert conduct([*quick, *CAREFUL[5:]], None, RULES).flags == flags


def test_one_answer_to_everything_is_flagged() -> None:
    same = [rating(trial, 1) for trial in range(9)]
    assert conduct([*same, rating(9, 0)], None, RULES).flags == ("straight_lining",)
    assert conduct([*same[:8], rating(8, 0), rating(9, 0)], None, RULES).flags == ()


def test_a_straight_liner_in_pairs_names_one_side_and_is_not_who_finds_every_fake() -> None:
    def judged(value: Callable[[int], int]) -> Conduct:
        pairs = [PairRating(**vars(rating(trial, value(trial))), fake_place=trial % 2) for trial in range(40)]
        return conduct(pairs, None, RULES)

    assert judged(lambda trial: 0).most_common_share == 0.5
    assert judged(lambda trial: trial % 2).flags == ("straight_lining",)


def test_repeats_agree_within_a_fifth_of_the_scale() -> None:
    graded = [replace(one, value=place * 10, maximum=100) for place, one in enumerate(CAREFUL)]
    again = [replace(graded[place], trial=20 + place, kind="repeat", repeat_of=place) for place in range(4)]
    moved = [replace(one, value=one.value + change) for one, change in zip(again, (0, 20, 21, 60), strict=True)]
    judged = conduct([*graded, *moved], None, RULES)
    assert (judged.repeat_agreement, judged.flags) == (0.5, ())
    worse = [replace(moved[0], value=99), *moved[1:]]
    assert conduct([*graded, *worse], None, RULES).flags == ("inconsistent",)


@pytest.mark.parametrize(("plates", "flags"), [((3, 4), ()), ((2, 4), ("color_vision",)), ((0, 0), ())])
def test_colour_vision_plates_flag_below_the_share(plates: tuple[int, int], flags: tuple[str, ...]) -> None:
    assert conduct(CAREFUL, plates, RULES).flags == flags


def test_a_pace_that_no_honest_answer_has_is_flagged_whatever_the_browser_says() -> None:
    """The floor of a trial: its exposure, its mask, and the fastest median response for each question."""
    assert median_pace({0: 0, 1: 3000, 2: 9000, 4: 9001}) == 4500  # trial 3 is missing: no gap before 4
    assert median_pace({5: 1}) is None and median_pace({}) is None
    for milliseconds, flags in ((4699.0, ("pace",)), (4700.0, ()), (None, ())):
        assert conduct(CAREFUL, None, RULES, Timing(milliseconds, 4700)).flags == flags
    programs = [replace(one, simulated=True) for one in CAREFUL]
    assert conduct(programs, None, RULES, Timing(1.0, 4700, 8)).flags == ()  # their time may be compressed


def test_times_that_the_servers_clock_contradicts_are_counted_and_flagged() -> None:
    def trials(**changes: float) -> list[Rating]:
        timing = {"onset_ms": 700.0, "offset_ms": 3700.0, "shown_ms": 3000.0, "exposures": 1} | changes
        return [rating(trial, trial % 2, **timing) for trial in range(10)]  # with one criterion, answered in a second

    arrived = {trial: trial * 5300 for trial in range(10)}

    def odd(ratings: Sequence[Rating]) -> int:
        return odd_timings(ratings, arrived, seen_ms=3000, mask_ms=500)

    assert odd(trials()) == 0
    assert odd(trials(offset_ms=5800.0)) == 0 and odd(trials(offset_ms=5801.0)) == 9  # nothing comes before the first
    assert odd(trials(response_ms=86_400_000.0)) == 9
    assert odd(trials(shown_ms=6500.0)) == 0 and odd(trials(shown_ms=6501.0)) == 10
    assert odd(trials(shown_ms=9000.0, exposures=3)) == 0  # interrupted twice
    assert odd_timings(trials(), {}, 3000, 500) == 0
    for count, flags in ((1, ()), (2, ("timing",))):
        assert conduct(trials(), None, RULES, Timing(9e9, 0, count)).flags == flags
