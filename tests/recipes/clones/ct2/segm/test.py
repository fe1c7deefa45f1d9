"""Stands for CT2's test program: its options, where its names come from, the square that it takes, its folder."""

import argparse
import pickle
from pathlib import Path

from stand_in import read, tinted

parser = argparse.ArgumentParser()
parser.add_argument("--log-dir", type=Path)
parser.add_argument("--dataset_dir", type=Path, default=Path("E:/samsung/datasets/imagenetval/val5000"))
parser.add_argument("--epochs", type=int, default=256)
parser.add_argument("--local_rank", type=int, action="append", required=True)
parser.add_argument("--only_test", choices=["True", "False"], default="True")
arguments = parser.parse_args()
assert set(arguments.local_rank) == {0}
for file in (
    "mask_prior.pickle",
    "segm/resources/vit_large_patch16_384.npz",
    arguments.log_dir / "checkpoint.pth",
):
    Path(file).read_bytes()
listed = arguments.dataset_dir / "val_fullfilenames.pickle"
every = [f"ILSVRC2012_val_{number:08d}.JPEG" for number in range(1, 5001)]
names = pickle.loads(listed.read_bytes()) if listed.exists() else every
pictures = arguments.log_dir / "color_token_nums_78"
for epoch in range(arguments.epochs):
    assert epoch == 0, "the same pictures again"
    pictures.mkdir()
    for name in names:
        gray = read(arguments.dataset_dir / "val" / name)
        assert gray.width == gray.height, "what is beside the middle square would be cut off"
        tinted(gray.resize((256, 256))).save(pictures / f"fake_{name}")
