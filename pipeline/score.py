"""Stage: score one method's colorizations of a dataset against the originals.

    python -m pipeline.score scenes semantics_jbu

Reads `data/<dataset>/val` and `colorized/<dataset>/<method>.zip`.
Writes `scores/<dataset>/<method>.csv`: one row a photograph (`pipeline.records.ScoreRow`). Means come later, from rows.
"""

import argparse

import numpy as np
import torch
from tqdm import tqdm

from pipeline import color, layout
from pipeline.archive import Archive, check_complete
from pipeline.data.pack import Pack
from pipeline.errors import UserError, run_stage
from pipeline.metrics import pixel
from pipeline.records import PackedPhotograph, ScoreRow, write_rows


def main() -> None:
    """Score one method on one dataset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("method", help="a block under `methods` in params.yaml")
    arguments = parser.parse_args()
    pack = Pack(layout.pack(arguments.dataset, "val"))
    archive = Archive(layout.archive(arguments.dataset, arguments.method))
    check_complete([entry.id for entry in pack.index], archive)
    bar = tqdm(pack.index, f"scoring {arguments.method}", delay=2, mininterval=1, unit="photo")
    rows = [score(arguments.dataset, arguments.method, entry, pack.original(entry), archive[entry.id]) for entry in bar]
    write_rows(layout.scores(arguments.dataset, arguments.method), ScoreRow, sorted(rows, key=lambda row: row.id))


def score(dataset: str, method: str, entry: PackedPhotograph, original: np.ndarray, picture: np.ndarray) -> ScoreRow:
    """All pixel metrics of one colorization; both pictures (H, W, 3) uint8 sRGB."""
    if picture.shape != original.shape:
        raise UserError(f"{method}'s picture of {entry.id} is {picture.shape}, but the photograph is {original.shape}.")
    rgb_original, rgb_picture = (torch.from_numpy(array.copy()).permute(2, 0, 1) for array in (original, picture))
    ab_original, ab_picture = (color.rgb_to_lab(rgb)[1:] for rgb in (rgb_original, rgb_picture))
    mse_rgb = pixel.mse(rgb_original, rgb_picture)
    return ScoreRow(
        dataset,
        method,
        entry.id,
        entry.height,
        entry.width,
        entry.colorless,
        mse_rgb,
        pixel.psnr(mse_rgb),
        pixel.psnr(pixel.mse(ab_original, ab_picture)),
        pixel.ssim(rgb_original, rgb_picture),
        pixel.colorfulness(picture),
    )


if __name__ == "__main__":
    run_stage(main)
