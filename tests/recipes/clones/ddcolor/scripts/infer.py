"""Stands for DDColor's program: its options, its folders and its sizes."""

import argparse
import os
from pathlib import Path

from stand_in import read, tinted

parser = argparse.ArgumentParser()
model = parser.add_mutually_exclusive_group(required=True)
model.add_argument("--model_path")
model.add_argument("--model_name")
parser.add_argument("--input", default="assets/test_images")
parser.add_argument("--output", default="results")
parser.add_argument("--input_size", type=int, default=512)
parser.add_argument("--model_size", default="large", choices=["tiny", "large"])
arguments = parser.parse_args()
Path(arguments.model_path).read_bytes()
Path(arguments.output).mkdir(parents=True, exist_ok=True)
for name in os.listdir(arguments.input):  # noqa: PTH208 (as the original does)
    tinted(read(Path(arguments.input) / name)).save(Path(arguments.output) / name)
