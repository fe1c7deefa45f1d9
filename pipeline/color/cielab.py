"""sRGB to CIE Lab (D65, 2 degree observer) and back, in torch: batched, differentiable, on any device.

Between stages an image is uint8 sRGB, inside of them float sRGB in [0, 1]; `to_float` and `to_uint8` are the only
places where one becomes the other. The colour channels are dimension -3, whatever stands before them.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# Linear sRGB to XYZ and the white D65, in the digits of scikit-image: our Lab is then everybody's Lab.
_XYZ_OF_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
_WHITE = (0.95047, 1.0, 1.08883)

# XYZ is only ever used relative to the white, so the matrix divides it out.
XYZ = (np.array(_XYZ_OF_RGB) / np.array(_WHITE)[:, None]).tolist()
_RGB = np.linalg.inv(XYZ).tolist()

# Both transfer curves are a line up to a knee and a power from there on (IEC 61966-2-1; CIE 15:2004, section 8.2).
_SRGB_KNEE, _SRGB_SLOPE = 0.04045, 1 / 12.92
_LAB_KNEE, _LAB_SLOPE = (6 / 29) ** 3, (29 / 6) ** 2 / 3

# Linear RGB this far outside [0, 1] is rounding of float32 and no colour outside the gamut. Clipping it away moves the
# lightness by 0.01 at black, where it shows most.
_ROUNDING = 1e-5
_BISECTIONS = 12


def to_float(rgb: Tensor) -> Tensor:
    """uint8 sRGB to float32 sRGB in [0, 1]."""
    if rgb.dtype != torch.uint8:
        raise ValueError(f"to_float takes uint8 sRGB, got {rgb.dtype} of shape {tuple(rgb.shape)}.")
    return rgb / 255


def to_uint8(rgb: Tensor) -> Tensor:
    """Float sRGB to uint8: clipped to [0, 1], then rounded to the nearest of the 256 levels."""
    if not rgb.is_floating_point():
        raise ValueError(f"to_uint8 takes float sRGB in [0, 1], got {rgb.dtype} of shape {tuple(rgb.shape)}.")
    return rgb.clamp(0, 1).mul_(255).round_().to(torch.uint8)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) sRGB, float in [0, 1] or uint8, to Lab of the same shape; L in [0, 100]."""
    fx, fy, fz = (_response(part) for part in _mix(XYZ, _linear(rgb)))
    return torch.stack((_lightness(fy), (fx - fy).mul_(500), (fy - fz).mul_(200)), dim=-3)


def lightness(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) sRGB, float in [0, 1] or uint8, to (..., 1, H, W) L, bit by bit that of `rgb_to_lab`."""
    (y,) = _mix(XYZ[1:2], _linear(rgb))
    return _lightness(_response(y)).unsqueeze(-3)


def gray_level(lightness: Tensor) -> Tensor:
    """L in [0, 100] of any shape to the sRGB level in [0, 1] of the grey of that lightness, same shape."""
    return _gamma_encoded(_inverse_response((lightness + 16) / 116)).clamp(0, 1)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """(..., 3, H, W) Lab to float sRGB clipped to [0, 1]; use `within_gamut` first to keep the lightness."""
    _require(lab, "Lab")
    linear = torch.stack(_linear_of_lab(*lab.unbind(-3)), dim=-3)
    return _gamma_encoded(linear).clamp(0, 1)


def within_gamut(lab: Tensor) -> Tensor:
    """Lab with the chroma of every colour outside sRGB scaled down, at its own lightness and hue, until it fits.

    Clipping RGB instead would move the lightness, and a colorization must keep that of its photograph. (..., 3, H, W)
    in and out, L in [0, 100]; colours inside the gamut keep their bits, the others lose at most 2^-12 more than needed.
    """
    _require(lab, "Lab")
    pixels = lab.movedim(-3, -1).clone()  # (..., H, W, 3)
    outside = ~_in_gamut(*pixels.unbind(-1))  # (..., H, W)
    L, a, b = pixels[outside].unbind(-1)
    scale = torch.zeros_like(L)
    for step in range(1, _BISECTIONS + 1):
        larger = scale + 0.5**step
        scale = torch.where(_in_gamut(L, larger * a, larger * b), larger, scale)
    pixels[outside] = torch.stack((L, scale * a, scale * b), dim=-1)
    return pixels.movedim(-1, -3)


def _in_gamut(L: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Whether every colour's linear RGB is within [0, 1]."""
    red, green, blue = (abs(part - 0.5) <= 0.5 + _ROUNDING for part in _linear_of_lab(L, a, b))
    return red & green & blue


def _linear(rgb: Tensor) -> tuple[Tensor, ...]:
    """sRGB to linear R, G and B."""
    rgb = to_float(rgb) if rgb.dtype == torch.uint8 else rgb
    _require(rgb, "sRGB")
    return gamma_decoded(rgb).unbind(-3)


def _linear_of_lab(L: Tensor, a: Tensor, b: Tensor) -> list[Tensor]:
    """Lab to linear R, G and B, which leave [0, 1] where Lab leaves the gamut."""
    fy = (L + 16) / 116
    return _mix(_RGB, [_inverse_response(f) for f in (fy + a / 500, fy, fy - b / 200)])


def _lightness(fy: Tensor) -> Tensor:
    return 116 * fy - 16


def _mix(matrix: Sequence[Sequence[float]], parts: Sequence[Tensor]) -> list[Tensor]:
    """A 3-column matrix times three channels, by hand: a matmul would obey TF32 and autocast, and lose 0.1 L by it."""
    first, second, third = parts
    return [(u * first).add_(second, alpha=v).add_(third, alpha=w) for u, v, w in matrix]


# The curves add the line below the knee to the power above it. Unlike a `where`, this never evaluates a power where
# its gradient is infinite or undefined, so no NaN can reach the gradients, and it takes a third of the time.


def gamma_decoded(c: Tensor) -> Tensor:
    """sRGB to linear RGB."""
    at_knee = ((_SRGB_KNEE + 0.055) / 1.055) ** 2.4
    curve = _power(c.clamp(min=_SRGB_KNEE).add_(0.055).mul_(1 / 1.055), 2.4)
    return c.clamp(max=_SRGB_KNEE).mul_(_SRGB_SLOPE).add_(curve).sub_(at_knee)


def _gamma_encoded(c: Tensor) -> Tensor:
    """Linear RGB to sRGB; negative light stays on the line."""
    knee = _SRGB_KNEE * _SRGB_SLOPE
    curve = _power(c.clamp(min=knee), 1 / 2.4)
    return c.clamp(max=knee).div_(_SRGB_SLOPE).add_(curve, alpha=1.055).sub_(1.055 * knee ** (1 / 2.4))


def _response(t: Tensor) -> Tensor:
    """The f of CIE Lab: the cube root, but a line near black."""
    line = t.clamp(max=_LAB_KNEE).sub_(_LAB_KNEE).mul_(_LAB_SLOPE)
    return line.add_(_power(t.clamp(min=_LAB_KNEE), 1 / 3))


def _inverse_response(f: Tensor) -> Tensor:
    knee = _LAB_KNEE ** (1 / 3)
    line = f.clamp(max=knee).sub_(knee).div_(_LAB_SLOPE)
    return f.clamp(min=knee).pow(3).add_(line)


def _power(base: Tensor, exponent: float) -> Tensor:
    """base ** exponent of a positive base, which is overwritten: a third of `pow`'s time on a CPU, within 5e-7."""
    return base.log_().mul_(exponent).exp_()


def _require(image: Tensor, space: str) -> None:
    if image.dtype not in (torch.float32, torch.float64) or image.ndim < 3 or image.shape[-3] != 3:
        raise ValueError(
            f"expected {space} of shape (..., 3, H, W) in float32 or float64, "
            f"got shape {tuple(image.shape)} in {str(image.dtype).removeprefix('torch.')}."
        )
