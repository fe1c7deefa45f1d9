"""The two defects that the paper names, edge bleeding and context confusion, in methods' colorizations.

Photographs are ordered by id: `<method>.defects.csv` has one `BleedingRow` a photograph; `<method>.objects.csv` one
`ObjectColorRow` for each class of each photograph; `<method>.colors.npy` the counts of colours by photograph and class
that distances are computed from (`pipeline.metrics.confusion.COLORS`). A dataset without masks has bleeding away from
edges alone: the other columns are NaN, the other two files empty.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from pipeline.color import cielab, gamut
from pipeline.metrics import confusion, edges
from pipeline.packs.masks import VOID
from pipeline.packs.pack import Pack
from pipeline.packs.survey import BATCH, STRIDE
from pipeline.records.archive import Archive, check_complete
from pipeline.records.rows import BleedingRow, ObjectColorRow, PackedPhotograph, write_rows
from pipeline.runtime import distributed
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.files import write_whole

PLACES = gamut.BINS.numpy().astype(np.int64)  # (313, 2)


def run(dataset: str, methods: Sequence[str]) -> None:
    """Measure and write: all methods' pictures of one photograph, then those of the next.

    What is measured of a photograph itself takes longer than what is measured of a method's picture of it.
    """
    pack, archives = Pack(paths.pack(dataset, "val")), {name: Archive(paths.archive(dataset, name)) for name in methods}
    if not pack.classes:
        print(f"{dataset} has no masks: colours away from edges are measured, boundaries and classes are not.")
    for archive in archives.values():
        check_complete([entry.id for entry in pack.index], archive)
    likelihoods = class_likelihoods(Pack(paths.pack(dataset, "train")))
    found: list[Examined] = []
    numbered = distributed.share(list(enumerate(sorted(pack.index, key=lambda entry: entry.id))))
    bar = tqdm(numbered, "examining", delay=2, mininterval=1, unit="photo", disable=distributed.rank() > 0)
    for number, entry in bar:
        truth = Truth.of(pack, entry)
        for method, archive in archives.items():
            picture = lab_of(archive[entry.id])
            if picture.shape != truth.lab.shape:
                raise UserError(f"{method}'s picture of {entry.id} is not of the photograph's size; run `dvc repro`.")
            found.append(examine(dataset, method, number, truth, picture, likelihoods))
    everything = sorted(distributed.gather(found), key=lambda one: one.number)
    if distributed.rank() == 0:
        for method in methods:
            write(dataset, method, [one for one in everything if one.bleeding.method == method])


@dataclass(frozen=True)
class Truth:
    """What is measured of a photograph once, whatever the number of its colorizations.

    `lab` (3, H, W); `flat` and `lines` as `edges.flat_region` and `edges.transects`; `contrast` (2, T) of the lines;
    `counts` (classes, 313) as `count`, None without a `mask`.
    """

    entry: PackedPhotograph
    lab: Tensor
    flat: NDArray[np.floating]
    lines: edges.Transects
    contrast: NDArray[np.floating]
    mask: NDArray[np.uint8] | None
    counts: NDArray[np.integer] | None

    @classmethod
    def of(cls, pack: Pack, entry: PackedPhotograph) -> "Truth":
        """Of a photograph of a pack."""
        lab, mask = lab_of(pack.original(entry)), pack.original_mask(entry)
        values = lab.numpy()
        nothing = np.zeros((0, 2))
        lines = edges.Transects(nothing, nothing) if mask is None else edges.transects(mask, values[1:], VOID)
        counts = None if mask is None else count(lab, mask, len(pack.classes))
        return cls(entry, lab, edges.flat_region(values), lines, lines.contrast(values[1:]), mask, counts)

    def count(self, picture: Tensor) -> NDArray[np.integer]:
        """`count` of a colorization (3, H, W) Lab of a photograph with a mask."""
        assert self.mask is not None and self.counts is not None
        return count(picture, self.mask, len(self.counts))


@dataclass(frozen=True)
class Examined:
    """What is found in a method's picture of photograph `number`; `colors` as `confusion.color_lines`."""

    number: int
    bleeding: BleedingRow
    objects: list[ObjectColorRow]
    colors: NDArray[Any]


def examine(
    dataset: str, method: str, number: int, truth: Truth, picture: Tensor, likelihoods: NDArray[Any]
) -> Examined:
    """Everything of one colorization, (3, H, W) Lab."""
    row = bleeding(dataset, method, truth, picture)
    if truth.counts is None:
        return Examined(number, row, [], np.zeros(0, confusion.COLORS))
    counts = truth.count(picture)
    objects = object_rows(dataset, method, truth.entry.id, truth.counts, counts, likelihoods)
    return Examined(number, row, objects, confusion.color_lines(number, truth.counts, counts, PLACES))


def write(dataset: str, method: str, examined: Sequence[Examined]) -> None:
    """Write the three files of one method."""
    write_rows(paths.defects(dataset, method), BleedingRow, [one.bleeding for one in examined])
    write_rows(paths.objects(dataset, method), ObjectColorRow, [row for one in examined for row in one.objects])
    write_array(paths.object_colors(dataset, method), np.concatenate([one.colors for one in examined]))


def bleeding(dataset: str, method: str, truth: Truth, picture: Tensor) -> BleedingRow:
    """Edge bleeding of one colorization, (3, H, W) Lab."""
    ab = picture.numpy()[1:]
    crossed = edges.crossing(truth.lines, truth.contrast, ab)
    return BleedingRow(
        dataset,
        method,
        truth.entry.id,
        truth.entry.colorless,
        edges.flat_share(ab, truth.flat),
        float(truth.flat.mean()),
        len(truth.lines),
        crossed.bleeding,
        crossed.contrast,
        *(float(crossed.kept[distance - 1]) for distance in (1, 2, 3, 5, 7, 9)),
    )


def object_rows(
    dataset: str, method: str, name: str, original: NDArray[Any], picture: NDArray[Any], likelihoods: NDArray[Any]
) -> list[ObjectColorRow]:
    """One row for each class in a photograph, from (classes, 313) counts of the original and of its colorization."""
    pixels = original.sum(axis=1)
    guesses = (confusion.guess(counts, likelihoods) for counts in (picture, original))
    columns = zip(pixels.tolist(), *(guess.tolist() for guess in guesses), strict=True)
    return [ObjectColorRow(dataset, method, name, label, *row) for label, row in enumerate(columns) if row[0]]


def class_likelihoods(pack: Pack) -> NDArray[np.floating]:
    """(classes, 313) log probability of every colour in every class, learned from a training split's originals.

    From every fourth pixel both ways of the coloured photographs, where training takes its targets. Colours are spread
    over their neighbours as those of Zhang's prior are (`gamut.smooth`), for objects that training has few of.
    """
    counts = np.zeros((len(pack.classes), gamut.Q), np.int64)
    if pack.masks is None:
        return confusion.log_likelihoods(counts.astype(np.float64))
    colored = np.array([not entry.colorless for entry in pack.index])
    for start in range(0, len(colored), BATCH):
        batch, taken = slice(start, start + BATCH), colored[start : start + BATCH]
        rgb = torch.from_numpy(pack.images[batch, ::STRIDE, ::STRIDE][taken])
        bins = gamut.encode(cielab.rgb_to_lab(rgb.permute(0, 3, 1, 2))[:, 1:], k=1)[0][:, 0].numpy()
        counts += confusion.object_colors(bins, pack.masks[batch, ::STRIDE, ::STRIDE][taken], *counts.shape)
    shares = [gamut.smooth(torch.from_numpy(one)).numpy() if one.any() else one.astype(np.float64) for one in counts]
    return confusion.log_likelihoods(np.stack(shares))


def count(lab: Tensor, mask: NDArray[np.uint8], classes: int) -> NDArray[np.integer]:
    """(classes, 313) pixels of each colour in each class of (3, H, W) Lab."""
    return confusion.object_colors(gamut.encode(lab[None, 1:], k=1)[0][0, 0].numpy(), mask, classes, gamut.Q)


def lab_of(picture: NDArray[np.uint8]) -> Tensor:
    """(H, W, 3) uint8 sRGB to (3, H, W) Lab."""
    return cielab.rgb_to_lab(torch.from_numpy(picture.copy()).permute(2, 0, 1))


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write `array` as .npy, atomically."""
    file = io.BytesIO()
    np.save(file, array)
    write_whole(path, file.getvalue())
