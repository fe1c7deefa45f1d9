"""`study.yaml` as frozen, typed records, and the digest of its design."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.params import parse_record
from pipeline.settings.yaml_file import read_yaml
from study_app.design import recruitment as recruiting
from study_app.design.recruitment import Recruitment

STUDY_FILE = Path("study.yaml")
ORIGINAL = "original"  # the method that is the photograph itself
FAKE = "fake"  # the only criterion of pairs: which picture is the fake
MAXIMUM = {"binary": 1, "0-10": 10, "0-100": 100}
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# What may change while there are answers, since none of it changes what an answer means.
FREE = ("votes_per_cell", "abandoned_after_minutes", "screening", "second_run", "recruitment")
# The smallest value of every number that has one.
SMALLEST = {
    **dict.fromkeys(
        ("version", "photographs", "votes_per_cell", "abandoned_after_minutes", "screening.catch_wrong"), 1
    ),
    **dict.fromkeys(("mask_ms", "practice", "catch.broken", "catch.originals", "repeats", "break_every"), 0),
    **{"longest_side": 16, "exposure_ms": 50, "smallest_width": 320, "screening.fastest_median_ms": 0},
}


@dataclass(frozen=True)
class Criterion:
    """One question that is asked of every picture. `term` and `question`: a wording for each language."""

    name: str
    term: dict[str, str]
    question: dict[str, str]


@dataclass(frozen=True)
class Catch:
    """How many trials have a known answer: obviously broken colours, and untouched photographs."""

    broken: int
    originals: int


@dataclass(frozen=True)
class Screening:
    """The rules by which an observer is flagged, fixed before the first answer. Shares are in [0, 1]."""

    catch_wrong: int
    fastest_median_ms: int
    straight_lining: float
    repeat_agreement: float
    plates_right: float


@dataclass(frozen=True)
class Study:
    """The whole of `study.yaml`; every key is explained there."""

    version: int
    seed: int
    dataset: str
    methods: tuple[str, ...]
    photographs: int
    votes_per_cell: int
    longest_side: int
    scale: Literal["binary", "0-10", "0-100"]
    exposure_ms: int
    mask_ms: int
    practice: int
    catch: Catch
    repeats: int
    break_every: int
    abandoned_after_minutes: float
    screening: Screening
    smallest_width: int
    languages: tuple[str, ...]
    title: dict[str, str]
    consent: dict[str, str]
    criteria: tuple[Criterion, ...]
    photographs_per_session: int | None = None
    protocol: Literal["naturalness", "pairs"] = "naturalness"
    arrangement: Literal["single", "side_by_side", "in_turn"] = "single"
    second_run: bool = False
    recruitment: Recruitment | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The methods whose pictures are shown; in pairs that includes the original."""
        return self.methods if ORIGINAL in self.methods else (*self.methods, ORIGINAL)

    @property
    def block_size(self) -> int:
        """How many photographs an observer rates, without catch items and practice."""
        return self.photographs_per_session or self.photographs

    @property
    def blocks(self) -> int:
        """How many blocks the photographs are split into."""
        return self.photographs // self.block_size

    @property
    def trials(self) -> int:
        """How many pictures an observer rates."""
        return self.block_size + self.catch.broken + self.catch.originals + self.repeats

    @property
    def maximum(self) -> int:
        """The largest answer; the smallest is 0."""
        return MAXIMUM[self.scale]

    @property
    def viewing_ms(self) -> int:
        """How long a trial shows its pictures, with the mask between two."""
        return 2 * self.exposure_ms + self.mask_ms if self.arrangement == "in_turn" else self.exposure_ms

    @property
    def seen_ms(self) -> int:
        """How long a trial's pictures are on the page, all together and without the mask between two."""
        return 2 * self.exposure_ms if self.arrangement == "in_turn" else self.exposure_ms

    @property
    def shortest_ms(self) -> float:
        """How long a trial takes at least, if its answers are no faster than the screening's floor."""
        return self.viewing_ms + self.mask_ms + len(self.criteria) * self.screening.fastest_median_ms

    @property
    def sessions(self) -> int:
        """How many completed sessions fill every cell."""
        return self.blocks * len(self.methods) * self.votes_per_cell

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the design; comments and the order of keys make no difference, nor does what is `FREE`."""
        return design_digest(asdict(self))


def design_digest(content: Mapping[str, Any]) -> str:
    """The digest of a study by the content of its file, as records or as a database has it."""
    ours = {key: value for key, value in content.items() if key not in FREE}
    if ours.get("protocol", "naturalness") == "naturalness":  # contents from before there were pairs have neither
        ours = {key: value for key, value in ours.items() if key not in ("protocol", "arrangement")}
    return hashlib.sha256(json.dumps(ours, sort_keys=True).encode()).hexdigest()


def public_content(study: Study) -> dict[str, Any]:
    """The content of the study's file for databases, logs and exports: without the codes that only finishers learn."""
    content = asdict(study)
    if study.recruitment is not None:
        del content["recruitment"]["ends"]
    return content


def known_as(study: Study, digest: str) -> Study:
    """The same study under the digest that a database has for it; older versions of this program computed others."""
    known = replace(study)
    vars(known)["digest"] = digest  # the value of the cached property
    return known


def load_study(path: Path = STUDY_FILE) -> Study:
    """Read and check a study; raises `UserError` naming the key that is wrong."""
    study = parse_record(Study, read_yaml(path, "run from the repository's top folder."), str(path))
    for is_wrong, sentence in _mistakes(study):
        if is_wrong:
            raise UserError(f"{path}: {sentence}")
    return study


Mistakes = Iterator[tuple[object, str]]  # whether it was made, and the sentence that says so


def _mistakes(study: Study) -> Mistakes:
    """Every mistake that can be made, in the order in which they are looked for."""
    yield from _in_pairs(study) if study.protocol == "pairs" else _in_naturalness(study)
    for key, names in (("methods", study.methods), ("languages", study.languages)):
        twice = sorted({name for name in names if names.count(name) > 1})
        yield twice, f"{key} names {''.join(map(repr, twice[:1]))} twice."
    yield from _in_numbers(study)
    yield from _in_design(study)
    yield from _in_words(study)
    if study.recruitment is not None:
        yield from recruiting.mistakes(study.recruitment)


def _in_naturalness(study: Study) -> Mistakes:
    is_single = study.arrangement == "single"
    yield not is_single, "arrangement is for `protocol: pairs`; here pictures come one at a time."
    all_compared = f"methods must hold {ORIGINAL!r}, the photographs that all others are compared with."
    yield ORIGINAL not in study.methods, all_compared
    alone = f"methods holds only {ORIGINAL!r}; name at least one method to compare with it."
    yield len(study.methods) < 2, alone


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
