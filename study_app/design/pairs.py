"""The second protocol: which of two pictures is the original, after Zhang, Isola and Efros (ECCV 2016, section 3.1).

Their test on Mechanical Turk: a photograph and its colorization, one second each, then as long as one likes to say
which one has the fake colours; first some pairs with feedback, and one pair in ten beyond doubt. Their pages
(github.com/phillipi/AMT_Real_vs_Fake) show the left one first and then the right one: `arrangement: in_turn`.

A browser says which *side* it takes for the fake (0 left, 1 right) and never learns which is; what is stored says
whether the volunteer was fooled: 1 if the colorization passed as the original, else 0.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from study_app.design.assignment import PRACTICE_FAULTS, Cast, Trial, generator, practice_pictures
from study_app.design.places import fake_places
from study_app.design.study import ORIGINAL, Study

SIDES = "sides"  # the browser's name for the scale of pairs


def trial_looks(trial: Trial | Row[Any]) -> Sequence[tuple[str, str, str]]:
    """The (photograph, method, fault) of every picture of a trial; of a pair, the left one first."""
    own = (trial.photograph, trial.method, trial.fault)
    original = (trial.photograph, ORIGINAL, "")
    if trial.fake_place is None:
        return [own]
    return [original, own] if trial.fake_place else [own, original]


def practice_looks(study: Study, cast: Cast) -> list[tuple[str, str]]:
    """The (photograph, fault) of the practice; in pairs every one has a fault, and the original is beside it."""
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
