"""Stage: make a dataset's files present and list its photographs with their digests.

    python -m pipeline.fetch scenes

Reads `data.<dataset>.source` of params.yaml; downloads into `.scratch/downloads` where `root` is null.
Writes `results/data/<dataset>/listing.csv`. When files under a `root` of your own have changed, run
`dvc repro -f fetch@NAME`.
"""

import argparse
import hashlib
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
    rows = [row for split in SPLITS for row in listed(source, split, root)]
    write_rows(paths.listing(dataset), ListedPhotograph, rows)
    print(f"{dataset}: " + ", ".join(f"{sum(row.split == split for row in rows)} {split}" for split in SPLITS))


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


def _digest(root: Path, file: Path | None) -> str:
    return "" if file is None else hashlib.sha256(read_file(root / file)).hexdigest()


if __name__ == "__main__":
    run_stage(main)
