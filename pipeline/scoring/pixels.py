"""Pixel metrics of one method's colorizations against the originals, one `ScoreRow` a photograph.

Photographs are shared between processes and threads; a killed run resumes.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.metrics import auc, pixel
from pipeline.metrics.ciede2000 import ciede2000
from pipeline.metrics.lab_cpu import rgb_to_lab
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive, check_complete, check_shape
from pipeline.records.rows import PackedPhotograph, ScoreRow, write_rows
from pipeline.runtime import distributed
from pipeline.runtime.resume import Unfinished, fingerprint
from pipeline.runtime.threads import single_threaded
from pipeline.settings import paths


def run(dataset: str, method: str) -> None:
    """Score on all processes, write on the first."""
    train, val = (Pack(paths.pack(dataset, split)) for split in ("train", "val"))
    archive = Archive(paths.archive(dataset, method))
    check_complete([entry.id for entry in val.index], archive)
    key = fingerprint(["pipeline.scoring.pixels"], [train.folder, val.folder], archive)
    unfinished = Unfinished(paths.unfinished("score", dataset, method), key, ScoreRow)
    scorer = Scorer(dataset, method, val, archive, auc.class_weights(torch.tensor(train.statistics["colors"])))
    with single_threaded(torch.get_num_threads()) as pool:
        rows = unfinished.work_through(val.index, scorer, pool)
    if distributed.rank() == 0:
        write_rows(paths.scores(dataset, method), ScoreRow, rows)
        unfinished.discard()


@dataclass(frozen=True)
class Scorer:
    """Scores a photograph's colorization; `class_weights` (313,) are those of `auc.class_weights`."""

    dataset: str
    method: str
    pack: Pack
    archive: Archive
    class_weights: Tensor

    def __call__(self, entry: PackedPhotograph) -> ScoreRow:
        """Read the two pictures and score them."""
        original, picture = self.pack.original(entry), self.archive[entry.id]
        check_shape(self.method, entry.id, original, picture)
        return score(self.dataset, self.method, entry, Original.of(original, self.class_weights), picture)


@dataclass(frozen=True)
class Picture:
    """A picture as metrics need it: its planes (3, H, W) uint8 sRGB, and its Lab (3, H, W) float32."""

    planes: Tensor
    lab: Tensor

    @classmethod
    def of(cls, rgb: np.ndarray) -> "Picture":
        """Of (H, W, 3) uint8 sRGB."""
        planes = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
        return cls(planes, torch.from_numpy(rgb_to_lab(rgb)))

    def accuracy(self, picture: "Picture") -> Tensor:
        """`auc.accuracy` of a picture with this one as its original."""
        return auc.accuracy(self.lab[1:], picture.lab[1:])

    def chroma(self) -> float:
        """Mean distance from grey, in Lab units."""
        a, b = self.lab[1:].numpy()
        return float(np.hypot(a, b).mean(dtype=np.float64))

    def lightness_change(self, picture: "Picture") -> float:
        """Mean |dL| of a picture with this one as its original."""
        return float((picture.lab[0] - self.lab[0]).abs().numpy().mean(dtype=np.float64))

    def differences(self, picture: "Picture") -> dict[str, float]:
        """How far a picture is from this one, its original: columns of `ScoreRow`."""
        mse_rgb = pixel.mse(self.planes, picture.planes)
        return {
            "mse_rgb": mse_rgb,
            "psnr_rgb": pixel.psnr(mse_rgb),
            "psnr_ab": pixel.psnr(pixel.mse(self.lab[1:], picture.lab[1:])),
            "ssim_rgb": pixel.ssim(self.planes, picture.planes),
            "ciede2000": float(ciede2000(self.lab, picture.lab).mean()),
        }


@dataclass(frozen=True)
class Original:
    """What is computed of a photograph once: itself, and its pixels' weights (H, W) in the class-balanced AuC."""

    picture: Picture
    weights: Tensor

    @classmethod
    def of(cls, rgb: np.ndarray, class_weights: Tensor) -> "Original":
        """Of (H, W, 3) uint8 sRGB; `class_weights` (313,) are those of `auc.class_weights`."""
        picture = Picture.of(rgb)
        return cls(picture, auc.pixel_weights(picture.lab[1:], class_weights))


def score(dataset: str, method: str, entry: PackedPhotograph, original: Original, picture: np.ndarray) -> ScoreRow:
    """All pixel metrics of one colorization, (H, W, 3) uint8 sRGB."""
    own = Picture.of(picture)
    accuracies = original.picture.accuracy(own)
    colorfulness, colorfulness_absolute = pixel.both_colorfulnesses(picture)
    return ScoreRow(
        dataset,
        method,
        entry.id,
        entry.height,
        entry.width,
        entry.colorless,
        **original.picture.differences(own),
        colorfulness=colorfulness,
        colorfulness_absolute=colorfulness_absolute,
        auc=accuracies.mean().item(),
        auc_balanced=auc.balanced(accuracies, original.weights),
        auc_weight=original.weights.mean().item(),
    )
