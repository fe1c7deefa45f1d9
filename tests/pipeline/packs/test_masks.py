"""Masks that do not mean what they seem to: other values, other palettes, turned otherwise than the photograph."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.datasets.folder import Folder
from pipeline.pack import prepare
from pipeline.packs.decode import EXIF_ORIENTATION, decode_mask, upright
from pipeline.packs.masks import VOID, MaskTally
from pipeline.records.rows import ListedPhotograph
from pipeline.settings.errors import UserError

CLASSES = ("background", "thing", "sky")
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
DRAWN = np.zeros((40, 56), np.uint8)
DRAWN[:10, :20] = 1
BACK = (1, 2, 3, 4, 5, 8, 7, 6)  # the orientation that undoes each


def tallied(*values: int, split: str = "train") -> MaskTally:
    tally = MaskTally(CLASSES)
    tally.add(split, "a", np.bincount(values, minlength=256), {})
    return tally


def test_less_than_two_classes_are_refused_with_what_was_found_and_what_should_be() -> None:
    with pytest.raises(UserError) as error:
        tallied(0, 0, 0, VOID).remarks("train")
    assert "hold the values 0 (background) in 75.0 %, 255 (void) in 25.0 %" in str(error.value)
    assert "0 for background, 1 for thing, 2 for sky, and 255" in str(error.value)
    assert "mask_values: [0, 255]" in str(error.value)
    for values in ([VOID], [1], [2, 2, VOID]):
        with pytest.raises(UserError, match="less than two classes"):
            tallied(*values).remarks("train")


def test_classes_without_a_pixel_and_a_void_that_fills_most_are_said() -> None:
    assert tallied(0, 1, 2, VOID).remarks("train") == []
    (absent,) = tallied(0, 2).remarks("train")
    assert absent == "train: 1 of 3 classes have no pixel: thing (1)."
    (void,) = tallied(0, 1, 2, *[VOID] * 4).remarks("train")
    assert void.startswith("train: most of the masks is void") and "255 (void) in 57.1 %" in void


def test_a_value_of_another_colour_in_another_mask_is_refused() -> None:
    tally, counts = MaskTally(CLASSES), np.bincount([0, 1], minlength=256)
    tally.add("train", "a", counts, {0: (0, 0, 0), 1: (128, 0, 0), 2: (9, 9, 9)})
    tally.add("train", "b", counts, {0: (0, 0, 0), 1: (128, 0, 0), 2: (7, 7, 7)})  # 2 does not occur
    with pytest.raises(UserError, match=r"1 \(thing\) is #800000 in that of a, but #008000 in that of c.*re-ordered"):
        tally.add("val", "c", counts, {0: (0, 0, 0), 1: (0, 128, 0)})


def turned(folder: Path, orientation: int, as_stored: bool, side: int = 56, **options: Any) -> tuple[Any, np.ndarray]:
    """A photograph stored with an EXIF orientation, prepared; and the mask that is right for it when upright."""
    right, exif = DRAWN[:, :side], Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    stored = [np.ascontiguousarray(upright(array, BACK[orientation - 1])) for array in (PIXELS[:, :side], right)]
    for name in ("images", "masks"):
        (folder / name).mkdir()
    Image.fromarray(stored[0]).save(folder / "images/a.png", exif=exif)
    own = {"exif": exif} if options.pop("own", False) else {}
    Image.fromarray(stored[1] if as_stored else right).save(folder / "masks/a.png", **own)
    source = Folder(folder, masks="masks", classes=CLASSES, **options)
    return prepare((source, ListedPhotograph("train", "a", "images/a.png", "masks/a.png", "", ""), 32)), right


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("side", [56, 40])
def test_a_mask_is_turned_with_its_photograph_where_it_was_drawn_on_stored_pixels(
    tmp_path: Path, orientation: int, side: int
) -> None:
    made, right = turned(tmp_path, orientation, True, side, mask_orientation="as_stored")
    assert not made.error
    np.testing.assert_array_equal(decode_mask(made.original_mask, "a"), right)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_mask_is_left_alone_where_it_was_drawn_upright_or_says_how_it_is_turned(
    tmp_path: Path, orientation: int
) -> None:
    for name, options in (("upright", {"mask_orientation": "upright"}), ("own", {"own": True})):
        (tmp_path / name).mkdir()
        made, right = turned(tmp_path / name, orientation, name == "own", **options)
        assert not made.error
        np.testing.assert_array_equal(decode_mask(made.original_mask, "a"), right)


@pytest.mark.parametrize(
    ("orientation", "as_stored", "side", "said"),
    [
        (3, True, 56, "size does not tell whether its mask"),
        (2, False, 56, "size does not tell whether its mask"),
        (6, True, 40, "size does not tell whether its mask"),
        (
            6,
            True,
            56,
            r"40 x 56 pixels, .*EXIF orientation 6: upright it is 56 x 40; `mask_orientation: as_st",
        ),
    ],
)
def test_where_nothing_tells_how_a_mask_is_turned_it_is_refused_with_the_option(
    tmp_path: Path, orientation: int, as_stored: bool, side: int, said: str
) -> None:
    made, _ = turned(tmp_path, orientation, as_stored, side)
    assert "EXIF orientation" in made.error and "mask_orientation" in made.error
    with pytest.raises(UserError, match=said):
        raise UserError(made.error)


def test_a_stated_orientation_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    made, _ = turned(tmp_path, 6, False, mask_orientation="as_stored")
    assert "`mask_orientation` is as_stored, but the photograph has the EXIF orientation 6" in made.error


def test_a_mask_that_looks_the_same_turned_needs_no_option(tmp_path: Path) -> None:
    made, _ = turned(tmp_path, 3, True, side=40)  # all of one class but for the ten rows
    assert "size does not tell" in made.error
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "masks/a.png")
    source = Folder(tmp_path, masks="masks", classes=CLASSES)
    row = ListedPhotograph("train", "a", "images/a.png", "masks/a.png", "", "")
    assert not prepare((source, row, 32)).error
