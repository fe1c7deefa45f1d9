"""The rows between `reports.court` and the measuring of rated pictures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Paths of a picture and of the original that it is compared with."""

    original: str
    picture: str


@dataclass(frozen=True, kw_only=True)
class RatedScores:
    """What is measured of one picture; the names are those of `reports.plan.measures`."""

    psnr_rgb: float
    psnr_ab: float
    mse_rgb: float
    ssim_rgb: float
    ms_ssim_ab: float
    color_structure_error: float
    ciede2000: float
    auc: float
    colorfulness: float
    colorfulness_absolute: float
    colorfulness_gap: float
    chroma: float
    lightness_change: float
    bleeding_flat: float
