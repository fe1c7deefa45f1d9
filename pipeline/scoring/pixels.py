"""Pixel metrics of one method's colorizations against the originals, one `ScoreRow` a photograph.

Photographs are shared between processes and threads; a killed run resumes.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.color import cielab
from pipeline.metrics import auc, pixel
from pipeline.metrics.ciede2000 import ciede2000
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
        return score(self.dataset, self.method, entry, original, picture, self.class_weights)


def score(
    dataset: str,
    method: str,
    entry: PackedPhotograph,
    original: np.ndarray,
    picture: np.ndarray,
    class_weights: Tensor,
) -> ScoreRow:
    """All pixel metrics of one colorization; both pictures (H, W, 3) uint8 sRGB."""
    rgb_original, rgb_picture = (torch.tensor(array).permute(2, 0, 1).contiguous() for array in (original, picture))
    lab_original, lab_picture = (cielab.rgb_to_lab(rgb) for rgb in (rgb_original, rgb_picture))
    ab_original, ab_picture = lab_original[1:], lab_picture[1:]
    mse_rgb = pixel.mse(rgb_original, rgb_picture)
    accuracies = auc.accuracy(ab_original, ab_picture)
    weights = auc.pixel_weights(ab_original, class_weights)
    return ScoreRow(
        dataset,
        method,
        entry.id,
        entry.height,
        entry.width,
        entry.colorless,
        mse_rgb,
        pixel.psnr(mse_rgb),
        pixel.psnr(pixel.mse(ab_original, ab_picture)),
        pixel.ssim(rgb_original, rgb_picture),
        pixel.colorfulness(picture),
        ciede2000=float(ciede2000(lab_original, lab_picture).mean()),
        colorfulness_absolute=pixel.colorfulness_absolute(picture),
        auc=accuracies.mean().item(),
        auc_balanced=auc.balanced(accuracies, weights),
        auc_weight=weights.mean().item(),
    )
