"""Measure pictures that people have rated: every measure of single pictures, for `reports.court`.

    python -m pipeline.score_rated pairs.csv scores.csv

pairs.csv has the columns original and picture: paths of two pictures of one size, a row for each. scores.csv has a row
of measures for each of them, in the same order. It is written whole or not at all.
"""

import argparse
from pathlib import Path

import numpy as np

from pipeline.metrics import edges, pixel
from pipeline.metrics.color_structure import color_structure_error
from pipeline.metrics.ms_ssim import ms_ssim_ab
from pipeline.packs.decode import decode_image
from pipeline.records.rated import Pair, RatedScores
from pipeline.records.rows import read_rows, write_rows
from pipeline.runtime.threads import Prefetch, cores, single_threaded
from pipeline.scoring.pixels import Picture
from pipeline.settings.errors import UserError, run_stage


def main() -> None:
    """Measure all pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, help="CSV with the columns original and picture")
    parser.add_argument("scores", type=Path, help="CSV to write")
    arguments = parser.parse_args()
    pairs = read_rows(arguments.pairs, Pair)
    with single_threaded(cores()) as pool:
        rows = list(Prefetch(pool, 2 * cores()).in_order(measure, pairs))
    write_rows(arguments.scores, RatedScores, rows)


def measure(pair: Pair) -> RatedScores:
    """Read and measure one pair; raises `UserError` for pictures that cannot be read or differ in size."""
    original, picture = read(pair.original), read(pair.picture)
    if original.shape != picture.shape:
        sizes = [f"{rgb.shape[1]} x {rgb.shape[0]}" for rgb in (picture, original)]
        raise UserError(f"{pair.picture} has {sizes[0]} pixels, but {pair.original} has {sizes[1]}.")
    return scores(original, picture)


def read(path: str) -> np.ndarray:
    """(H, W, 3) uint8 sRGB of a file."""
    try:
        return decode_image(Path(path).read_bytes(), path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


def scores(original: np.ndarray, picture: np.ndarray) -> RatedScores:
    """All measures of one picture, (H, W, 3) uint8 sRGB like its original."""
    true, own = Picture.of(original), Picture.of(picture)
    signed, absolute = pixel.both_colorfulnesses(picture)
    ab = own.lab[1:].numpy()
    return RatedScores(
        **true.differences(own),
        ms_ssim_ab=ms_ssim_ab(true.lab[1:], own.lab[1:]),
        color_structure_error=color_structure_error(true.lab, own.lab).item(),
        auc=true.accuracy(own).mean().item(),
        colorfulness=signed,
        colorfulness_absolute=absolute,
        colorfulness_gap=abs(signed - pixel.colorfulness(original)),
        chroma=own.chroma(),
        lightness_change=true.lightness_change(own),
        bleeding_flat=edges.flat_share(ab, edges.flat_region(true.lab.numpy())),
    )


if __name__ == "__main__":
    run_stage(main)
