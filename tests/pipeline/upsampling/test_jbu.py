"""Joint bilateral upsampling against its equation written as a loop, and the promises that follow from it."""

import math
import subprocess
import sys
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.upsampling import jbu
from pipeline.upsampling.jbu import JointBilateralUpsample

SCALES = {  # (h, w), (H, W)
    "integer": ((5, 4), (20, 16)),
    "fractional": ((5, 6), (13, 17)),
    "anisotropic": ((7, 3), (9, 16)),
    "one axis only": ((4, 3), (4, 11)),
    "equal size": ((8, 9), (8, 9)),
    "a single pixel": ((1, 1), (3, 2)),
}
SIGMAS = {
    "one low-resolution pixel": {"sigma_s_lowres_px": 1.0, "sigma_r_255": 15.0},
    "three full-resolution pixels": {"sigma_s_fullres_px": 3.0, "sigma_r_lightness": 15.0},
    "a narrow f": {"sigma_s_fullres_px": 0.5, "sigma_r_lightness": 6.0},
    "a radius of one": {"sigma_s_lowres_px": 3.0, "sigma_r_255": 15.0, "radius_lowres_px": 1},
}


def smooth_inputs(low: tuple[int, int], full: tuple[int, int], batch: int = 1, seed: int = 0) -> tuple[Tensor, Tensor]:
    """(N, 2, h, w) chroma and (N, 1, H, W) lightness that varies within sigma_r from pixel to pixel; float64."""
    generator = torch.Generator().manual_seed(seed)
    chroma = 40 * torch.randn(batch, 2, *low, generator=generator, dtype=torch.float64)
    steps = torch.randn(batch, 1, *full, generator=generator, dtype=torch.float64)
    return chroma, (50 + 2 * (steps.cumsum(2) + steps.cumsum(3))).clamp(0, 100)


def equation_5(chroma: NDArray, lightness: NDArray, options: dict[str, Any]) -> NDArray:
    """(2, h, w), (H, W) -> (2, H, W): equation 5, one pair of p and q at a time."""
    low, full = chroma.shape[1:], lightness.shape
    if "sigma_s_lowres_px" in options:
        sigma_s = [options["sigma_s_lowres_px"]] * 2
    else:
        sigma_s = [options["sigma_s_fullres_px"] * low[axis] / full[axis] for axis in (0, 1)]
    sigma_r = options.get("sigma_r_lightness") or options["sigma_r_255"] * 100 / 255
    radius = [options.get("radius_lowres_px") or max(1, math.ceil(3 * sigma)) for sigma in sigma_s]
    out = np.zeros((2, *full))
    for p in np.ndindex(full):
        p_down = [(Fraction(p[axis]) + Fraction(1, 2)) * low[axis] / full[axis] - Fraction(1, 2) for axis in (0, 1)]
        k_p = 0.0
        for q_down in np.ndindex(low):
            offset = [p_down[axis] - q_down[axis] for axis in (0, 1)]
            if any(abs(offset[axis]) > radius[axis] for axis in (0, 1)):
                continue
            q = [(q_down[axis] + 0.5) * full[axis] / low[axis] - 0.5 for axis in (0, 1)]
            f = math.exp(-sum((float(offset[axis]) / sigma_s[axis]) ** 2 for axis in (0, 1)) / 2)
            g = math.exp(-(((lightness[p] - bilinear(lightness, q)) / sigma_r) ** 2) / 2)
            out[:, *p] += chroma[:, *q_down] * f * g
            k_p += f * g
        out[:, *p] /= k_p
    return out


def bilinear(image: NDArray, position: list[float]) -> float:
    """The image at a fractional position inside of it."""
    corner = [math.floor(x) for x in position]
    value = 0.0
    for step in product((0, 1), repeat=2):
        share = math.prod(1 - abs(position[axis] - corner[axis] - step[axis]) for axis in (0, 1))
        if share > 0:
            value += share * image[corner[0] + step[0], corner[1] + step[1]]
    return value


@pytest.mark.parametrize("options", SIGMAS.values(), ids=SIGMAS)
@pytest.mark.parametrize(("low", "full"), SCALES.values(), ids=SCALES)
def test_upsampling_equals_the_equation_written_as_a_loop(
    low: tuple[int, int], full: tuple[int, int], options: dict[str, Any]
) -> None:
    chroma, lightness = smooth_inputs(low, full, batch=2)
    upsampled = JointBilateralUpsample(**options)(chroma, lightness)
    expected = [equation_5(c, i[0], options) for c, i in zip(chroma.numpy(), lightness.numpy(), strict=True)]
    np.testing.assert_allclose(upsampled, expected, rtol=0, atol=1e-6)


def test_away_from_the_border_it_agrees_with_kornia() -> None:
    kornia = pytest.importorskip("kornia")
    chroma, lightness = smooth_inputs((30, 40), (30, 40))
    ours = JointBilateralUpsample(sigma_s_fullres_px=2, sigma_r_lightness=10, radius_lowres_px=3)(chroma, lightness)
    theirs = kornia.filters.joint_bilateral_blur(chroma, lightness, (7, 7), 10.0, (2.0, 2.0))
    torch.testing.assert_close(ours[..., 3:-3, 3:-3], theirs[..., 3:-3, 3:-3], rtol=0, atol=1e-6)


@pytest.mark.parametrize("options", SIGMAS.values(), ids=SIGMAS)
@pytest.mark.parametrize(
    ("low", "full"), [((60, 280), (60, 280)), ((14, 14), (70, 301)), ((9, 50), (33, 257)), ((1, 1), (3, 2))]
)
def test_compiled_and_plain_agree(
    monkeypatch: pytest.MonkeyPatch, low: tuple[int, int], full: tuple[int, int], options: dict[str, Any]
) -> None:
    chroma, lightness = (x.float() for x in smooth_inputs(low, full, batch=2))
    module = JointBilateralUpsample(**options)
    compiled = module(chroma, lightness)
    monkeypatch.setattr(jbu, "compiled_upsample", lambda device: None)
    # Of chroma up to 150. The exponents reach hundreds, where float32 has a precision of 1e-5.
    torch.testing.assert_close(compiled, module(chroma, lightness), rtol=0, atol=1e-3)


def test_a_constant_chroma_stays_constant() -> None:
    _, lightness = smooth_inputs((6, 5), (31, 40))
    upsampled = JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_255=15)(
        torch.full((1, 2, 6, 5), -37.0), lightness.float()
    )
    torch.testing.assert_close(upsampled, torch.full_like(upsampled, -37.0), rtol=0, atol=1e-4)


def test_chroma_does_not_cross_a_strong_edge() -> None:
    lightness = torch.full((1, 1, 32, 64), 20.0)
    lightness[..., 32:] = 80
    chroma = torch.full((1, 2, 4, 8), -40.0)
    chroma[..., 4:] = 40
    upsampled = JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_255=15)(chroma, lightness)
    torch.testing.assert_close(upsampled, torch.where(lightness < 50, -40.0, 40.0).expand(1, 2, -1, -1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_pixel_unlike_all_its_neighbours_takes_the_colour_of_the_least_unlike(dtype: torch.dtype) -> None:
    lightness = torch.zeros(1, 1, 12, 12, dtype=dtype)
    lightness[..., 6:] = 10
    lightness[0, 0, 5, 5] = 100  # every g is below exp(-4000) here, which no float can hold
    chroma = torch.full((1, 2, 4, 4), -40.0, dtype=dtype)
    chroma[..., 2:] = 40
    upsampled = JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_lightness=1)(chroma, lightness)
    torch.testing.assert_close(upsampled[0, :, 5, 5], torch.tensor([40.0, 40.0], dtype=dtype))


def test_gradients_flow_to_chroma_and_to_guidance() -> None:
    chroma, lightness = (x.requires_grad_() for x in smooth_inputs((3, 2), (4, 5)))
    module = JointBilateralUpsample(sigma_s_lowres_px=0.7, sigma_r_lightness=20)
    assert torch.autograd.gradcheck(module, (chroma, lightness))


def test_gradients_flow_in_float32() -> None:
    chroma, lightness = (x.float() for x in smooth_inputs((3, 2), (5, 5)))
    upsampled = JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_255=15)(chroma.requires_grad_(), lightness)
    (gradient,) = torch.autograd.grad(upsampled.sum(), chroma)
    torch.testing.assert_close(gradient.sum(), torch.tensor(2.0 * 5 * 5))  # the weights of every pixel sum to one


def test_shifted_inputs_give_the_shifted_output() -> None:
    chroma, lightness = (x.float() for x in smooth_inputs((12, 12), (48, 48)))
    module = JointBilateralUpsample(sigma_s_lowres_px=0.5, sigma_r_255=15)
    shifted = module(chroma[..., 3:, 1:], lightness[..., 12:, 4:])
    inside = (..., slice(12, None), slice(12, None))  # further from the cut than Omega reaches
    torch.testing.assert_close(shifted[inside], module(chroma, lightness)[..., 12:, 4:][inside], rtol=0, atol=1e-3)


def test_an_image_does_not_depend_on_its_batch() -> None:
    chroma, lightness = (x.float() for x in smooth_inputs((8, 6), (40, 45), batch=3))
    module = JointBilateralUpsample(sigma_s_fullres_px=3, sigma_r_255=15)
    together = module(chroma, lightness)
    for n in range(3):
        assert torch.equal(module(chroma[n : n + 1], lightness[n : n + 1])[0], together[n])


def test_grey_levels_are_hundredths_of_255_in_lightness() -> None:
    chroma, lightness = smooth_inputs((4, 4), (12, 12))
    in_grey_levels = JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_255=51)(chroma, lightness)
    in_lightness = JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_lightness=20)(chroma, lightness)
    torch.testing.assert_close(in_grey_levels, in_lightness)


def test_the_units_are_printed_with_the_module() -> None:
    assert repr(JointBilateralUpsample(sigma_s_fullres_px=3, sigma_r_255=51, radius_lowres_px=2)) == (
        "JointBilateralUpsample(sigma_s_fullres_px=3, sigma_r_lightness=20, radius_lowres_px=2)"
    )


TWELVE_MEGAPIXELS = """
import resource, torch
from pipeline.upsampling import jbu
module = jbu.JointBilateralUpsample(sigma_s_fullres_px=3, sigma_r_255=15)
chroma, lightness = torch.rand(1, 2, 224, 224), torch.rand(1, 1, 3000, 4000) * 100
module(chroma[..., :4, :4], lightness[..., :8, :8])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
module(chroma, lightness)
jbu.compiled_upsample = lambda device: None
module(chroma, lightness)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit elsewhere")
def test_twelve_megapixels_take_less_than_a_gigabyte_compiled_and_plain() -> None:
    run = subprocess.run([sys.executable, "-c", TWELVE_MEGAPIXELS], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 1_000_000  # kilobytes


@pytest.mark.parametrize(
    ("chroma", "guidance", "complaint"),
    [
        ((1, 3, 4, 4), (1, 1, 8, 8), "must be"),
        ((1, 2, 4, 4), (1, 3, 8, 8), "must be"),
        ((2, 4, 4), (1, 8, 8), "must be"),
        ((2, 2, 4, 4), (1, 1, 8, 8), "batch size"),
        ((1, 2, 9, 4), (1, 1, 8, 8), "larger"),
        ((1, 2, 0, 4), (1, 1, 8, 8), "empty"),
    ],
)
def test_shapes_that_do_not_belong_together_are_both_named(
    chroma: tuple[int, ...], guidance: tuple[int, ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint) as error:
        JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_255=15)(torch.zeros(chroma), torch.zeros(guidance))
    assert str(chroma) in str(error.value) and str(guidance) in str(error.value)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"sigma_s_lowres_px": 1}, "sigma_r_lightness and sigma_r_255, got neither"),
        ({"sigma_s_lowres_px": 1, "sigma_s_fullres_px": 1, "sigma_r_255": 15}, "exactly one"),
        ({"sigma_s_lowres_px": 0, "sigma_r_255": 15}, "sigma_s_lowres_px must be positive"),
        ({"sigma_s_lowres_px": 1, "sigma_r_255": -1}, "sigma_r_255 must be positive"),
        ({"sigma_s_lowres_px": 1, "sigma_r_255": math.nan}, "sigma_r_255 must be positive"),
        ({"sigma_s_lowres_px": 1, "sigma_r_255": 15, "radius_lowres_px": 0}, "radius_lowres_px"),
    ],
)
def test_sigmas_need_one_unit_and_a_positive_value(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        JointBilateralUpsample(**options)
