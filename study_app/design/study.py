"""Reads `study.yaml`, fills in what it takes over from the package, and names what is wrong with it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.params import parse_record
from pipeline.settings.yaml_file import read_yaml
from study_app.design import recruitment as recruiting
from study_app.design import stops as stopping
from study_app.design.duration import whole_minutes
from study_app.design.inherited import inherited
from study_app.design.places import SEPARATOR
from study_app.design.records import (
    FAKE,
    FREE,
    ORIGINAL,
    TWO,
    Criterion,
    Screening,
    Study,
    design_digest,
    known_as,
    public_content,
)

__all__ = [
    "FAKE",
    "FREE",
    "ORIGINAL",
    "STUDY_FILE",
    "Criterion",
    "Screening",
    "Study",
    "design_digest",
    "known_as",
    "load_study",
    "public_content",
    "study_of",
]

STUDY_FILE = Path("study.yaml")
MINUTES = "{minutes}"  # stands in a consent for how long a session takes
MOST_PICTURES = 6  # at once: each spoilt picture of a catch item needs a fault of its own, and each a size to judge
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# The smallest value of every number that has one.
SMALLEST = {
    **dict.fromkeys(
        ("version", "photographs", "votes_per_cell", "abandoned_after_minutes", "screening.catch_wrong"), 1
    ),
    **dict.fromkeys(("mask_ms", "practice", "catch.broken", "catch.originals", "repeats", "break_every"), 0),
    **{"longest_side": 16, "exposure_ms": 50, "smallest_width": 320, "screening.fastest_median_ms": 0},
}


def load_study(path: Path = STUDY_FILE) -> Study:
    """Read and check a study; raises `UserError` naming the key that is wrong."""
    return study_of(read_yaml(path, f"`huebench study new --to {path}` makes one."), str(path))


def study_of(content: object, where: str) -> Study:
    """The same of a file's content; `where`: the file, for sentences."""
    study = parse_record(Study, inherited(content, where), where)
    for is_wrong, sentence in _mistakes(study):
        if is_wrong:
            raise UserError(f"{where}: {sentence}")
    minutes = str(whole_minutes(study))
    return replace(study, consent={key: words.replace(MINUTES, minutes) for key, words in study.consent.items()})


Mistakes = Iterator[tuple[object, str]]  # whether it was made, and the sentence that says so


def _mistakes(study: Study) -> Mistakes:
    """Every mistake that can be made, in the order in which they are looked for."""
    yield from {"naturalness": _in_naturalness, "pairs": _in_pairs, "preference": _in_preference}[study.protocol](study)
    yield study.ties and study.protocol != "preference", "ties is for `protocol: preference`."
    yield study.pictures != TWO and study.protocol != "preference", "pictures is for `protocol: preference`."
    for key, names in (("methods", study.methods), ("languages", study.languages)):
        twice = sorted({name for name in names if names.count(name) > 1})
        yield twice, f"{key} names {''.join(map(repr, twice[:1]))} twice."
    yield from _in_numbers(study)
    yield from _in_design(study)
    yield from _in_words(study)
    if study.recruitment is not None:
        yield from recruiting.mistakes(study.recruitment)
    if study.stops is not None:
        yield from stopping.mistakes(study.stops, study)


def _in_naturalness(study: Study) -> Mistakes:
    is_single = study.arrangement == "single"
    yield not is_single, "arrangement is for `protocol: pairs` and `preference`; here pictures come one at a time."
    yield (
        len(study.methods) < 2,
        f"methods must name at least two, of which one may be {ORIGINAL!r}: each needs another.",
    )


def _in_pairs(study: Study) -> Mistakes:
    yield study.arrangement == "single", "arrangement is missing; pairs are shown side_by_side or in_turn."
    yield (
        study.scale != "binary",
        f"scale is {study.scale!r}, but must be binary: either picture of a pair is the fake.",
    )
    names = [criterion.name for criterion in study.criteria]
    yield names != [FAKE], f"pairs have exactly one criterion, named {FAKE!r}."
    yield study.catch.originals, "catch.originals must be 0 for pairs: of two originals none is fake."
    methods = f"methods must name at least one method, and not {ORIGINAL!r}: it is in every pair."
    yield ORIGINAL in study.methods or not study.methods, methods


def _in_preference(study: Study) -> Mistakes:
    beside = "arrangement is missing; the two pictures are shown side_by_side or in_turn."
    yield study.arrangement == "single", beside
    either = f"scale is {study.scale!r}, but must be binary: one or the other; `ties: true` adds that both are equal."
    yield study.scale != "binary", either
    yield len(study.criteria) != 1, "a study of preference has exactly one criterion: its question."
    none = "catch.originals must be 0 for preference: of two originals none is better. `broken` have a known answer."
    yield study.catch.originals, none
    yield len(study.methods) < 2, f"methods must name at least two, of which one may be {ORIGINAL!r}."
    count = f"pictures is {study.pictures}, but must be from 2 to {MOST_PICTURES}."
    yield not TWO <= study.pictures <= MOST_PICTURES, count
    if study.picks_best:
        yield from _in_best_of(study)


def _in_best_of(study: Study) -> Mistakes:
    more = f"pictures is {study.pictures}, but methods names only {len(study.methods)}."
    yield study.pictures > len(study.methods), more
    yield study.ties, f"ties is for two pictures: of {study.pictures} exactly one is picked."
    at_once = f"arrangement is {study.arrangement!r}, but {study.pictures} pictures are shown at once: side_by_side."
    yield study.arrangement != "side_by_side", at_once
    marked = [name for name in study.methods if SEPARATOR.strip() in name]
    yield marked, f"methods names {''.join(marked[:1])!r}, but {SEPARATOR.strip()} stands between methods in exports."


def _in_numbers(study: Study) -> Mistakes:
    for key, smallest in SMALLEST.items():
        value = attrgetter(key)(study)
        yield value < smallest, f"{key} is {value!r}, but must be at least {smallest}."
    yield study.exposure_ms > 60_000, f"exposure_ms is {study.exposure_ms}, which is more than a minute."
    for key in ("straight_lining", "repeat_agreement", "plates_right"):
        share = getattr(study.screening, key)
        yield not 0 <= share <= 1, f"screening.{key} is {share!r}, but must be from 0 to 1."


def _in_design(study: Study) -> Mistakes:
    size = study.photographs_per_session
    whole = f"photographs_per_session is {size}, but must divide photographs, which is {study.photographs}."
    yield size is not None and (size < 1 or study.photographs % size), whole
    far = f"repeats is {study.repeats}, but at most a third of a session's {study.block_size} photographs "
    yield study.repeats > study.block_size // 3, far + "can come again and be far from their first showing."
    many = f"there are more catch items than the {study.block_size} photographs of a session."
    yield study.catch.broken + study.catch.originals > study.block_size, many


def _in_words(study: Study) -> Mistakes:
    none = not study.languages or not study.criteria
    yield none, "languages and criteria must name at least one each."
    names = [criterion.name for criterion in study.criteria]
    for name in names:
        plain = f"the criterion's name {name!r} must be unique, in small letters, digits and _."
        yield not NAME.fullmatch(name) or names.count(name) > 1, plain
    wordings = {"title": study.title, "consent": study.consent}
    for criterion in study.criteria:
        wordings[f"criteria.{criterion.name}.term"] = criterion.term
        wordings[f"criteria.{criterion.name}.question"] = criterion.question
    for key, wording in wordings.items():
        for language in study.languages:
            yield not wording.get(language, "").strip(), f"{key} has no wording for the language {language!r}."
        for language in wording:
            known = suggestion(language, list(study.languages))
            foreign = f"{key} has a wording for {language!r}, which is not in languages; {known}"
            yield language not in study.languages, foreign
