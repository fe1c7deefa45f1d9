"""What the units of JBU's sigmas do: the paper prints sigma_s = 3 and sigma_r = 15 and no units.

    python -m bench.jbu_units voc2012

Takes the original chroma of each validation photograph, averaged down to a network's resolution (a perfect network's
answer), upsamples it under every reading, and prints the mean PSNR as a Markdown table.
"""

import argparse
from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from pipeline.color import cielab
from pipeline.color.compose import compose
from pipeline.methods.colorizer import make_upsampling
from pipeline.methods.method import Photo
from pipeline.metrics.pixel import mse, psnr
from pipeline.packs.pack import Pack
from pipeline.settings import paths
from pipeline.settings.errors import run_stage

SPATIAL: dict[str, dict[str, Any]] = {
    "3 low-resolution pixels": {"sigma_s_lowres_px": 3},
    "1 low-resolution pixel": {"sigma_s_lowres_px": 1},
    "0.5 low-resolution pixels": {"sigma_s_lowres_px": 0.5},
    "3 full-resolution pixels": {"sigma_s_fullres_px": 3},
    "3 full-resolution pixels, after bilinear (equation 4)": {"sigma_s_fullres_px": 3, "after_bilinear": True},
}
RANGE: dict[str, dict[str, Any]] = {"15 of 255": {"sigma_r_255": 15}, "15 of 100": {"sigma_r_lightness": 15}}
READINGS = {(s, r): {**SPATIAL[s], **RANGE[r]} for s in SPATIAL for r in RANGE}


def main() -> None:
    """Measure and print the table."""
    pack, side, photos = asked_for(__doc__.splitlines()[0])
    modules = {"bilinear": make_upsampling("bilinear")} | {key: make_upsampling(READINGS[key]) for key in READINGS}
    each = [psnr_of_each(photo, modules, side) for photo in photos]
    mean = {key: sum(values[key] for values in each) / len(each) for key in modules}
    print(
        f"{pack.summary['title']}, n = {len(each)} with colour, chroma at {side} x {side}; mean PSNR in dB over RGB.\n"
    )
    print("| sigma_s | " + " | ".join(f"sigma_r {name}" for name in RANGE) + " |\n| --- | ---: | ---: |")
    print(f"| bilinear | {mean['bilinear']:.2f} | |")
    for spatial in SPATIAL:
        values = [mean[spatial, name] for name in RANGE]
        print(f"| {spatial} | " + " | ".join(f"{v:.2f} ({v - mean['bilinear']:+.2f})" for v in values) + " |")


def asked_for(description: str) -> tuple[Pack, int, Iterable[Photo]]:
    """The pack and the side of the chroma from the command line, and the pack's coloured photographs with masks."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("dataset", help="a packed block under `data` in params.yaml")
    parser.add_argument("--side", type=int, default=56, help="of the chroma in pixels; the paper's is 56")
    arguments = parser.parse_args()
    pack = Pack(paths.pack(arguments.dataset, "val"))
    colored = [entry for entry in pack.index if not entry.colorless]
    photos = (Photo(entry.id, pack.original(entry), pack.original_mask(entry)) for entry in colored)
    return pack, arguments.side, tqdm(photos, "upsampling", len(colored), delay=2, mininterval=1, unit="photo")


@torch.inference_mode()
def psnr_of_each(photo: Photo, modules: dict[Any, nn.Module], side: int) -> dict[Any, float]:
    """The PSNR of the photograph recomposed from its own low-resolution chroma by each upsampling."""
    rgb = torch.from_numpy(photo.rgb).permute(2, 0, 1)
    chroma = F.interpolate(cielab.rgb_to_lab(rgb)[None, 1:], (side, side), mode="area")
    guidance = photo.lightness[None]
    made = {key: compose(photo.lightness, module(chroma, guidance)[0]) for key, module in modules.items()}
    return {key: psnr(mse(torch.from_numpy(photo.rgb), torch.from_numpy(picture))) for key, picture in made.items()}


if __name__ == "__main__":
    run_stage(main)
