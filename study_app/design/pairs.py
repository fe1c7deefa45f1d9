"""The second protocol: which of two pictures is the original, after Zhang, Isola and Efros (ECCV 2016, section 3.1).

Their test on Mechanical Turk shows a photograph and its colorization for a second each. Then the observer says, without
a limit of time, which has the fake colours. The first pairs have feedback, and in one pair of ten the fake is obvious.
Their pages (github.com/phillipi/AMT_Real_vs_Fake) show the left picture before the right: `arrangement: in_turn`.

The browser sends the *side* that the volunteer takes for the fake (0 left, 1 right). It never learns which side is. The
database stores whether the volunteer was fooled: 1 if the colorization passed as the original, else 0.
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
    original = (trial.photograph, ORIGINAL, "")
    if trial.fake_place is None:
        return [own]
    return [original, own] if trial.fake_place else [own, original]


def practice_looks(study: Study, cast: Cast) -> list[tuple[str, str]]:
    """The (photograph, fault) of every practice trial; in pairs each has a fault, and stands beside its original."""
    faults = PRACTICE_FAULTS if study.protocol == "naturalness" else [fault for fault in PRACTICE_FAULTS if fault]
    return practice_pictures(cast, faults)


def practice_trials(study: Study, cast: Cast) -> list[Trial]:
    """The practice, the same for every session."""
    looks = practice_looks(study, cast)
    places: Sequence[int | None] = [None] * len(looks)
    if study.protocol == "pairs":
        places = fake_places([(fault, None) for _, fault in looks], generator(study.seed, "practice places"))
    return [
        Trial(position, "main", photograph, ORIGINAL, fault, fake_place=place)
        for position, ((photograph, fault), place) in enumerate(zip(looks, places, strict=True))
    ]
