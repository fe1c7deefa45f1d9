"""A stranger's own photographs, and the split lists that all datasets share."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.datasets.folder import Folder
from pipeline.datasets.listing import read_split_list
from pipeline.settings.errors import UserError


def pictures(root: Path, *names: str) -> Path:
    """Pictures that all differ."""
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2), (255, number, len(name))).save(root / name)
    return root


def masks(root: Path, *names: str, value: int = 1) -> None:
    for name in names:
        (root / "masks" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 2), value, np.uint8)).save(root / "masks" / name)


def ids(source: Folder, split: str) -> list[str]:
    return [photograph.id for photograph in source.photographs(split)]


def test_pictures_of_any_kind_and_depth_are_found_in_a_stable_order(tmp_path: Path) -> None:
    pictures(tmp_path, "images/b.JPG", "images/a.png", "images/cats/b.tiff", "images/c.d.webp")
    (tmp_path / "images/readme.txt").write_text("not a picture")
    (tmp_path / "images/._b.jpg").write_bytes(b"a Macintosh's note")
    source = Folder(tmp_path, val_fraction=0)
    assert ids(source, "train") == ["a", "b", "c.d", "cats/b"]
    assert source.photographs("train")[3].image == Path("images/cats/b.tiff")
    assert source.image_bytes(source.photographs("train")[0]) == (tmp_path / "images/a.png").read_bytes()
    assert source.mask(source.photographs("train")[0]) is None and source.classes == ()


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_pictures_is_an_error(tmp_path: Path, make: bool) -> None:
    if make:
        (tmp_path / "images").mkdir()
    with pytest.raises(UserError, match=r"there (is no folder|are no pictures)"):
        Folder(tmp_path).photographs("val")


def test_the_drawn_split_is_a_function_of_the_ids_alone(tmp_path: Path) -> None:
    names = [f"{number:03}" for number in range(40)]
    first = Folder(pictures(tmp_path / "one", *(f"images/{name}.png" for name in names)), val_fraction=0.2)
    second = Folder(pictures(tmp_path / "two", *(f"images/{name}.bmp" for name in reversed(names))), val_fraction=0.2)
    assert ids(first, "val") == ids(second, "val") and len(ids(first, "val")) == 8
    assert sorted(ids(first, "val") + ids(first, "train")) == names
    assert ids(first, "val") != names[:8]


@pytest.mark.parametrize(
    ("count", "fraction", "val"), [(3, 0.1, 1), (2, 0.9, 1), (1, 0.1, 1), (5, 0.0, 0), (5, 1.0, 5)]
)
def test_few_pictures_fill_both_splits_unless_one_is_asked_for(
    tmp_path: Path, count: int, fraction: float, val: int
) -> None:
    pictures(tmp_path, *(f"images/{number}.png" for number in range(count)))
    source = Folder(tmp_path, val_fraction=fraction)
    assert (len(ids(source, "train")), len(ids(source, "val"))) == (count - val, val)


def test_split_lists_are_followed_in_their_order(tmp_path: Path) -> None:
    pictures(tmp_path, "images/a.png", "images/cats/b.png", "images/c.png")
    (tmp_path / "train.txt").write_text("# my list\n\ncats/b\r\n a \n", "utf-8")
    (tmp_path / "val.txt").write_bytes(b"\xef\xbb\xbfc")
    source = Folder(tmp_path, train_list="train.txt", val_list="val.txt")
    assert ids(source, "train") == ["cats/b", "a"] and ids(source, "val") == ["c"]


@pytest.mark.parametrize("given", ["train_list", "val_list"])
def test_one_list_leaves_the_rest_to_the_other_split(tmp_path: Path, given: str) -> None:
    pictures(tmp_path, "images/a.png", "images/b.png", "images/c.png")
    (tmp_path / "list.txt").write_text("b\n")
    options: dict[str, Any] = {given: "list.txt"}
    source = Folder(tmp_path, **options)
    listed, rest = ("train", "val") if given == "train_list" else ("val", "train")
    assert ids(source, listed) == ["b"] and ids(source, rest) == ["a", "c"]


WITH_MASKS: dict[str, Any] = {"masks": "masks", "classes": ("sky", "cat"), "val_fraction": 0}


@pytest.mark.parametrize(
    ("names", "options", "said"),
    [
        (("images/a.jpg", "images/a.png"), {}, r"a\.jpg and .*a\.png have the same id 'a'"),
        (("images/b.png",), {"train_list": "b.txt", "val_list": "b.txt"}, "'b' is in both split lists"),
        (("images/a.png",), {"val_list": "b.txt"}, r"b\.txt: there is no picture 'b'.*without suffix"),
        (("images/a.jpg",), WITH_MASKS, r"a\.jpg has no mask: .*masks/a\.png is missing"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path: Path, names: tuple[str], options: dict[str, Any], said: str) -> None:
    pictures(tmp_path, *names)
    (tmp_path / "b.txt").write_text("b\n")
    with pytest.raises(UserError, match=said):
        Folder(tmp_path, **options).photographs("train")


def test_masks_are_found_by_the_pictures_name_and_are_no_pictures_themselves(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "cats/b.jpg")
    masks(tmp_path, "a.png", "cats/b.png")
    source = Folder(tmp_path, images=".", masks="masks", classes=("sky", "cat"), val_fraction=0)
    assert ids(source, "train") == ["a", "cats/b"]
    for photograph in source.photographs("train"):
        mask = source.mask(photograph)
        assert mask is not None and mask.tolist() == [[1, 1], [1, 1]]


def test_a_mask_value_without_class_is_an_error(tmp_path: Path) -> None:
    pictures(tmp_path, "images/a.jpg")
    masks(tmp_path, "a.png", value=2)
    source = Folder(tmp_path, **WITH_MASKS)
    with pytest.raises(UserError, match=r"a\.png holds the value 2; allowed are 0 \(sky\) to 1 \(cat\)"):
        source.mask(source.photographs("train")[0])


def test_mask_values_say_which_value_stands_for_which_class(tmp_path: Path) -> None:
    pictures(tmp_path, "images/a.jpg")
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.uint8([[0, 255], [255, 0]])).save(tmp_path / "masks/a.png")
    source = Folder(tmp_path, **WITH_MASKS, mask_values=[255, 0])
    mask = source.mask(source.photographs("train")[0])
    assert mask is not None and mask.tolist() == [[1, 0], [0, 1]]
    Image.fromarray(np.uint8([[10, 20], [20, 255]])).save(tmp_path / "masks/a.png")
    source = Folder(tmp_path, **WITH_MASKS, mask_values=[20, 10])
    mask = source.mask(source.photographs("train")[0])
    assert mask is not None and mask.tolist() == [[1, 0], [0, 255]]
    Image.fromarray(np.uint8([[10, 20], [20, 128]])).save(tmp_path / "masks/a.png")
    with pytest.raises(UserError, match=r"a\.png holds the value 128; `mask_values` has 20 \(sky\), 10 \(cat\)"):
        source.mask(source.photographs("train")[0])


@pytest.mark.parametrize(
    "options",
    [
        {"masks": "masks"},
        {"classes": ("sky",)},
        {"masks": "masks", "classes": ("sky",)},
        {"val_fraction": 1.5},
        {"mask_orientation": "up"},
        {**WITH_MASKS, "mask_values": [0]},
        {**WITH_MASKS, "mask_values": [7, 7]},
        {**WITH_MASKS, "mask_values": [0, 256]},
        {**WITH_MASKS, "mask_values": [0, True]},
        {"mask_values": [0, 1]},
    ],
)
def test_options_that_do_not_fit_are_an_error(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        Folder(tmp_path, **options)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"# only a comment\n\n", "is empty"),
        (b"a\nb\na\n", r"line 3: the id 'a' is there twice"),
        (b"a\n/JPEGImages/b.jpg /SegmentationClassAug/b.png\n", "line 2: .* is a path"),
        (b"../a\n", "is a path"),
        (b"cats/a\n", "is a path"),
        (b"cats\\a\n", "is a path"),
        (b"\xff\xfe\x00", "must be a UTF-8 text file"),
    ],
)
def test_a_wrong_split_list_is_refused_by_its_name_and_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(UserError, match=rf"list\.txt.*({said})"):
        read_split_list(tmp_path / "list.txt")


def test_a_missing_split_list_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"list\.txt is missing"):
        read_split_list(tmp_path / "list.txt")
