"""The two defects that the paper names, edge bleeding and context confusion, in one method's colorizations.

Photographs are ordered by id: `<method>.defects.csv` has one `BleedingRow` a photograph; `<method>.objects.csv` one
`ObjectColorRow` for each class of each photograph; `<method>.colors.npy` the counts of colours by photograph and class
that distances are computed from (`pipeline.metrics.confusion.COLORS`). A dataset without masks has bleeding away from
edges alone: the other columns are NaN, the other two files empty.
"""

import io
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
from pipeline.records.archive import Archive
from pipeline.records.rows import BleedingRow, ObjectColorRow, PackedPhotograph, write_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.files import write_whole

PLACES = gamut.BINS.numpy().astype(np.int64)  # (313, 2)


def run(dataset: str, method: str) -> None:
    """Measure and write."""
    pack, archive = Pack(paths.pack(dataset, "val")), Archive(paths.archive(dataset, method))
    if not pack.classes:
        print(f"{dataset} has no masks: colours away from edges are measured, boundaries and classes are not.")
    likelihoods = class_likelihoods(Pack(paths.pack(dataset, "train")))
    rows: list[BleedingRow] = []
    objects: list[ObjectColorRow] = []
    colors = [np.zeros(0, confusion.COLORS)]
    entries = sorted(pack.index, key=lambda entry: entry.id)
    for number, entry in enumerate(tqdm(entries, f"examining {method}", delay=2, mininterval=1, unit="photo")):
        original, picture = lab_of(pack.original(entry)), lab_of(archive[entry.id])
        if picture.shape != original.shape:
            raise UserError(f"{method}'s picture of {entry.id} is not of the photograph's size; run `dvc repro`.")
        mask = pack.original_mask(entry)
        rows.append(bleeding(dataset, method, entry, original, picture, mask))
        if mask is not None:
            true, own = (count(lab, mask, len(pack.classes)) for lab in (original, picture))
            colors.append(confusion.color_lines(number, true, own, PLACES))
            objects += object_rows(dataset, method, entry.id, true, own, likelihoods)
    write_rows(paths.defects(dataset, method), BleedingRow, rows)
    write_rows(paths.objects(dataset, method), ObjectColorRow, objects)
    write_array(paths.object_colors(dataset, method), np.concatenate(colors))


def bleeding(
    dataset: str,
    method: str,
    entry: PackedPhotograph,
    original: Tensor,
    picture: Tensor,
    mask: NDArray[np.uint8] | None,
) -> BleedingRow:
    """Edge bleeding of one colorization; both pictures (3, H, W) Lab."""
    lab, ab = original.numpy(), picture.numpy()[1:]
    flat = edges.flat_region(lab)
    nothing = np.zeros((0, 2))
    lines = edges.Transects(nothing, nothing) if mask is None else edges.transects(mask, lab[1:], VOID)
    crossed = edges.crossing(lines, lab[1:], ab)
    return BleedingRow(
        dataset,
        method,
        entry.id,
        entry.colorless,
        edges.flat_share(ab, flat),
        float(flat.mean()),
        len(lines),
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
