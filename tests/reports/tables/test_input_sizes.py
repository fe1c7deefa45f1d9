"""What the size of the input does: over all photographs, in pairs, and as evidence of the ledger."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports.claims.evidence import outcome
from reports.claims.verdicts import judge
from reports.inputs.scores import Dataset
from reports.plan.claims import Check
from reports.plan.comparisons import FEWEST
from reports.tables.input_sizes import input_sizes_document, read_input_sizes


def test_the_smallest_size_is_compared_with_the_largest_on_the_same_photographs(
    dataset: Dataset, params: Params
) -> None:
    table = input_sizes_document(read_input_sizes([dataset], params), 0)
    numbers = table.rows.set_index(["kind", "metric", "input"])["value"]
    differences = numbers["difference"].xs("52 - 84", level="input")
    wanted = {"bleeding_boundary": 0.2, "bleeding_flat": 0, "color_distance": -60}
    assert differences.to_dict() == pytest.approx(wanted, rel=0.01, abs=1e-9)
    # All colours moved by 30, 60 and 90 units.
    values = numbers["value", "color_distance"]
    assert values[["52", "64", "84"]].tolist() == pytest.approx([30, 60, 90], rel=0.01)
    for measure, expects in (("color_distance", "below"), ("bleeding_boundary", "above")):  # as the ledger reads it
        check = Check("input", measure, "no_semantics", "no_semantics", expects, 0)  # type: ignore[arg-type]
        found = outcome(check, dataset, "", {"input_sizes": table}, 0)
        assert found.reason == "12 photographs are too few, 50 are needed"
        assert found.measured and judge(check, replace(found.measured, n=FEWEST)).verdict == "supported"


def test_a_single_size_or_sizes_of_other_photographs_are_refused(
    dataset: Dataset, results: Path, params: Params
) -> None:
    folder = paths.sizes("scenes", "no_semantics")
    (folder / "64.csv").write_text("\n".join((folder / "64.csv").read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(UserError, match=r"64.csv is not about the 12 photographs"):
        read_input_sizes([dataset], params)
    for side in (52, 64):
        (folder / f"{side}.csv").unlink()
    with pytest.raises(UserError, match="holds no two sizes"):
        read_input_sizes([dataset], params)
