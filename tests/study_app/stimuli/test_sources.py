"""Finished pictures in folders become the stimuli of a study, without any stage of the pipeline."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.settings.errors import UserError
from study_app.stimuli import prepare
from study_app.stimuli.manifest import load_stimuli
from study_app.stimuli.sources import open_sources, shared_photographs
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS, small_study, write_archives


def write_folders(top: Path, suffix: str = ".png") -> Path:
    """The same pictures as `write_archives`, as files."""
    for method, source in open_sources(write_archives(top / "zips"), METHODS).items():
        (top / method).mkdir()
        for name in source.ids:
            Image.fromarray(source[name]).save(top / method / f"{name}{suffix}", lossless=True)
    return top


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_folders_give_the_same_pictures_as_archives(suffix: str, tmp_path: Path) -> None:
    study = small_study(tmp_path)
    write_folders(tmp_path / "mine", suffix)
    looks = []
    for place in (tmp_path / "mine", tmp_path / "mine" / "zips"):
        folder = prepare.prepare(study, place, tmp_path / "stimuli")
        manifest = load_stimuli(study.digest, tmp_path / "stimuli").manifest
        looks.append((folder, manifest))
    assert looks[0] == looks[1] and len(looks[0][1].stimuli) > 20


def test_the_command_takes_a_folder_and_leaves_out_what_a_method_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folders(tmp_path / "mine")
    (tmp_path / "mine" / METHODS[0] / f"{PHOTOGRAPHS[0]}.png").unlink()
    small_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["prepare", "study.yaml", "--pictures", "mine"])
    prepare.main()
    printed = capsys.readouterr().out
    assert f"{METHODS[0]} has no picture of 1 photographs, which are left out" in printed
    assert "pictures in stimuli/" in printed


def test_what_is_missing_is_named_with_what_makes_it(tmp_path: Path) -> None:
    write_folders(tmp_path)
    with pytest.raises(UserError, match=r"no pictures of 'other'.*make repro.*--pictures FOLDER") as caught:
        open_sources(tmp_path, ["other"])
    assert str(tmp_path / "other.zip") in str(caught.value)
    original = tmp_path / "original"
    Image.fromarray(np.zeros((30, 44, 3), np.uint8)).save(original / f"{PHOTOGRAPHS[0]}.jpg")
    with pytest.raises(UserError, match=f"has 2 pictures called '{PHOTOGRAPHS[0]}'; keep one"):
        open_sources(tmp_path, ["original"])
    (tmp_path / "strange").mkdir()
    Image.fromarray(np.zeros((30, 44, 3), np.uint8)).save(tmp_path / "strange" / "else.png")
    with pytest.raises(UserError, match="no photograph has a picture of every method"):
        shared_photographs(open_sources(tmp_path, [METHODS[0], "strange"]))
