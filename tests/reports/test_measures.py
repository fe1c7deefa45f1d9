"""The registry of measures: whole, and the only place of reports/ that says what a measure is."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from pipeline.records.rows import BleedingRow, PerceptualRow, PerceptualSummary, ScoreRow
from reports.plan.measures import COMPARED, MEASURES, SORTABLE
from tests.conftest import ROOT

RECORDS = (ScoreRow, PerceptualRow, BleedingRow)
NAMES = {"dataset", "method", "id", "height", "width", "colorless"}
# Parts of other measures: a weight, an area, the number of transects, and the curve of the boundary figure.
PARTS = {"auc_weight", "flat_area", "transects", *(f"kept_{units}" for units in (1, 2, 3, 5, 7, 9))}
# Close to a measure that is compared, without a better direction, or from weights that are seldom at hand.
NOT_COMPARED = {"mse_rgb", "auc", "auc_balanced", "colorfulness", "colorfulness_absolute", "boundary_contrast"}
NOT_COMPARED |= {"lpips_vgg", "lpips_squeeze", "recognized"}
ROOMS = (
    "plan",
    "statistics",
    "inputs",
    "tables",
    "figures",
    "claims",
    "study",
    "preference",
    "agreement",
    "times",
    "page",
)
MODULES = sorted((ROOT / "reports").rglob("*.py"))


def test_every_column_of_a_record_is_a_measure_and_every_score_that_is_not_compared_is_left_out_on_purpose() -> None:
    scores = {field.name for record in RECORDS for field in fields(record)} - NAMES - PARTS
    assert scores <= {measure.of_rows for measure in MEASURES.values()}
    assert scores - NOT_COMPARED == {*COMPARED} - {"colorfulness_gap"} and scores >= NOT_COMPARED


def test_every_measure_of_a_row_file_has_its_column() -> None:
    columns = {field.name for record in (*RECORDS, PerceptualSummary) for field in fields(record)}
    of_rows = (measure for measure in MEASURES.values() if measure.source in ("scores", "perceptual", "defects"))
    assert {measure.of_rows for measure in of_rows} <= columns


def test_psnr_alone_is_tested_and_what_is_compared_has_a_direction() -> None:
    assert [measure.key for measure in MEASURES.values() if measure.tested] == ["psnr_rgb"]
    assert all(measure.better for measure in COMPARED.values()) and "colorfulness" not in COMPARED
    assert SORTABLE and all(measure.convention for measure in MEASURES.values())


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_names_a_measure(module: Path) -> None:
    texts = {node.value for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Constant)}
    labels = {name for one in MEASURES.values() for name in (one.name, one.short, one.label, one.short_label) if name}
    assert module.name == "measures.py" or not texts & labels


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_from_those_below_them_alone(module: Path) -> None:
    room = module.relative_to(ROOT / "reports").parts[0]
    allowed = ROOMS[: ROOMS.index(room) + 1] if room in ROOMS else ROOMS
    imports = [
        node.module or "" for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ImportFrom)
    ]
    used = {name.split(".")[1] for name in imports if name.startswith("reports.")}
    assert used <= set(allowed)
