"""Pixel metrics between an original and its colorization, at the photograph's own resolution."""

import math

import numpy as np
from torch import Tensor

from pipeline.metrics import ssim_cpu

SSIM_SIGMA, SSIM_RADIUS = 1.5, 5  # Wang et al. 2004; scikit-image cuts the Gaussian at 3.5 sigma as well
SSIM_WINDOW = np.exp(-(np.arange(-SSIM_RADIUS, SSIM_RADIUS + 1) ** 2) / (2 * SSIM_SIGMA**2))
SSIM_WINDOW /= SSIM_WINDOW.sum()
SSIM_C1, SSIM_C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def mse(original: Tensor, picture: Tensor) -> float:
    """Mean squared error over all elements of two tensors of the same shape, in the unit of the values squared."""
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
    return _spread_and_shift(*_opponents(picture))


def colorfulness_absolute(picture: np.ndarray) -> float:
    """M3 of the absolute opponent channels, as the evaluation code of CT2 (2022) and DDColor (2023) has it.

    Usually lower than `colorfulness`: do not compare the two.
    """
    return _spread_and_shift(*map(np.abs, _opponents(picture)))


def _opponents(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Red against green and yellow against blue, each (H, W) float64 in [-255, 255]."""
    red, green, blue = (picture[..., channel].astype(np.float64) for channel in range(3))
    return red - green, (red + green) / 2 - blue


def _spread_and_shift(red_green: np.ndarray, yellow_blue: np.ndarray) -> float:
    spread = math.hypot(red_green.std(), yellow_blue.std())
    return spread + 0.3 * math.hypot(red_green.mean(), yellow_blue.mean())
