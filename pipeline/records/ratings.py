"""The rows that the human study gives to the report: answers and participants."""

from dataclasses import dataclass

KINDS = ("main", "repeat", "original", "broken")  # why a picture is shown; only `main` is a vote on a method
# Screening rules that can be broken, and what the researcher has set aside.
FLAGS = ("catch", "fast", "straight_lining", "inconsistent", "pace", "timing", "color_vision", "set_aside")


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One answer: one criterion of one picture by one participant. Its columns: `study_app.export.codebook`."""

    study: str
    version: int
    simulated: bool
    participant: int
    trial: int
    kind: str
    repeat_of: int | None
    photograph: str
    method: str
    criterion: str
    value: int
    maximum: int
    onset_ms: float
    offset_ms: float
    shown_ms: float
    response_ms: float
    exposures: int
    hidden: int
    showings: int | None = None
    seen_at_most_ms: float | None = None
    picture_width: float | None = None
    picture_height: float | None = None
    zoom: float | None = None


@dataclass(frozen=True, kw_only=True)
class PairRating(Rating):
    """The answer to one pair of a colorization and its original; `value` is 1 if the colorization passed as real."""

    fake_place: int


@dataclass(frozen=True, kw_only=True)
class PreferenceRating(Rating):
    """Which of two methods' pictures was preferred: `value` is `maximum` if that of `method`, 0 if that of `other`.

    With ties `maximum` is 2, and 1 says that both were found equal. `method_place`: 0 if `method` stood left, else 1.
    """

    other: str
    method_place: int


@dataclass(frozen=True, kw_only=True)
class BestRating(Rating):
    """Which of several methods' pictures was picked: `method` is that one's, and `value` its place, from 0.

    `shown_methods`: of all of them, in the order of their places, with ` | ` between.
    """

    shown_methods: str


@dataclass(frozen=True)
class Participant:
    """One volunteer without anything that names the person. Its columns: `study_app.export.codebook`."""

    study: str
    version: int
    simulated: bool
    participant: int
    begun_on: str
    language: str
    block: int
    row: int
    completed: bool
    trials: int
    answered: int
    minutes: float | None
    window_width: int | None
    window_height: int | None
    zoom: float | None
    gray_step_seen: bool | None
    plates_right: int | None
    plates_shown: int | None
    catch_shown: int
    catch_wrong: int
    median_response_ms: float | None
    most_common_share: float | None
    repeat_agreement: float | None
    median_pace_ms: float | None
    odd_timings: int
    flags: str
    set_aside: str
    begun_again: int | None = None
    place_lost: bool = False
