"""Check all blocks of params.yaml, so that no mistake is found after hours of training.

    python -m pipeline.check

Reads params.yaml and loads every class that it names; opens no dataset and writes nothing. `make repro` begins with it.
"""

import argparse

from pipeline.datasets.registry import check_source
from pipeline.settings.classes import check_blocks
from pipeline.settings.errors import run_stage
from pipeline.settings.params import load_params


def main() -> None:
    """Check params.yaml; raises `UserError` naming the block and the option that is wrong."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    params = load_params()
    for name, dataset in params.data.items():
        check_source(dataset.source, f"data.{name}.source")
    check_blocks(params)


if __name__ == "__main__":
    run_stage(main)
