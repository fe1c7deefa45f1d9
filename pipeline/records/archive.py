"""A method's colorizations in one file: a zip of lossless PNGs, the same bytes for the same pictures."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.settings.errors import UserError
from pipeline.settings.files import whole_file

# A fixed date, and PNGs stored as they are: they are compressed already.
DATE = (1980, 1, 1, 0, 0, 0)


def write_archive(path: Path, pictures: Iterable[tuple[str, np.ndarray]]) -> None:
    """Write (id, (H, W, 3) uint8 sRGB) pairs as `<id>.png`, atomically."""
    write_pngs(path, ((name, encode_png(picture)) for name, picture in pictures))


def write_pngs(path: Path, pngs: Iterable[tuple[str, bytes]]) -> None:
    """Write (id, PNG) pairs as `<id>.png`, atomically."""
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, content in pngs:
            archive.writestr(zipfile.ZipInfo(f"{name}.png", DATE), content)


def encode_png(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 sRGB to a PNG; the lowest compression level is 4x as fast as the usual for 10 % more bytes."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png", compress_level=1)
    return file.getvalue()


class Archive:
    """Reads what `write_archive` wrote; raises `UserError` for a missing or damaged file and for a missing picture."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise UserError(f"{path} is missing; `dvc repro` makes it.") from None
        except zipfile.BadZipFile:
            raise UserError(f"{path} is not a whole zip file; delete it and run `dvc repro`.") from None
        self.ids = [name.removesuffix(".png") for name in self.zip.namelist()]

    def __getitem__(self, name: str) -> np.ndarray:
        """(H, W, 3) uint8 sRGB of one photograph."""
        with Image.open(io.BytesIO(self.png(name))) as picture:
            return np.asarray(picture.convert("RGB"))

    def png(self, name: str) -> bytes:
        """The same as it is stored."""
        try:
            return self.zip.read(f"{name}.png")
        except KeyError:
            raise UserError(f"{self.path} has no picture of {name!r}.") from None


def check_complete(ids: list[str], archive: Archive) -> None:
    """Raise `UserError` unless the archive holds exactly one picture of every photograph."""
    missing, extra = sorted(set(ids) - set(archive.ids)), sorted(set(archive.ids) - set(ids))
    if missing or extra or len(archive.ids) != len(ids):
        raise UserError(
            f"{archive.path} should hold each of {len(ids)} photographs once, but lacks {missing[:3] or 'none'} and "
            f"has {extra[:3] or 'none'} in addition, {len(archive.ids)} pictures in all; delete it and run `dvc repro`."
        )


def check_shape(method: str, id: str, original: np.ndarray, picture: np.ndarray) -> None:
    """Raise `UserError` unless the picture is as large as the photograph."""
    if picture.shape != original.shape:
        raise UserError(f"{method}'s picture of {id} is {picture.shape}, but the photograph is {original.shape}.")
