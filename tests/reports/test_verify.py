"""The reproduction check: silent where nothing moved, and clear about what did."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from pipeline.records.rows import write_json
from pipeline.settings import paths
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.params import load_params
from reports.inputs.reproduction import (
    REFERENCE,
    Reference,
    Tolerance,
    compare,
    params_digest,
    read_numbers,
    read_reference,
    trained_methods,
)
from reports.verify import main

TOLERANCES = {"psnr_rgb": Tolerance(0.001, 0.5), "bleeding_flat": Tolerance(0.0, 0.01), "miou_small": Tolerance(2, 2)}


@pytest.fixture(scope="module")
def made(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report's tables and the reference that was made of them; tests only read."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(built / "tables", folder / paths.BUILD / "tables")
    shutil.copy(built / "claims.json", folder / paths.BUILD)
    nothing = Reference("scenes (synthetic)", "", "a test", TOLERANCES, {}, {})
    write_json(folder / "reference.json", asdict(nothing))
    run(folder, "--renew")
    return folder


def run(folder: Path, *options: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["verify", str(folder / paths.BUILD), str(folder / "reference.json"), *options])
        main()


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy that tests may change."""
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True)


def test_the_same_results_are_the_same_to_the_last_digit(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = read_reference(made / "reference.json")
    run(made)
    claims = len(reference.verdicts)
    assert claims and reference.params == params_digest(load_params())
    numbers = "13 of 13 numbers within their tolerances of the committed run (13 identical)"
    expected = f"Reproduced: {numbers}; verdicts: {claims} of {claims} the same.\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("measure", "method", "by", "moved"),
    [
        ("psnr_rgb", "semantics", 0.49, False),
        ("psnr_rgb", "semantics", 0.51, True),
        ("psnr_rgb", "gray", 0.49, True),  # nothing was trained, so nothing may move
        ("psnr_rgb", "gray", 0.0009, False),
        ("bleeding_flat", "original", 0.001, True),
        ("miou_small", "gray", -1.9, False),
        ("miou_small", "gray", -2.1, True),
    ],
)
def test_a_number_may_move_within_its_tolerance(
    place: Path, measure: str, method: str, by: float, moved: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    file = place / "reference.json"
    content = json.loads(file.read_text())
    content["numbers"][measure][method] += by
    file.write_text(json.dumps(content))
    if not moved:
        run(place)
        return
    with pytest.raises(UserError, match="Not reproduced: 12 of 13 numbers within"):
        run(place)
    assert f"{measure} of {method}: " in capsys.readouterr().out


def test_another_verdict_is_named_and_the_exit_status_is_1(place: Path) -> None:
    file = place / paths.BUILD / "claims.json"
    entries = json.loads(file.read_text())
    was, entries[0]["verdict"] = entries[0]["verdict"], "another"
    write_json(file, entries)
    with pytest.raises(SystemExit) as stopped:
        run_stage(lambda: run(place))
    told, claim = stopped.value.code, entries[0]["id"]  # Python prints a text and exits with 1
    assert isinstance(told, str) and "Not reproduced: 13 of 13 numbers within" in told
    assert f"the same (not: {claim}: another, was {was})" in told


def test_what_is_missing_or_new_has_moved(made: Path) -> None:
    reference = read_reference(made / "reference.json")
    found = read_numbers(made / paths.BUILD, reference)
    trained = trained_methods(made / paths.BUILD, reference.dataset)
    assert trained == {"no_semantics", "semantics", "semantics_jbu"}
    fewer = {measure: {name: value for name, value in of.items() if name != "gray"} for measure, of in found.items()}
    lacking = {f"{measure} of gray: the results lack it" for measure in ("psnr_rgb", "miou_small")}
    assert {str(moved) for moved in compare(reference, fewer, trained)} == lacking
    more = {**found, "psnr_rgb": {**found["psnr_rgb"], "theirs": 20.0}}
    assert [str(moved) for moved in compare(reference, more, trained)] == ["psnr_rgb of theirs: the reference lacks it"]


def test_results_of_another_dataset_and_no_report_end_in_one_sentence(place: Path) -> None:
    file = place / "reference.json"
    file.write_text(file.read_text().replace("scenes (synthetic)", "VOC2012"))
    with pytest.raises(UserError, match="has no results of VOC2012"):
        run(place)
    (place / paths.BUILD / "tables" / "figure3.csv").unlink()
    with pytest.raises(UserError, match=r"figure3.csv is missing; `make repro` makes it"):
        run(place)


def test_the_committed_reference_is_about_the_committed_methods() -> None:
    reference, params = read_reference(REFERENCE), load_params()
    assert reference.dataset == "scenes (synthetic)" and set(reference.numbers) == set(reference.tolerances)
    assert set(reference.numbers["ssim_rgb"]) == {name for name in params.methods if not params.repeats(name)}
