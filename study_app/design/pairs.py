"""Several pictures in a trial: which is the original (`pairs`), or which looks most natural (`preference`).

`pairs` is after Zhang, Isola and Efros (ECCV 2016, section 3.1).

Their test on Mechanical Turk shows a photograph and its colorization for a second each. Then the observer says, without
a limit of time, which has the fake colours. The first pairs have feedback, and in one pair of ten the fake is obvious.
Their pages (github.com/phillipi/AMT_Real_vs_Fake) show the left picture before the right: `arrangement: in_turn`.

The browser sends the *side* that the volunteer takes for the fake (0 left, 1 right). It never learns which side is. The
database stores whether the volunteer was fooled: 1 if the colorization passed as the original, else 0.

In `preference` the side is that of the picture that looks more natural: 0 left, 1 right; with `ties` 0 left, 1 none, 2
right. The database stores it as the share of the trial's `method`: 0 if the other one was preferred, else 1, or 2 of 2.
Of more than two pictures, the place of the one that was picked is sent and stored, from 0.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from study_app.design.assignment import PRACTICE_FAULTS, Cast, generator, practice_pictures, shuffled, spoilt
from study_app.design.places import dealt_places, fake_places, in_places
from study_app.design.study import ORIGINAL, Study
from study_app.design.trials import Trial

SIDES = "sides"  # the browser's name for the scale of pairs
PLACES = "places"  # and for that of more pictures


def trial_looks(trial: Trial | Row[Any]) -> Sequence[tuple[str, str, str]]:
    """The (photograph, method, fault) of every picture of a trial; in a pair, the left picture first."""
    if trial.fake_place is None:
        return [(trial.photograph, trial.method, trial.fault)]
    names = in_places(trial.fault or trial.method, trial.other or ORIGINAL, trial.fake_place)
    if trial.fault:  # beside the original, in pairs and in catch items
        return [(trial.photograph, ORIGINAL, "" if name == ORIGINAL else name) for name in names]
    return [(trial.photograph, name, "") for name in names]


def stored_value(study: Study, side: int, place: int) -> int:
    """What is stored where a volunteer names a side; `place`: of the trial's `method`."""
    if study.picks_best:
        return side
    if study.protocol == "pairs":
        return int(side != place)
    return side if place else study.maximum - side


def wanted_side(study: Study, place: int) -> int:
    """The right answer to a trial whose spoilt picture is at `place`."""
    return place if study.protocol == "pairs" else study.maximum * (1 - place)


def practice_looks(study: Study, cast: Cast) -> list[tuple[str, str]]:
    """The (photograph, fault) of every practice trial; in pairs each has a fault, and stands beside its original."""
    faults = [fault for fault in PRACTICE_FAULTS if fault or not study.is_paired]
    if study.picks_best:
        return [(name, fault) for name in cast.practice for fault in practice_faults(study)]
    return practice_pictures(cast, faults)


def practice_faults(study: Study) -> list[str]:
    """The faults beside the original in a practice trial of more than two pictures."""
    faults = [fault for fault in PRACTICE_FAULTS if fault]
    return [*faults, *spoilt(study)][: study.pictures - 1]


def practice_trials(study: Study, cast: Cast) -> list[Trial]:
    """The practice, the same for every session."""
    if study.picks_best:
        return _best_of_practice(study, cast)
    looks = practice_looks(study, cast)
    places: Sequence[int | None] = [None] * len(looks)
    if study.is_paired:
        places = fake_places([(fault, None) for _, fault in looks], generator(study.seed, "practice places"))
    return [
        Trial(position, "main", photograph, ORIGINAL, fault, fake_place=place)
        for position, ((photograph, fault), place) in enumerate(zip(looks, places, strict=True))
    ]


def _best_of_practice(study: Study, cast: Cast) -> list[Trial]:
    """The original among spoilt ones, in places that are balanced."""
    rng = generator(study.seed, "practice places")
    trials = []
    for position, place in enumerate(dealt_places(len(cast.practice), study.pictures, rng)):
        faults = shuffled(practice_faults(study), rng)
        trial = Trial(position, "main", cast.practice[position], ORIGINAL, fault=faults[0])
        trials.append(trial.arranged([*faults[:place], ORIGINAL, *faults[place:]]))
    return trials
