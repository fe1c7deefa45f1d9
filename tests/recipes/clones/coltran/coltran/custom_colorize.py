"""Stands for ColTran's program: its options, its three stages, and how they find the colours of the stage before.

In the place of colours, a stage hands on the mean level of its photograph; the last refuses those of another one.
"""

import argparse
import os
import runpy
from pathlib import Path

from PIL import Image, ImageStat
from stand_in import read, tinted

parser = argparse.ArgumentParser()
parser.add_argument("--config", required=True)
parser.add_argument("--logdir", type=Path, default=Path("/tmp/svt"))
for option in ("img_dir", "store_dir", "gen_data_dir"):
    parser.add_argument(f"--{option}", type=Path)
parser.add_argument("--mode", choices=["colorize", "recolorize"], default="colorize")
parser.add_argument("--accelerator_type", choices=["CPU", "GPU", "TPU"], default="GPU")
parser.add_argument("--batch_size", type=int)
arguments = parser.parse_args()
assert arguments.mode == "colorize", "photographs are taken to be coloured"
(arguments.logdir / "checkpoint").read_bytes()
name = runpy.run_path(arguments.config)["NAME"]
stage = arguments.store_dir / {"coltran_core": "stage1", "color_upsampler": "stage2"}.get(name, "final")
stage.mkdir(parents=True, exist_ok=True)
files = os.listdir(arguments.img_dir)  # noqa: PTH208 (in no order, as the original does)
before = iter([] if name == "coltran_core" else os.listdir(arguments.gen_data_dir))  # noqa: PTH208
for file in files:
    gray = read(arguments.img_dir / file)
    assert gray.width == gray.height, "what is beside the middle square would be cut off"
    square = gray.resize((256, 256))
    level = round(ImageStat.Stat(square).mean[0])
    if name == "coltran_core":
        picture = Image.new("RGB", (64, 64), (level,) * 3)
    else:
        colors = Image.open(arguments.gen_data_dir / next(before)).convert("RGB")
        assert colors.size == (64, 64) and colors.getpixel((0, 0)) == (level,) * 3, "colours of another photograph"
        picture = tinted(square) if name == "spatial_upsampler" else colors
    picture.convert("RGBA").save(stage / file)
