"""Methods whose inputs are the same are left alone; what changed, was lost or was named is done again."""

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.runtime.finished import SUFFIX, Finished
from pipeline.settings import paths
from tests.conftest import stage_in

METHODS = ("gray", "mean_ab", "original")


@pytest.fixture(scope="module")
def scored(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose three methods are colorized and scored; tests must not write to it."""
    folder = tmp_path_factory.mktemp("scored")
    shutil.copytree(packed, folder, dirs_exist_ok=True)
    change_methods(folder, lambda methods: {name: methods[name] for name in METHODS})
    for stage in ("colorize", "score"):
        stage_in(folder, f"pipeline.{stage}", "scenes")
    return folder


@pytest.fixture
def folder(scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `scored` that is the current folder."""
    shutil.copytree(scored, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change_methods(folder: Path, change) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["methods"] = change(params["methods"])
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def written_by(folder: Path, *stage: str) -> set[str]:
    """The names of the files that a stage writes anew."""
    place = folder / "results" / {"colorize": "colorized", "score": "scores"}[stage[0]] / "scenes"
    before = {file.name: file.stat().st_ino for file in place.iterdir()}
    stage_in(folder, f"pipeline.{stage[0]}", *stage[1:])
    written = {file.name for file in place.iterdir() if before.get(file.name) != file.stat().st_ino}
    return {name for name in written if not name.endswith(SUFFIX)}


@pytest.mark.parametrize("stage", ["colorize", "score"])
def test_a_second_run_writes_nothing(folder: Path, stage: str) -> None:
    assert written_by(folder, stage, "scenes") == set()


def test_only_the_method_whose_options_changed_is_colorized_and_scored_again(folder: Path) -> None:
    change_methods(folder, lambda methods: {**methods, "mean_ab": {"class": "pipeline.methods.reference:Gray"}})
    assert written_by(folder, "colorize", "scenes") == {"mean_ab.zip", "mean_ab.json"}
    assert {name.split(".")[0] for name in written_by(folder, "score", "scenes")} == {"mean_ab"}


def test_a_lost_or_shortened_file_is_made_again(folder: Path) -> None:
    paths.archive("scenes", "gray").unlink()
    card = paths.card("scenes", "original")
    card.write_text(card.read_text()[:-9])
    assert written_by(folder, "colorize", "scenes") == {"gray.zip", "gray.json", "original.zip", "original.json"}


def test_a_named_method_is_done_again(folder: Path) -> None:
    assert written_by(folder, "colorize", "scenes", "gray") == {"gray.zip", "gray.json"}
    assert {name.split(".")[0] for name in written_by(folder, "score", "scenes", "gray")} == {"gray"}


def test_the_files_of_a_method_that_is_no_more_are_removed(folder: Path) -> None:
    change_methods(folder, lambda methods: {name: methods[name] for name in ("gray", "original")})
    for stage, place in (("colorize", paths.archive("scenes", "")), ("score", paths.scores("scenes", ""))):
        stage_in(folder, f"pipeline.{stage}", "scenes")
        assert {file.name.split(".")[0] for file in place.parent.iterdir()} == {"gray", "original"}


def test_a_method_that_another_is_named_after_keeps_its_files(tmp_path: Path) -> None:
    finished = Finished(tmp_path)
    for name in ("net", "net[jbu]", "net_jbu"):
        (tmp_path / f"{name}.csv").write_text("id\n")
        finished.add(name, "key", [tmp_path / f"{name}.csv"])
    finished.keep(["net_jbu", "net"])
    assert sorted(file.name for file in tmp_path.glob("*.csv")) == ["net.csv", "net_jbu.csv"]
