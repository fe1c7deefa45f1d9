"""What segmenters recognised and how much methods suffer from the two defects: counts by photograph, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.metrics.confusion import COLORS
from pipeline.records.rows import BleedingRow, ObjectColorRow, SegmentationCard, SegmentationRow, read_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from reports.inputs.files import damaged, missing, read_exact_record

ANEW = "`dvc repro --force` makes both anew."
OF_A_METHOD = {"method", "miou"}  # the fields of a card that differ between the methods of one segmenter


@dataclass(frozen=True)
class Segmentation:
    """What one segmenter recognised on one dataset.

    `card`: of the first method; all others differ in the method and its mIoU alone. `intersections`, `unions`: of
    each method (N, classes), pixels of one photograph a row, the same photographs in the same order for all.
    """

    card: SegmentationCard
    intersections: dict[str, NDArray[np.integer]]
    unions: dict[str, NDArray[np.integer]]


@dataclass(frozen=True)
class Defects:
    """Edge bleeding and context confusion of all methods on one dataset.

    `bleeding`: rows as `BleedingRow`, `objects`: as `ObjectColorRow`, empty without masks; `colors`: of each method the
    counts `pipeline.metrics.confusion.COLORS`, whose photographs are numbered in the order of `ids`.
    """

    ids: list[str]
    bleeding: pd.DataFrame
    objects: pd.DataFrame
    colors: dict[str, NDArray[Any]]


def read_segmentation(dataset: str, segmenter: str, methods: Sequence[str], ids: Sequence[str]) -> Segmentation:
    """A segmenter's counts of all methods; raises `UserError` unless they are by one network about these `ids`."""
    cards = {
        method: read_exact_record(paths.segmentation(dataset, segmenter, method), SegmentationCard)
        for method in methods
    }
    shared = {name: value for name, value in asdict(cards[methods[0]]).items() if name not in OF_A_METHOD}
    for method, card in cards.items():
        if any(asdict(card)[name] != value for name, value in shared.items()) or card.photographs != len(ids):
            first, other = (paths.segmentation(dataset, segmenter, name) for name in (methods[0], method))
            raise UserError(f"{other} and {first} are not of one network and the same photographs; {ANEW}")
    counts = {method: _counts(paths.segmented(dataset, segmenter, method), cards[method], ids) for method in methods}
    return Segmentation(
        cards[methods[0]],
        {method: intersections for method, (intersections, _) in counts.items()},
        {method: unions for method, (_, unions) in counts.items()},
    )


def _counts(path: Path, card: SegmentationCard, ids: Sequence[str]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """(N, classes) intersections and unions, zero where a photograph has no row of a class."""
    counts = np.zeros((2, len(ids), len(card.classes)), np.int64)
    place = {id: number for number, id in enumerate(ids)}
    for row in read_rows(path, SegmentationRow):
        if row.id not in place or not 0 <= row.label < len(card.classes) or counts[1, place[row.id], row.label]:
            raise UserError(
                f"{path} has a row of {row.id}, class {row.label}, too many; delete it, `dvc repro` makes it."
            )
        counts[:, place[row.id], row.label] = row.intersection, row.union
    return counts[0], counts[1]


def read_defects(dataset: str, methods: Sequence[str], ids: Sequence[str]) -> Defects:
    """All methods' defects; raises `UserError` unless they are about these `ids`, which are sorted."""
    return Defects(
        list(ids),
        defect_rows({paths.defects(dataset, method): method for method in methods}, BleedingRow, ids),
        defect_rows({paths.objects(dataset, method): method for method in methods}, ObjectColorRow, None),
        {method: defect_colors(paths.object_colors(dataset, method), len(ids)) for method in methods},
    )


def defect_rows(paths: Mapping[Path, str], record: type, ids: Sequence[str] | None) -> pd.DataFrame:
    """The rows of several files, which must be of these `ids` in this order."""
    read: dict[Path, list[Any]] = {path: read_rows(path, record) for path in paths}
    for path, rows in read.items():
        if ids is not None and [row.id for row in rows] != list(ids):
            raise UserError(f"{path} is not about the {len(ids)} photographs that the scores are about; {ANEW}")
    return pd.DataFrame(
        [row for rows in read.values() for row in rows], columns=[field.name for field in fields(record)]
    )


def defect_colors(path: Path, photographs: int) -> NDArray[Any]:
    """The `COLORS` lines of one file, which must be about so many photographs."""
    try:
        lines: NDArray[Any] = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, EOFError, BadZipFile) as error:
        raise damaged(path, error) from None
    if lines.dtype != COLORS or lines["photograph"].max(initial=0) >= max(1, photographs):
        raise UserError(f"{path} holds other counts than {photographs} photographs give; `dvc repro` makes it anew.")
    return lines
