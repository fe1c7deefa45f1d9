"""A dozen photographs as each method coloured them, a row a method, small enough to be looked at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive
from pipeline.settings import paths
from pipeline.settings.files import whole_file

PHOTOGRAPHS = 12
CELL = (160, 120)  # width and height in pixels
LABEL = 110  # pixels to the left, for the method's name


def write(dataset: str, method: str, path: Path) -> None:
    """One method's strip as WebP, from its archive."""
    archive = Archive(paths.archive(dataset, method))
    pack = Pack(paths.pack(dataset, "val"))
    chosen = spread([entry.id for entry in pack.index if not entry.colorless], PHOTOGRAPHS)
    with whole_file(path) as temporary:
        strip([archive[id] for id in chosen], method).save(temporary, "webp", quality=80, method=4)


def spread(ids: Sequence[str], count: int) -> list[str]:
    """`count` of the ids, evenly spread over all of them; all if there are fewer."""
    step = max(1, len(ids) // count)
    return list(ids[::step][:count])


def strip(pictures: Sequence[np.ndarray], name: str) -> Image.Image:
    """Pictures (H, W, 3) uint8 beside one another, each fitted into a cell, behind the method's name."""
    width, height = CELL
    sheet = Image.new("RGB", (LABEL + width * len(pictures), height), "white")
    ImageDraw.Draw(sheet).text((4, height // 2 - 6), "\n".join(name.split("_", 1)), "black")
    for number, picture in enumerate(pictures):
        cell = Image.fromarray(picture)
        cell.thumbnail((width - 4, height - 4))
        sheet.paste(cell, (LABEL + number * width + 2, (height - cell.height) // 2))
    return sheet


def joined(strips: Sequence[Path]) -> Image.Image:
    """All strips below one another."""
    rows = [Image.open(path).convert("RGB") for path in strips]
    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return sheet
