"""What is measured of each picture, by our own conventions (`reports.plan.measures`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.methods.folder import resized
from pipeline.metrics import backbones, edges, pixel
from pipeline.metrics.ciede2000 import ciede2000
from pipeline.metrics.color_structure import color_structure_error
from pipeline.metrics.ms_ssim import SMALLEST, ms_ssim_ab
from pipeline.packs.masks import VOID
from pipeline.scoring.pixels import Picture
from reports.plan.measures import MEASURES, Measure

if TYPE_CHECKING:
    from pipeline.metrics.perceptual import Lpips

DIVERSITY = MEASURES["diversity"]
ALONE = tuple(MEASURES[key] for key in ("colorfulness", "colorfulness_absolute", "chroma", "lightness_change"))
COMPARED = ("psnr_rgb", "psnr_ab", "ssim_rgb", "ms_ssim_ab", "color_structure_error", "ciede2000", "auc")
PIXELS = tuple(MEASURES[key] for key in (*COMPARED, "colorfulness_gap"))
LPIPS = MEASURES["lpips_alex"]
BOUNDARIES = (MEASURES["bleeding_flat"], MEASURES["bleeding_boundary"], MEASURES["boundary_contrast"])
BY_KEY = {measure.key: measure for measure in (*PIXELS, LPIPS, *BOUNDARIES, *ALONE, DIVERSITY)}


@dataclass(frozen=True)
class Photograph:
    """What is computed of a photograph once, for all methods: `rgb` (H, W, 3) uint8, and what metrics need of it.

    `flat`, `lines` and `contrast` as in `pipeline.metrics.edges`, with a mask alone.
    """

    rgb: np.ndarray
    picture: Picture
    colorfulness: float
    flat: np.ndarray | None = None
    lines: edges.Transects | None = None
    contrast: np.ndarray | None = None

    @classmethod
    def of(cls, rgb: np.ndarray, mask: np.ndarray | None) -> "Photograph":
        """Of (H, W, 3) uint8 sRGB and its (H, W) uint8 mask, if there is one."""
        picture, colorfulness = Picture.of(rgb), pixel.colorfulness(rgb)
        if mask is None:
            return cls(rgb, picture, colorfulness)
        lab = picture.lab.numpy()
        lines = edges.transects(mask, lab[1:], VOID)
        return cls(rgb, picture, colorfulness, edges.flat_region(lab), lines, lines.contrast(lab[1:]))

    def of_size(self, height: int, width: int) -> "Photograph":
        """The same photograph at another size (bicubic), without its mask."""
        return Photograph.of(resized(self.rgb, height, width), None)


@dataclass(frozen=True)
class Evaluator:
    """Measures pictures. `reference`: photographs have their true colours; `boundaries`: they have masks.

    `lpips`: the network, if its weights are there.
    """

    reference: bool
    boundaries: bool
    lpips: "Lpips | None"

    @classmethod
    def load(cls, reference: bool, boundaries: bool, weights: Mapping[str, str]) -> "Evaluator":
        """With the networks whose weights are found; `weights`: backbone -> file (`pipeline.metrics.backbones`)."""
        file = backbones.find("alexnet", weights) if reference else None
        return cls(reference, boundaries and reference, load_lpips(file) if file else None)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Those that it gives of every picture, in the order of tables."""
        if not self.reference:
            return ALONE
        deep = (LPIPS,) if self.lpips else ()
        return (*PIXELS, *deep, *(BOUNDARIES if self.boundaries else ()), *ALONE)

    def missing(self) -> list[str]:
        """A sentence for what is left out for want of weights."""
        if not self.reference or self.lpips:
            return []
        return [f"LPIPS is left out: {backbones.missing('alexnet').partition(',')[0]}."]

    def values(self, photograph: Photograph, rgb: np.ndarray, own: Picture) -> dict[str, float]:
        """Every measure of one picture, (H, W, 3) uint8 sRGB of the photograph's size."""
        true, (signed, absolute) = photograph.picture, pixel.both_colorfulnesses(rgb)
        a, b = own.lab[1:].numpy()
        found = {
            "colorfulness": signed,
            "colorfulness_absolute": absolute,
            "chroma": float(np.hypot(a, b).mean(dtype=np.float64)),
            "lightness_change": float((own.lab[0] - true.lab[0]).abs().numpy().mean(dtype=np.float64)),
        }
        if not self.reference:
            return found
        found |= true.differences(own)
        found["color_structure_error"] = color_structure_error(true.lab, own.lab).item()
        if min(rgb.shape[:2]) >= SMALLEST:
            found["ms_ssim_ab"] = ms_ssim_ab(true.lab[1:], own.lab[1:])
        found |= {"auc": true.accuracy(own).mean().item(), "colorfulness_gap": abs(signed - photograph.colorfulness)}
        if self.lpips:
            found["lpips_alex"] = self.lpips(true.planes, own.planes)
        return found | (bleeding(photograph, own.lab[1:].numpy()) if self.boundaries else {})


def bleeding(photograph: Photograph, ab: np.ndarray) -> dict[str, float]:
    """How colours, (2, H, W) ab, keep to the photograph's edges and to the boundaries of its mask."""
    if photograph.flat is None or photograph.lines is None or photograph.contrast is None:
        return {}
    crossed = edges.crossing(photograph.lines, photograph.contrast, ab)
    return {
        "bleeding_flat": edges.flat_share(ab, photograph.flat),
        "bleeding_boundary": crossed.bleeding,
        "boundary_contrast": crossed.contrast,
    }


def diversity(answers: list[Picture]) -> float:
    """How far a photograph's answers, all of one size, differ: the mean CIEDE2000 from each to the next."""
    steps = [ciede2000(one.lab, other.lab).mean() for one, other in pairwise(answers)]
    return float(np.mean(steps))


def load_lpips(file: Path) -> "Lpips":
    """LPIPS with AlexNet, on a GPU if there is one."""
    from pipeline.metrics.perceptual import Lpips
    from pipeline.runtime.device import choose_device

    return Lpips("alex", file, choose_device())
