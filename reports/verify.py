"""Are these the results that everybody should get? Compares a folder of results with a committed reference.

    python -m reports.verify                                  # results/report with reports/reference/scenes.json
    python -m reports.verify /where/results/report other.json
    python -m reports.verify --renew                          # after a change that is meant to move numbers

Reads tables/{metrics,defects,figure3,methods}.csv of the folder. Prints every number that moved by more than its
tolerance. The exit status is 1 if there is such a number. The reference holds the tolerances and their reasons.
A measure without a tolerance is not compared: LPIPS, for example, needs weights that not everybody has.
Writes nothing without --renew. With it, writes the numbers of the reference and keeps its tolerances.
"""

import argparse
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.records.rows import write_json
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.params import parse_record
from pipeline.settings.paths import BUILD
from reports.inputs.files import read_json, read_table
from reports.plan.measures import miou_of

REFERENCE = Path(__file__).with_name("reference") / "scenes.json"
TRAINED = "trained here"  # what methods.csv says of weights that `pipeline.train` made
MISSING = math.nan


@dataclass(frozen=True)
class Tolerance:
    """By how much a measure may differ, in its own units: of methods without training here, and of trained networks."""

    untrained: float
    trained: float


@dataclass(frozen=True)
class Reference:
    """The expected `numbers` by measure and method, their `tolerances` by measure, and `why` these tolerances."""

    dataset: str
    why: str
    tolerances: dict[str, Tolerance]
    numbers: dict[str, dict[str, float]]


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


def main() -> None:
    """Compare, or renew the reference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=BUILD, help="what `make repro` wrote")
    parser.add_argument("reference", type=Path, nargs="?", default=REFERENCE, help="what it is compared with")
    parser.add_argument("--renew", action="store_true", help="take these results as the reference from now on")
    arguments = parser.parse_args()
    reference = read_reference(arguments.reference)
    found = read_numbers(arguments.folder, reference)
    if arguments.renew:
        write_json(arguments.reference, asdict(replace(reference, numbers=found)))
        print(f"{arguments.reference}: {amount(found)} numbers of {reference.dataset}")
        return
    moved = compare(reference, found, trained_methods(arguments.folder, reference.dataset))
    print("\n".join(map(str, moved)), end="\n" * bool(moved))
    if moved:
        raise UserError(f"{len(moved)} of {amount(reference.numbers)} numbers moved, see above.")
    same = amount(found) - len(compare(replace(reference, tolerances={}), found, set()))
    print(
        f"{amount(found)} numbers of {reference.dataset} are where {arguments.reference} has them, "
        f"{same} of them to the last digit."
    )


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


if __name__ == "__main__":
    run_stage(main)
