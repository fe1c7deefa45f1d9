"""A batch for the networks' tests: four small pictures with classes, one of them without colour."""

import torch

from pipeline.color import cielab
from pipeline.networks.contract import Setup
from pipeline.packs.batch import Batch

CLASSES = ("sky", "grass", "boat")
STATISTICS = {"colors": [5] * 100 + [1] * 213, "classes": [10, 4, 3]}


def setup(width: float = 0.125, size: int = 64) -> Setup:
    return Setup(width, CLASSES, size, STATISTICS)


def batch(photographs: int = 4, size: int = 64, seed: int = 0) -> Batch:
    """Smooth random colours, inside the gamut, as photographs have; the last is grey."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(photographs, 3, 4, 4, generator=draw)
    rgb = torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear")
    rgb[-1] = rgb[-1].mean(dim=0)
    lab = cielab.rgb_to_lab(rgb)
    labels = torch.randint(0, 3, (photographs, size, size), generator=draw, dtype=torch.uint8)
    labels[:, :4] = 255
    colored = torch.ones(photographs, dtype=torch.bool)
    colored[-1] = False
    return Batch(lab[:, :1], lab[:, 1:], labels, colored)
