"""The paper's claims as typed records, read from `claims.yaml`: what is claimed, where, and what would decide it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import yaml

from pipeline.settings.errors import UserError
from pipeline.settings.params import parse_record

CLAIMS_FILE = Path(__file__).with_name("claims.yaml")

Evidence = Literal["paired", "colorfulness", "miou", "confusion", "people", "size", "time", "input"]


@dataclass(frozen=True)
class Check:
    """One comparison of method `a` with method `b`, whose outcome was agreed on beforehand.

    `evidence`: which table has it, `measure`: by what. The claim expects the difference a - b (`size` and `time`: the
    ratio a / b) to lie `above` or `below` `threshold`, or `within` it of zero (of a ratio: of one, both ways).
    `data`: what it may be tested on: `any` dataset, `photographs` alone and no painted scenes, or networks at their
    `full_width`. `matters`: the smallest difference that matters, which `above` and `below` must exceed.
    """

    evidence: Evidence
    measure: str
    a: str
    b: str
    expects: Literal["above", "below", "within"]
    threshold: float
    data: Literal["any", "photographs", "full_width"] = "any"
    matters: float = 0.0

    @property
    def ratio(self) -> bool:
        """Whether `a` and `b` are compared by their ratio."""
        return self.evidence in ("size", "time")


@dataclass(frozen=True)
class Claim:
    """A claim in our words. All its `tests` must come out as expected; one that comes out otherwise contradicts it.

    `where`: its place in the paper; `printed`: what the paper gives for it, "" if only words; `remark`: what a reader
    of the verdict must know.
    """

    claim: str
    where: str
    tests: tuple[Check, ...]
    printed: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Claims:
    """What `claims.yaml` holds: the smallest differences that matter, by measure, and the claims in their order."""

    matters: dict[str, float]
    claims: dict[str, Claim]


def load_claims(path: Path = CLAIMS_FILE) -> dict[str, Claim]:
    """Read and check the claims; raises `UserError` for a claim without tests, or a margin that is not positive."""
    content = parse_record(Claims, yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    for measure, margin in content.matters.items():
        if not margin > 0:
            raise UserError(f"{path}: the smallest difference of {measure} that matters is {margin}, not above 0.")
    for name, claim in content.claims.items():
        if not claim.tests:
            raise UserError(f"{path}: {name} has no test, so nothing could support or contradict it.")
        for test in claim.tests:
            least = 1 if test.ratio else 0
            if test.expects == "within" and test.threshold <= least:
                raise UserError(f"{path}: {name} wants a {test.measure} within {test.threshold}, not above {least}.")
            if _needs_margin(test) and test.measure not in content.matters:
                raise UserError(f"{path}: {name} needs the smallest difference of {test.measure} under `matters`.")
    return {name: replace(claim, tests=_with_margins(claim, content.matters)) for name, claim in content.claims.items()}


def _needs_margin(test: Check) -> bool:
    """Whether a test is of a difference, and neither its threshold nor itself says what matters."""
    return not test.ratio and test.expects != "within" and test.matters <= 0


def _with_margins(claim: Claim, matters: dict[str, float]) -> tuple[Check, ...]:
    """A claim's tests with the smallest differences that matter, but for ratios and tests with margins of their own."""
    return tuple(replace(one, matters=matters[one.measure]) if _needs_margin(one) else one for one in claim.tests)
