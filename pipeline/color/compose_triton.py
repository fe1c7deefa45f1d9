"""Lightness and chroma joined to an 8-bit picture on a GPU: `compose.plain_compose` as one Triton kernel.

The plain path starts hundreds of kernels for a picture and waits twice for the GPU, which takes milliseconds. The lower
bound here is computed, not measured. For 375 x 500 pixels, a Hopper of 3.35 TB/s reads 12 bytes and writes 3 bytes a
pixel in one microsecond. The kernel runs 530 instructions a pixel, nearly all for 14 conversions to linear RGB: three
microseconds on 132 multiprocessors that start 128 a clock. A launch takes as long, so nothing else is tuned: pixels
inside the gamut do not leave the bisection early, and bytes are not stored by the word.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from pipeline.color import cielab

# Constants of `pipeline.color.cielab` as kernels may see them.
(RED_X, RED_Y, RED_Z), (GREEN_X, GREEN_Y, GREEN_Z), (BLUE_X, BLUE_Y, BLUE_Z) = (
    [tl.constexpr(weight) for weight in row] for row in cielab._RGB
)
LAB_KNEE, LAB_SLOPE = tl.constexpr(cielab._LAB_KNEE ** (1 / 3)), tl.constexpr(1 / cielab._LAB_SLOPE)  # of the inverse
AT_LAB_KNEE = tl.constexpr(cielab._LAB_KNEE)
SRGB_KNEE, SRGB_SLOPE = tl.constexpr(cielab._SRGB_KNEE * cielab._SRGB_SLOPE), tl.constexpr(1 / cielab._SRGB_SLOPE)
BELOW_CURVE = tl.constexpr(cielab._SRGB_KNEE - 1.055 * (cielab._SRGB_KNEE * cielab._SRGB_SLOPE) ** (1 / 2.4))
REACH = tl.constexpr(0.5 + cielab._ROUNDING)
BISECTIONS = tl.constexpr(cielab._BISECTIONS)
WHOLE = tl.constexpr(2.0**23)  # from here on float32 holds whole numbers only, in its last bits

PIXELS = 128  # a program, one a thread: a warp's stores of a channel then fall into 96 consecutive bytes


def compose(lightness: Tensor, ab: Tensor) -> Tensor:
    """(1, H, W) L and (2, H, W) ab, float32 -> (H, W, 3) uint8 sRGB on their device; nothing waits for the GPU.

    Equal to `plain_compose` but for one pixel in thousands, which rounding moves by one level. Where it changes the
    last bisection, the chroma differs by 2^-12: several levels for chroma beyond 150 and a channel near zero. NaN
    becomes black, as in `plain_compose`. Raises ValueError for other shapes and dtypes.
    """
    if lightness.shape[:-2] != (1,) or ab.shape != (2, *lightness.shape[1:]):
        raise ValueError(f"expected (1, H, W) L and (2, H, W) ab, got {tuple(lightness.shape)} and {tuple(ab.shape)}.")
    if lightness.dtype != torch.float32 or ab.dtype != torch.float32:
        raise ValueError(f"expected L and ab in float32, got {lightness.dtype} and {ab.dtype}.")
    lightness, ab = lightness.detach().contiguous(), ab.detach().contiguous()
    rgb = torch.empty(*lightness.shape[1:], 3, dtype=torch.uint8, device=lightness.device)
    N = lightness.numel()
    with torch.cuda.device_of(lightness):
        compose_pixels[(triton.cdiv(N, PIXELS),)](
            *(lightness, ab, rgb, N), PIXELS=PIXELS, num_warps=PIXELS // 32, enable_fp_fusion=True
        )
    return rgb


@triton.jit(do_not_specialize=["N"])
def compose_pixels(lightness, ab, rgb, N, PIXELS: tl.constexpr):
    """`cielab.within_gamut`, `cielab.lab_to_rgb` and `cielab.to_uint8` of PIXELS pixels."""
    pixel = tl.program_id(0).to(tl.int64) * PIXELS + tl.arange(0, PIXELS)
    inside = pixel < N
    L = tl.load(lightness + pixel, mask=inside, other=0)
    a, b = tl.load(ab + pixel, mask=inside, other=0), tl.load(ab + N + pixel, mask=inside, other=0)
    fy = (L + 16) * (1 / 116)

    scale = tl.zeros([PIXELS], tl.float32)
    step = 1.0
    for _ in range(BISECTIONS):
        step *= 0.5
        larger = scale + step
        scale = tl.where(_in_gamut(fy, larger * a, larger * b), larger, scale)
    scale = tl.where(_in_gamut(fy, a, b), 1.0, scale)  # which keeps the bits of a colour inside

    red, green, blue = _linear(fy, scale * a, scale * b)
    tl.store(rgb + 3 * pixel, _level(red), mask=inside)
    tl.store(rgb + 3 * pixel + 1, _level(green), mask=inside)
    tl.store(rgb + 3 * pixel + 2, _level(blue), mask=inside)


@triton.jit
def _in_gamut(fy, a, b):
    """`cielab._in_gamut`; false for NaN."""
    red, green, blue = _linear(fy, a, b)
    return (tl.abs(red - 0.5) <= REACH) & (tl.abs(green - 0.5) <= REACH) & (tl.abs(blue - 0.5) <= REACH)


@triton.jit
def _linear(fy, a, b):
    """`cielab._linear_of_lab`."""
    x, y, z = _inverse_response(fy + a * (1 / 500)), _inverse_response(fy), _inverse_response(fy - b * (1 / 200))
    red = RED_X * x + RED_Y * y + RED_Z * z
    green = GREEN_X * x + GREEN_Y * y + GREEN_Z * z
    blue = BLUE_X * x + BLUE_Y * y + BLUE_Z * z
    return red, green, blue


@triton.jit
def _inverse_response(f):
    return tl.where(f > LAB_KNEE, f * f * f, (f - LAB_KNEE) * LAB_SLOPE + AT_LAB_KNEE)


@triton.jit
def _level(linear):
    """Linear light to the sRGB level, 0 to 255. Halves round to even, as in `torch.round`; NaN is black."""
    linear = tl.minimum(tl.maximum(linear, 0.0), 1.0)
    curve = 1.055 * tl.exp2(tl.log2(tl.maximum(linear, SRGB_KNEE)) * (1 / 2.4)) + BELOW_CURVE
    level = 255 * tl.where(linear > SRGB_KNEE, curve, linear * SRGB_SLOPE)
    return (level + WHOLE).to(tl.int32, bitcast=True).to(tl.uint8)  # its last eight bits
