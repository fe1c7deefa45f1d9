"""A folder of results beside a reference: the numbers that moved, and the claims with other verdicts."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.settings.errors import UserError
from pipeline.settings.params import Params, parse_record
from reports.inputs.files import read_json, read_table
from reports.plan.measures import miou_of

REFERENCE = Path(__file__).parents[1] / "reference" / "scenes.json"
TRAINED = "trained here"  # what methods.csv says of weights that `pipeline.train` made
MISSING = math.nan


@dataclass(frozen=True)
class Tolerance:
    """By how much a measure may differ, in its own units: of methods without training here, and of trained networks."""

    untrained: float
    trained: float


@dataclass(frozen=True)
class Reference:
    """The expected `numbers` by measure and method, their `tolerances` by measure, and `why` these tolerances.

    `verdicts`: by claim. `params`: a digest of the params.yaml that gave them; other params are another experiment.
    """

    dataset: str
    params: str
    why: str
    tolerances: dict[str, Tolerance]
    numbers: dict[str, dict[str, float]]
    verdicts: dict[str, str]


@dataclass(frozen=True)
class Moved:
    """A number that differs from the reference by more than its tolerance; NaN where results or reference lack it."""

    measure: str
    method: str
    reference: float
    found: float
    tolerance: float

    def __str__(self) -> str:
        if math.isnan(self.found) or math.isnan(self.reference):
            lacks = "the results lack" if math.isnan(self.found) else "the reference lacks"
            return f"{self.measure} of {self.method}: {lacks} it"
        distance = abs(self.found - self.reference)
        return (
            f"{self.measure} of {self.method}: {self.found:.6g}, but {self.reference:.6g} in the reference "
            f"(a difference of {distance:.3g}, {self.tolerance:g} allowed)"
        )


@dataclass(frozen=True)
class Reproduction:
    """Results beside the reference: the numbers that `moved`, the claims with `other` verdicts, and how many agree."""

    moved: list[Moved]
    other: list[str]
    numbers: int
    identical: int
    verdicts: int

    def __str__(self) -> str:
        within = (
            f"{self.numbers - len(self.moved)} of {self.numbers} numbers within their tolerances of the committed run"
        )
        same = f"{self.verdicts - len(self.other)} of {self.verdicts} the same"
        others = f" (not: {'; '.join(self.other)})" if self.other else ""
        start = "Not reproduced" if self.moved or self.other else "Reproduced"
        return f"{start}: {within} ({self.identical} identical); verdicts: {same}{others}."


def reproduction(folder: Path, reference: Reference) -> Reproduction:
    """A folder of results beside the reference."""
    found, verdicts = read_numbers(folder, reference), read_verdicts(folder, reference.dataset)
    claims = set(reference.verdicts) | set(verdicts)
    numbers = {(measure, method) for side in (reference.numbers, found) for measure in side for method in side[measure]}
    return Reproduction(
        compare(reference, found, trained_methods(folder, reference.dataset)),
        sorted(
            f"{claim}: {verdicts.get(claim, 'missing')}, was {reference.verdicts.get(claim, 'missing')}"
            for claim in claims
            if verdicts.get(claim) != reference.verdicts.get(claim)
        ),
        len(numbers),
        len(numbers) - len(compare(replace(reference, tolerances={}), found, set())),
        len(claims),
    )


def params_digest(params: Params) -> str:
    """SHA-256 of all params."""
    return hashlib.sha256(json.dumps(asdict(params), sort_keys=True).encode()).hexdigest()


def read_verdicts(folder: Path, dataset: str) -> dict[str, str]:
    """The verdict on each claim, of mIoU as each segmenter gives it."""
    entries = [entry for entry in read_json(folder / "claims.json") if entry["data"] == dataset]
    return {" ".join(filter(None, (entry["id"], entry["segmenter"]))): entry["verdict"] for entry in entries}


def read_reference(path: Path) -> Reference:
    """Read a reference; raises `UserError` for other keys or types, and for a measure without a tolerance."""
    reference = parse_record(Reference, read_json(path), str(path))
    for measure in reference.numbers:
        if measure not in reference.tolerances:
            raise UserError(f"{path} has numbers of {measure}, but no tolerance for it.")
    return reference


def read_numbers(folder: Path, reference: Reference) -> dict[str, dict[str, float]]:
    """The finite numbers of all measures that the reference has a tolerance for, by measure and method."""
    numbers: dict[str, dict[str, float]] = {}
    for measure, method, value in _numbers(folder, reference.dataset):
        if measure in reference.tolerances and value and math.isfinite(float(value)):
            numbers.setdefault(measure, {})[method] = float(value)
    if not numbers:
        raise UserError(f"{folder} has no results of {reference.dataset}; `make repro` makes them.")
    return numbers


def _numbers(folder: Path, dataset: str) -> Iterator[tuple[str, str, str]]:
    """Measure, method and value as the tables have them."""
    for table in ("metrics", "defects"):
        for row in _rows(folder, table, dataset):
            yield row["metric"], row["method"], row["value"]
    for row in _rows(folder, "figure3", dataset):
        yield miou_of(row["segmenter"]).key, row["method"], row["miou"]
    for row in _rows(folder, "methods", dataset):
        yield "parameters", row["method"], row["parameters"]


def trained_methods(folder: Path, dataset: str) -> set[str]:
    """The methods whose networks were trained in this run."""
    return {row["method"] for row in _rows(folder, "methods", dataset) if row["weights"] == TRAINED}


def compare(reference: Reference, found: Mapping[str, Mapping[str, float]], trained: set[str]) -> list[Moved]:
    """All numbers that moved, are missing or are new, in the order of their names."""
    moved = []
    for measure in sorted(set(reference.numbers) | set(found)):
        was, now = reference.numbers.get(measure, {}), found.get(measure, {})
        tolerance = reference.tolerances.get(measure, Tolerance(0.0, 0.0))
        for method in sorted(set(was) | set(now)):
            allowed = tolerance.trained if method in trained else tolerance.untrained
            number = Moved(measure, method, was.get(method, MISSING), now.get(method, MISSING), allowed)
            if not abs(number.found - number.reference) <= allowed:  # so that NaN has moved
                moved.append(number)
    return moved


def amount(numbers: Mapping[str, Mapping[str, float]]) -> int:
    """How many numbers there are."""
    return sum(len(methods) for methods in numbers.values())


def _rows(folder: Path, table: str, dataset: str) -> list[dict[str, str]]:
    return [row for row in read_table(folder / "tables" / f"{table}.csv") if row["dataset"] == dataset]
