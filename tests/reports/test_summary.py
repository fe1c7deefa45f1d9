"""The closing summary: aligned, complete, and quick to start."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import layout
from pipeline.errors import UserError
from reports.summary import summary
from tests.conftest import ROOT

TABLE1 = """dataset,method,n,psnr_mean,ci_low,ci_high,psnr_pooled,published
scenes (synthetic),gray,200,21.500000,21.000000,22.000000,20.900000,
scenes (synthetic),semantics_jbu,200,22.312345,22.051000,22.584000,21.800000,22.000000
VOC2012,gray,1449,inf,inf,inf,inf,
"""


@pytest.fixture
def build_folder(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "table1.csv").write_text(TABLE1)
    return tmp_path


def test_summary_shows_each_datasets_table_and_the_reports_path(build_folder: Path) -> None:
    text = summary(build_folder)
    assert "Table 1, scenes (synthetic)" in text and "Table 1, VOC2012" in text
    assert "22.31 [22.05, 22.58]" in text and "∞" in text
    assert text.splitlines()[-1] == f"report: {build_folder / 'index.html'}"


def test_columns_of_the_summary_are_aligned(build_folder: Path) -> None:
    lines = summary(build_folder).splitlines()[2:5]
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split()[0] == "method" and lines[2].split()[-1] == "22.0"


def test_summary_without_a_report_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"table1.csv is missing; `make repro` makes it"):
        summary(tmp_path)


def test_summary_loads_no_heavy_library() -> None:
    heavy = "{'torch', 'pandas', 'numpy', 'matplotlib', 'jinja2'}"
    code = f"import sys, reports.summary; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_summary_runs_as_a_command(build_folder: Path) -> None:
    target = build_folder / layout.BUILD / "tables"
    target.mkdir(parents=True)
    (target / "table1.csv").write_text(TABLE1)
    done = subprocess.run(
        [sys.executable, "-m", "reports.summary"],
        cwd=build_folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "semantics_jbu" in done.stdout
