"""The codebook of an export: the meaning of every column."""

from dataclasses import dataclass, fields
from typing import Any, cast

from pipeline.records.ratings import BestRating, PairRating, Participant, PreferenceRating, Rating
from study_app.design.records import BEST_OF
from study_app.design.study import Study


@dataclass(frozen=True)
class LogLine:
    """A change of the study itself. `detail`: JSON."""

    study: str
    simulated: bool
    on: str
    what: str
    detail: str


@dataclass(frozen=True)
class LookLine:
    """What a study that stops when a contrast is decided knows of it after so many volunteers."""

    study: str
    version: int
    simulated: bool
    volunteers: int
    contrast: float
    low: float
    high: float
    decision: str


@dataclass(frozen=True)
class Entry:
    """One column of one file."""

    file: str
    column: str
    meaning: str
    unit: str
    values: str


COMMON = {
    "study": ("digest of the study.yaml that the row belongs to", "", "SHA-256, 64 hexadecimal digits"),
    "version": ("version of study.yaml", "", "1, 2, ..."),
    "simulated": ("whether a program answered; the same in every row of an export", "", "0 = person, 1 = program"),
    "participant": ("number of the session in the order of beginning; names nobody", "", "1, 2, ..."),
}
METHODS = "a method of study.yaml; broken = colours spoilt on purpose"
RATINGS = {
    "trial": ("place of the picture in the session", "", "from 0"),
    "kind": (
        "why the picture was shown",
        "",
        "main = a vote; repeat = a main picture again; original, broken = catch item",
    ),
    "repeat_of": ("for a repeat, the trial of its first showing", "", "trial, or empty"),
    "photograph": ("id of the photograph in its dataset", "", "as in data/<dataset>/listing.csv"),
    "method": ("what made the colours; only rows of kind main are votes on it", "", METHODS),
    "criterion": ("the question, by its name in study.yaml", "", "a criterion of study.yaml"),
    "value": ("the answer", "", "0 = no or not at all, up to maximum = yes or fully"),
    "maximum": ("the largest answer that the scale allows", "", "1 = binary, 10, 100"),
    "onset_ms": ("when the picture appeared, since the trial began, by the browser's clock", "ms", "0 or more"),
    "offset_ms": ("when the mask took its place, since the trial began", "ms", "onset_ms or more"),
    "shown_ms": ("how long the picture was on a visible page, all exposures together", "ms", "0 or more"),
    "response_ms": ("from the appearance of the question to the answer", "ms", "0 or more"),
    "exposures": ("how often the picture was shown, 1 unless something interrupted", "", "1 or more"),
    "hidden": ("how often the page was hidden during the trial", "", "0 or more"),
    "showings": (
        "how often the picture was begun to be shown, by the server's count: a reload or another tab may cut it",
        "",
        "exposures or more, empty if not counted",
    ),
    "seen_at_most_ms": (
        "how long the picture can have been seen at most: shown_ms, and each showing that was cut short until the next",
        "ms",
        "shown_ms or more, empty if not counted",
    ),
    "picture_width": ("width of the picture as it was shown, the smallest of the trial", "CSS px", "empty if unknown"),
    "picture_height": (
        "its height, the smallest of the trial",
        "CSS px",
        "empty if unknown",
    ),
    "zoom": ("device pixels in a CSS pixel while the picture was shown", "", "empty if unknown"),
}
# What differs where every trial is a pair of a colorization and its original.
PAIR_RATINGS = {
    **RATINGS,
    "trial": ("place of the pair in the session", "", "from 0"),
    "kind": ("why the pair was shown", "", "main = a vote; repeat = a main pair, sides exchanged; broken = catch item"),
    "method": ("what made the colours of the fake; only rows of kind main are votes on it", "", METHODS),
    "value": ("whether the volunteer took the original for the fake", "", "0 = the fake was found, 1 = fooled"),
    "maximum": ("the largest answer that the scale allows", "", "1"),
    "onset_ms": ("when the first picture appeared, since the trial began, by the browser's clock", "ms", "0 or more"),
    "offset_ms": ("when the mask took the last picture's place, since the trial began", "ms", "onset_ms or more"),
    "shown_ms": ("how long pictures were on a visible page; if they came in turn, both times added", "ms", "0 or more"),
    "exposures": ("how often the pair was shown, 1 unless something interrupted", "", "1 or more"),
    "fake_place": ("where the fake stood, or when it came", "", "0 = left or first, 1 = right or second"),
}
PREFERENCE_RATINGS = {
    **PAIR_RATINGS,
    "method": ("what made the colours of one of the two pictures", "", METHODS),
    "value": ("which picture was preferred", "", "0 = that of other, maximum = that of method, 1 of 2 = none"),
    "maximum": ("the largest answer", "", "1, or 2 where both may be found equal"),
    "other": ("what made the colours of the other picture", "", "a method of study.yaml; original in catch items"),
    "method_place": (
        "where the picture of method stood, or when it came",
        "",
        "0 = left or first, 1 = right or second",
    ),
}
BEST_RATINGS = {
    **PAIR_RATINGS,
    "trial": ("place of the pictures in the session", "", "from 0"),
    "kind": (
        "why the pictures were shown",
        "",
        "main = a vote; repeat = a main set again, in other places; broken = catch item, an original among spoilt ones",
    ),
    "method": ("what made the colours of the picture that was picked", "", METHODS),
    "value": ("the place of the picture that was picked, in reading order", "", "from 0 to maximum"),
    "maximum": ("the last place", "", "one less than there are pictures"),
    "onset_ms": ("when the pictures appeared, since the trial began, by the browser's clock", "ms", "0 or more"),
    "offset_ms": ("when the mask took their place, since the trial began", "ms", "onset_ms or more"),
    "shown_ms": ("how long the pictures were on a visible page, all exposures together", "ms", "0 or more"),
    "exposures": ("how often the pictures were shown, 1 unless something interrupted", "", "1 or more"),
    "shown_methods": (
        "what made the colours of all pictures of the trial, in the order of their places",
        "",
        "methods of study.yaml with ' | ' between; broken, broken_2, ... = colours spoilt on purpose",
    ),
}
FLAGS = "any of catch, fast, straight_lining, inconsistent, pace, timing, color_vision, set_aside, joined by ;"
PARTICIPANTS = {
    "begun_on": ("day on which the session began, in UTC", "", "YYYY-MM-DD"),
    "language": ("language of the pages", "", "a language of study.yaml"),
    "block": ("block of photographs", "", "from 0"),
    "row": ("row of the Latin square", "", "from 0"),
    "completed": ("whether every trial was answered", "", "0, 1"),
    "trials": ("trials of the session", "", "1 or more"),
    "answered": ("trials answered", "", "0 to trials"),
    "minutes": ("from consent to the last answer, pauses included", "min", "0 or more, empty if not completed"),
    "window_width": ("width of the browser's window", "CSS px", "empty if unknown"),
    "window_height": ("height of the browser's window", "CSS px", "empty if unknown"),
    "zoom": ("device pixels in a CSS pixel at the look at the screen", "", "empty if unknown"),
    "gray_step_seen": ("whether the faint step of the grey patch was seen", "", "0, 1, empty if unknown"),
    "plates_right": ("colour-vision plates read rightly", "", "0 to plates_shown, empty if unknown"),
    "plates_shown": ("colour-vision plates shown", "", "empty if unknown"),
    "catch_shown": ("catch items answered", "", "0 or more"),
    "catch_wrong": ("catch items whose mean answer is on the wrong side of the scale's middle", "", "0 to catch_shown"),
    "median_response_ms": ("median of response_ms over all answers", "ms", "empty without answers"),
    "most_common_share": ("share of the most frequent value among all answers", "", "0 to 1, empty without answers"),
    "repeat_agreement": ("share of repeated answers within a fifth of the scale", "", "0 to 1, empty without repeats"),
    "median_pace_ms": (
        "median time from one trial's answers to the next trial's, by the server's clock",
        "ms",
        "empty without two trials; compressed for simulated raters, who are not judged by it",
    ),
    "odd_timings": (
        "trials that took longer by the browser's clock than by the server's, or showed their picture for far too long",
        "",
        "0 to answered; flagged as timing above a tenth",
    ),
    "begun_again": (
        "trials whose picture was begun to be shown more than once",
        "",
        "0 to answered, empty if not counted",
    ),
    "flags": ("screening rules that were broken, and set_aside; the export leaves nobody out for it", "", FLAGS),
    "set_aside": ("why the researcher has set the session aside", "", "empty if not"),
    "place_lost": (
        "whether the place went to somebody else after a long silence; answers given later are beyond votes_per_cell",
        "",
        "0, 1",
    ),
}
PAIR_PARTICIPANTS = {
    **PARTICIPANTS,
    "catch_wrong": ("catch items whose broken colours were taken for the original's", "", "0 to catch_shown"),
    "most_common_share": ("share of the side that was named more often", "", "0.5 to 1, empty without answers"),
    "repeat_agreement": ("share of repeated pairs found or missed both times", "", "0 to 1, empty without repeats"),
}
PREFERENCE_PARTICIPANTS = {
    **PAIR_PARTICIPANTS,
    "catch_wrong": ("catch items whose broken colours were preferred or found equal", "", "0 to catch_shown"),
    "repeat_agreement": ("share of repeated pairs with the same preference", "", "0 to 1, empty without repeats"),
}
BEST_PARTICIPANTS = {
    **PARTICIPANTS,
    "catch_wrong": ("catch items in which another picture than the original was picked", "", "0 to catch_shown"),
    "most_common_share": ("share of the place that was picked most often", "", "0 to 1, empty without answers"),
    "repeat_agreement": ("share of repeated trials with the same method picked", "", "0 to 1, empty without repeats"),
}
LOG = {
    "on": ("day, in UTC", "", "YYYY-MM-DD"),
    "what": ("what was done", "", "withdrawal, closed, reopened, changed, set aside, brought back, decided, undecided"),
    "detail": (
        "more about it",
        "",
        "JSON: the participant; how many answers a withdrawal removed; why set aside; [before, now] of settings; at"
        " which look the contrast was decided",
    ),
}
LOOKS = {
    "volunteers": (
        "the first so many who finished, without those who were flagged or set aside",
        "",
        "stops.smallest on",
    ),
    "contrast": (
        "the contrast of `stops` in study.json: the second method minus the first, or the only one minus 50 %",
        "points",
        "-100 to 100",
    ),
    "low": ("lower end of its interval, which holds at all looks at once", "points", ""),
    "high": ("upper end", "points", ""),
    "decision": ("what the interval says", "", "above, below = of zero; within = the margin; empty = nothing yet"),
}
Files = dict[str, tuple[type, dict[str, tuple[str, str, str]]]]
FILES: Files = {
    "ratings.csv": (Rating, RATINGS),
    "participants.csv": (Participant, PARTICIPANTS),
    "log.csv": (LogLine, LOG),
}
PAIR_FILES: Files = {
    **FILES,
    "ratings.csv": (PairRating, PAIR_RATINGS),
    "participants.csv": (Participant, PAIR_PARTICIPANTS),
}


PREFERENCE_FILES: Files = {
    **FILES,
    "ratings.csv": (PreferenceRating, PREFERENCE_RATINGS),
    "participants.csv": (Participant, PREFERENCE_PARTICIPANTS),
}
BEST_FILES: Files = {
    **FILES,
    "ratings.csv": (BestRating, BEST_RATINGS),
    "participants.csv": (Participant, BEST_PARTICIPANTS),
}
RECORDS = {"naturalness": Rating, "pairs": PairRating, "preference": PreferenceRating, BEST_OF: BestRating}


def rating_record(study: Study) -> type[Rating]:
    """What a row of ratings.csv is in this study."""
    return RECORDS[study.kind]


def codebook(rating: type[Rating] = Rating, stops: bool = False) -> list[Entry]:
    """An entry for every column of every file, in the order of the columns; `stops`: with those of stopping.csv."""
    files = {Rating: FILES, PairRating: PAIR_FILES, PreferenceRating: PREFERENCE_FILES, BestRating: BEST_FILES}[rating]
    files = {**files, "stopping.csv": (LookLine, LOOKS)} if stops else files
    return [
        Entry(file, field.name, *{**COMMON, **columns}[field.name])
        for file, (record, columns) in files.items()
        for field in fields(cast(Any, record))
    ]
