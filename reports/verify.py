"""Are these the results that everybody should get? Compares a folder of results with a committed reference.

    python -m reports.verify                                  # results/report with reports/reference/scenes.json
    python -m reports.verify /where/results/report other.json
    python -m reports.verify --numbers                        # another verdict does not count
    python -m reports.verify --renew                          # after a change that is meant to move numbers

Reads tables/{metrics,defects,figure3,methods}.csv and claims.json of the folder. Prints every number that moved by more
than its tolerance, and every verdict that is another. The exit status is 1 if there is one. The reference holds the
tolerances and their reasons. A measure without a tolerance is not compared: LPIPS, for example, needs weights that not
everybody has. Writes nothing without --renew. With it, writes the numbers of the reference and keeps its tolerances.
"""

import argparse
from dataclasses import asdict, replace
from pathlib import Path

from pipeline.records.rows import write_json
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.params import load_params
from pipeline.settings.paths import BUILD
from reports.inputs.reproduction import (
    REFERENCE,
    amount,
    params_digest,
    read_numbers,
    read_reference,
    read_verdicts,
    reproduction,
)


def main() -> None:
    """Compare, or renew the reference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=BUILD, help="what `make repro` wrote")
    parser.add_argument("reference", type=Path, nargs="?", default=REFERENCE, help="what it is compared with")
    parser.add_argument("--renew", action="store_true", help="take these results as the reference from now on")
    parser.add_argument("--numbers", action="store_true", help="let the numbers alone decide the exit status")
    arguments = parser.parse_args()
    reference = read_reference(arguments.reference)
    if arguments.renew:
        numbers = read_numbers(arguments.folder, reference)
        verdicts = read_verdicts(arguments.folder, reference.dataset)
        renewed = replace(reference, numbers=numbers, verdicts=verdicts, params=params_digest(load_params()))
        write_json(arguments.reference, asdict(renewed))
        print(f"{arguments.reference}: {amount(numbers)} numbers and {len(verdicts)} verdicts of {reference.dataset}")
        return
    found = reproduction(arguments.folder, reference)
    print("\n".join(map(str, found.moved)), end="\n" * bool(found.moved))
    if found.moved or (found.other and not arguments.numbers):
        raise UserError(str(found))
    print(found)


if __name__ == "__main__":
    run_stage(main)
