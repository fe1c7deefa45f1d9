"""`study.yaml` as frozen, typed records, and its digest."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.params import parse_record

STUDY_FILE = Path("study.yaml")
ORIGINAL = "original"  # the method that is the photograph itself
FAKE = "fake"  # the one criterion of pairs: which of the two is it
MAXIMUM = {"binary": 1, "0-10": 10, "0-100": 100}
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


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
    """When an observer is flagged; fixed before the first answer. Shares are in [0, 1]."""

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

    @property
    def sources(self) -> tuple[str, ...]:
        """The methods whose pictures are shown: in pairs, the original is beside each of them."""
        return self.methods if ORIGINAL in self.methods else (*self.methods, ORIGINAL)

    @property
    def block_size(self) -> int:
        """How many photographs one observer sees, catch items and practice left out."""
        return self.photographs_per_session or self.photographs

    @property
    def blocks(self) -> int:
        """How many blocks the photographs are split into."""
        return self.photographs // self.block_size

    @property
    def trials(self) -> int:
        """How many pictures one observer judges."""
        return self.block_size + self.catch.broken + self.catch.originals + self.repeats

    @property
    def maximum(self) -> int:
        """The largest answer; the smallest is 0."""
        return MAXIMUM[self.scale]

    @property
    def viewing_ms(self) -> int:
        """How long it takes to see what one trial shows."""
        return 2 * self.exposure_ms + self.mask_ms if self.arrangement == "in_turn" else self.exposure_ms

    @property
    def sessions(self) -> int:
        """How many completed sessions fill every cell."""
        return self.blocks * len(self.methods) * self.votes_per_cell

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the file says; comments and the order of keys do not count."""
        content = asdict(self)
        if self.protocol == "naturalness":  # studies from before there was another keep their digest
            del content["protocol"], content["arrangement"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_study(path: Path = STUDY_FILE) -> Study:
    """Read and check a study; raises `UserError` naming the key that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is not here; run from the repository's top folder.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    study = parse_record(Study, content, str(path))
    checks = (_check_protocol, _check_methods, _check_numbers, _check_design, _check_screening, _check_words)
    for check in checks:
        check(study, str(path))
    return study


def _check_protocol(study: Study, where: str) -> None:
    if study.protocol == "naturalness":
        if study.arrangement != "single":
            raise UserError(f"{where}: arrangement is for `protocol: pairs`; here pictures come one at a time.")
        return
    if study.arrangement == "single":
        raise UserError(f"{where}: arrangement is missing; pairs are shown side_by_side or in_turn.")
    if study.scale != "binary":
        raise UserError(f"{where}: scale is {study.scale!r}, but of a pair one or the other is fake: binary.")
    if [criterion.name for criterion in study.criteria] != [FAKE]:
        raise UserError(f"{where}: pairs have exactly one criterion, named {FAKE!r}.")
    if study.catch.originals:
        raise UserError(f"{where}: catch.originals must be 0 for pairs: of two originals none is fake.")


def _check_methods(study: Study, where: str) -> None:
    for key, names in (("methods", study.methods), ("languages", study.languages)):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UserError(f"{where}: {key} names {twice[0]!r} twice.")
    if study.protocol == "pairs":
        if ORIGINAL in study.methods or not study.methods:
            raise UserError(
                f"{where}: methods must name at least one method, and not {ORIGINAL!r}: it is in every pair."
            )
        return
    if ORIGINAL not in study.methods:
        raise UserError(f"{where}: methods must hold {ORIGINAL!r}, the photographs that all others are compared with.")
    if len(study.methods) < 2:
        raise UserError(f"{where}: methods holds only {ORIGINAL!r}; name at least one method to compare with it.")


def _check_numbers(study: Study, where: str) -> None:
    least = {
        "version": 1,
        "photographs": 1,
        "votes_per_cell": 1,
        "longest_side": 16,
        "exposure_ms": 50,
        "mask_ms": 0,
        "practice": 0,
        "catch.broken": 0,
        "catch.originals": 0,
        "repeats": 0,
        "break_every": 0,
        "abandoned_after_minutes": 1,
        "smallest_width": 320,
        "screening.catch_wrong": 1,
        "screening.fastest_median_ms": 0,
    }
    for key, smallest in least.items():
        value: object = study
        for part in key.split("."):
            value = getattr(value, part)
        if not isinstance(value, int | float) or value < smallest:
            raise UserError(f"{where}: {key} is {value!r}, but must be at least {smallest}.")
    if study.exposure_ms > 60_000:
        raise UserError(f"{where}: exposure_ms is {study.exposure_ms}, which is more than a minute.")


def _check_design(study: Study, where: str) -> None:
    size = study.photographs_per_session
    if size is not None and (size < 1 or study.photographs % size):
        raise UserError(
            f"{where}: photographs_per_session is {size}, but must divide photographs, which is {study.photographs}."
        )
    if study.repeats > study.block_size // 3:
        raise UserError(
            f"{where}: repeats is {study.repeats}, but at most a third of a session's {study.block_size} photographs "
            "can come again and be far from their first showing."
        )
    if study.catch.broken + study.catch.originals > study.block_size:
        raise UserError(f"{where}: there are more catch items than the {study.block_size} photographs of a session.")


def _check_screening(study: Study, where: str) -> None:
    for key in ("straight_lining", "repeat_agreement", "plates_right"):
        share = getattr(study.screening, key)
        if not 0 <= share <= 1:
            raise UserError(f"{where}: screening.{key} is {share!r}, but must be from 0 to 1.")


def _check_words(study: Study, where: str) -> None:
    if not study.languages or not study.criteria:
        raise UserError(f"{where}: languages and criteria must name at least one each.")
    names = [criterion.name for criterion in study.criteria]
    for name in names:
        if not NAME.fullmatch(name) or names.count(name) > 1:
            raise UserError(f"{where}: the criterion's name {name!r} must be unique, in small letters, digits and _.")
    wordings = {"title": study.title, "consent": study.consent}
    for criterion in study.criteria:
        wordings[f"criteria.{criterion.name}.term"] = criterion.term
        wordings[f"criteria.{criterion.name}.question"] = criterion.question
    for key, wording in wordings.items():
        for language in study.languages:
            if not wording.get(language, "").strip():
                raise UserError(f"{where}: {key} has no wording for the language {language!r}.")
        for language in wording:
            if language not in study.languages:
                known = suggestion(language, list(study.languages))
                raise UserError(f"{where}: {key} has a wording for {language!r}, which is not in languages; {known}")
