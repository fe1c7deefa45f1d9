"""Each pixel metric beside its reference, with the tolerance it keeps."""

import math

import numpy as np
import pytest
import torch
from skimage import metrics

from pipeline.metrics import pixel


@pytest.fixture(params=[(40, 51), (11, 11), (97, 30)])
def pair(request):
    random = np.random.default_rng(request.param)
    original = random.integers(0, 256, (*request.param, 3), np.uint8)
    picture = np.clip(original + random.normal(0, 20, original.shape), 0, 255).astype(np.uint8)
    return original, picture


def tensor(array):
    return torch.from_numpy(array).permute(2, 0, 1)


def test_psnr_is_scikit_images_to_1e_9(pair):
    ours = pixel.psnr(pixel.mse(*map(tensor, pair)))
    assert math.isclose(ours, metrics.peak_signal_noise_ratio(*pair, data_range=255), rel_tol=1e-9)


def test_ssim_is_scikit_images_to_1e_9(pair):
    reference = metrics.structural_similarity(
        *pair, channel_axis=-1, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert math.isclose(pixel.ssim(*map(tensor, pair)), reference, rel_tol=1e-9)


def test_colorfulness_is_the_published_formula(pair):
    _, picture = pair
    red, green, blue = (picture[..., c].astype(float) for c in range(3))
    rg, yb = red - green, 0.5 * (red + green) - blue
    expected = np.sqrt(rg.var() + yb.var()) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert math.isclose(pixel.colorfulness(picture), expected, rel_tol=1e-12)


def test_equal_pictures_score_perfectly_and_grey_ones_have_no_colourfulness(pair):
    original, _ = pair
    assert pixel.psnr(pixel.mse(tensor(original), tensor(original))) == math.inf
    assert math.isclose(pixel.ssim(tensor(original), tensor(original)), 1, rel_tol=1e-12)
    assert pixel.colorfulness(np.repeat(original[..., :1], 3, axis=2)) == 0


def test_a_picture_smaller_than_the_ssim_window_has_none():
    one = torch.zeros(3, 1, 1, dtype=torch.uint8)
    assert math.isnan(pixel.ssim(one, one))
