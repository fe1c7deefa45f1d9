"""sRGB and Lab: parity with scikit-image, exactness of 8-bit colours, and the lightness that a colorization keeps."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from skimage import color as reference
from torch import Tensor

from pipeline.color.cielab import lab_to_rgb, lightness, rgb_to_lab, to_float, to_uint8, within_gamut


def cube(stride: int) -> Tensor:
    """(3, n^2, n) uint8: every `stride`-th level of each channel, black and white included where 255 is a multiple."""
    levels = torch.arange(0, 256, stride, dtype=torch.uint8)
    return torch.cartesian_prod(levels, levels, levels).T.reshape(3, len(levels) ** 2, len(levels))


def whole_cube() -> Iterator[Tensor]:
    """All 2^24 colours as (3, 4096, 256) uint8 chunks."""
    levels = torch.arange(256, dtype=torch.uint8)
    for red in levels.split(16):
        yield torch.cartesian_prod(red, levels, levels).T.reshape(3, -1, 256)


def wild_lab() -> Tensor:
    """(3, 300, 300) Lab of every lightness with chroma up to twice what sRGB can show."""
    generator = torch.Generator().manual_seed(0)
    lab = torch.rand(3, 300, 300, generator=generator)
    return torch.stack((100 * lab[0], 300 * lab[1] - 150, 300 * lab[2] - 150))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_lab_is_scikit_images_to_a_thousandth_and_rgb_to_a_hundredth_of_a_level(dtype: torch.dtype) -> None:
    rgb = cube(stride=5)
    lab = rgb_to_lab(rgb.to(dtype) / 255)
    assert lab.dtype == dtype
    assert np.abs(lab.numpy() - reference.rgb2lab(rgb.numpy(), channel_axis=0)).max() < 1e-3
    back = reference.lab2rgb(lab.double().numpy(), channel_axis=0)
    assert np.abs(lab_to_rgb(lab).numpy() - back).max() < 0.01 / 255


def test_every_8_bit_colour_survives_lab_and_lies_within_the_gamut() -> None:
    for rgb in whole_cube():
        lab = rgb_to_lab(rgb)
        assert torch.equal(within_gamut(lab), lab)
        assert torch.equal(to_uint8(lab_to_rgb(lab)), rgb)


def test_uint8_and_float_of_the_same_photograph_give_the_same_bits() -> None:
    rgb = cube(stride=15)
    assert torch.equal(rgb_to_lab(rgb), rgb_to_lab(to_float(rgb)))
    assert torch.equal(lightness(rgb), rgb_to_lab(rgb)[:1])


def test_black_and_white_are_0_and_100() -> None:
    ends = rgb_to_lab(torch.tensor([0.0, 1.0]).expand(3, 1, 2))
    torch.testing.assert_close(ends[0, 0], torch.tensor([0.0, 100.0]), atol=1e-4, rtol=0)
    assert ends[1:].abs().max() < 0.01


def test_to_uint8_rounds_to_the_nearest_level_and_clips() -> None:
    levels = torch.tensor([-1.0, 0.0, 0.49 / 255, 0.51 / 255, 254.49 / 255, 254.51 / 255, 1.0, 2.0])
    assert to_uint8(levels).tolist() == [0, 0, 0, 1, 254, 255, 255, 255]
    everything = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(to_float(everything)), everything)


def test_conversions_leave_their_input_alone() -> None:
    rgb, lab = torch.rand(2, 3, 4, 5), wild_lab()
    for convert, image in [
        (rgb_to_lab, rgb),
        (lightness, rgb),
        (to_uint8, rgb),
        (lab_to_rgb, lab),
        (within_gamut, lab),
    ]:
        before = image.clone()
        convert(image)
        assert torch.equal(image, before)


@pytest.mark.parametrize("convert", [rgb_to_lab, lightness, lab_to_rgb, within_gamut])
def test_leading_dimensions_and_memory_order_do_not_matter(convert: Callable[[Tensor], Tensor]) -> None:
    images = torch.rand(2, 4, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    images = images if convert in (rgb_to_lab, lightness) else 100 * images
    each = torch.stack([torch.stack([convert(image) for image in row]) for row in images])
    # Vectorised and scalar loops differ in the last bit.
    torch.testing.assert_close(convert(images), each)
    torch.testing.assert_close(convert(images[0].to(memory_format=torch.channels_last)), each[0])
    assert convert(images[:0]).shape == (0, *each.shape[1:])


@pytest.mark.parametrize("convert", [rgb_to_lab, lightness, lab_to_rgb])
def test_gradients_are_those_of_finite_differences(convert: Callable[[Tensor], Tensor]) -> None:
    rgb = torch.rand(2, 3, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
    image = rgb_to_lab(rgb) if convert is lab_to_rgb else rgb
    assert torch.autograd.gradcheck(convert, image.requires_grad_())


@pytest.mark.parametrize("level", [-0.1, 0.0, 0.04045, 1.0, 1.1])
def test_gradients_stay_finite_at_black_at_the_knee_at_white_and_beyond(level: float) -> None:
    rgb = torch.full((3, 1, 1), level, requires_grad=True)
    (gradient,) = torch.autograd.grad(lab_to_rgb(rgb_to_lab(rgb)).sum(), rgb)
    assert gradient.isfinite().all()


def test_gradients_stay_finite_far_outside_the_gamut() -> None:
    lab = wild_lab().requires_grad_()
    (gradient,) = torch.autograd.grad(lab_to_rgb(lab).sum(), lab)
    assert gradient.isfinite().all()


def test_within_gamut_keeps_the_lightness_to_8_bit_rounding() -> None:
    lab = wild_lab()
    # Rounding all three channels one way moves L most on the grey axis: by half of the largest step between two greys.
    # Light that counts as rounding and is clipped adds 0.01.
    greys = lightness(torch.arange(256, dtype=torch.uint8).expand(3, 1, 256))
    bound = greys.diff().max() / 2 + 0.01
    assert bound < 0.27
    kept = lightness(to_uint8(lab_to_rgb(within_gamut(lab))))
    assert (kept - lab[:1]).abs().max() <= bound
    clipped = lightness(to_uint8(lab_to_rgb(lab)))
    assert (clipped - lab[:1]).abs().max() > 10 * bound


def test_within_gamut_keeps_hue_and_lightness_and_only_what_chroma_fits() -> None:
    lab = wild_lab()
    L, a, b = lab
    fitted_L, fitted_a, fitted_b = within_gamut(lab)
    scale = torch.hypot(fitted_a, fitted_b) / torch.hypot(a, b)
    assert torch.equal(fitted_L, L)
    torch.testing.assert_close(torch.stack((fitted_a, fitted_b)), scale * lab[1:], atol=1e-4, rtol=0)
    outside = scale < 1 - 1e-6
    assert 0.5 < outside.float().mean() < 1
    assert torch.equal(within_gamut(lab)[:, ~outside], lab[:, ~outside])
    # One percent of the chroma more, and it would not fit.
    slightly_more = torch.stack((L, *(lab[1:] * (scale + 0.01).clamp(max=1))))
    refitted = within_gamut(slightly_more)
    assert (refitted != slightly_more).any(dim=0)[outside].all()


def test_within_gamut_turns_impossible_colours_of_black_and_white_grey() -> None:
    lab = torch.tensor([[0.0, 100.0], [80.0, 80.0], [-40.0, 40.0]]).unsqueeze(1)
    assert to_uint8(lab_to_rgb(within_gamut(lab))).flatten(1).T.tolist() == [[0, 0, 0], [255, 255, 255]]


@pytest.mark.parametrize("convert", [rgb_to_lab, lightness, lab_to_rgb, within_gamut])
@pytest.mark.parametrize(
    "image", [torch.rand(1, 1, 4, 4), torch.rand(4, 4, 3), torch.rand(3), torch.rand(3, 4, 4).half()]
)
def test_wrong_channels_and_types_are_named(convert: Callable[[Tensor], Tensor], image: Tensor) -> None:
    with pytest.raises(ValueError, match=r"\(\.\.\., 3, H, W\)") as error:
        convert(image)
    assert str(tuple(image.shape)) in str(error.value)


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [(lab_to_rgb, torch.uint8), (within_gamut, torch.uint8), (to_uint8, torch.uint8), (to_float, torch.float32)],
)
def test_uint8_and_float_are_not_confused(convert: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match=str(dtype).removeprefix("torch.")):
        convert(torch.zeros(3, 4, 4, dtype=dtype))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_colours() -> None:
    rgb = cube(stride=5)
    torch.testing.assert_close(rgb_to_lab(rgb.cuda()).cpu(), rgb_to_lab(rgb), atol=1e-3, rtol=0)
    assert torch.equal(to_uint8(lab_to_rgb(within_gamut(rgb_to_lab(rgb.cuda())))).cpu(), rgb)
