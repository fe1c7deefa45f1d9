"""Stage: convert weights that a paper's authors published into a model like those that are trained here.

    python -m baselines.convert scenes zhang_published

Reads the block `published.<model>` of params.yaml and the file that it names.
Writes `results/published/<dataset>/<model>/`: weights.safetensors and manifest.json.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

from baselines.published.states import Weights
from pipeline.networks.contract import Setup, Trainable
from pipeline.networks.published_file import check_digest
from pipeline.networks.pytorch_file import fill
from pipeline.networks.weights import About, save_weights
from pipeline.records.rows import write_json
from pipeline.settings import paths, provenance
from pipeline.settings.classes import load_class, make
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import whole_folder
from pipeline.settings.params import load_params


def main() -> None:
    """Convert one file of weights for one dataset's methods."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("model", help="a block under `published` in params.yaml")
    arguments = parser.parse_args()
    params = load_params()
    params.dataset(arguments.dataset)
    where = f"published.{arguments.model}"
    block = dict(params.published_model(arguments.model))
    try:
        reader, file = block.pop("reader"), Path(block.pop("file"))
    except KeyError as missing:
        raise UserError(f"{where}: the key {missing} is missing.") from None
    digest = check_digest(file, block.pop("sha256", None))
    weights: Weights = load_class(reader, where)(file)
    block |= weights.options
    classes = tuple(f"class {index}" for index in range(weights.classes))
    network: Trainable = make(block, where, Setup(1.0, classes, weights.size))
    fill(network, weights.state, file)
    origin = f"published by its authors: {file.name}, SHA-256 {digest[:12]}"
    about = About(
        model=block,
        width=1.0,
        size=weights.size,
        classes=list(classes),
        key=digest,
        origin=origin,
        training_data=weights.trained_on,
        differences=list(weights.differences),
    )
    write_result(paths.converted(arguments.dataset, arguments.model), network, about, file, digest)


def write_result(folder: Path, network: Trainable, about: About, file: Path, digest: str) -> None:
    """Write the converted weights and their origin."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    manifest: dict[str, Any] = {
        "model": folder.name,
        "parameters": parameters,
        "megabytes": parameters * 4 / 1e6,
        "origin": about.origin,
        "source": {"file": file.name, "bytes": file.stat().st_size, "sha256": digest},
        "provenance": provenance.describe(),
    }
    with whole_folder(folder) as whole:
        save_weights(network, whole / "weights.safetensors", about)
        write_json(whole / "manifest.json", manifest)
    print(f"{folder.name}: {parameters:,} parameters from {file.name}, SHA-256 {digest}")


if __name__ == "__main__":
    with torch.inference_mode():
        run_stage(main)
