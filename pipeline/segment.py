"""Stage: segment every method's pictures, and count how many pixels are recognised.

    python -m pipeline.segment scenes small
    python -m pipeline.segment scenes small semantics_jbu
    torchrun --nproc-per-node 8 -m pipeline.segment voc2012 deeplab

The segmenter has learned from original colours (`pipeline.train`), so it says how natural a method's are to a machine:
the paper's Figure 3. Reads `results/data/<dataset>/val`, `results/colorized/<dataset>/<method>.zip` and
`results/segmenters/<dataset>/<segmenter>/weights.safetensors`. Writes to `results/segmented/<dataset>/<segmenter>/`
`<method>.csv`, one `SegmentationRow` a photograph and class, and `<method>.json`, a `SegmentationCard`. Methods whose
pictures have not changed are left alone, unless they are named.

It sees each picture at the resolution of its own training, and its logits are raised bilinearly to the
photograph's own size. Pictures are taken one at a time, so that none depends on another. A killed run resumes,
with any number of processes.
"""

import argparse
import hashlib
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from pipeline.color import cielab
from pipeline.metrics.segmentation import intersection_and_union, miou
from pipeline.networks.contract import Segmenter
from pipeline.networks.weights import WEIGHTS, About, load_segmenter
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive, check_complete
from pipeline.records.rows import PackedPhotograph, SegmentationCard, SegmentationRow, write_json, write_rows
from pipeline.runtime import distributed
from pipeline.runtime.device import choose_device
from pipeline.runtime.finished import Finished
from pipeline.runtime.resume import Unfinished, fingerprint
from pipeline.settings import paths
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.inputs import inputs_unchanged
from pipeline.settings.masks import reason
from pipeline.settings.params import Params, load_params
from pipeline.training.job import Job


def main() -> None:
    """Segment the pictures of one dataset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("segmenter", help="a block under `segmenters` in params.yaml")
    parser.add_argument("methods", nargs="*", help="blocks under `methods`: these again; else all that have changed")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; by default a GPU if there is one")
    arguments = parser.parse_args()
    params, dataset = load_params(), arguments.dataset
    params.dataset(dataset)
    params.segmenter(arguments.segmenter)
    device = choose_device(arguments.device)
    pictures, weights = paths.archive(dataset, "*").parent, paths.segmenter(dataset, arguments.segmenter)
    with inputs_unchanged(["pipeline.segment"], [], [pictures, weights]), distributed.together():
        run_all(params, dataset, arguments.segmenter, arguments.methods, device)


@dataclass(frozen=True)
class Trained:
    """A segmenter of params.yaml, ready to use."""

    name: str
    network: Segmenter
    about: About
    sha256: str
    device: torch.device

    @classmethod
    def load(cls, dataset: str, name: str, device: torch.device) -> "Trained":
        """Load its weights; raises `UserError` where they are missing or know other classes than the dataset has."""
        file = paths.segmenter(dataset, name) / WEIGHTS
        network, about = load_segmenter(file, device)
        if about.classes != Pack(paths.pack(dataset, "val")).classes:
            raise UserError(f"the segmenter {name} knows other classes than {dataset} has; `dvc repro` trains it anew.")
        return cls(name, network, about, hashlib.sha256(file.read_bytes()).hexdigest(), device)


def run_all(params: Params, dataset: str, segmenter: str, named: Sequence[str], device: torch.device) -> None:
    """Look at the pictures of the methods that are `named`, else of all whose pictures have changed."""
    path = paths.segmenter_left_out(dataset, segmenter)
    if not Pack(paths.pack(dataset, "val")).classes:
        if distributed.rank() == 0:
            write_json(path, {"reason": f"{segmenter} {reason(dataset)}"})
            print(f"{segmenter} {reason(dataset)}: nothing to recognise.")
        return
    if distributed.rank() == 0:
        path.unlink(missing_ok=True)
    methods, trained = params.chosen(named), Trained.load(dataset, segmenter, device)
    Job(params, dataset, segmenter).check_weights()
    finished = Finished(path.parent)
    if distributed.rank() == 0:
        finished.keep(params.methods)
    for method in methods:
        run(dataset, method, trained, None if named else finished)


def run(dataset: str, method: str, segmenter: Trained, unchanged: Finished | None = None) -> None:
    """Count on all processes, write on the first; not where the method stands in `unchanged`."""
    pack, name, device = Pack(paths.pack(dataset, "val")), segmenter.name, segmenter.device
    archive = Archive(paths.archive(dataset, method))
    check_complete([entry.id for entry in pack.index], archive)
    key = fingerprint(["pipeline.segment"], [pack.folder], archive, segmenter.sha256, device.type)
    files = [paths.segmented(dataset, name, method), paths.segmentation(dataset, name, method)]
    if unchanged is not None and unchanged.has(method, key, files):
        return
    unfinished = Unfinished(paths.unfinished("segment", dataset, f"{name}/{method}"), key, Counted)

    def counted(entry: PackedPhotograph) -> Counted:
        return Counted.of(entry.id, count(segmenter.network, pack, entry, archive[entry.id]))

    # One picture at a time: on a processor the network takes all cores. A GPU is fed by as many threads as decode.
    with ThreadPoolExecutor(1 if device.type == "cpu" else torch.get_num_threads()) as pool:
        everyones = unfinished.work_through(pack.index, counted, pool)
    if distributed.rank() == 0:
        counts = {one.id: one.counts for one in everyones}
        rows = [row for id in counts for row in rows_of(dataset, name, method, id, counts[id])]
        write_rows(files[0], SegmentationRow, rows)
        card = card_of(dataset, method, segmenter, np.stack(list(counts.values())))
        write_json(files[1], asdict(card))
        Finished(files[0].parent).add(method, key, files)
        shown = "no labelled pixel" if card.miou is None else f"mIoU {100 * card.miou:.1f} %"
        print(f"{method} on {dataset}, seen by {name}: {shown}, {card.photographs} photographs")
        unfinished.discard()


@dataclass(frozen=True)
class Counted:
    """One photograph's (2, classes) intersections and unions, as numbers with spaces between them."""

    id: str
    intersections: str
    unions: str

    @classmethod
    def of(cls, id: str, counts: np.ndarray) -> "Counted":
        """The row of (2, classes) counts."""
        return cls(id, *(" ".join(map(str, row)) for row in counts.tolist()))

    @property
    def counts(self) -> np.ndarray:
        """(2, classes) int64."""
        return np.array([row.split() for row in (self.intersections, self.unions)], np.int64)


def count(network: Segmenter, pack: Pack, entry: PackedPhotograph, picture: np.ndarray) -> np.ndarray:
    """(2, classes) int64 intersections and unions of one picture (H, W, 3) uint8 sRGB."""
    mask = pack.original_mask(entry)
    if mask is None:
        raise UserError(f"{entry.id} in {pack.folder} has no mask to compare with; `dvc repro -f pack` packs it anew.")
    if picture.shape[:2] != mask.shape:
        raise UserError(f"the picture of {entry.id} is {picture.shape[:2]}, but its mask is {mask.shape}.")
    return np.stack(intersection_and_union(predict(network, picture), mask, len(pack.classes)))


@torch.inference_mode()
def predict(network: Segmenter, picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 sRGB -> (H, W) uint8 class indices, resized to the network and back as `pipeline.pack` resizes.

    Without autocast: a pixel between two classes must not turn on bfloat16.
    """
    height, width = picture.shape[:2]
    down, across = network.sides(height, width)
    seen = np.array(Image.fromarray(picture).resize((across, down), Image.Resampling.BICUBIC))
    device = next(network.parameters()).device
    rgb = cielab.to_float(torch.from_numpy(seen).permute(2, 0, 1)[None].to(device))
    logits = F.interpolate(network.logits(rgb).float(), (height, width), mode="bilinear")
    return logits[0].argmax(dim=0).to(torch.uint8).cpu().numpy()


def rows_of(dataset: str, segmenter: str, method: str, id: str, counts: np.ndarray) -> list[SegmentationRow]:
    """The classes of one photograph that are there or were found, from (2, classes) counts."""
    labels = np.flatnonzero(counts[1]).tolist()
    return [
        SegmentationRow(dataset, segmenter, method, id, at, int(counts[0, at]), int(counts[1, at])) for at in labels
    ]


def card_of(dataset: str, method: str, segmenter: Trained, counts: np.ndarray) -> SegmentationCard:
    """What a reader must know, with the mIoU of (photographs, 2, classes) counts."""
    network, about = segmenter.network, segmenter.about
    value = miou(counts[:, 0], counts[:, 1])
    square = network.sides(1, 1) == network.sides(1, 2)
    return SegmentationCard(
        dataset=dataset,
        segmenter=segmenter.name,
        method=method,
        miou=None if math.isnan(value) else round(value, 6),
        photographs=len(counts),
        unlabelled=int((counts[:, 1].sum(axis=1) == 0).sum()),
        classes=tuple(about.classes),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        weights=about.origin,
        weights_sha256=segmenter.sha256,
        training_data=about.training_data,
        resolution=f"{about.size} x {about.size}, stretched" if square else "its own shape, resized",
        differences=tuple(about.differences),
    )


if __name__ == "__main__":
    run_stage(main)
