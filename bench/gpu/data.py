"""VOC photographs small enough to travel to a GPU machine: a VOCdevkit-style folder again, in one zip with its digest.

Validation photographs keep their bytes and masks their values, so scores there are those of the whole dataset. Training
photographs are what `pipeline.pack` makes of them, as JPEGs of the highest quality for which the folder fits.
"""

import hashlib
import io
import json
import multiprocessing
import os
import shutil
import time
import zipfile
from bisect import bisect_left
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from pipeline.datasets.registry import describe
from pipeline.datasets.source import SPLITS, Photograph
from pipeline.datasets.unpack import unpack
from pipeline.datasets.voc import IMAGES, LISTS, MASKS_AUG, SPLIT_LISTS, Voc
from pipeline.pack import GrowingArray, Prepared, prepare
from pipeline.packs.decode import decode_mask
from pipeline.records.archive import DATE
from pipeline.records.rows import ListedPhotograph, write_json
from pipeline.settings.errors import UserError
from pipeline.settings.files import whole_folder

CONTENTS, ARCHIVE = "contents.json", "photographs.zip"
QUALITIES = range(30, 96)
# Errors are in ab: 101 training photographs of 224 x 224, mean distance to what was encoded. At about 10.5 kB a
# photograph, 4:4:4 (quality 70) is off by 1.61 Lab units and 4:2:0 (77) by 2.11; averaged over the 4 x 4 pixels of one
# training target, by 0.92 and 1.43. Even with half more bytes (90), 4:2:0 is off by 1.66.
SUBSAMPLING = "4:4:4"
HEADERS, END = 30 + 46, 22  # bytes: of a stored file in a zip beside its path, which stands there twice; of the zip
CONTENTS_BYTES = 1024  # at most


@dataclass(frozen=True)
class Packed:
    """What `pack` made. `bytes`: of the zip; `quality`: of the training photographs' JPEGs."""

    train: int
    val: int
    bytes: int
    quality: int
    size: int
    seconds: float


def pack(root: Path, folder: Path, size: int = 224, most_bytes: int = 56 * 2**20) -> Packed:
    """Make `folder`, no larger than `most_bytes`, of the VOCdevkit at `root`; training photographs get `size`.

    Raises `UserError` for a damaged dataset, for one that does not fit even at the lowest quality, and for a `folder`
    that holds something else.
    """
    started = time.monotonic()
    source = Voc(root)
    _check_target(folder, source.root)
    photographs = {split: source.photographs(split) for split in SPLITS}
    _check_apart(photographs)
    train, val = (len(photographs[split]) for split in SPLITS)
    with whole_folder(folder) as temporary, _processes() as pool:
        voc = temporary / "voc"
        pixels = _write_all_but_jpegs(pool, source, photographs, voc, size)
        quality, jpegs = _highest_quality(pool, pixels, photographs["train"], _sizes(voc), most_bytes)
        pixels.unlink()
        for photograph, jpeg in zip(photographs["train"], jpegs, strict=True):
            (voc / _image(photograph.id)).write_bytes(jpeg)
        total = _zip(voc, temporary / ARCHIVE)
        shutil.rmtree(voc)
        about = {
            "title": describe("voc", "voc2012_part", train, val)["title"],
            "train": train,
            "val": val,
            "size": size,
        }
        encoding = {"quality": quality, "chroma_quality": chroma_quality(quality), "subsampling": SUBSAMPLING}
        sums = {"bytes": total, "sha256": _sha256(temporary / ARCHIVE)}
        write_json(temporary / CONTENTS, {**about, **encoding, **sums})
    return Packed(train, val, total, quality, size, time.monotonic() - started)


def check(folder: Path) -> dict[str, Any]:
    """The contents.json of a packed folder; raises `UserError` if its zip is missing or has changed on the way."""
    path = folder / CONTENTS
    try:
        contents = json.loads(path.read_bytes())
        expected = contents["sha256"]
    except FileNotFoundError:
        raise UserError(f"{path} is missing; {folder} is no folder that `--pack` has made, or not all of it.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path} is damaged; pack the folder again.") from None
    try:
        found = _sha256(folder / ARCHIVE)
    except OSError as error:
        said = f"cannot read {folder / ARCHIVE} ({error.strerror}); bring the packed folder here again."
        raise UserError(said) from None
    if found != expected:
        raise UserError(f"{folder / ARCHIVE} has changed since it was packed; bring the packed folder here again.")
    return contents


def unpack_checked(folder: Path, into: Path) -> dict[str, Any]:
    """Check a packed folder and unpack its VOCdevkit-style folder as `into`; the contents.json."""
    contents = check(folder)
    unpack(folder / ARCHIVE, into)
    return contents


def zip_bytes(sizes: dict[str, int]) -> int:
    """Bytes of a zip that holds files of these paths and sizes as they are."""
    return END + sum(HEADERS + 2 * len(path.encode()) + size for path, size in sizes.items())


def chroma_quality(quality: int) -> int:
    """The quality of a JPEG's colours where its lightness has `quality`: they are quantized half as coarsely.

    Colours are what is learned from these photographs, and cost few bytes: at 11.9 kB a photograph, qualities 70 and 85
    are off by 1.18 Lab units in ab and 1.38 in L, where 76 for both is off by 1.46 and 1.26 (measured as above).
    """
    return (quality + 100) // 2


def _check_target(folder: Path, source: Path) -> None:
    """Packing takes the place of `folder`, so it must not be anything that somebody still needs."""
    if source.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"packing into {folder} would replace the photographs in {source}; name another folder.")
    if folder.exists() and not (folder / CONTENTS).exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(f"{folder} holds something else; name a folder that is not there yet, or was packed before.")


def _check_apart(photographs: dict[str, list[Photograph]]) -> None:
    """A photograph can be in the folder once: stretched for training, or as it is for validation."""
    validation = {photograph.id for photograph in photographs["val"]}
    twice = [photograph.id for photograph in photographs["train"] if photograph.id in validation]
    if twice:
        raise UserError(f"{twice[0]} is on both lists, {' and '.join(map(str, SPLIT_LISTS.values()))}; remove one.")


@contextmanager
def _processes() -> Iterator[ProcessPoolExecutor]:
    """All processors; Pillow holds the GIL while it encodes, so threads would not do."""
    context = multiprocessing.get_context("spawn")  # a forked child can inherit locked locks
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def _write_all_but_jpegs(
    pool: ProcessPoolExecutor, source: Voc, photographs: dict[str, list[Photograph]], folder: Path, size: int
) -> Path:
    """Write lists, masks and validation photographs; gives the .npy file of the training photographs' pixels."""
    for name in (IMAGES, MASKS_AUG, LISTS):
        (folder / name).mkdir(parents=True)
    pixels = GrowingArray(folder / "pixels.npy", (size, size, 3))
    for split in SPLITS:
        ids = "".join(f"{photograph.id}\n" for photograph in photographs[split])
        (folder / SPLIT_LISTS[split]).write_text(ids, encoding="utf-8")
        tasks = [(source, _row(split, photograph), size) for photograph in photographs[split]]
        made = pool.map(_with_small_mask, tasks, chunksize=16)
        for item in tqdm(made, f"reading {split}", len(tasks), delay=2, mininterval=1, unit="photo"):
            if item.image is None or item.original_mask is None:
                raise UserError(item.error)
            (folder / MASKS_AUG / f"{item.id}.png").write_bytes(item.original_mask)
            if split == "train":
                pixels.append(item.image)
            else:
                (folder / _image(item.id)).write_bytes(item.original)
    pixels.close()
    return pixels.path


def _row(split: str, photograph: Photograph) -> ListedPhotograph:
    return ListedPhotograph(split, photograph.id, str(photograph.image), str(photograph.mask), "", "")


def _with_small_mask(task: tuple[Voc, ListedPhotograph, int]) -> Prepared:
    """What the pack stage makes of a photograph, its own mask replaced by the PNG that travels."""
    _, row, _ = task
    made = prepare(task)
    if made.mask is None or made.original_mask is None:
        return made
    mask = made.mask if row.split == "train" else decode_mask(made.original_mask, row.mask)
    return replace(made, original_mask=_png(mask))


def _png(mask: np.ndarray) -> bytes:
    """Grey, since a palette costs 780 bytes and the line filters: within 1 % of the best of all that Pillow can do."""
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG", optimize=True)
    return file.getvalue()


def _highest_quality(
    pool: ProcessPoolExecutor, pixels: Path, photographs: list[Photograph], others: dict[str, int], most_bytes: int
) -> tuple[int, list[bytes]]:
    """The highest quality with which the folder fits, and the training photographs' JPEGs of that quality.

    `others`: path -> size of what the folder holds beside them (and `pixels`, which does not stay).
    """
    fitting: dict[int, list[bytes]] = {}  # the best only: JPEGs of one quality are small enough for memory

    def total(quality: int) -> int:
        jpegs = _encoded(pool, pixels, len(photographs), quality)
        sizes = {_image(photograph.id): len(jpeg) for photograph, jpeg in zip(photographs, jpegs, strict=True)}
        found = _whole_size({path: size for path, size in others.items() if path != pixels.name} | sizes)
        if found <= most_bytes:  # and is better than the last that did: the search only goes up from those
            fitting.clear()
            fitting[quality] = jpegs
        return found

    smallest = total(QUALITIES[0])
    if smallest > most_bytes:
        raise UserError(_too_large(len(photographs), smallest, most_bytes))
    bisect_left(QUALITIES, True, lo=1, key=lambda quality: total(quality) > most_bytes)
    return next(iter(fitting.items()))


def _too_large(train: int, smallest: int, most_bytes: int) -> str:
    mib = 2**20
    return (
        f"the folder would be {smallest / mib:.2f} MiB even with its {train:,} training photographs in JPEG quality "
        f"{QUALITIES[0]}, and at most {most_bytes / mib:.2f} MiB may travel; shorten the lists or pack a smaller size."
    )


def _whole_size(sizes: dict[str, int]) -> int:
    return zip_bytes(sizes) + CONTENTS_BYTES


def _encoded(pool: ProcessPoolExecutor, pixels: Path, count: int, quality: int) -> list[bytes]:
    tasks = ((pixels, index, quality) for index in range(count))
    encoded = pool.map(_jpeg, tasks, chunksize=32)
    return list(tqdm(encoded, f"encoding, quality {quality}", count, delay=2, mininterval=1, unit="photo", leave=False))


def _jpeg(task: tuple[Path, int, int]) -> bytes:
    """The smaller of the two orders of the same coefficients: progressive wins by 2 % at 85, loses by 5 % at 30."""
    pixels, index, quality = task
    image = Image.fromarray(np.load(pixels, mmap_mode="r")[index])
    files = [io.BytesIO() for _ in range(2)]
    for progressive, file in enumerate(files):
        how = {"subsampling": SUBSAMPLING, "optimize": True, "progressive": bool(progressive)}
        image.save(file, "JPEG", qtables=_tables(quality), **how)
    return min((file.getvalue() for file in files), key=len)


@cache
def _tables(quality: int) -> list[list[int]]:
    """libjpeg's quantization tables of lightness and colours, each of its own quality; Pillow gives them of a file."""
    return [_libjpeg_tables(quality)[0], _libjpeg_tables(chroma_quality(quality))[1]]


def _libjpeg_tables(quality: int) -> dict[int, list[int]]:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return image.quantization  # type: ignore[attr-defined]


def _zip(folder: Path, path: Path) -> int:
    """Put all files into a zip as they are, since they are compressed already; its size in bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in _sizes(folder):
            archive.writestr(zipfile.ZipInfo(name, DATE), (folder / name).read_bytes())
    return path.stat().st_size


def _sizes(folder: Path) -> dict[str, int]:
    """Path in the folder -> bytes, of all its files, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _image(id: str) -> str:
    return (IMAGES / f"{id}.jpg").as_posix()
