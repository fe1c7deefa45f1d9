"""Packing: every damaged picture ends in one sentence with its name, or is skipped and listed if params say so."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.datasets.scenes import Scenes
from pipeline.packs.pack import Pack
from pipeline.settings import paths
from tests.conftest import run_in, stage_in, write_params


@pytest.fixture
def voc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A VOCdevkit-style folder of 6 + 3 scenes, named `data.voc2012` in the params of the current folder."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "VOC2012"
    scenes = Scenes(seed=0, height=40, width=56, train=6, val=3)
    for folder in ("JPEGImages", "SegmentationClassAug", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True)
    for split, name in (("train", "train_aug"), ("val", "val")):
        photographs = scenes.photographs(split)
        for photograph in photographs:
            (root / "source.png").write_bytes(scenes.image_bytes(photograph))
            Image.open(root / "source.png").save(root / f"JPEGImages/{photograph.id}.jpg", quality=95)
            mask = scenes.mask(photograph)
            Image.fromarray(np.where(mask == 255, 255, mask % 21).astype(np.uint8)).save(
                root / f"SegmentationClassAug/{photograph.id}.png"
            )
        listed = "".join(f"{photograph.id}\n" for photograph in photographs)
        (root / f"ImageSets/Segmentation/{name}.txt").write_text(listed)
    write_params(tmp_path, data__voc2012__source__root=str(root), data__voc2012__pack__size=32)
    return root


def pack() -> None:
    stage_in(Path(), "pipeline.fetch", "voc2012")
    stage_in(Path(), "pipeline.pack", "voc2012")


def truncate(root: Path) -> str:
    photograph = root / "JPEGImages/train-000002.jpg"
    photograph.write_bytes(photograph.read_bytes()[:700])
    return "train-000002.jpg"


def shrink_mask(root: Path) -> str:
    Image.new("P", (10, 10)).save(root / "SegmentationClassAug/train-000003.png")
    return "train-000003.jpg is 10 x 10 pixels, but it is 56 x 40"


def wrong_class(root: Path) -> str:
    Image.new("L", (56, 40), 77).save(root / "SegmentationClassAug/train-000001.png")
    return "train-000001.png holds the value 77"


def not_a_picture(root: Path) -> str:
    (root / "JPEGImages/val-000001.jpg").write_bytes(b"not a picture")
    return "val-000001.jpg"


@pytest.mark.parametrize("damage", [truncate, shrink_mask, wrong_class, not_a_picture])
def test_a_damaged_picture_stops_with_its_name_or_is_skipped_and_listed(voc, damage):
    named = damage(voc)
    stage_in(Path(), "pipeline.fetch", "voc2012")
    done = run_in(Path(), "pipeline.pack", "voc2012", check=False)
    assert done.returncode == 1
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("error: ") and named in sentence and "Traceback" not in done.stderr
    split = "train" if "train-" in named else "val"
    assert not paths.pack("voc2012", split).exists(), "a half pack must not be taken for a whole one"

    write_params(Path(), data__voc2012__source__root=str(voc), data__voc2012__pack={"size": 32, "on_bad_image": "skip"})
    stage_in(Path(), "pipeline.pack", "voc2012")
    skipping = Pack(paths.pack("voc2012", split))
    assert named in skipping.summary["skipped"][0]["reason"]
    assert len(skipping.index) == len(skipping.images) == {"train": 5, "val": 2}[split]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda root: (root / "ImageSets/Segmentation/val.txt").write_text(""), "val.txt"),
        (lambda root: (root / "JPEGImages/train-000000.jpg").unlink(), "train-000000"),
        (lambda root: (root / "SegmentationClassAug/train-000000.png").unlink(), "train-000000"),
        (lambda root: root.rename(root.with_name("elsewhere")), "is not a folder"),
    ],
)
def test_missing_files_and_empty_lists_end_in_one_sentence_that_names_them(voc, damage, sentence):
    damage(voc)
    done = run_in(Path(), "pipeline.fetch", "voc2012", check=False)
    assert done.returncode == 1
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert not paths.listing("voc2012").exists()


def test_a_photograph_in_both_lists_is_refused(voc):
    lists = voc / "ImageSets/Segmentation"
    (lists / "val.txt").write_text((lists / "val.txt").read_text() + "train-000001\n")
    done = run_in(Path(), "pipeline.fetch", "voc2012", check=False)
    assert done.returncode == 1 and "'train-000001' is the first" in done.stderr and "both splits" in done.stderr


def test_a_photograph_that_changed_since_it_was_listed_is_refused(voc):
    stage_in(Path(), "pipeline.fetch", "voc2012")
    Image.new("RGB", (56, 40)).save(voc / "JPEGImages/train-000000.jpg")
    done = run_in(Path(), "pipeline.pack", "voc2012", check=False)
    assert "train-000000.jpg has changed since it was listed" in done.stderr


def test_a_part_of_voc_never_passes_for_the_whole(voc):
    pack()
    assert Pack(paths.pack("voc2012", "val")).summary["title"] == "VOC2012 part (6/3)"


def test_originals_are_kept_byte_for_byte_with_their_masks(voc):
    pack()
    packed = Pack(paths.pack("voc2012", "val"))
    for entry in packed.index:
        file = voc / f"JPEGImages/{entry.id}.jpg"
        assert packed._read(entry.image_offset, entry.image_length) == file.read_bytes()
        assert packed.original(entry).shape == (40, 56, 3)
        mask = np.asarray(Image.open(voc / f"SegmentationClassAug/{entry.id}.png"))
        assert np.array_equal(packed.original_mask(entry), mask)


def test_the_same_photographs_pack_to_the_same_bytes(voc):
    pack()
    files = [path for path in Path("results/data").rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    pack()
    assert before == {path: path.read_bytes() for path in files}


def test_photographs_with_a_tiny_side_are_left_out_by_name_and_counted(voc, capsys):
    for name, size in (("train-000000", (56, 30)), ("val-000000", (1, 40)), ("val-000001", (31, 40))):
        Image.new("RGB", size, "red").save(voc / f"JPEGImages/{name}.jpg")
        Image.fromarray(np.arange(size[0] * size[1], dtype=np.uint8).reshape(size[::-1]) % 3).save(
            voc / f"SegmentationClassAug/{name}.png"
        )
    pack()
    train, val = (Pack(paths.pack("voc2012", split)) for split in ("train", "val"))
    assert [entry.id for entry in val.index] == ["val-000001", "val-000002"] and len(train.index) == 6
    assert [one["id"] for one in val.summary["skipped"]] == ["val-000000"]
    out = capsys.readouterr().out
    assert "skipped: JPEGImages/val-000000.jpg is 1 x 40 pixels; less than 31 cannot be measured" in out


def test_a_photograph_without_colour_is_marked_and_counts_no_colours(voc):
    for name in ("train-000000", "train-000001"):
        Image.open(voc / f"JPEGImages/{name}.jpg").convert("L").save(voc / f"JPEGImages/{name}.jpg")
    pack()
    packed = Pack(paths.pack("voc2012", "train"))
    assert [entry.id for entry in packed.index if entry.colorless] == ["train-000000", "train-000001"]
    assert packed.summary["colorless"] == 2
    assert sum(packed.statistics["colors"]) == 4 * 8 * 8


def test_class_counts_are_those_of_the_masks(voc):
    pack()
    packed = Pack(paths.pack("voc2012", "train"))
    assert packed.masks is not None
    assert packed.statistics["classes"] == [int((packed.masks == label).sum()) for label in range(21)]


def test_the_pack_holds_what_json_and_csv_say(packed):
    for split, count in (("train", 24), ("val", 6)):
        folder = packed / paths.pack("scenes", split)
        summary = json.loads((folder / "summary.json").read_text())
        assert summary["photographs"] == count == len(Pack(folder).index)
        assert summary["title"] == "scenes (synthetic)"
        assert (folder / "originals.bin").exists() == (split == "val")
