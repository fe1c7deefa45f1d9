"""A study as frozen, typed records, and the digest of its design."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

from study_app.design.recruitment import Recruitment
from study_app.design.sets import ways
from study_app.design.stops import Stops

ORIGINAL = "original"  # the method that is the photograph itself
FAKE = "fake"  # the only criterion of pairs: which picture is the fake
MAXIMUM = {"binary": 1, "0-10": 10, "0-100": 100}
Protocol = Literal["naturalness", "pairs", "preference"]
BEST_OF = "best_of"  # what a study of preference of more than two pictures takes over
# Keys that studies of some protocols do not have, and that are no part of their digest.
LATER = {("naturalness",): ("protocol", "arrangement"), ("naturalness", "pairs"): ("ties",)}
TWO = 2  # pictures are compared, unless a study of preference says more
# What may change while there are answers, since none of it changes what an answer means.
FREE = ("votes_per_cell", "abandoned_after_minutes", "screening", "second_run", "recruitment")


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
    protocol: Protocol = "naturalness"
    arrangement: Literal["single", "side_by_side", "in_turn"] = "single"
    second_run: bool = False
    ties: bool = False
    pictures: int = TWO
    recruitment: Recruitment | None = None
    stops: Stops | None = None

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
        """The largest answer; the smallest is 0. Where two may be found equal, that is 1 of 2; of several, the last."""
        if self.picks_best:
            return self.pictures - 1
        return 2 if self.ties else MAXIMUM[self.scale]

    @property
    def is_paired(self) -> bool:
        """Whether a trial shows two pictures of a photograph, or more."""
        return self.protocol != "naturalness"

    @property
    def picks_best(self) -> bool:
        """Whether a trial shows more than two pictures, of which the best one is picked."""
        return self.pictures > TWO

    @property
    def kind(self) -> str:
        """Which settings and words of the package the study has: those of its protocol, or `best_of`."""
        return BEST_OF if self.picks_best else self.protocol

    @property
    def rows(self) -> int:
        """The rows of the Latin square: in how many ways a photograph is shown. Two methods stand either way round."""
        count = len(self.methods)
        return len(ways(count, self.pictures)) if self.protocol == "preference" else count

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
        return self.blocks * self.rows * self.votes_per_cell

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the design; comments and the order of keys make no difference, nor does what is `FREE`."""
        return design_digest(asdict(self))


def design_digest(content: Mapping[str, Any]) -> str:
    """The digest of a study by the content of its file, as records or as a database has it."""
    ours = {key: value for key, value in content.items() if key not in FREE}
    protocol = ours.get("protocol", "naturalness")
    later = {key for protocols, keys in LATER.items() if protocol in protocols for key in keys}
    later |= {"pictures"} if ours.get("pictures") == TWO else set()
    later |= {"stops"} if ours.get("stops") is None else set()  # a study without is the same as before there were any
    ours = {key: value for key, value in ours.items() if key not in later}
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
