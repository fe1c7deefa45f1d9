"""Stage: make a dataset's files present and list its photographs with their digests.

    python -m pipeline.fetch scenes

Reads `data.<dataset>.source` of params.yaml; downloads into `.scratch/downloads` where `root` is null.
Writes `results/data/<dataset>/listing.csv`. When files under a `root` of your own have changed, run
`dvc repro -f fetch@NAME`.
"""

import argparse
import hashlib
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from pipeline.datasets.listing import read_file
from pipeline.datasets.registry import open_source
from pipeline.datasets.source import SPLITS, Source
from pipeline.records.rows import ListedPhotograph, write_rows
from pipeline.settings import paths
from pipeline.settings.classes import check_blocks
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.inputs import inputs_unchanged
from pipeline.settings.params import load_params

SHOWN = 3


def main() -> None:
    """List one dataset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    dataset = parser.parse_args().dataset
    with inputs_unchanged(["pipeline.fetch"], [f"data.{dataset}.source"]):
        run(dataset)


def run(dataset: str) -> None:
    """List both splits."""
    params = load_params()
    block = params.dataset(dataset).source
    check_blocks(params)
    source = open_source(block, f"data.{dataset}.source")
    root = Path(getattr(source, "root", "."))
    rows, copies = held_out([row for split in SPLITS for row in listed(source, split, root)])
    write_rows(paths.listing(dataset), ListedPhotograph, rows)
    print(f"{dataset}: " + ", ".join(f"{sum(row.split == split for row in rows)} {split}" for split in SPLITS))
    for line in [*source.left_out(), *copies]:
        print(f"  {line}")


def listed(source: Source, split: str, root: Path) -> list[ListedPhotograph]:
    """List the photographs of one split; raises `UserError` if there are none or a file is missing."""
    photographs = source.photographs(split)
    if not photographs:
        raise UserError(f"the split {split!r} has no photographs.")
    return [
        ListedPhotograph(
            split,
            photograph.id,
            str(photograph.image or ""),
            str(photograph.mask or ""),
            _digest(root, photograph.image),
            _digest(root, photograph.mask),
        )
        for photograph in tqdm(photographs, f"listing {split}", delay=2, mininterval=1, unit="photo")
    ]


def held_out(rows: list[ListedPhotograph]) -> tuple[list[ListedPhotograph], list[str]]:
    """The rows without those of train whose pictures are also in val, byte for byte; and what to say of copies.

    Raises `UserError` for an id in both splits, and if nothing is left to train on.
    """
    names = {split: {row.id for row in rows if row.split == split} for split in SPLITS}
    if both := sorted(names["train"] & names["val"]):
        raise UserError(
            f"{len(both)} photographs are in both splits, {both[0]!r} is the first; a score on them would be "
            "meaningless. Take them off one of the lists."
        )
    val = {row.image_sha256 for row in rows if row.split == "val"} - {""}
    copies = [row.id for row in rows if row.split == "train" and row.image_sha256 in val]
    kept = [row for row in rows if row.split == "val" or row.image_sha256 not in val]
    if not any(row.split == "train" for row in kept):
        raise UserError("every photograph of the split 'train' is a copy of one in 'val'; nothing is left to learn.")
    said = [f"left out of train: {len(copies)} that equal one of val byte for byte: {_some(copies)}"] if copies else []
    counts = Counter((row.split, row.image_sha256) for row in kept if row.image_sha256)
    if more := sum(count - 1 for count in counts.values()):
        said.append(f"{more} photographs equal another of their split byte for byte; the split lists name them.")
    return kept, said


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")


def _digest(root: Path, file: Path | None) -> str:
    return "" if file is None else hashlib.sha256(read_file(root / file)).hexdigest()


if __name__ == "__main__":
    run_stage(main)
