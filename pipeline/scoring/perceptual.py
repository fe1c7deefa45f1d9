"""What pretrained networks make of one method's colorizations: LPIPS, recognition and FID.

The networks' weights are the files under `weights` in params.yaml, else those in PyTorch's cache, where
`python -m pipeline.score --download` puts them. A score without weights stays empty, and the summary says so. A killed
run resumes; FID's features are then computed anew.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from pipeline.metrics import backbones
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive, check_complete, check_shape
from pipeline.records.rows import PackedPhotograph, PerceptualRow, PerceptualSummary, write_json, write_rows
from pipeline.runtime import distributed
from pipeline.runtime.resume import Unfinished, fingerprint
from pipeline.settings import paths

if TYPE_CHECKING:
    from torch import Tensor

    from pipeline.metrics.perceptual import Inception, Lpips, Recognition

# Score -> the backbone that it needs.
NEEDS = {
    "lpips_alex": "alexnet",
    "lpips_vgg": "vgg16",
    "lpips_squeeze": "squeezenet1_1",
    "recognized": "vgg16",
    "fid": "inception",
}


def find_weights(given: Mapping[str, str]) -> dict[str, Path]:
    """The files of the scores that can be had; `given`: backbone -> file, from params.yaml."""
    found = {score: backbones.find(name, given) for score, name in NEEDS.items()}
    return {score: path for score, path in found.items() if path}


def describe(weights: Mapping[str, Path]) -> dict[str, str]:
    """Score -> the file and the digest of its network's weights."""
    return {score: backbones.describe(NEEDS[score], path) for score, path in weights.items()}


def run(dataset: str, method: str, weights: Mapping[str, Path], device: str | None) -> None:
    """Write a method's rows and summary; `weights`: the files of the scores that can be had."""
    pack, archive = Pack(paths.pack(dataset, "val")), Archive(paths.archive(dataset, method))
    check_complete([entry.id for entry in pack.index], archive)
    described = describe(weights)
    key = fingerprint(["pipeline.scoring.perceptual"], [pack.folder], archive, described)
    unfinished = Unfinished(paths.unfinished("perceptual", dataset, method), key, PerceptualRow)
    scorer = Scorer.of(dataset, method, Pictures(method, pack, archive), weights, device)
    with ThreadPoolExecutor(1) as pool:  # one network at a time: each takes all cores, or the GPU, by itself
        rows = unfinished.work_through(pack.index, scorer, pool)
    if distributed.rank() > 0:
        return
    missing = {score: backbones.missing(name) for score, name in NEEDS.items() if score not in weights}
    fid = None
    if "fid" in weights and len(rows) > 1:
        fid = fid_of(scorer.pictures, weights["fid"], device)
    elif "fid" in weights:
        missing["fid"] = "one photograph has no covariance"
    write_rows(paths.perceptual(dataset, method), PerceptualRow, rows)
    summary = PerceptualSummary(len(rows), fid, described, missing)
    write_json(paths.perceptual(dataset, method).with_suffix(".json"), asdict(summary))
    unfinished.discard()


@dataclass(frozen=True)
class Pictures:
    """The photographs of a pack and one method's pictures of them."""

    method: str
    pack: Pack
    archive: Archive

    def pair(self, entry: PackedPhotograph) -> "tuple[Tensor, Tensor]":
        """Original and colorization, each (3, H, W) uint8 sRGB."""
        import torch

        original, picture = self.pack.original(entry), self.archive[entry.id]
        check_shape(self.method, entry.id, original, picture)
        return torch.tensor(original).permute(2, 0, 1), torch.tensor(picture).permute(2, 0, 1)


@dataclass(frozen=True)
class Scorer:
    """Scores a photograph by the networks that are there."""

    dataset: str
    method: str
    pictures: Pictures
    lpips: "Mapping[str, Lpips]"
    recognition: "Recognition | None"

    @classmethod
    def of(
        cls, dataset: str, method: str, pictures: Pictures, weights: Mapping[str, Path], device: str | None
    ) -> "Scorer":
        """Load what there are weights of; without any, PyTorch itself stays out, and the stage takes no time."""
        if not set(weights) - {"fid"}:
            return cls(dataset, method, pictures, {}, None)
        from pipeline.metrics.perceptual import Lpips, Recognition
        from pipeline.runtime.device import choose_device

        where = choose_device(device)
        nets = {score: score.removeprefix("lpips_") for score in weights if score.startswith("lpips_")}
        lpips = {score: Lpips(net, weights[score], where) for score, net in nets.items()}
        recognition = Recognition(weights["recognized"], where) if "recognized" in weights else None
        return cls(dataset, method, pictures, lpips, recognition)

    def __call__(self, entry: PackedPhotograph) -> PerceptualRow:
        """Read the two pictures and score them."""
        distances: dict[str, float] = {}
        recognized = None
        if self.lpips or self.recognition:
            pair = self.pictures.pair(entry)
            distances = {score: network(*pair) for score, network in self.lpips.items()}
            if self.recognition:
                recognized = self.recognition(pair[0]) == self.recognition(pair[1])
        alex, vgg, squeeze = (distances.get(f"lpips_{net}") for net in ("alex", "vgg", "squeeze"))
        return PerceptualRow(self.dataset, self.method, entry.id, alex, vgg, squeeze, recognized)


def fid_of(pictures: Pictures, weights: Path, device: str | None) -> float:
    """FID between a method's pictures and the originals of the same photographs."""
    from pipeline.metrics.perceptual import frechet_distance

    network = inception(weights, device)
    own = features(pictures.method, (pictures.archive[entry.id] for entry in pictures.pack.index), network)
    digest = pictures.pack.summary["digest"]
    return frechet_distance(features_of_originals(pictures.pack.folder, digest, weights, device), own)


@lru_cache(maxsize=1)
def features_of_originals(folder: Path, digest: str, weights: Path, device: str | None) -> np.ndarray:
    """(N, 2048) features of the photographs in a pack's folder, of this digest, which are the same for all methods."""
    pack = Pack(folder)
    return features("original", map(pack.original, pack.index), inception(weights, device))


def features(name: str, pictures: Iterable[np.ndarray], network: "Callable[[Tensor], np.ndarray]") -> np.ndarray:
    """A network's features (N, features) of N pictures, each (H, W, 3) uint8."""
    import torch

    bar = tqdm(pictures, f"features of {name} for FID", delay=2, unit="photo")
    return np.stack([network(torch.tensor(picture).permute(2, 0, 1)) for picture in bar])


@lru_cache(maxsize=1)
def inception(weights: Path, device: str | None) -> "Inception":
    """The network, read once for all methods."""
    from pipeline.metrics.perceptual import Inception
    from pipeline.runtime.device import choose_device

    return Inception(weights, choose_device(device))
