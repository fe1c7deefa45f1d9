"""Stands for ColTran's program: its options, its three stages, and how they find the colours of the stage before.

The program pairs files by the order in which a file system lists two folders, which may depend on the order in which
they were filled. So the stand-in wants both filled in the order of names; its own pictures are not.
"""

import argparse
import runpy
import time
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


def listed(folder: Path) -> list[str]:
    """The names in a folder that was filled in their order, from the last on."""
    files = sorted(folder.iterdir())
    made = [file.stat().st_ctime_ns for file in files]
    assert made == sorted(made), f"{folder} may be listed in another order"
    return [file.name for file in reversed(files)]


files = listed(arguments.img_dir)
before = iter([] if name == "coltran_core" else listed(arguments.gen_data_dir))
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
    time.sleep(0.02)  # a file's time is no finer
