"""The rows that cross stages, and their CSV: same rows, same bytes."""

import csv
import io
import json
import os
import types
import typing
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from pipeline.settings.errors import UserError
from pipeline.settings.files import write_whole

Row = TypeVar("Row")


@dataclass(frozen=True)
class ListedPhotograph:
    """One line of a dataset's listing. Paths are relative to the dataset's root, empty where there is no file."""

    split: str
    id: str
    image: str
    mask: str
    image_sha256: str
    mask_sha256: str


@dataclass(frozen=True)
class PackedPhotograph:
    """One line of a pack's index, in the order of its arrays.

    `height` and `width` are the photograph's own, in pixels. `colorless`: none of its training targets has |a| or
    |b| over 5 Lab units. The last four say where `originals.bin` holds the picture and its mask (bytes; -1 where it
    does not).
    """

    id: str
    height: int
    width: int
    colorless: bool
    sha256: str
    image_offset: int
    image_length: int
    mask_offset: int
    mask_length: int


@dataclass(frozen=True)
class ScoreRow:
    """What one method's colorization of one photograph scored against the original, at the original's resolution.

    `mse_rgb`: mean squared error over pixels and sRGB channels, 0..255 squared; `psnr_rgb`: its PSNR in dB
    (inf where equal); `psnr_ab`: in dB over the a and b channels with peak 255; `ssim_rgb`: Gaussian SSIM
    (sigma 1.5) on 0..255, mean of the channels; `colorfulness`: Hasler and Suesstrunk's M3 of the colorization,
    signed opponents; `colorless`: the original itself has no colour to predict; `ciede2000`: mean over pixels of the
    colour difference; `colorfulness_absolute`: M3 of the opponents' absolute values; `auc`: area under the curve of
    the share of pixels within t = 0..150 units of ab, as a share of 1; `auc_balanced`: the same with pixels weighted
    by how rare their colour is in training, and `auc_weight`: the mean of those weights, by which photographs count
    in the dataset's balanced AuC.
    """

    dataset: str
    method: str
    id: str
    height: int
    width: int
    colorless: bool
    mse_rgb: float
    psnr_rgb: float
    psnr_ab: float
    ssim_rgb: float
    colorfulness: float
    ciede2000: float
    colorfulness_absolute: float
    auc: float
    auc_balanced: float
    auc_weight: float


@dataclass(frozen=True)
class PerceptualRow:
    """What pretrained networks make of one colorization; None where a network's weights are not at hand.

    `lpips_*`: Zhang et al. 2018, version 0.1, with the backbones AlexNet, VGG-16 and SqueezeNet, between original and
    colorization at the photograph's own size; `recognized`: VGG-16 gives both the same of ImageNet's 1000 classes.
    """

    dataset: str
    method: str
    id: str
    lpips_alex: float | None
    lpips_vgg: float | None
    lpips_squeeze: float | None
    recognized: bool | None


@dataclass(frozen=True)
class PerceptualSummary:
    """What `PerceptualRow`s cannot hold: the FID of the whole set, and which weights made each score.

    `weights`: score -> file and SHA-256; `missing`: score -> why there is none and what to do about it.
    """

    photographs: int
    fid: float | None
    weights: dict[str, str]
    missing: dict[str, str]


@dataclass(frozen=True)
class SegmentationRow:
    """How well a segmenter recognised one class in a method's picture of one photograph, at the photograph's own size.

    Counts of pixels, void left out: `intersection` of those that are of class `label` and were taken for it, `union` of
    those that are or were. Classes with an empty union have no row, so photographs that are all void have none at all.
    """

    dataset: str
    segmenter: str
    method: str
    id: str
    label: int
    intersection: int
    union: int


@dataclass(frozen=True)
class SegmentationCard:
    """What a reader must know of a segmenter's counts of one method.

    `miou`: from the dataset's sums (`pipeline.metrics.segmentation`); of the method `original` it is the segmenter's
    own; None without any labelled pixel. `photographs`: all of the split, `unlabelled` of them all void. `classes`:
    their names in the order of `SegmentationRow.label`. `weights`: where they come from, `training_data`: what they
    have learned from, `resolution`: what the segmenter sees of a photograph, `differences`: from its published recipe.
    """

    dataset: str
    segmenter: str
    method: str
    miou: float | None
    photographs: int
    unlabelled: int
    classes: tuple[str, ...]
    parameters: int
    weights: str
    weights_sha256: str
    training_data: str
    resolution: str
    differences: tuple[str, ...]


@dataclass(frozen=True)
class BleedingRow:
    """How much one colorization of one photograph suffers from edge bleeding (`pipeline.metrics.edges`).

    `bleeding_flat`: the share of its colour change that lies away from the photograph's edges, NaN where its colour
    does not change; `flat_area`: the share of the photograph that is away from edges, and so the bleeding of colours
    that know nothing of edges. Across true boundaries, NaN without masks or `transects` (their number):
    `bleeding_boundary`: the share of its own contrast that is missing near the boundary, NaN where it has none;
    `boundary_contrast`: its contrast as a multiple of the original's, 0 for grey; `kept_<d>`: the share of its own
    contrast that is reached d units (1/625 of the diagonal) to both sides of the boundary.
    """

    dataset: str
    method: str
    id: str
    colorless: bool
    bleeding_flat: float
    flat_area: float
    transects: int
    bleeding_boundary: float
    boundary_contrast: float
    kept_1: float
    kept_2: float
    kept_3: float
    kept_5: float
    kept_7: float
    kept_9: float


@dataclass(frozen=True)
class ObjectColorRow:
    """All pixels of one class in one photograph, and the class that their colours alone suggest.

    `label`: the class's index, `pixels`: how many it has. `guess`: the class whose colours in the training split are
    most like those of the colorization, `guess_original` those of the original (`pipeline.metrics.confusion`).
    """

    dataset: str
    method: str
    id: str
    label: int
    pixels: int
    guess: int
    guess_original: int


@dataclass(frozen=True)
class MethodCard:
    """What a reader must know to compare a method fairly; None or "" where it does not apply or nobody knows.

    `weights_megabytes`: the file of weights, decimal. `weights`: where they come from, `weights_sha256` their digest.
    `training_data`: what the method has learned from. `resolution`: what it sees of a photograph. `differences`: from
    its published recipe, each a phrase. `remarks`: what else bears on its scores.
    """

    parameters: int | None = None
    weights_megabytes: float | None = None
    weights: str = ""
    weights_sha256: str = ""
    training_data: str = ""
    resolution: str = ""
    differences: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def write_rows(path: Path, record: type[Row], rows: Iterable[Row], mode: int = 0o644) -> None:
    """Write dataclass rows as CSV (floats with six decimals, booleans as 0 and 1), atomically."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(typing.cast(Any, record))])
    for row in rows:
        writer.writerow([_text(value) for value in asdict(typing.cast(Any, row)).values()])
    write_whole(path, text.getvalue(), mode)


def read_rows(path: Path, record: type[Row]) -> list[Row]:
    """Read what `write_rows` wrote; raises `UserError` for a missing file or other columns."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames
    except FileNotFoundError:
        raise UserError(f"{path} is missing; `dvc repro` makes it.") from None
    hints = typing.get_type_hints(record)
    if columns != list(hints):
        raise UserError(f"{path} has the columns {columns}, but should have {list(hints)}; `dvc repro` makes it anew.")
    return [record(**{name: _parse(hints[name], text) for name, text in row.items()}) for row in rows]


def json_text(content: object) -> str:
    """`content` as JSON with sorted keys, as `write_json` writes it."""
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def write_json(path: Path, content: object, mode: int = 0o644) -> None:
    """Write `content` as JSON with sorted keys, atomically."""
    write_whole(path, json_text(content), mode)


def append_rows(path: Path, rows: Iterable[Row]) -> None:
    """Add rows to a file that `read_finished_rows` reads, and see to it that they are on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([_text(value) for value in asdict(typing.cast(Any, row)).values()] for row in rows)
        file.flush()
        os.fsync(file.fileno())


def read_finished_rows(path: Path, record: type[Row]) -> list[Row]:
    """The rows that `append_rows` has written, without the line at which a killed process stopped; cuts that off."""
    content = path.read_text(encoding="utf-8") if path.exists() else ""
    finished = content[: content.rfind("\n") + 1]
    if finished != content:
        write_whole(path, finished)
    hints = typing.get_type_hints(record)
    lines = csv.reader(io.StringIO(finished))
    cells = (zip(hints, line, strict=True) for line in lines)
    return [record(**{name: _parse(hints[name], text) for name, text in row}) for row in cells]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def _parse(hint: Any, text: str) -> Any:
    if typing.get_origin(hint) is types.UnionType:
        if text == "":
            return None
        hint = typing.get_args(hint)[0]
    return bool(int(text)) if hint is bool else hint(text)
