"""What a split's pixels hold: photographs without colour to learn, how often each colour and class occurs."""

from dataclasses import dataclass

import numpy as np
import torch
from tqdm import trange

from pipeline.color import rgb_to_lab
from pipeline.gamut import Q, count

COLORLESS = 5.0  # Lab units; a photograph whose |a| and |b| never exceed it teaches grey (Zhang et al. 2016, code)
STRIDE = 4  # colours are looked at where training takes its targets
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
    color_counts = np.zeros(Q, np.int64)
    class_counts = np.zeros(classes, np.int64)
    for start in trange(0, len(images), BATCH, desc="counting colours", delay=2, mininterval=1, unit="batch"):
        targets = images[start : start + BATCH, ::STRIDE, ::STRIDE].copy()
        ab = rgb_to_lab(torch.from_numpy(targets).permute(0, 3, 1, 2))[:, 1:]
        colored = ab.abs().amax(dim=(1, 2, 3)) > COLORLESS
        colorless[start : start + BATCH] = ~colored.numpy()
        color_counts += count(ab[colored]).numpy()
        if masks is not None:
            class_counts += np.bincount(masks[start : start + BATCH].ravel(), minlength=256)[:classes]
    return Survey(colorless, color_counts, class_counts)
