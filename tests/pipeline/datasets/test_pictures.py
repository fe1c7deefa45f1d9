"""Folders of real life: what is taken for a picture, what is not, and that each is said."""

import os
import shutil
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from pipeline.datasets.folder import Folder
from pipeline.datasets.pictures import pictures_below
from pipeline.settings.errors import UserError
from tests.conftest import stage_in
from tests.pipeline.datasets.test_folder import ids, masks, pictures


def both(source: Folder) -> list[str]:
    return sorted(ids(source, "train") + ids(source, "val"))


def test_folders_of_devices_and_systems_hold_no_photographs(tmp_path: Path) -> None:
    names = ("@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/b.jpg", "cats/$RECYCLE.BIN/c.png", "__MACOSX/d.png")
    pictures(tmp_path, "images/a.jpg", "images/cats/a.jpg", *(f"images/{name}" for name in names))
    source = Folder(tmp_path)
    assert both(source) == ["a", "cats/a"]
    (said,) = source.left_out()
    assert "4 of a storage device or system" in said and "'@eaDir'" in said and "and 1 more" in said


def test_files_that_are_not_read_are_counted_by_suffix(tmp_path: Path) -> None:
    pictures(tmp_path, "images/a.jpg", "images/b.PNG")
    for name in ("c.HEIC", "d.heic", "e.jxl", "f.CR2", "notes"):
        (tmp_path / "images" / name).write_bytes(b"x")
    source = Folder(tmp_path)
    assert both(source) == ["a", "b"]
    (said,) = source.left_out()
    assert said == (
        "left out: 5 with suffixes that are not read, save pictures as PNG: .heic (2), .jxl (1), .cr2 (1), none (1)"
    )


def test_where_nothing_can_be_read_the_error_says_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.heic").write_bytes(b"x")
    with pytest.raises(UserError, match=r"no pictures in .*not read.*\.heic \(1\)"):
        Folder(tmp_path).photographs("train")


def test_links_to_folders_are_followed_and_never_round_in_a_circle(tmp_path: Path) -> None:
    pictures(tmp_path, "images/dogs/a.png", "elsewhere/b.png", "elsewhere/deep/c.png", "other/d.png")
    for link, target in (("images/cats", "elsewhere"), ("elsewhere/other", "other"), ("other/back", "elsewhere")):
        (tmp_path / link).symlink_to(tmp_path / target)
    for link, target in (("images/dogs/self", "images/dogs"), ("images/up", "."), ("images/gone.png", "nowhere.png")):
        (tmp_path / link).symlink_to(tmp_path / target)
    source = Folder(tmp_path)
    assert both(source) == ["cats/b", "cats/deep/c", "cats/other/d", "dogs/a"]
    circle, nowhere = source.left_out()
    assert "3 that leads back to a folder around it" in circle and "'dogs/self'" in circle and "'up'" in circle
    assert "1 that lead to no file: 'gone.png'" in nowhere


def test_of_exact_copies_one_is_taken_before_the_split_is_drawn(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"images/{number}.png" for number in range(8)))
    for number in range(8):
        shutil.copy(tmp_path / f"images/{number}.png", tmp_path / f"images/{number} (1).png")
    source = Folder(tmp_path, val_fraction=0.5)
    assert both(source) == [*"01234567"] and len(ids(source, "val")) == 4
    (said,) = source.left_out()
    assert said.startswith("left out: 8 that equal another picture byte for byte: '0 (1).png'")


@pytest.mark.parametrize("given", ["train_list", "val_list"])
def test_a_copy_of_a_listed_picture_is_not_in_the_other_split(tmp_path: Path, given: str) -> None:
    pictures(tmp_path, "images/a.png", "images/b.png")
    shutil.copy(tmp_path / "images/b.png", tmp_path / "images/b copy.png")
    shutil.copy(tmp_path / "images/b.png", tmp_path / "images/0.png")
    (tmp_path / "list.txt").write_text("b\n")
    options: dict[str, Any] = {given: "list.txt"}
    assert both(Folder(tmp_path, **options)) == ["a", "b"]


def listing(folder: Path) -> list[str]:
    """Fetch `data.mine`, a folder with lists of its own; the ids of train."""
    lists = "train_list: train.txt, val_list: val.txt"
    train = "width: 0.1, epochs: 1, batch_size: 2, learning_rate: 0.1, precision: float32, first_weights: pytorch"
    (folder / "params.yaml").write_text(
        f"datasets: [mine]\nseed: 0\nseeds: [0]\ndata: {{mine: {{source: {{kind: folder, root: ., {lists}}}, "
        f"pack: {{size: 32, on_bad_image: stop}}, train: {{{train}, threads: 1}}}}}}\nmodels: {{}}\n"
        "methods: {gray: {class: 'pipeline.methods.reference:Gray'}}\n"
    )
    stage_in(folder, "pipeline.fetch", "mine")
    lines = (folder / "results/data/mine/listing.csv").read_text().splitlines()
    return [line.split(",")[1] for line in lines if line.startswith("train,")]


def test_a_training_photograph_that_equals_one_of_validation_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures(tmp_path, "images/a.png", "images/b.png")
    for name in ("c", "d"):
        shutil.copy(tmp_path / "images/b.png", tmp_path / f"images/{name}.png")
    (tmp_path / "train.txt").write_text("a\nb\n")
    (tmp_path / "val.txt").write_text("c\nd\n")
    assert listing(tmp_path) == ["a"]
    out = capsys.readouterr().out
    assert "1 train, 2 val" in out and "left out of train: 1 that equal one of val byte for byte: b" in out
    assert "1 photographs equal another of their split" in out
    (tmp_path / "train.txt").write_text("b\n")
    with pytest.raises(UserError, match="every photograph of the split 'train' is a copy"):
        listing(tmp_path)


def test_names_that_no_list_can_hold_are_left_out_and_said(tmp_path: Path) -> None:
    pictures(tmp_path, "images/a.png", "images/b\u202fc.png", "images/line\rfeed.png", "images/new\nline.png")
    if sys.platform == "linux":
        shutil.copy(tmp_path / "images/a.png", os.fsencode(tmp_path / "images") + b"/caf\xe9.png")
    source = Folder(tmp_path)
    assert both(source) == ["a", "b\u202fc"]
    (said,) = source.left_out()
    said.encode()
    assert f"{3 if sys.platform == 'linux' else 2} whose names are not UTF-8 or hold control characters" in said


def test_names_match_in_either_form_of_unicode(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "Žluťoučký kůň") for form in ("NFC", "NFD"))
    pictures(tmp_path, f"images/{apart}.png", "images/b.png")
    masks(tmp_path, f"{composed}.png", "b.png")
    (tmp_path / "val.txt").write_text(apart, "utf-8")
    source = Folder(tmp_path, masks="masks", classes=("sky", "cat"), val_list="val.txt")
    (photograph,) = source.photographs("val")
    assert photograph.id == composed and source.mask(photograph) is not None and source.image_bytes(photograph)
    (tmp_path / f"masks/{composed}.png").rename(tmp_path / f"masks/{apart}.png")
    (photograph,) = Folder(tmp_path, masks="masks", classes=("sky", "cat"), val_list="val.txt").photographs("val")
    assert source.mask(photograph) is not None
    assert set(pictures_below(tmp_path / "images").pictures) == {"b", composed}
