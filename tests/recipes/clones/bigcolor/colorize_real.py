"""Stands for BigColor's program: its options, its files, the names of its pictures and their format."""

import argparse
import os
from pathlib import Path

from stand_in import read, tinted

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=2)
parser.add_argument("--path_config", default="./pretrained/config.pickle")
parser.add_argument("--path_ckpt_g", default="./pretrained/G_ema_256.pth")
parser.add_argument("--path_ckpt", default="./ckpts/baseline_1000")
parser.add_argument("--path_output", default="./results_real")
parser.add_argument("--path_input", default="./resource/real_grays")
for option in ("use_ema", "use_rgb", "no_upsample"):
    parser.add_argument(f"--{option}", action="store_true")
parser.add_argument("--device", default="cuda:0")
parser.add_argument("--epoch", type=int, default=0)
parser.add_argument("--type_resize", default="absolute", choices=["absolute", "original", "square", "patch", "powerof"])
parser.add_argument("--size_target", type=int, default=256)
parser.add_argument("--topk", type=int, default=5)
arguments = parser.parse_args()
assert arguments.use_ema and not arguments.use_rgb and not arguments.no_upsample and arguments.type_resize == "powerof"
checkpoints = (f"EG_{arguments.epoch:03d}.ckpt", f"EG_EMA_{arguments.epoch:03d}.ckpt", "args.pkl")
files = [Path(arguments.path_ckpt) / name for name in checkpoints]
for file in (*files, Path(arguments.path_config), Path(arguments.path_ckpt_g)):
    file.read_bytes()
Path(arguments.path_output).mkdir()
for name in os.listdir(arguments.path_input):  # noqa: PTH208 (as the original does)
    for kind in (817, 7, 444, 3, 21)[: arguments.topk]:  # classes of ImageNet
        picture = tinted(read(Path(arguments.path_input) / name))
        picture.save(Path(arguments.path_output) / f"{name.split('.')[0]}_c{kind:03d}.jpg")
