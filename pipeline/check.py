"""Check all blocks of params.yaml, so that no mistake is found after hours of training.

    python -m pipeline.check

Reads params.yaml and loads every class that it names; opens no dataset. `make repro` begins with it. Writes
`.scratch/checked`, so that the same params and code need not be checked again: that takes seconds, most of them for
loading PyTorch.
"""

import argparse
import hashlib
from pathlib import Path
from typing import cast

from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import write_whole
from pipeline.settings.params import PARAMS_FILE, load_params
from pipeline.settings.provenance import ROOT
from pipeline.settings.yaml_file import read_yaml

CHECKED = Path(".scratch/checked")
# A stage that is run by hand does without these, but DVC does not.
NEEDED = {"segmenters": "{}", "kinds": "{}", "published": "{}", "weights": "{}", "sizes": "[]"}


def main() -> None:
    """Check params.yaml; raises `UserError` naming the block and the option that is wrong."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    now = state()
    if not CHECKED.exists() or CHECKED.read_text(encoding="utf-8") != now:
        check()
        write_whole(CHECKED, now)


def state() -> str:
    """A digest of params.yaml and of the names, sizes and times of our own code; stages look at what is elsewhere."""
    digest = hashlib.sha256(PARAMS_FILE.read_bytes() if PARAMS_FILE.exists() else b"")
    for file in sorted(file for room in ("baselines", "pipeline") for file in (ROOT / room).rglob("*.py")):
        digest.update(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def check() -> None:
    """Check the whole of params.yaml and every class that it names."""
    from pipeline.datasets.registry import check_source  # these load PyTorch
    from pipeline.settings.classes import check_blocks

    content, params = cast(dict[str, object], read_yaml(PARAMS_FILE, "")), load_params()
    for key, nothing in NEEDED.items():
        if key not in content:
            raise UserError(f"{PARAMS_FILE}: {key} is missing, which dvc.yaml asks for; write `{key}: {nothing}`.")
    for name, dataset in params.data.items():
        check_source(dataset.source, f"data.{name}.source")
    check_blocks(params)


if __name__ == "__main__":
    run_stage(main)
