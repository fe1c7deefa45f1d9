"""Stands for InstColorization's first program: it leaves boxes, here none, beside the folder of photographs."""

import argparse
import os
from pathlib import Path

import numpy as np
from stand_in import read

parser = argparse.ArgumentParser()
parser.add_argument("--test_img_dir", default="example")
parser.add_argument("--filter_no_obj", action="store_true")
arguments = parser.parse_args()
assert not arguments.filter_no_obj, "photographs without boxes would be deleted"
boxes = Path(f"{arguments.test_img_dir}_bbox")
boxes.mkdir(exist_ok=True)
for name in os.listdir(arguments.test_img_dir):  # noqa: PTH208 (as the original does)
    read(Path(arguments.test_img_dir) / name)
    np.savez(boxes / name.split(".")[0], bbox=np.zeros((0, 4)), scores=np.zeros(0))
