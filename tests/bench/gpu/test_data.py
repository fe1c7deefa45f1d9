"""The folder that travels to a GPU machine: the stages read it, it fits, and what got lost on the way is found."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.gpu.data import (
    ARCHIVE,
    CONTENTS,
    QUALITIES,
    SUBSAMPLING,
    Packed,
    check,
    chroma_quality,
    pack,
    unpack_checked,
)
from pipeline.datasets.scenes import Scenes
from pipeline.datasets.source import SPLITS, Photograph
from pipeline.datasets.voc import Voc
from pipeline.packs.masks import VOID
from pipeline.packs.pack import Pack
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from tests.conftest import ROOT, environment, stage_in, write_params

REAL = ROOT.parent / "shared" / "data" / "voc2012"
SIZE = 96
# What the GPU machine has; whatever else pyproject.toml names it may lack.
ABSENT = ("dvc", "streamlit", "lpips", "numba", "h5py", "torchvision", "matplotlib", "seaborn", "statsmodels", "cv2")


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VOCdevkit-style folder of 8 + 3 scenes, with void in their masks."""
    root = tmp_path_factory.mktemp("devkit") / "VOC2012"
    scenes = Scenes(seed=0, height=120, width=160, train=8, val=3)
    for folder in ("JPEGImages", "SegmentationClassAug", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True)
    for split, name in (("train", "train_aug"), ("val", "val")):
        photographs = scenes.photographs(split)
        for photograph in photographs:
            picture = Image.open(io.BytesIO(scenes.image_bytes(photograph)))
            picture.save(root / f"JPEGImages/{photograph.id}.jpg", quality=95, subsampling=0)
            mask = np.where(scenes.mask(photograph) == VOID, VOID, scenes.mask(photograph) % 21).astype(np.uint8)
            mask[:5] = VOID
            Image.fromarray(mask).save(root / f"SegmentationClassAug/{photograph.id}.png")
        listed = "".join(f"{photograph.id}\n" for photograph in photographs)
        (root / f"ImageSets/Segmentation/{name}.txt").write_text(listed)
    return root


@pytest.fixture(scope="module")
def packed(voc: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Packed]:
    """The folder of `voc` that travels, of unlimited size; not to be written to."""
    folder = tmp_path_factory.mktemp("packed") / "data"
    return folder, pack(voc.parent, folder, SIZE)


@pytest.fixture(scope="module")
def unpacked(packed: tuple[Path, Packed], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The VOC folder that the travelled one holds."""
    folder = tmp_path_factory.mktemp("unpacked") / "voc"
    unpack_checked(packed[0], folder)
    return folder


@pytest.fixture
def copy(packed: tuple[Path, Packed], tmp_path: Path) -> Path:
    """A packed folder that a test may damage."""
    return Path(shutil.copytree(packed[0], tmp_path / "copy"))


@pytest.fixture
def changed(voc: Path, tmp_path: Path) -> Path:
    """`voc` by symbolic links, of which a test may replace some."""
    return linked(voc, tmp_path / "changed")


def linked(root: Path, target: Path, train: int | None = None, val: int | None = None) -> Path:
    """The first `train` and `val` photographs of a VOC folder, by symbolic links and shortened lists."""
    source = Voc(root)
    for split, name, count in (("train", "train_aug", train), ("val", "val", val)):
        photographs = source.photographs(split)[:count]
        for file in (file for photograph in photographs for file in (photograph.image, photograph.mask)):
            (target / str(file)).parent.mkdir(parents=True, exist_ok=True)
            (target / str(file)).symlink_to(root / str(file))
        (target / "ImageSets/Segmentation").mkdir(parents=True, exist_ok=True)
        listed = "".join(f"{photograph.id}\n" for photograph in photographs)
        (target / f"ImageSets/Segmentation/{name}.txt").write_text(listed)
    return target


def staged(workspace: Path, root: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Pack]:
    """What the stages fetch and pack make of a VOC folder."""
    workspace.mkdir()
    write_params(workspace, data__voc2012__source__root=str(root), data__voc2012__pack__size=size)
    for stage in ("fetch", "pack"):
        stage_in(workspace, f"pipeline.{stage}", "voc2012")
    return {split: Pack(workspace / paths.pack("voc2012", split)) for split in SPLITS}


def assert_the_stages_see_the_same(before: dict[str, Pack], after: dict[str, Pack], error: float) -> None:
    for split in SPLITS:
        assert [row.id for row in after[split].index] == [row.id for row in before[split].index]
        assert np.array_equal(after[split].masks, before[split].masks)
    assert np.array_equal(after["val"].images, before["val"].images)
    assert (after["val"].folder / "originals.bin").stat().st_size > 0
    for one, other in zip(before["val"].index, after["val"].index, strict=True):
        assert one.sha256 == other.sha256
        assert np.array_equal(before["val"].original_mask(one), after["val"].original_mask(other))
    off = np.abs(after["train"].images.astype(int) - before["train"].images)
    assert 0 < off.mean() < error, "the training photographs went through JPEG once, and nothing else"


def test_the_stages_find_the_same_photographs_and_masks_in_the_packed_folder(
    voc: Path, unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = staged(tmp_path / "before", voc, SIZE, monkeypatch)
    after = staged(tmp_path / "after", unpacked, SIZE, monkeypatch)
    assert_the_stages_see_the_same(before, after, error=1.5)


def test_validation_photographs_travel_byte_for_byte_and_their_masks_by_value(voc: Path, unpacked: Path) -> None:
    before, after = Voc(voc), Voc(unpacked)
    for photograph in before.photographs("val"):
        moved = Photograph(photograph.id, photograph.image, photograph.mask)
        assert after.image_bytes(moved) == before.image_bytes(photograph)
        assert np.array_equal(after.mask(moved), before.mask(photograph)) and VOID in after.mask(moved)


def test_training_photographs_keep_the_full_resolution_of_their_colours(
    packed: tuple[Path, Packed], unpacked: Path
) -> None:
    found, dataset = packed[1], Voc(unpacked)
    with Image.open(io.BytesIO(dataset.image_bytes(dataset.photographs("train")[0]))) as image:
        assert image.size == (SIZE, SIZE) and image.format == "JPEG"
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # sampling factors of Y, Cb, Cr
        assert (found.quality, chroma_quality(found.quality), SUBSAMPLING) == (QUALITIES[-1], 97, "4:4:4")
        steps = [max(table) for table in image.quantization.values()]
    assert steps == [12, 6], "not libjpeg's tables of these qualities"


def test_the_counted_bytes_are_those_of_the_zip(packed: tuple[Path, Packed]) -> None:
    folder, found = packed
    assert found.bytes == (folder / ARCHIVE).stat().st_size
    assert (folder / CONTENTS).stat().st_size < 1024
    assert (found.train, found.val, found.size) == (8, 3, SIZE) and found.seconds > 0


def test_a_smaller_limit_is_kept_at_the_highest_quality_that_fits(
    voc: Path, packed: tuple[Path, Packed], tmp_path: Path
) -> None:
    best = packed[1]
    smaller = pack(voc, tmp_path / "smaller", SIZE, best.bytes - 1024)
    assert QUALITIES[0] <= smaller.quality < best.quality
    assert 0.9 * best.bytes < smaller.bytes < best.bytes
    assert pack(voc, tmp_path / "again", SIZE, smaller.bytes + 1024).quality == smaller.quality


def test_what_cannot_fit_is_told_in_one_sentence_with_its_size_and_leaves_nothing(voc: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"would be 0\.\d\d MiB .* quality 30, and at most 0\.02 MiB may travel"
    ) as error:
        pack(voc, tmp_path / "out" / "data", SIZE, 20_480)
    assert "\n" not in str(error.value)
    assert not any((tmp_path / "out").iterdir())


def test_the_same_photographs_are_packed_to_the_same_bytes(
    changed: Path, packed: tuple[Path, Packed], tmp_path: Path
) -> None:
    pack(changed, tmp_path / "other", SIZE)
    for name in (ARCHIVE, CONTENTS):
        assert (tmp_path / "other" / name).read_bytes() == (packed[0] / name).read_bytes()


def test_the_contents_say_what_it_is_and_not_where_it_was(voc: Path, packed: tuple[Path, Packed]) -> None:
    contents = check(packed[0])
    assert contents["title"] == "VOC2012 part (8/3)"
    assert [contents[key] for key in ("train", "val", "size", "quality")] == [8, 3, SIZE, packed[1].quality]
    assert contents["bytes"] == (packed[0] / ARCHIVE).stat().st_size
    text = (packed[0] / CONTENTS).read_text()
    assert voc.parent.name not in text and "/tmp" not in text


def test_a_changed_byte_and_a_missing_file_are_found(copy: Path, tmp_path: Path) -> None:
    path = copy / ARCHIVE
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"{path} has changed since it was packed"):
        unpack_checked(copy, tmp_path / "into")
    assert not (tmp_path / "into").exists()
    path.unlink()
    with pytest.raises(UserError, match=f"cannot read {path} .No such file"):
        check(copy)


def test_damaged_contents_and_other_folders_are_told(copy: Path, tmp_path: Path) -> None:
    for damaged in ("{", "[]", "{}"):
        (copy / CONTENTS).write_text(damaged)
        with pytest.raises(UserError, match=r"contents\.json is damaged"):
            check(copy)
    with pytest.raises(UserError, match=r"contents\.json is missing"):
        check(tmp_path)


def test_a_folder_of_something_else_is_never_replaced(voc: Path, changed: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("dear")
    for target in (tmp_path / "thesis", tmp_path / "thesis" / "chapter.txt"):
        with pytest.raises(UserError, match="holds something else"):
            pack(voc, target, SIZE)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "dear"
    for target in (changed, changed.parent):
        with pytest.raises(UserError, match="would replace the photographs"):
            pack(changed, target, SIZE)


def test_a_folder_that_was_packed_before_is_replaced(voc: Path, copy: Path) -> None:
    (copy / "stale").touch()
    assert pack(voc, copy, 32).size == check(copy)["size"] == 32
    assert not (copy / "stale").exists()


def test_a_photograph_on_both_lists_is_told(changed: Path, tmp_path: Path) -> None:
    lists = changed / "ImageSets/Segmentation"
    twice = (lists / "val.txt").read_text().split()[1]
    with (lists / "train_aug.txt").open("a") as file:
        file.write(f"{twice}\n")
    with pytest.raises(UserError, match=f"{twice} is on both lists"):
        pack(changed, tmp_path / "out", SIZE)


def test_a_missing_list_and_a_damaged_photograph_are_told_as_the_stages_tell_them(
    changed: Path, tmp_path: Path
) -> None:
    damaged = changed / str(Voc(changed).photographs("train")[5].image)
    damaged.unlink()
    damaged.write_bytes(b"no picture")
    with pytest.raises(UserError, match=rf"{damaged.name} is no picture in a known format"):
        pack(changed, tmp_path / "out" / "data", SIZE)
    assert not any((tmp_path / "out").iterdir())
    (changed / "ImageSets/Segmentation/train_aug.txt").unlink()
    with pytest.raises(UserError, match=r"train_aug\.txt is missing"):
        pack(changed, tmp_path / "out" / "data", SIZE)


def test_a_kill_leaves_no_folder_and_the_next_run_clears_up(voc: Path, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from bench.gpu.data import pack; pack(*map(Path, sys.argv[1:]), 96)"
    command = [sys.executable, "-c", code, voc, tmp_path / "data"]
    process = subprocess.Popen(command, env=environment(), start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".data.*.part/voc/pixels.npy")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "data").exists() and list(tmp_path.iterdir()), "it was not killed at work"
    pack(voc, tmp_path / "data", SIZE)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_machine_with_little_installed_can_check_and_pack(packed: tuple[Path, Packed]) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        f"sys.modules.update(dict.fromkeys({ABSENT!r}))\n"  # None there makes an import fail
        "import pipeline.packs.survey, pipeline.fetch, pipeline.pack\nfrom bench.gpu.data import check\n"
        "check(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, packed[0]], env=environment(), check=True)


def test_the_real_photographs_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not here: packing for a GPU machine was NOT tried on real VOC2012 photographs")
    root = linked(REAL, tmp_path / "part", train=32, val=8)
    found = pack(root, tmp_path / "data", 224, 3 * 2**19)
    assert found.bytes <= 3 * 2**19 and check(tmp_path / "data")["title"] == "VOC2012 part (32/8)"
    before = staged(tmp_path / "before", root, 224, monkeypatch)
    unpack_checked(tmp_path / "data", tmp_path / "voc")
    after = staged(tmp_path / "after", tmp_path / "voc", 224, monkeypatch)
    assert_the_stages_see_the_same(before, after, error=6)
