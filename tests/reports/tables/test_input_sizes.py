"""What the size of the input does: over all photographs, in pairs, and as evidence of the ledger."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports.claims.evidence import outcome
from reports.inputs.scores import Dataset
from reports.plan.claims import Check
from reports.tables.input_sizes import input_sizes_document, read_input_sizes


def test_the_smallest_size_is_compared_with_the_largest_on_the_same_photographs(
    dataset: Dataset, params: Params
) -> None:
    rows = input_sizes_document(read_input_sizes([dataset], params), 0).rows
    differences = rows[rows["kind"] == "difference"].set_index("metric")
    assert set(differences["input"]) == {"52 - 84"}
    assert np.isclose(differences.loc["bleeding_boundary", "value"], 0.2)
    assert np.isclose(differences.loc["bleeding_flat", "value"], 0)
    values = rows[(rows["kind"] == "value") & (rows["metric"] == "color_distance")].set_index("input")["value"]
    # All colours moved by 30, 60 and 90 units.
    assert np.allclose(values[["52", "64", "84"]], [30, 60, 90], rtol=0.01)
    assert np.isclose(differences.loc["color_distance", "value"], -60, rtol=0.01)


def test_the_ledger_reads_the_difference(dataset: Dataset, params: Params) -> None:
    tables = {"input_sizes": input_sizes_document(read_input_sizes([dataset], params), 0)}
    for measure, expects in (("color_distance", "below"), ("bleeding_boundary", "above")):
        check = Check("input", measure, "no_semantics", "no_semantics", expects, 0)  # type: ignore[arg-type]
        assert outcome(check, dataset, "", tables, 0).verdict == "supported"


def test_a_single_size_is_no_comparison(dataset: Dataset, params: Params) -> None:
    folder = paths.sizes("scenes", "no_semantics")
    for side in (52, 64):
        (folder / f"{side}.csv").unlink()
    with pytest.raises(UserError, match="holds no two sizes"):
        read_input_sizes([dataset], params)


def test_sizes_of_other_photographs_are_refused(dataset: Dataset, params: Params) -> None:
    path: Path = paths.sizes("scenes", "no_semantics") / "64.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(UserError, match=r"64.csv is not about the 12 photographs"):
        read_input_sizes([dataset], params)
