"""Every metric against its reference: what we compute, what another library or the published formula gives, and how
far apart the two may be. Tolerances are absolute, in the metric's own unit.
"""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import color as skimage_color
from skimage import data, metrics
from sklearn.metrics import auc as trapezoids
from sklearn.neighbors import NearestNeighbors
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from pipeline.color import cielab, gamut
from pipeline.metrics import auc, pixel
from pipeline.metrics.ciede2000 import ciede2000
from pipeline.metrics.lab_cpu import rgb_to_lab
from pipeline.metrics.ms_ssim import EXPONENTS, SMALLEST, ms_ssim_ab

COUNTS = torch.from_numpy(np.random.default_rng(3).integers(0, 1000, gamut.Q) ** 2)


def photographs():
    """Pairs of (H, W, 3) uint8 pictures: photographs and what noise, greying and a shift of hue make of them."""
    random = np.random.default_rng(0)
    astronaut, coffee = data.astronaut()[100:260, 150:350], data.coffee()[::3, ::3]
    noisy = np.clip(coffee + random.normal(0, 20, coffee.shape), 0, 255).astype(np.uint8)
    gray = np.repeat(np.uint8(astronaut.mean(axis=-1, keepdims=True)), 3, axis=2)
    hue = astronaut[..., [1, 2, 0]].copy()
    small = {f"{h} x {w}": (coffee[:h, :w].copy(), noisy[:h, :w].copy()) for h, w in ((11, 11), (97, 30))}
    return {"noise": (coffee, noisy), "gray": (astronaut, gray), "hue": (astronaut, hue), **small}


PAIRS = photographs()


def rgb(picture):
    return torch.from_numpy(picture).permute(2, 0, 1)


def lab(picture):
    return cielab.rgb_to_lab(rgb(picture))


def their_ab(picture):
    return skimage_color.rgb2lab(picture)[..., 1:]


def opponents(picture):
    red, green, blue = picture.astype(float).transpose(2, 0, 1)
    return red - green, 0.5 * (red + green) - blue


def hasler(red_green, yellow_blue):
    spread = np.sqrt(red_green.std() ** 2 + yellow_blue.std() ** 2)
    return spread + 0.3 * np.sqrt(red_green.mean() ** 2 + yellow_blue.mean() ** 2)


def their_weights(picture):
    """1 / p of the nearest bin, found by scikit-learn."""
    nearest = NearestNeighbors(n_neighbors=1).fit(gamut.BINS.numpy())
    bins = nearest.kneighbors(their_ab(picture).reshape(-1, 2), return_distance=False)[:, 0]
    return (1 / gamut.smooth(COUNTS).numpy())[bins].reshape(picture.shape[:2])


def swept(original, picture, weights):
    """AuC by a sweep over thresholds and scikit-learn's trapezoids, as public re-runs of Zhang's table have it."""
    distance = np.sqrt(((their_ab(original) - their_ab(picture)) ** 2).sum(axis=-1))
    curve = [(weights * (distance <= t)).sum() / weights.sum() for t in range(151)]
    return trapezoids(range(151), curve) / 150


def our_auc(original, picture):
    return auc.accuracy(lab(original)[1:], lab(picture)[1:]).mean().item()


def our_balanced(original, picture):
    weights = auc.pixel_weights(lab(original)[1:], auc.class_weights(COUNTS))
    return auc.balanced(auc.accuracy(lab(original)[1:], lab(picture)[1:]), weights)


# name -> ours, reference, tolerance
TABLE = {
    "PSNR, RGB (scikit-image), dB": (
        lambda a, b: pixel.psnr(pixel.mse(rgb(a), rgb(b))),
        lambda a, b: metrics.peak_signal_noise_ratio(a, b, data_range=255),
        1e-9,
    ),
    "PSNR, ab (scikit-image's Lab), dB": (
        lambda a, b: pixel.psnr(pixel.mse(lab(a)[1:], lab(b)[1:])),
        lambda a, b: metrics.peak_signal_noise_ratio(their_ab(a), their_ab(b), data_range=255),
        1e-4,
    ),
    "SSIM (scikit-image)": (
        lambda a, b: pixel.ssim(rgb(a), rgb(b)),
        lambda a, b: metrics.structural_similarity(
            a, b, channel_axis=-1, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        ),
        1e-11,
    ),
    "CIEDE2000 of the same Lab (scikit-image)": (
        lambda a, b: ciede2000(lab(a).double(), lab(b).double()).mean(),
        lambda a, b: skimage_color.deltaE_ciede2000(
            lab(a).double().permute(1, 2, 0).numpy(), lab(b).double().permute(1, 2, 0).numpy()
        ).mean(),
        1e-8,
    ),
    "CIEDE2000 from RGB (scikit-image)": (
        lambda a, b: ciede2000(lab(a), lab(b)).mean(),
        lambda a, b: skimage_color.deltaE_ciede2000(skimage_color.rgb2lab(a), skimage_color.rgb2lab(b)).mean(),
        1e-4,
    ),
    "colourfulness, signed (Hasler and Suesstrunk, eq. 4)": (
        lambda a, b: pixel.colorfulness(b),
        lambda a, b: hasler(*opponents(b)),
        1e-9,
    ),
    "colourfulness, absolute (CT2, DDColor)": (
        lambda a, b: pixel.colorfulness_absolute(b),
        lambda a, b: hasler(*map(np.abs, opponents(b))),
        1e-9,
    ),
    "AuC (a sweep and scikit-learn's trapezoids)": (our_auc, lambda a, b: swept(a, b, np.ones(a.shape[:2])), 1e-5),
    "AuC, class-balanced (the same, weighted)": (our_balanced, lambda a, b: swept(a, b, their_weights(a)), 1e-4),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("metric", TABLE)
def test_metric_is_its_reference(metric, pair):
    ours, reference, tolerance = TABLE[metric]
    assert abs(ours(*PAIRS[pair]) - reference(*PAIRS[pair])) <= tolerance


def test_lab_of_metrics_is_that_of_networks_and_of_scikit_image():
    levels = np.random.default_rng(5).integers(0, 256, (600, 500, 3)).astype(np.uint8)
    levels[:50] //= 20  # around the knees of both curves
    ours = rgb_to_lab(levels)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, lab(levels), atol=1e-4)
    np.testing.assert_allclose(ours.transpose(1, 2, 0), skimage_color.rgb2lab(levels), atol=2e-4)
    assert np.array_equal(rgb_to_lab(levels[::3, 1::2]), ours[:, ::3, 1::2])


@pytest.mark.parametrize("pair", PAIRS)
def test_equal_pictures_score_perfectly_and_grey_ones_have_no_colourfulness(pair):
    original, _ = PAIRS[pair]
    assert pixel.psnr(pixel.mse(rgb(original), rgb(original))) == math.inf
    assert math.isclose(pixel.ssim(rgb(original), rgb(original)), 1, rel_tol=1e-12)
    assert pixel.colorfulness(np.repeat(original[..., :1], 3, axis=2)) == 0


def test_a_picture_smaller_than_the_ssim_window_has_none():
    one = torch.zeros(3, 1, 1, dtype=torch.uint8)
    assert math.isnan(pixel.ssim(one, one))


# Sharma, Wu and Dalal 2005, table 1: the pairs at which implementations go wrong, to the four decimals printed.
SHARMA = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0009), 7.1792),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0011), 7.2195),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0009, -2.4900), 4.8045),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0011, -2.4900), 4.7461),
    ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("first", "second", "printed"), SHARMA)
def test_ciede2000_gives_the_printed_differences_either_way_round(first, second, printed):
    one, other = (torch.tensor(value, dtype=torch.float64)[:, None, None] for value in (first, second))
    assert abs(ciede2000(one, other).item() - printed) <= 5e-5
    assert abs(ciede2000(other, one).item() - printed) <= 5e-5


def test_ciede2000_is_scikit_images_at_every_pixel_of_all_lab():
    random = np.random.default_rng(1)
    first = random.uniform((0, -110, -110), (100, 110, 110), (300, 200, 3))
    near, far = first + random.normal(0, 2, first.shape), random.permutation(first)
    second = np.where(random.random((300, 200, 1)) < 0.5, near, far)
    second[:10, :, 1:], first[5:15, :, 1:] = 0, 0  # greys on one side or both
    ours = ciede2000(*(torch.from_numpy(array).permute(2, 0, 1) for array in (first, second)))
    np.testing.assert_allclose(ours, skimage_color.deltaE_ciede2000(first, second), atol=1e-7)


def test_auc_is_1_where_all_is_exact_0_beyond_150_and_halves_at_the_last_threshold():
    original = torch.zeros(2, 1, 4)
    picture = torch.tensor([0.0, 0.5, 150.0, 150.1]).expand(2, 1, 4) * torch.tensor([1.0, 0.0])[:, None, None]
    assert auc.accuracy(original, picture).tolist() == [[1.0, 149.5 / 150, 0.5 / 150, 0.0]]


def test_a_bin_that_training_never_saw_weighs_as_the_rarest_that_it_did():
    counts = torch.zeros(gamut.Q)
    counts[:2] = torch.tensor([99.0, 1.0])
    weights = auc.class_weights(counts)
    assert torch.isfinite(weights).all() and weights[-1] == weights[:2].max() == weights.max()


def wangs(original, picture):
    """MS-SSIM of two (H, W) planes as Wang et al. 2003 print it (eq. 7), by SciPy's filter at five scales."""
    value = 1.0
    for scale, exponent in enumerate(EXPONENTS):
        x, y, xx, yy, xy = (
            ndimage.gaussian_filter(plane, 1.5, radius=5)[5:-5, 5:-5]
            for plane in (original, picture, original**2, picture**2, original * picture)
        )
        factor = (2 * (xy - x * y) + 58.5225) / (xx - x * x + yy - y * y + 58.5225)
        if scale == 4:
            factor = factor * (2 * x * y + 6.5025) / (x * x + y * y + 6.5025)
        value *= max(factor.mean(), 0) ** exponent
        height, width = (side - side % 2 for side in original.shape)
        original, picture = (
            plane[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
            for plane in (original, picture)
        )
    return value


def colors(height, width):
    """Two (2, H, W) float64 ab: of a photograph, and the same with noise."""
    ab = rgb_to_lab(data.astronaut()[:height, :width])[1:].astype(np.float64)
    return ab, ab + np.random.default_rng(2).normal(0, 12, ab.shape)


@pytest.mark.parametrize("size", [(176, 177), (193, 240), (321, 481)])
def test_ms_ssim_on_ab_is_the_printed_formula_and_near_torchmetrics(size):
    ab, noisy = colors(*size)
    ours = ms_ssim_ab(torch.from_numpy(ab), torch.from_numpy(noisy))
    assert abs(ours - math.prod(wangs(one + 128, other + 128) for one, other in zip(ab, noisy, strict=True))) <= 1e-9
    pairs = (
        [torch.from_numpy(np.float32(plane) + 128)[None, None] for plane in pair]
        for pair in zip(noisy, ab, strict=True)
    )
    theirs = math.prod(multiscale_structural_similarity_index_measure(*pair, data_range=255.0).item() for pair in pairs)
    # At the last scale torchmetrics counts the mirrored borders, too, which weigh less in larger pictures.
    assert abs(ours - theirs) <= (2e-4 if min(size) > 300 else 5e-3)


def test_ms_ssim_on_ab_is_1_for_equal_colours_0_where_they_vary_against_each_other_and_none_below_176_pixels():
    ab = torch.from_numpy(np.random.default_rng(2).normal(0, 40, (2, 200, 200)))
    assert ms_ssim_ab(ab, ab) == pytest.approx(1, abs=1e-12) and ms_ssim_ab(ab, -ab) == 0
    assert SMALLEST == 176 and math.isnan(ms_ssim_ab(ab[:, :175], ab[:, :175]))
    assert not math.isnan(ms_ssim_ab(ab[:, :176], ab[:, :176]))
