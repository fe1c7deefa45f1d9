"""The pairs of a session: differences of the same photographs, seed by seed."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from bench.gpu_results import pairs
from pipeline.settings.errors import UserError

SEEDS = ("", "_seed1", "_seed2")
IDS = [f"photo{number}" for number in range(8)]
METHODS = ["gray", "original", "zhang", *(f"{network}{seed}{up}" for network in ("semantics", "no_semantics")
                                          for seed in SEEDS for up in ("", "_jbu"))]  # fmt: skip


def score(method: str, number: int) -> float:
    """The PSNR of photograph `number`: semantics are 1, 2 and 3 dB better than none; JBU changes nothing."""
    gain = {"semantics": 1, "semantics_seed1": 2, "semantics_seed2": 3}.get(method.removesuffix("_jbu"), 0)
    return 20 + number + gain


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Rows as a session leaves them, one photograph without colour among them."""
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        for method in METHODS:
            scores = pd.DataFrame({"id": IDS, "colorless": [1] + 7 * [0]})
            for column in ("psnr_rgb", "ciede2000", "colorfulness"):
                scores[column] = [score(method, number) if number else 1e9 for number in range(8)]
            defects = scores[["id", "colorless"]].assign(bleeding_flat=0.5, bleeding_boundary=float("nan"))
            right = 60 if method.startswith("semantics") else 50
            segmented = pd.DataFrame({"id": IDS, "label": 3, "intersection": right, "union": 100})
            places = {
                f"scores/part/{method}.csv": scores,
                f"scores/part/{method}.defects.csv": defects,
                f"segmented/part/small/{method}.csv": segmented,
            }
            for place, rows in places.items():
                archive.writestr(f"runs/x/results/{place}", rows.to_csv(index=False))
    return tmp_path


def test_differences_are_of_the_same_photographs_and_those_without_colour_are_left_out(home: Path) -> None:
    rows = pairs.Rows(home)
    for seed, gain in zip(SEEDS, (1, 2, 3), strict=True):
        assert pairs.paired(rows, f"semantics{seed}", f"no_semantics{seed}", "psnr_rgb") == (gain, gain, gain)
    assert pairs.paired_miou(rows, "semantics", "no_semantics") == pytest.approx((10, 10, 10))


def test_what_is_not_there_is_left_out_and_unequal_trainings_are_told(home: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(home / "rows.zip") as whole, zipfile.ZipFile(tmp_path / "part.zip", "w") as part:
        for name in whole.namelist():
            if "/no_semantics_seed1" not in name and "zhang" not in name:
                part.writestr(name, whole.read(name))
        for model, epochs in (("semantics", 24), ("no_semantics", 40)):
            part.writestr(f"runs/x/results/models/part/{model}/history.csv", "epoch\n" + epochs * "1\n")
    (tmp_path / "part.zip").rename(home / "rows.zip")
    table = pairs.table(pairs.Rows(home))
    line = next(line for line in table.splitlines() if line.startswith("| semantics less no_semantics | PSNR"))
    assert "+1.00 [+1.00, +1.00] (24 and 40 epochs) | - | +3.00" in line and "zhang" not in table


def test_a_session_without_rows_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "rows.zip", "w"):
        pass
    with pytest.raises(UserError, match="holds no scores"):
        pairs.Rows(tmp_path)


def test_the_table_has_each_seed_and_all_together(home: Path) -> None:
    table = pairs.table(pairs.Rows(home))
    lines = pd.read_csv(io.StringIO(table), sep="|", skipinitialspace=True).map(str.strip, na_action="ignore")
    line = next(line for line in table.splitlines() if line.startswith("| semantics less no_semantics | PSNR"))
    assert "| +1.00 [+1.00, +1.00] | +2.00 [+2.00, +2.00] | +3.00 [+3.00, +3.00] |" in line
    assert "| +2.00 [-0.48, +4.48] |" in line  # Student's interval of 1, 2 and 3
    assert "bleeding across boundaries" not in table, "nothing is measured there"
    assert len(lines) == 1 + len(pairs.PAIRS) * 5
