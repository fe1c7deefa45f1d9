"""Stands for DISCO's program: its options, the folder that it changes to, its own folder and size of pictures."""

import argparse
import glob
import os
import sys
from pathlib import Path

from stand_in import read, tinted

os.chdir(sys.path[0])
parser = argparse.ArgumentParser()
parser.add_argument("--name", default="test")
parser.add_argument("--seed", type=int, default=130)
parser.add_argument("--data", default="../../../0DataZoo/Dataset_C/VOC2012/Val/target")
parser.add_argument("--checkpt", default="../../Saved/colorProb/checkpts/model_last.pth.tar")
parser.add_argument("--n_clusters", type=int, default=8)
for option in ("random_hint", "no_resize", "diverse"):
    parser.add_argument(f"--{option}", action="store_true")
arguments = parser.parse_args()
Path(arguments.checkpt).read_bytes()
root = Path("../..").resolve()
pictures = root / f"{arguments.name}-anchor{arguments.n_clusters}"
pictures.mkdir(parents=True, exist_ok=True)
for file in sorted(glob.glob(f"{arguments.data}/*.*")):  # noqa: PTH207 (as the original does)
    gray = read(file)
    picture = tinted(gray if arguments.no_resize else gray.resize((256, 256)))
    picture.save(pictures / f"{Path(file).stem}.png")
