"""Check all blocks of params.yaml, so that no mistake is found after hours of training.

    python -m pipeline.check

Reads params.yaml and loads every class that it names; opens no dataset and writes nothing. `make repro` begins with it.
"""

import argparse
from typing import cast

from pipeline.datasets.registry import check_source
from pipeline.settings.classes import check_blocks
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.params import PARAMS_FILE, load_params
from pipeline.settings.yaml_file import read_yaml

# A stage that is run by hand does without these, but DVC does not.
NEEDED = {"segmenters": "{}", "kinds": "{}", "published": "{}", "weights": "{}", "sizes": "[]"}


def main() -> None:
    """Check params.yaml; raises `UserError` naming the block and the option that is wrong."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    content, params = cast(dict[str, object], read_yaml(PARAMS_FILE, "")), load_params()
    for key, nothing in NEEDED.items():
        if key not in content:
            raise UserError(f"{PARAMS_FILE}: {key} is missing, which dvc.yaml asks for; write `{key}: {nothing}`.")
    for name, dataset in params.data.items():
        check_source(dataset.source, f"data.{name}.source")
    check_blocks(params)


if __name__ == "__main__":
    run_stage(main)
