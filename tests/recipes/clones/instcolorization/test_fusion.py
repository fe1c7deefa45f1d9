"""Stands for InstColorization's second program: its options, the boxes that it reads, the size of its pictures."""

import argparse
import os
from pathlib import Path

import numpy as np
from stand_in import read, tinted

parser = argparse.ArgumentParser()
parser.add_argument("--name", default="test_fusion")
parser.add_argument("--model", default="fusion")
parser.add_argument("--sample_p", type=float, default=1.0)
parser.add_argument("--fineSize", type=int, default=256)
parser.add_argument("--test_img_dir", default="example")
parser.add_argument("--results_img_dir", type=Path, default=Path("results"))
arguments = parser.parse_args()
assert arguments.model == "fusion" and arguments.sample_p == 1.0, "1.0 means no hints"
for part in ("GF", "G", "GComp"):
    Path(f"checkpoints/coco_finetuned_mask_256_ffs/latest_net_{part}.pth").read_bytes()
arguments.results_img_dir.mkdir(parents=True, exist_ok=True)
for name in os.listdir(arguments.test_img_dir):  # noqa: PTH208 (as the original does)
    stem = name.split(".")[0]
    with np.load(f"{arguments.test_img_dir}_bbox/{stem}.npz") as boxes:
        assert {"bbox", "scores"} <= set(boxes)
    gray = read(Path(arguments.test_img_dir) / name).resize((arguments.fineSize,) * 2)
    tinted(gray).save(arguments.results_img_dir / f"{stem}.png")
