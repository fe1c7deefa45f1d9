"""Stage: colorize a dataset's validation photographs with inputs of several sizes (the paper's Figure 1).

    python -m pipeline.input_sizes scenes

Reads `results/data/<dataset>/val` and the weights of each model under `sizes` in params.yaml. Writes the folders
`results/sizes/<dataset>/<model>/`, for each side in pixels of the square that the network sees: `<side>.zip`, one
lossless PNG a photograph at its own size (bilinear chroma); `<side>.csv`, one `BleedingRow` a photograph, by id; and
`<side>.colors.npy`, the counts of colours that distances are computed from. Chooses nothing: `reports` does.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.colorize import BATCH, PackedPhotos
from pipeline.methods.colorizer import Bilinear, predict_chroma, upsample_and_compose
from pipeline.metrics import confusion
from pipeline.networks.contract import Trainable
from pipeline.networks.weights import load_weights
from pipeline.packs.pack import Pack
from pipeline.records.archive import write_archive
from pipeline.records.rows import BleedingRow, write_rows
from pipeline.runtime.device import choose_device
from pipeline.scoring.defects import PLACES, bleeding, count, lab_of, write_array
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
    with whole_folder(paths.sizes(dataset, model)) as folder:
        for side in sides(about.size, max(STEP, network.multiple)):
            Seen(dataset, f"{model} at {side}", pack, network, side, device).write(folder)


def sides(trained: int, step: int = STEP) -> list[int]:
    """The sides in pixels that a network trained on squares of `trained` pixels is tried at, the smallest first.

    Multiples of `step`: `trained` itself, and one below, if there is one, and above it.
    """
    smaller, _, larger = (round(share * trained / step) * step for share in SHARES)
    smaller = max(step, min(smaller, trained - step))
    return sorted({smaller, trained, max(larger, trained + step)})


class Seen:
    """What one network makes of all photographs with inputs of one size."""

    def __init__(
        self, dataset: str, name: str, pack: Pack, network: Trainable, side: int, device: torch.device
    ) -> None:
        self.dataset, self.name, self.pack, self.network = dataset, name, pack, network
        self.side, self.device = side, device
        self.rows: list[BleedingRow] = []
        self.colors: dict[str, NDArray[Any]] = {}

    def write(self, folder: Path) -> None:
        """Write pictures, bleeding and colours."""
        write_archive(folder / f"{self.side}.zip", self.pictures())
        write_rows(folder / f"{self.side}.csv", BleedingRow, sorted(self.rows, key=lambda row: row.id))
        lines = [np.zeros(0, confusion.COLORS)]
        for number, id in enumerate(sorted(self.colors)):
            own = self.colors[id]
            own["photograph"] = number
            lines.append(own)
        write_array(folder / f"{self.side}.colors.npy", np.concatenate(lines))

    def pictures(self) -> Iterator[tuple[str, np.ndarray]]:
        """Each photograph's id and colorization, examined on the way."""
        photos, upsampling = PackedPhotos(self.pack, range(len(self.pack.index))), Bilinear()
        places = range(0, len(photos.ids), BATCH)
        for start in tqdm(places, f"{self.name} px", delay=2, mininterval=1, unit="batch"):
            numbers = range(start, min(start + BATCH, len(photos.ids)))
            lightness = [photos[number].lightness for number in numbers]
            chroma = predict_chroma(self.network, (self.side, self.side), lightness, self.device)
            for number, own, ab in zip(numbers, lightness, chroma.cpu(), strict=True):
                picture = upsample_and_compose(own, ab, upsampling)
                self.examine(number, picture)
                yield photos.ids[number], picture

    def examine(self, number: int, picture: np.ndarray) -> None:
        """Measure one picture's bleeding and count its colours."""
        entry = self.pack.index[number]
        original, lab, mask = lab_of(self.pack.original(entry)), lab_of(picture), self.pack.original_mask(entry)
        self.rows.append(bleeding(self.dataset, self.name, entry, original, lab, mask))
        if mask is not None:
            true, own = (count(one, mask, len(self.pack.classes)) for one in (original, lab))
            self.colors[entry.id] = confusion.color_lines(number, true, own, PLACES)


if __name__ == "__main__":
    run_stage(main)
