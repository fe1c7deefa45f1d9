"""docs/methods.md, "Add your method": its code and blocks run, from files to scores."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.packs.pack import Pack
from pipeline.records.rows import ScoreRow, read_rows
from pipeline.settings import paths
from tests.baselines.photos import save
from tests.conftest import ROOT, environment, stage_in
from tests.documents import fenced

SECTION = (ROOT / "docs" / "methods.md").read_text().split("\n## Add your method\n")[1].split("\n## ")[0]
OURS, _ = SECTION.split("\n### ")


def methods(text: str) -> dict[str, dict[str, Any]]:
    """All methods that the text's YAML adds."""
    return {name: block for part in fenced(text, "yaml") for name, block in yaml.safe_load(part)["methods"].items()}


def add(added: dict[str, dict[str, Any]]) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["methods"] |= added
    Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def score(folder: Path, method: str) -> tuple[list[ScoreRow], dict[str, Any]]:
    """Colorize and score: the rows and the method's card."""
    stage_in(folder, "pipeline.colorize", "scenes", method, "--device", "cpu")
    stage_in(folder, "pipeline.score", "scenes", method)
    card = json.loads((folder / paths.card("scenes", method)).read_text())
    return read_rows(folder / paths.scores("scenes", method), ScoreRow), card


@pytest.fixture
def here(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: packed scenes, and a `python` that is this one."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{environment()['PATH']}")
    monkeypatch.syspath_prepend(str(workspace))
    return workspace


def test_the_worked_example_runs_as_it_is_written(here):
    for code in fenced(OURS, "python"):
        (here / code.splitlines()[0].removeprefix("# ")).write_text(code)
    stage_in(here, "pipeline.colorize", "scenes", "gray")
    (shell,) = fenced(OURS, "sh")
    subprocess.run(["sh", "-e", "-c", shell], check=True, cwd=here, env=environment())
    add(methods(OURS))
    (warm, card), (command, command_card), (tint, _) = (score(here, name) for name in methods(OURS))
    assert [len(rows) for rows in (warm, command, tint)] == [6, 6, 6]
    assert [row.psnr_rgb for row in warm] == [row.psnr_rgb for row in command] != [row.psnr_rgb for row in tint]
    assert all(row.colorfulness > 5 for row in (*warm, *tint))
    assert (card["parameters"], card["training_data"], card["weights"]) == (3, "nothing", "made elsewhere")
    assert card["remarks"] == command_card["remarks"][:-1] and "lightness is not" in card["remarks"][0]
    runs = [json.loads((paths.RUNS / f"colorize-scenes-{name}.json").read_text()) for name in methods(OURS)]
    times = [run["method_seconds_per_image"] for run in runs]
    assert times[0] is None and times[1] > 0 and times[2] > 0


@pytest.mark.parametrize("line", re.findall(r"`(sh -c [^`]*{out_dir})`", SECTION))
def test_the_lines_with_a_shell_run_as_they_are_written(here, line):
    infer = here / "infer"  # takes one photograph, or a list of them
    infer.write_text('#!/bin/sh\ncase "$1" in */list) xargs -I{} cp {} "$2" < "$1";; *) cp "$1" "$2";; esac\n')
    infer.chmod(0o755)
    block = yaml.safe_load(f"any:\n  kind: command\n  run: {line}")
    block["any"]["run"] = block["any"]["run"].replace("infer", str(infer))
    add(block)
    rows, _ = score(here, "any")
    assert len(rows) == 6 and all(row.colorfulness == 0 for row in rows)


def test_a_folder_with_the_names_of_numbers_is_refused_by_a_name_that_would_fit(here, capsys):
    pack = Pack(paths.pack("scenes", "val"))
    for number, entry in enumerate(pack.index):
        save(here / "pictures" / f"{number:06d}.png", pack.original(entry))
    add(methods(OURS))
    with pytest.raises(Exception, match=r"none of the 6 pictures in pictures .*'val-000000' should be val-000000\.png"):
        score(here, "warm")
    assert not paths.archive("scenes", "warm").exists()
