"""Measure finished pictures: folders or zips of colorizations beside the folder of their photographs.

    huebench score originals/ mine/ theirs/
    huebench score originals/ mine.zip theirs/ --out scores/
    huebench score gray/ mine/ theirs/ --no-reference
    huebench score originals/ mine/ theirs/ --protocol ct2
    huebench score originals/ mine/ theirs/ --spread --out scores/
    torchrun --nproc-per-node 8 -m huebench.score_folders originals/ mine/ theirs/ --out scores/

Each folder is one method and is called by its name. A picture is its photograph's if it has the same name, whatever its
suffix and however deep it lies; name@1.png, name@2.png ... are several answers for one photograph. What is missing,
damaged, turned, of another size or of no photograph is named and left out. Prints one table: the mean over photographs
of every measure with its 95 % interval; and for two or more methods their differences on the same photographs.

--out writes per_image.csv (a row a picture), the tables as CSV, Markdown and LaTeX, scores.json, and index.html, a page
with the pictures. A run that is killed goes on where it was when the same command is given again.
"""

import argparse
from pathlib import Path

from pipeline.settings.errors import run_stage


def main() -> None:
    """Score folders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("originals", type=Path, help="the photographs: a folder or zip")
    parser.add_argument("pictures", type=Path, nargs="+", help="what methods made of them: a folder or zip for each")
    parser.add_argument(
        "--no-reference", action="store_true", help="the photographs are grey: nothing has true colours"
    )
    parser.add_argument(
        "--protocol",
        default="huebench",
        metavar="NAME",
        help="measure as a paper does; `huebench protocols` lists them",
    )
    parser.add_argument(
        "--spread", action="store_true", help="also measure by every other protocol, and name what that turns round"
    )
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="other photographs, for the FID of such a protocol")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="MEASURE",
        help="dists, lpips_vgg or lpips_squeeze, which take long",
    )
    parser.add_argument(
        "--masks", type=Path, help="class masks as PNG, of the photographs' names: adds edge bleeding and confusion"
    )
    parser.add_argument(
        "--segmenter",
        type=Path,
        metavar="FILE",
        help="weights of a segmenter of `pipeline.train`: adds mIoU on the masks",
    )
    parser.add_argument(
        "--on-wrong-size", choices=("leave-out", "resize"), default="leave-out", help="pictures of another size"
    )
    parser.add_argument("--alexnet", metavar="FILE", help="AlexNet's weights, for LPIPS; else those of PyTorch's cache")
    parser.add_argument(
        "--weights", type=Path, metavar="FOLDER", help="the networks' files under their published names; else as above"
    )
    parser.add_argument("--out", type=Path, help="the folder to write everything to")
    arguments = parser.parse_args()
    from huebench.scoring import command  # with PyTorch, for which `--help` need not wait

    command.run(arguments)


if __name__ == "__main__":
    run_stage(main)
