"""Finished pictures as a method, matched to the photographs by name."""

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from pipeline.color import cielab
from pipeline.color.compose import compose
from pipeline.datasets.listing import read_file
from pipeline.datasets.pictures import pictures_below
from pipeline.methods import likeness
from pipeline.methods.method import Context, Method, Photo, Photos
from pipeline.packs.decode import decode_image
from pipeline.records.rows import MethodCard
from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.params import parse_record

# What to do with a picture of another size than its photograph, and how the card describes it.
SIZES = {
    "stop": "",
    "resize": "were resized (bicubic)",
    "resize_colors": "gave their colours alone, resized (bilinear) and put under the photographs' own lightness",
}
LOSSY = ("AVIF", "GIF", "JPEG", "JPEG2000", "WEBP")
# Rounding to 8 bits moves the lightness by 0.35 at most, near black.
SAME_LIGHTNESS = 0.35
SHOWN = 3


class Folder(Method):
    """The pictures below the folder `path`, whose "{dataset}" stands for the dataset's name.

    A picture's path there, without its suffix, is its photograph's id. `on_wrong_size`: "stop", "resize" the whole
    picture, or "resize_colors". `card`: fields of `MethodCard`; remarks on formats, sizes and lightness are added.
    """

    def __init__(
        self,
        context: Context,
        path: str,
        on_wrong_size: Literal["stop", "resize", "resize_colors"] = "stop",
        card: dict[str, Any] | None = None,
    ) -> None:
        if not isinstance(path, str) or not path:
            raise UserError(f"`path` is {path!r}, but should be the folder of the pictures.")
        if on_wrong_size not in SIZES:
            raise UserError(f"on_wrong_size is {on_wrong_size!r}; {suggestion(str(on_wrong_size), list(SIZES))}")
        self.path = Path(path.replace("{dataset}", context.dataset)).expanduser()
        self.on_wrong_size = on_wrong_size
        self.stated = parse_record(MethodCard, card or {}, "card")
        self.files: dict[str, Path] = {}
        self.formats: Counter[str] = Counter()
        self.resized = 0
        self.unlike: list[str] = []
        self.lightness_errors: list[float] = []

    def prepare(self, photos: Photos) -> None:
        """Match by id; raises `UserError` unless every photograph has exactly one picture."""
        self.match({id: id for id in photos.ids})
        self.check(photos)

    def check(self, photos: Photos) -> None:
        """Look at some of the pictures; raises `UserError` if they do not show their photographs (`likeness`)."""
        order = sorted(range(len(photos.ids)), key=lambda number: self.files[photos.ids[number]])
        pairs = []
        for place in likeness.spread(len(order)):
            beside = (
                likeness.small(photos[order[near]].lightness[0]) if 0 <= near < len(order) else None
                for near in (place - 1, place + 1)
            )
            photo = photos[order[place]]
            pairs.append(likeness.Pair.of(self._read(photo), photo.lightness[0], *beside))
        likeness.check(pairs, str(self.path))

    def match(self, names: Mapping[str, str]) -> None:
        """Find every photograph's picture by its name in the folder: id -> name."""
        found = find_pictures(self.path, names.values())
        self.files = {id: found[name] for id, name in names.items()}

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        return [self._picture(photo) for photo in photos]

    def card(self) -> MethodCard:
        weights = self.stated.weights or "made elsewhere"
        return replace(self.stated, weights=weights, remarks=(*self.stated.remarks, *self._remarks()))

    def seconds(self, measured: float) -> None:
        """None, as the pictures were made elsewhere."""

    def _picture(self, photo: Photo) -> np.ndarray:
        picture = self._read(photo)
        self.formats[format_of(read_file(self.files[photo.id]))] += 1
        self._look_at(picture, photo)
        if picture.shape != photo.rgb.shape:
            picture = self._fitted(picture, photo)
            self.resized += 1
        lightness = cielab.lightness(torch.from_numpy(picture).permute(2, 0, 1))
        self.lightness_errors.append((lightness - photo.lightness).abs().mean().item())
        return picture

    def _read(self, photo: Photo) -> np.ndarray:
        return decode_image(read_file(self.files[photo.id]), str(self.files[photo.id]))

    def _look_at(self, picture: np.ndarray, photo: Photo) -> None:
        """Refuse a picture that is turned, note one that does not show its photograph."""
        own = likeness.lightness(picture)
        if likeness.is_unlike(picture, own, photo.lightness[0], str(self.files[photo.id])):
            self.unlike.append(photo.id)

    def _fitted(self, picture: np.ndarray, photo: Photo) -> np.ndarray:
        """`picture` at the size of `photo`, if that is wanted."""
        height, width = photo.rgb.shape[:2]
        if self.on_wrong_size == "resize":
            return resized(picture, height, width)
        if self.on_wrong_size == "resize_colors":
            return resize_colors(picture, photo)
        raise UserError(
            f"{self.files[photo.id]} is {picture.shape[1]} x {picture.shape[0]} pixels, but its photograph is "
            f"{width} x {height}; give it that size, or set `on_wrong_size` to resize or resize_colors."
        )

    def _remarks(self) -> list[str]:
        """What about the pictures affects their scores."""
        total, remarks = sum(self.formats.values()), []
        if self.resized:
            done = SIZES[self.on_wrong_size]
            remarks.append(f"{self.resized} of {total} pictures had another size than their photograph and {done}.")
        lossy = sorted(set(self.formats) & set(LOSSY))
        if lossy:
            count = sum(self.formats[name] for name in lossy)
            remarks.append(
                f"{count} of {total} pictures came as {' or '.join(lossy)}, which can cost PSNR: JPEG of quality 75 "
                "alone caps it at about 36.5 dB."
            )
        if self.unlike:
            remarks.append(
                f"{len(self.unlike)} of {total} pictures do not show their photographs, by their lightness: "
                f"{some(sorted(self.unlike))}."
            )
        error = fmean(self.lightness_errors) if self.lightness_errors else 0.0
        if error > SAME_LIGHTNESS:
            remarks.append(
                f"The lightness is not the photographs' own: on average |dL| is {error:.2f} of 100. That costs PSNR, "
                "whatever the colours are."
            )
        return remarks


def find_pictures(top: Path, names: Iterable[str]) -> dict[str, Path]:
    """The file of every name: its path below `top` without the suffix, which may be any of a picture.

    Raises `UserError` for a name without a picture or with several; other pictures are printed and left out.
    """
    wanted = list(names)
    if not top.is_dir():
        raise UserError(f"{top} is {'no folder' if top.exists() else 'missing'}; it should be a folder of pictures.")
    below = pictures_below(top)
    found = below.pictures
    twice = [name for name in wanted if len(found.get(name, ())) > 1]
    if twice:
        first, second = found[twice[0]][:2]
        raise UserError(f"{first} and {second} are both pictures of {twice[0]!r}; remove one.")
    missing = [name for name in wanted if name not in found]
    others = sorted(set(found) - set(wanted))
    strangers = [str(found[name][0].relative_to(top)) for name in others]
    if len(missing) == len(wanted):
        raise UserError(
            f"none of the {len(found)} pictures in {top} ({some(strangers)}) has a photograph's name; that of "
            f"{wanted[0]!r} should be {wanted[0]}.png, or have another picture's suffix."
        )
    if missing:
        also = f" It has {len(strangers)} of no photograph: {some(strangers)}." if strangers else ""
        also += "".join(f" {sentence}." for sentence in below.sentences())
        raise UserError(
            f"{top} lacks pictures of {len(missing)} of the {len(wanted)} photographs: {some(missing)}.{also}"
        )
    if strangers:
        print(f"{top}: {len(strangers)} pictures of no photograph are left out: {some(strangers)}", flush=True)
    return {name: found[name][0] for name in wanted}


def some(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def format_of(content: bytes) -> str:
    """Pillow's name of a readable picture's format, by its content, as the suffix may be wrong."""
    with Image.open(io.BytesIO(content)) as image:
        return "JPEG" if image.format == "MPO" else str(image.format)  # MPO: a JPEG of several frames


def resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """(h, w, 3) to (H, W, 3) uint8, by Pillow's bicubic filter with antialiasing."""
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def resize_colors(picture: np.ndarray, photo: Photo) -> np.ndarray:
    """The ab of `picture`, (h, w, 3) uint8 sRGB, at the size of `photo` and under its lightness: (H, W, 3) uint8."""
    ab = cielab.rgb_to_lab(torch.from_numpy(picture).permute(2, 0, 1))[None, 1:]
    size = photo.rgb.shape[:2]
    return compose(photo.lightness, F.interpolate(ab, size, mode="bilinear", align_corners=False, antialias=True)[0])
