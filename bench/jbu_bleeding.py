"""Does JBU lower edge bleeding? The originals' chroma at a network's resolution, upsampled in several ways.

    python -m bench.jbu_bleeding voc2012

Takes the original chroma of each validation photograph, averaged down as for `bench.jbu_units`, and prints
the means of `pipeline.metrics.edges` over photographs as a Markdown table.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from bench.jbu_units import SPATIAL, asked_for
from pipeline.color import cielab
from pipeline.color.compose import compose
from pipeline.methods.colorizer import make_upsampling
from pipeline.methods.method import Photo
from pipeline.metrics import edges
from pipeline.packs.masks import VOID
from pipeline.settings.errors import UserError, run_stage

COLUMNS = ("bleeding, flat", "bleeding, boundary", "contrast", "kept at 1", "kept at 3", "kept at 6", "kept at 9")


def main() -> None:
    """Measure and print the table."""
    pack, side, photos = asked_for(__doc__.splitlines()[0])
    modules = {"bilinear": make_upsampling("bilinear")}
    modules |= {f"JBU, sigma_s {name}": make_upsampling({**unit, "sigma_r_255": 15}) for name, unit in SPATIAL.items()}
    names = ["original", *modules]
    values = np.stack([bleeding_of_each(photo, modules, side) for photo in photos])  # (N, M, columns)
    lined = np.isfinite(values).all(axis=(1, 2))
    print(
        f"{pack.summary['title']}, chroma at {side} x {side}, n = {len(values)} photographs with"
        f" colour, of which {lined.sum()} have colour edges at true boundaries.\n"
    )
    print("| chroma | " + " | ".join(COLUMNS) + " | photographs with less bleeding than bilinear: flat, boundary |")
    print("| --- |" + " ---: |" * (len(COLUMNS) + 1))
    for name, mean, less in zip(
        names, np.nanmean(values, axis=0), better(values, names.index("bilinear")), strict=True
    ):
        cells = [f"{value:.3f}" for value in mean] + [f"{less[0]:.0%}, {less[1]:.0%}"]
        print(f"| {name} | " + " | ".join(cells) + " |")


@torch.inference_mode()
def bleeding_of_each(photo: Photo, modules: dict[str, nn.Module], side: int) -> NDArray[np.floating]:
    """(1 + modules, columns) for the original and for its own low-resolution chroma under each upsampling."""
    if photo.mask is None:
        raise UserError(f"{photo.id} has no mask, and so no true boundaries.")
    lab = _lab(photo.rgb)
    flat, lines = edges.flat_region(lab), edges.transects(photo.mask, lab[1:], VOID)
    true = lines.contrast(lab[1:])
    chroma = F.interpolate(torch.from_numpy(lab)[None, 1:], (side, side), mode="area")
    guidance = photo.lightness[None]
    pictures = [lab] + [_lab(compose(photo.lightness, module(chroma, guidance)[0])) for module in modules.values()]
    return np.array(
        [_values(edges.flat_share(picture[1:], flat), edges.crossing(lines, true, picture[1:])) for picture in pictures]
    )


def better(values: NDArray[np.floating], than: int) -> NDArray[np.floating]:
    """The share of photographs on which each of M scores below the one at `than`: (N, M, columns) to (M, columns)."""
    difference = values - values[:, than : than + 1]
    return (difference < 0).sum(axis=0) / np.isfinite(difference).sum(axis=0)


def _values(flat: float, crossed: edges.Crossing) -> list[Any]:
    return [flat, crossed.bleeding, crossed.contrast, *(crossed.kept[distance - 1] for distance in (1, 3, 6, 9))]


def _lab(picture: NDArray[np.uint8]) -> NDArray[np.floating]:
    return cielab.rgb_to_lab(torch.from_numpy(picture.copy()).permute(2, 0, 1)).numpy()


if __name__ == "__main__":
    run_stage(main)
