"""Stage: decode and resize every photograph of a dataset once, into one array a split.

    python -m pipeline.pack scenes

Reads `results/data/<dataset>/listing.csv` and the photographs it lists.
Writes `results/data/<dataset>/{train,val}/`: images.npy, masks.npy, index.csv, summary.json; for val also originals.bin
(the photographs as they were, byte for byte, with their masks), for train also the counts and means of
colours and classes in statistics.json, from which losses take their weights and `mean_ab` and `class_mean` their ab.
"""

import argparse
import hashlib
import io
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from PIL import Image
from tqdm import tqdm

from pipeline.datasets.registry import describe, open_source
from pipeline.datasets.source import SPLITS, Photograph, Source
from pipeline.packs.decode import SMALLEST_SIDE, decode_image, orientation_of, upright
from pipeline.packs.masks import VOID, Color, MaskHeader, MaskTally, aligned
from pipeline.packs.pack import IMAGES, INDEX, MASKS, ORIGINALS, STATISTICS, SUMMARY
from pipeline.records.rows import ListedPhotograph, PackedPhotograph, read_rows, write_json, write_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import whole_folder
from pipeline.settings.inputs import inputs_unchanged
from pipeline.settings.params import PackParams, load_params


@dataclass(frozen=True)
class Prepared:
    """One photograph, decoded and resized; or the sentence that says why it could not be."""

    id: str
    image: np.ndarray | None = None  # (S, S, 3) uint8 sRGB
    mask: np.ndarray | None = None  # (S, S) uint8
    mask_counts: np.ndarray | None = None  # (256,) pixels of each value, at the photograph's own resolution
    mask_colors: Mapping[int, Color] = field(default_factory=dict)
    height: int = 0
    width: int = 0
    original: bytes = b""
    original_mask: bytes | None = None
    error: str = ""
    small: bool = False  # left out whatever `on_bad_image` says, as nothing is wrong with the file


def main() -> None:
    """Pack both splits of one dataset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    dataset = parser.parse_args().dataset
    keys = (f"data.{dataset}.source", f"data.{dataset}.pack")
    with inputs_unchanged(["pipeline.pack"], keys, [paths.listing(dataset)]):
        run(dataset)


def run(dataset: str) -> None:
    """Pack both splits."""
    params = load_params().dataset(dataset)
    source = open_source(params.source, f"data.{dataset}.source")
    listing = read_rows(paths.listing(dataset), ListedPhotograph)
    counts = [sum(row.split == split for row in listing) for split in SPLITS]
    described = {
        "dataset": dataset,
        **describe(params.source["kind"], dataset, *counts),
        "classes": list(source.classes),
        "size": params.pack.size,
    }
    tally = MaskTally(source.classes)
    for split in SPLITS:
        rows = [row for row in listing if row.split == split]
        with whole_folder(paths.pack(dataset, split)) as folder:
            write_pack(folder, split, prepare_all(source, rows, params.pack), len(rows), params.pack, described, tally)


def prepare_all(source: Source, rows: list[ListedPhotograph], params: PackParams) -> Iterator[Prepared]:
    """Prepare `rows` in order, on all processors."""
    tasks = ((source, row, params.size) for row in rows)
    context = multiprocessing.get_context("spawn")  # a forked child can inherit locked locks
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        try:
            yield from pool.map(prepare, tasks, chunksize=16)
        finally:
            pool.shutdown(cancel_futures=True)


def prepare(task: tuple[Source, ListedPhotograph, int]) -> Prepared:
    """Read, check and resize one photograph; a damaged one comes back with the sentence that says so."""
    source, row, size = task
    photograph = Photograph(row.id, Path(row.image) if row.image else None, Path(row.mask) if row.mask else None)
    try:
        content = source.image_bytes(photograph)
        image = decode_image(content, row.image or row.id)
        if row.split == "val" and min(image.shape[:2]) < SMALLEST_SIDE:
            found = f"{row.image or row.id} is {image.shape[1]} x {image.shape[0]} pixels"
            return Prepared(row.id, error=f"{found}; less than {SMALLEST_SIDE} cannot be measured.", small=True)
        if row.image_sha256 and hashlib.sha256(content).hexdigest() != row.image_sha256:
            raise UserError(f"{row.image} has changed since it was listed; run `dvc repro -f` from fetch on.")
        mask = source.mask(photograph)
        if mask is None and source.classes:
            raise UserError(f"{row.image or row.id} has no mask.")
        header = MaskHeader() if mask is None else source.mask_header(photograph)
        if mask is not None:
            mask = _fitting(mask, header, image, orientation_of(content, row.id), source, row.image or row.id)
    except UserError as error:
        return Prepared(row.id, error=str(error))
    height, width = image.shape[:2]
    return Prepared(
        row.id,
        _resized(image, size, Image.Resampling.BICUBIC),
        None if mask is None else _resized(mask, size, Image.Resampling.NEAREST),
        None if mask is None else np.bincount(mask.ravel(), minlength=VOID + 1),
        header.colors,
        height,
        width,
        content,
        None if mask is None else _png(mask),
    )


def _fitting(
    mask: np.ndarray, header: MaskHeader, image: np.ndarray, orientation: int, source: Source, name: str
) -> np.ndarray:
    """The mask upright and of the size of the upright `image`; raises `UserError` where it does not fit."""
    if orientation != 1 and header.orientation == 1:
        turned = np.ascontiguousarray(upright(mask, orientation))
        return aligned(mask, turned, image.shape[:2], orientation, source.mask_orientation, name)
    if mask.shape != image.shape[:2]:
        (h, w), (image_h, image_w) = mask.shape, image.shape[:2]
        raise UserError(f"the mask of {name} is {w} x {h} pixels, but it is {image_w} x {image_h}.")
    return mask


def _resized(pixels: np.ndarray, size: int, filtering: Image.Resampling) -> np.ndarray:
    """Stretch to a square, as the paper rescales every image to 224 x 224 (section 3.1)."""
    return np.asarray(Image.fromarray(pixels).resize((size, size), filtering))


def _png(mask: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "png", compress_level=6)
    return file.getvalue()


def write_pack(
    folder: Path,
    split: str,
    prepared: Iterable[Prepared],
    total: int,
    params: PackParams,
    about: dict[str, object],
    tally: MaskTally,
) -> None:
    """Write one split into `folder`; raises `UserError` for a damaged picture unless the params say to skip it."""
    images = GrowingArray(folder / IMAGES, (params.size, params.size, 3))
    masks = GrowingArray(folder / MASKS, (params.size, params.size)) if about["classes"] else None
    entries: list[PackedPhotograph] = []
    skipped: list[dict[str, str]] = []
    with (folder / ORIGINALS).open("wb") as originals:
        for item in tqdm(prepared, f"packing {split}", total, delay=2, mininterval=1, unit="photo"):
            if item.image is None:
                if params.on_bad_image == "stop" and not item.small:
                    raise UserError(f"{item.error} (`on_bad_image: skip` leaves such pictures out.)")
                skipped.append({"id": item.id, "reason": item.error})
                continue
            images.append(item.image)
            if masks is not None and item.mask is not None and item.mask_counts is not None:
                masks.append(item.mask)
                tally.add(split, item.id, item.mask_counts, item.mask_colors)
            entries.append(_entry(item, originals if split == "val" else None))
    if not entries:
        raise UserError(f"none of the {total} pictures of the split {split!r} can be read: {skipped[0]['reason']}")
    if split != "val":
        (folder / ORIGINALS).unlink()
    content = [images.close()] + ([masks.close()] if masks else [])
    remarks = tally.remarks(split) if masks else []
    _describe(folder, entries, content, {**about, "split": split, "skipped": skipped, "mask_remarks": remarks})


def _entry(item: Prepared, originals: BinaryIO | None) -> PackedPhotograph:
    """The index line of one photograph, whose own bytes are appended to `originals`."""
    image_offset = mask_offset = image_length = mask_length = -1
    if originals is not None:
        image_offset, image_length = originals.tell(), originals.write(item.original)
        if item.original_mask is not None:
            mask_offset, mask_length = originals.tell(), originals.write(item.original_mask)
    sha256 = hashlib.sha256(item.original).hexdigest()
    place = (image_offset, image_length, mask_offset, mask_length)
    return PackedPhotograph(item.id, item.height, item.width, False, sha256, *place)


def _describe(
    folder: Path, entries: list[PackedPhotograph], arrays: list[np.ndarray], about: dict[str, object]
) -> None:
    """Write what is known of a split once its arrays are there: index, summary, and the statistics of what it holds."""
    from pipeline.packs.survey import survey  # needs torch, which the decoding processes need not load

    found = survey(arrays[0], arrays[1] if len(arrays) > 1 else None, len(cast(list, about["classes"])))
    index = [replace(entry, colorless=bool(flag)) for entry, flag in zip(entries, found.colorless, strict=True)]
    write_rows(folder / INDEX, PackedPhotograph, index)
    if about["split"] == "train":
        statistics = {
            "colors": found.color_counts.tolist(),
            "classes": found.class_counts.tolist(),
            # Rounded, since the last digits of a sum depend on its order, and that on the processor.
            "ab_mean": found.ab_mean.round(4).tolist(),
            "class_ab_mean": found.class_ab_mean.round(4).tolist(),
        }
        write_json(folder / STATISTICS, statistics)
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.data)
    summary = {"photographs": len(index), "colorless": int(found.colorless.sum()), "digest": digest.hexdigest()}
    write_json(folder / SUMMARY, {**about, **summary})
    skipped = cast(list[dict[str, str]], about["skipped"])
    print(f"{about['title']}, {about['split']}: {len(index)} photographs" + f", {len(skipped)} skipped" * bool(skipped))
    for one in skipped:
        print(f"  skipped: {one['reason']}")
    for remark in cast(list[str], about["mask_remarks"]):
        print(f"  masks of {remark}")


class GrowingArray:
    """A uint8 .npy file that takes one row at a time. Not memory-mapped: there a full disk kills without a word."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.path, self.shape, self.count = path, shape, 0
        self.file = path.open("w+b")
        self._write_header()

    def append(self, row: np.ndarray) -> None:
        """Write the next row, of the array's shape."""
        self.file.write(row.tobytes())
        self.count += 1

    def close(self) -> np.ndarray:
        """Say in the header how many rows came, and give them back, memory-mapped."""
        self._write_header()
        self.file.close()
        return np.load(self.path, mmap_mode="r")

    def _write_header(self) -> None:
        """NumPy leaves room in its headers for a first axis that grows, so the second is as long as the first."""
        self.file.seek(0)
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(self.file, header)


if __name__ == "__main__":
    run_stage(main)
