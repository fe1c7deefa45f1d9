"""Statistics of a split: photographs without colour, counts of colours and classes, and mean colours."""

from dataclasses import dataclass

import numpy as np
import torch
from tqdm import trange

from pipeline.color.bins import Q
from pipeline.color.cielab import rgb_to_lab
from pipeline.color.gamut import count
from pipeline.packs.masks import VOID

COLORLESS = 5.0  # Lab units; a photograph whose |a| and |b| never exceed it teaches grey (Zhang et al. 2016, code)
STRIDE = 4  # colours are sampled where training takes its targets
BATCH = 64


@dataclass(frozen=True)
class Survey:
    """Of N photographs: `colorless` (N,) bool; `color_counts` (313,) and `class_counts` (classes,) pixels.

    `ab_mean` (2,) and `class_ab_mean` (classes, 2) are mean colours in Lab units; where a class does not occur, the
    mean of all.
    """

    colorless: np.ndarray
    color_counts: np.ndarray
    class_counts: np.ndarray
    ab_mean: np.ndarray
    class_ab_mean: np.ndarray


def survey(images: np.ndarray, masks: np.ndarray | None, classes: int) -> Survey:
    """Survey `images` (N, S, S, 3) uint8 sRGB with `masks` (N, S, S) uint8; colourless photographs count no colours."""
    colorless = np.zeros(len(images), bool)
    color_counts = np.zeros(Q, np.int64)
    class_counts = np.zeros(classes, np.int64)
    pixels, ab_sums = np.zeros(256), np.zeros((256, 2))  # by label; without masks every label is void
    for start in trange(0, len(images), BATCH, desc="counting colours", delay=2, mininterval=1, unit="batch"):
        targets = images[start : start + BATCH, ::STRIDE, ::STRIDE].copy()
        ab = rgb_to_lab(torch.from_numpy(targets).permute(0, 3, 1, 2))[:, 1:]
        colored = ab.abs().amax(dim=(1, 2, 3)) > COLORLESS
        colorless[start : start + BATCH] = ~colored.numpy()
        color_counts += count(ab[colored]).numpy()
        labels = np.full(ab[:, 0].shape, VOID, np.uint8)
        if masks is not None:
            class_counts += np.bincount(masks[start : start + BATCH].ravel(), minlength=256)[:classes]
            labels = masks[start : start + BATCH, ::STRIDE, ::STRIDE]
        labels = labels[colored.numpy()].ravel()
        pixels += np.bincount(labels, minlength=256)
        for channel in range(2):
            ab_sums[:, channel] += np.bincount(labels, ab[colored, channel].numpy().ravel(), minlength=256)
    ab_mean = ab_sums.sum(axis=0) / max(1, pixels.sum())
    occurring = pixels[:classes, None] > 0
    class_ab_mean = np.where(occurring, ab_sums[:classes] / np.maximum(1, pixels[:classes, None]), ab_mean)
    return Survey(colorless, color_counts, class_counts, ab_mean, class_ab_mean)
