"""Stands for iColoriT's program: its options, its files of hints, its size, and the PSNR that it ends with."""

import argparse
import os
from pathlib import Path

from stand_in import read, tinted

parser = argparse.ArgumentParser(add_help=False)
parser.add_argument("--model_path", default="checkpoint.pth")
parser.add_argument("--val_data_path", type=Path, default=Path("data/val/images"))
parser.add_argument("--val_hint_dir", type=Path, default=Path("data/hint"))
parser.add_argument("--pred_dir", type=Path)
parser.add_argument("--input_size", type=int, default=224)
parser.add_argument("--model", default="icolorit_base_4ch_patch16_224")
parser.add_argument("--device", default="cuda")
parser.add_argument("--hint_size", type=int, default=2)
parser.add_argument("--val_hint_list", default=[0, 1, 2, 5, 10, 20, 50, 100, 200], nargs="+")
arguments = parser.parse_args()
Path(arguments.model_path).read_bytes()
names = sorted(os.listdir(arguments.val_data_path / "imgs"))  # noqa: PTH208 (as the original does)
psnr = {}
for count in map(int, arguments.val_hint_list):
    hints = arguments.val_hint_dir / f"h{arguments.hint_size}-n{count}"
    pictures = arguments.pred_dir / f"h{arguments.hint_size}-n{count}"
    pictures.mkdir(parents=True, exist_ok=True)
    assert sorted(file.stem for file in hints.glob("*.txt")) == [Path(name).stem for name in names]
    for name in names:
        assert (hints / f"{Path(name).stem}.txt").read_text() == "", "grey colours given as hints"
        gray = read(arguments.val_data_path / "imgs" / name).resize((arguments.input_size,) * 2)
        tinted(gray).save(pictures / f"{Path(name).stem}.png")
    psnr[count] = 20.0
print(f"PSNR 10: {psnr[10]}")
