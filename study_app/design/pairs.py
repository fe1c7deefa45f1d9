"""Two pictures in a trial: which is the original (`pairs`), or which looks more natural (`preference`).

`pairs` is after Zhang, Isola and Efros (ECCV 2016, section 3.1).

Their test on Mechanical Turk shows a photograph and its colorization for a second each. Then the observer says, without
a limit of time, which has the fake colours. The first pairs have feedback, and in one pair of ten the fake is obvious.
Their pages (github.com/phillipi/AMT_Real_vs_Fake) show the left picture before the right: `arrangement: in_turn`.

The browser sends the *side* that the volunteer takes for the fake (0 left, 1 right). It never learns which side is. The
database stores whether the volunteer was fooled: 1 if the colorization passed as the original, else 0.

In `preference` the side is that of the picture that looks more natural: 0 left, 1 right; with `ties` 0 left, 1 none, 2
right. The database stores it as the share of the trial's `method`: 0 if the other one was preferred, else 1, or 2 of 2.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from study_app.design.assignment import PRACTICE_FAULTS, Cast, Trial, generator, practice_pictures
from study_app.design.places import fake_places
from study_app.design.study import ORIGINAL, Study

SIDES = "sides"  # the browser's name for the scale of pairs


def trial_looks(trial: Trial | Row[Any]) -> Sequence[tuple[str, str, str]]:
    """The (photograph, method, fault) of every picture of a trial; in a pair, the left picture first."""
    own = (trial.photograph, trial.method, trial.fault)
    other = (trial.photograph, trial.other or ORIGINAL, "")
    if trial.fake_place is None:
        return [own]
    return [other, own] if trial.fake_place else [own, other]


def stored_value(study: Study, side: int, place: int) -> int:
    """What is stored where a volunteer names a side; `place`: of the trial's `method`."""
    if study.protocol == "pairs":
        return int(side != place)
    return side if place else study.maximum - side


def wanted_side(study: Study, place: int) -> int:
    """The right answer to a trial whose spoilt picture is at `place`."""
    return place if study.protocol == "pairs" else study.maximum * (1 - place)


def practice_looks(study: Study, cast: Cast) -> list[tuple[str, str]]:
    """The (photograph, fault) of every practice trial; in pairs each has a fault, and stands beside its original."""
    faults = [fault for fault in PRACTICE_FAULTS if fault or not study.is_paired]
    return practice_pictures(cast, faults)


def practice_trials(study: Study, cast: Cast) -> list[Trial]:
    """The practice, the same for every session."""
    looks = practice_looks(study, cast)
    places: Sequence[int | None] = [None] * len(looks)
    if study.is_paired:
        places = fake_places([(fault, None) for _, fault in looks], generator(study.seed, "practice places"))
    return [
        Trial(position, "main", photograph, ORIGINAL, fault, fake_place=place)
        for position, ((photograph, fault), place) in enumerate(zip(looks, places, strict=True))
    ]
