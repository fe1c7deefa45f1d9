"""Pixel metrics between an original and its colorization, at the photograph's own resolution."""

import math

import numpy as np
import torch
from torch import Tensor

SSIM_SIGMA, SSIM_RADIUS = 1.5, 5  # Wang et al. 2004; scikit-image cuts the Gaussian at 3.5 sigma as well
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
    x, y = original.double(), picture.double()
    mean_x, mean_y, xx, yy, xy = _blurred(torch.stack((x, y, x * x, y * y, x * y)))
    covariance, variances = xy - mean_x * mean_y, xx - mean_x**2 + yy - mean_y**2
    likeness = (2 * mean_x * mean_y + SSIM_C1) * (2 * covariance + SSIM_C2)
    return (likeness / ((mean_x**2 + mean_y**2 + SSIM_C1) * (variances + SSIM_C2))).mean().item()


def colorfulness(picture: np.ndarray) -> float:
    """Hasler and Suesstrunk's M3 (2003) of a (H, W, 3) uint8 sRGB picture, with signed opponent channels."""
    red, green, blue = (picture[..., channel].astype(np.float64) for channel in range(3))
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.hypot(red_green.std(), yellow_blue.std())
    return spread + 0.3 * math.hypot(red_green.mean(), yellow_blue.mean())


def _blurred(maps: Tensor) -> Tensor:
    """(M, 3, H, W) under the SSIM window, where it lies wholly inside."""
    offsets = torch.arange(-SSIM_RADIUS, SSIM_RADIUS + 1, dtype=maps.dtype)
    window = torch.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    weights = (window / window.sum()).tolist()
    return _summed(_summed(maps, weights, dim=-2), weights, dim=-1)


def _summed(maps: Tensor, weights: list[float], dim: int) -> Tensor:
    """The weighted sum of shifted maps: in float64 on a CPU ten times as fast as a convolution."""
    length = maps.shape[dim] - len(weights) + 1
    total = maps.narrow(dim, 0, length) * weights[0]
    for shift, weight in enumerate(weights[1:], 1):
        total.add_(maps.narrow(dim, shift, length), alpha=weight)
    return total
