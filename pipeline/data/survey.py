"""What a split's pixels hold: which photographs have no colour, how often each colour and each class occurs."""

from dataclasses import dataclass

import numpy as np
import torch
from tqdm import trange

from pipeline.color import rgb_to_lab
from pipeline.gamut import BINS, encode

COLORLESS = 5.0  # Lab units; a photograph whose |a| and |b| never exceed it teaches grey (Zhang et al. 2016, code)
STRIDE = 4  # colours are counted where targets are taken
BATCH = 64


@dataclass(frozen=True)
class Survey:
    """Of N photographs: `colorless` (N,) bool; `color_counts` (313,) and `class_counts` (classes,) pixels."""

    colorless: np.ndarray
    color_counts: np.ndarray
    class_counts: np.ndarray


def survey(images: np.ndarray, masks: np.ndarray | None, classes: int) -> Survey:
    """Survey `images` (N, S, S, 3) uint8 sRGB with `masks` (N, S, S) uint8; colourless photographs count no colours."""
    colorless = np.zeros(len(images), bool)
    color_counts = np.zeros(len(BINS), np.int64)
    class_counts = np.zeros(classes, np.int64)
    for start in trange(0, len(images), BATCH, desc="counting colours", delay=2, mininterval=1, unit="batch"):
        rgb = torch.from_numpy(images[start : start + BATCH].copy()).permute(0, 3, 1, 2)
        ab = rgb_to_lab(rgb)[:, 1:]
        colored = ab.abs().amax(dim=(1, 2, 3)) > COLORLESS
        colorless[start : start + BATCH] = ~colored.numpy()
        nearest, _ = encode(ab[colored][..., ::STRIDE, ::STRIDE])
        color_counts += np.bincount(nearest[:, 0].flatten().numpy(), minlength=len(BINS))
        if masks is not None:
            class_counts += np.bincount(masks[start : start + BATCH].ravel(), minlength=256)[:classes]
    return Survey(colorless, color_counts, class_counts)
