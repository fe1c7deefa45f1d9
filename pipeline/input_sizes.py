"""Stage: colorize a dataset's validation photographs with inputs of several sizes (the paper's Figure 1).

    python -m pipeline.input_sizes scenes

Reads `results/data/<dataset>/val` and the weights of each model under `sizes` in params.yaml. Writes the folders
`results/sizes/<dataset>/<model>/`, for each side in pixels of the square that the network sees: `<side>.zip`, one
lossless PNG a photograph at its own size (bilinear chroma); `<side>.csv`, one `BleedingRow` a photograph, by id; and
`<side>.colors.npy`, the counts of colours that distances are computed from. Chooses nothing: `reports` does.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from pipeline.colorize import BATCH, PackedPhotos
from pipeline.methods.colorizer import Bilinear, predict_chroma, upsample_and_compose
from pipeline.metrics import confusion
from pipeline.networks.contract import Trainable
from pipeline.networks.weights import load_weights
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive, write_archive
from pipeline.records.rows import BleedingRow, write_rows
from pipeline.runtime.device import choose_device
from pipeline.scoring.defects import PLACES, Truth, bleeding, lab_of, write_array
from pipeline.settings import paths
from pipeline.settings.errors import run_stage
from pipeline.settings.files import whole_folder
from pipeline.settings.inputs import inputs_unchanged
from pipeline.settings.masks import left_out
from pipeline.settings.params import load_params
from pipeline.training.job import Job

SHARES = (176 / 224, 1.0, 300 / 224)  # of the side that the network was trained on: Figure 1 shows 176, 224 and 300
STEP = 4  # pixels, to which sides are rounded at least: the trunk answers at a quarter of its input


def main() -> None:
    """Colorize one dataset with each network at every size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; by default a GPU if there is one")
    arguments = parser.parse_args()
    device, pack = choose_device(arguments.device), Pack(paths.pack(arguments.dataset, "val"))
    params = load_params()
    params = left_out(params, pack.classes).removed_from(params)
    paths.sizes(arguments.dataset, "").mkdir(parents=True, exist_ok=True)
    models = paths.trained(arguments.dataset, "*").parent
    with inputs_unchanged(["pipeline.input_sizes"], ["sizes"], [pack.folder, models]):
        for model in params.sizes:
            if model in params.models:
                Job(params, arguments.dataset, model).check_weights()
            run(arguments.dataset, model, device)


def run(dataset: str, model: str, device: torch.device) -> None:
    """Colorize with one network at every size."""
    network, about = load_weights(paths.weights(dataset, model), device)
    pack = Pack(paths.pack(dataset, "val"))
    tried = sides(about.size, max(STEP, network.multiple))
    with whole_folder(paths.sizes(dataset, model)) as folder:
        for side in tried:
            bar = tqdm(total=len(pack.index), desc=f"{model} at {side} px", delay=2, mininterval=1, unit="photo")
            with bar:
                write_archive(folder / f"{side}.zip", pictures(pack, network, side, device, bar))
        examine(dataset, model, pack, {side: folder / f"{side}.zip" for side in tried})


def sides(trained: int, step: int = STEP) -> list[int]:
    """The sides in pixels that a network trained on squares of `trained` pixels is tried at, the smallest first.

    Multiples of `step`: `trained` itself, and one below, if there is one, and above it.
    """
    smaller, _, larger = (round(share * trained / step) * step for share in SHARES)
    smaller = max(step, min(smaller, trained - step))
    return sorted({smaller, trained, max(larger, trained + step)})


def pictures(
    pack: Pack, network: Trainable, side: int, device: torch.device, bar: "tqdm[Any]"
) -> Iterator[tuple[str, np.ndarray]]:
    """Each photograph's id and colorization with inputs of one size."""
    photos, upsampling = PackedPhotos(pack, range(len(pack.index))), Bilinear()
    for start in range(0, len(photos.ids), BATCH):
        numbers = range(start, min(start + BATCH, len(photos.ids)))
        lightness = [photos[number].lightness for number in numbers]
        chroma = predict_chroma(network, (side, side), lightness, device)
        for number, own, ab in zip(numbers, lightness, chroma.cpu(), strict=True):
            yield photos.ids[number], upsample_and_compose(own, ab, upsampling)
            bar.update()


def examine(dataset: str, model: str, pack: Pack, files: Mapping[int, Path]) -> None:
    """Measure the bleeding and count the colours of the pictures of every side, and write both beside them."""
    archives = {side: Archive(file) for side, file in files.items()}
    rows: dict[int, list[BleedingRow]] = {side: [] for side in files}
    colors = {side: [np.zeros(0, confusion.COLORS)] for side in files}
    entries = sorted(pack.index, key=lambda entry: entry.id)
    for number, entry in enumerate(tqdm(entries, f"examining {model}", delay=2, mininterval=1, unit="photo")):
        truth = Truth.of(pack, entry)
        for side, archive in archives.items():
            lab = lab_of(archive[entry.id])
            rows[side].append(bleeding(dataset, f"{model} at {side}", truth, lab))
            if truth.counts is not None:
                colors[side].append(confusion.color_lines(number, truth.counts, truth.count(lab), PLACES))
    for side, file in files.items():
        write_rows(file.with_suffix(".csv"), BleedingRow, rows[side])
        write_array(file.with_suffix(".colors.npy"), np.concatenate(colors[side]))


if __name__ == "__main__":
    run_stage(main)
