"""Pictures that are not those of their photographs are refused, and what they look like is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from pipeline.color.compose import compose
from pipeline.methods.folder import Folder
from pipeline.methods.likeness import Pair, check
from pipeline.methods.method import Context, Photo, Photos
from pipeline.settings.errors import UserError
from tests.baselines.photos import colorized_all, save

SHAPE = (72, 96)


class ManyPhotos(Photos):
    """Parts of three photographs that do not resemble each other, (72, 96, 3) each; every fourth has no pattern."""

    def __init__(self) -> None:
        self.ids = [f"{number:03}" for number in range(12)]

    def __getitem__(self, index: int) -> Photo:
        """See `Photos`."""
        if index % 4 == 3:
            return Photo(self.ids[index], np.full((*SHAPE, 3), 90, np.uint8))
        source = (data.astronaut, data.coffee, data.chelsea)[index % 3]()
        top, left = 30 + 40 * (index // 4), 60 + 50 * (index % 4)
        return Photo(self.ids[index], np.ascontiguousarray(source[top : top + SHAPE[0], left : left + SHAPE[1]]))


PHOTOS = ManyPhotos()


def recolored(photo: Photo) -> np.ndarray:
    """A colorization as methods of today make them: strong colours, the lightness moved by its own taste."""
    height, width = photo.rgb.shape[:2]
    ab = torch.stack([torch.linspace(-40, 50, width).expand(height, width), torch.full((height, width), 30.0)])
    return compose((photo.lightness * 0.85 + 12).clamp(0, 100), ab)


def resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def written(folder: Path, change: Callable[[int], np.ndarray], on_wrong_size: str = "stop") -> Folder:
    for number, id in enumerate(PHOTOS.ids):
        save(folder / f"{id}.png", change(number))
    return Folder(Context("mine"), str(folder), on_wrong_size)  # type: ignore[arg-type]


def own(number: int) -> np.ndarray:
    return PHOTOS[number].rgb


def padded(picture: np.ndarray) -> np.ndarray:
    return np.pad(picture, ((12, 12), (0, 0), (0, 0)))


RIGHT: dict[str, Callable[[int], np.ndarray]] = {
    "the photographs": own,
    "recoloured": lambda number: recolored(PHOTOS[number]),
    "grey": lambda number: np.repeat(own(number)[..., 1:2], 3, axis=2),
    "stretched to a square": lambda number: resized(recolored(PHOTOS[number]), 64, 64),
    "smaller": lambda number: resized(own(number), 36, 48),
    "of one colour": lambda number: np.full((*SHAPE, 3), (200, 100, 50), np.uint8),
    "brighter": lambda number: (own(number) * 0.6 + 100).astype(np.uint8),
}
WRONG: dict[str, tuple[Callable[[int], np.ndarray], str]] = {
    "mirrored": (lambda number: own(number)[:, ::-1], "mirrored"),
    "flipped": (lambda number: own(number)[::-1], "upside down and mirrored"),
    "turned": (lambda number: recolored(PHOTOS[number])[::-1, ::-1], "turned by 180 degrees"),
    "on its side": (lambda number: np.rot90(own(number)), "turned by 270 degrees"),
    "transposed": (lambda number: own(number).swapaxes(0, 1), "rows and columns exchanged"),
    "negative": (lambda number: 255 - own(number), "negatives"),
    "one off": (lambda number: recolored(PHOTOS[(number + 1) % 12]), "photographs after theirs, numbered one off"),
    "one off, back": (lambda number: own((number - 1) % 12), "photographs before theirs, numbered one off"),
    "BGR": (lambda number: own(number)[..., ::-1], "BGR and not RGB"),
    "BRG": (lambda number: own(number)[..., [2, 0, 1]], "BRG and not RGB"),
    "square from the centre": (lambda number: own(number)[:, 12:-12], "crops of the centre"),
    "224 of 256": (lambda number: resized(own(number)[4:-5, 6:-6], 72, 96), "crops of the centre"),
    "square from the corner": (lambda number: recolored(PHOTOS[number])[:, :72], "crops of the top left"),
    "padded": (lambda number: padded(own(number)), "padded around the centre"),
    "others": (lambda number: own((5 * number + 7) % 12), "do not show their photographs"),
}


@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT)
@pytest.mark.parametrize("on_wrong_size", ["resize", "resize_colors"])
def test_colorizations_of_any_taste_and_size_are_taken(
    tmp_path: Path, change: Callable[[int], np.ndarray], on_wrong_size: str
) -> None:
    method = written(tmp_path, change, on_wrong_size)
    assert len(colorized_all(method, PHOTOS)) == 12
    assert not any("show" in remark for remark in method.card().remarks)


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("on_wrong_size", ["resize", "resize_colors"])
def test_pictures_of_other_places_are_refused_with_what_they_look_like(
    tmp_path: Path, change: Callable[[int], np.ndarray], said: str, on_wrong_size: str
) -> None:
    method = written(tmp_path, change, on_wrong_size)
    with pytest.raises(UserError, match=said):
        method.prepare(PHOTOS)


def test_a_single_picture_that_is_turned_is_refused_and_one_of_something_else_is_remarked(tmp_path: Path) -> None:
    mirrored = written(tmp_path / "a", lambda number: own(number)[:, :: -1 if number == 4 else 1])
    with pytest.raises(UserError, match=r"004\.png looks as if it were mirrored"):
        colorized_all(mirrored, PHOTOS)
    other = written(tmp_path / "b", lambda number: own(6 if number == 4 else number))
    colorized_all(other, PHOTOS)
    assert "1 of 12 pictures do not show their photographs, by their lightness: 004." in other.card().remarks


def test_photographs_that_look_the_same_mirrored_are_no_reason_to_doubt() -> None:
    half = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    photo = Photo("a", np.concatenate([half, half[:, ::-1]], axis=1))
    check([Pair.of(recolored(photo), photo.lightness[0])], "there")
