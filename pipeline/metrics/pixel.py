"""Pixel metrics between an original and its colorization, at the photograph's own resolution."""

import math

import numpy as np
import torch
from torch import Tensor

from pipeline.metrics import ssim_cpu, sums_cpu

SSIM_SIGMA, SSIM_RADIUS = 1.5, 5  # Wang et al. 2004; scikit-image cuts the Gaussian at 3.5 sigma as well
SSIM_WINDOW = np.exp(-(np.arange(SSIM_RADIUS + 1) ** 2) / (2 * SSIM_SIGMA**2))  # from its middle to one side
SSIM_WINDOW /= 2 * SSIM_WINDOW.sum() - SSIM_WINDOW[0]
SSIM_C1, SSIM_C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def mse(original: Tensor, picture: Tensor) -> float:
    """Mean squared error over all elements of two tensors of the same shape, in the unit of the values squared."""
    if original.dtype == picture.dtype == torch.uint8 and original.is_cpu:
        flat = (one.contiguous().numpy().reshape(-1) for one in (original, picture))
        return sums_cpu.squared_error(*flat) / original.numel()
    return (original.double() - picture.double()).square().mean().item()


def psnr(error: float, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error; infinite for 0."""
    return 10 * math.log10(peak**2 / error) if error > 0 else math.inf


def ssim(original: Tensor, picture: Tensor) -> float:
    """Structural similarity of two (3, H, W) pictures on 0..255, the mean over pixels and channels.

    As Wang et al. 2004 and `skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=255)`: an 11 x 11 Gaussian, borders left out. NaN for a picture that is
    smaller than the window.
    """
    if min(original.shape[1:]) < 2 * SSIM_RADIUS + 1:
        return math.nan
    planes = (rgb.contiguous().numpy() for rgb in (original, picture))
    return ssim_cpu.mean_ssim(*planes, SSIM_WINDOW, SSIM_C1, SSIM_C2)


def colorfulness(picture: np.ndarray) -> float:
    """Hasler and Suesstrunk's M3 (2003, eq. 4) of a (H, W, 3) uint8 sRGB picture, with signed opponent channels."""
    return both_colorfulnesses(picture)[0]


def colorfulness_absolute(picture: np.ndarray) -> float:
    """M3 of the absolute opponent channels, as the evaluation code of CT2 (2022) and DDColor (2023) has it.

    Usually lower than `colorfulness`: do not compare the two.
    """
    return both_colorfulnesses(picture)[1]


def both_colorfulnesses(picture: np.ndarray) -> tuple[float, float]:
    """`colorfulness` and `colorfulness_absolute` of a (H, W, 3) uint8 sRGB picture.

    The opponent channels are red - green and (red + green) / 2 - blue. Their sums are whole numbers, so that nothing is
    lost where means are subtracted from them.
    """
    pixels = np.ascontiguousarray(picture).reshape(-1, 3)
    *sums, red_green_2, yellow_blue_2 = sums_cpu.opponents(pixels)
    signed, absolute = (
        _spread_and_shift(len(pixels), (red_green, red_green_2), (yellow_blue, yellow_blue_2))
        for red_green, yellow_blue in (sums[:2], sums[2:])
    )
    return signed, absolute


def _spread_and_shift(pixels: int, red_green: tuple[int, int], yellow_blue: tuple[int, int]) -> float:
    """M3 from each opponent's sum and sum of squares; those of yellow against blue are of twice its values."""
    means = [red_green[0] / pixels, yellow_blue[0] / (2 * pixels)]
    spreads = [(pixels * squares - total**2) / pixels**2 for total, squares in (red_green, yellow_blue)]
    return math.sqrt(spreads[0] + spreads[1] / 4) + 0.3 * math.hypot(*means)
