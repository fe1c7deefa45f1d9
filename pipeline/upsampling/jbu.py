"""Joint bilateral upsampling: chroma at low resolution becomes chroma whose edges are those of the lightness.

Equation 5 of the paper, after Kopf et al. 2007. For every pixel p of the photograph,

    S~_p = 1/k_p  sum over q_down in Omega of  S_{q_down}  f(|p_down - q_down|)  g(|I_p - I_q|)

where f and g are Gaussians of sigma_s and sigma_r, and k_p is the sum of the weights. What that leaves open:

- Geometry: a pixel is a square, its coordinates are those of its centre. On each axis p_down = (p + 1/2) h/H - 1/2 and
  q = (q_down + 1/2) H/h - 1/2. The scale H/h may be fractional, and differ between the axes.
- I_q: where q falls between pixels, I is interpolated bilinearly. The nearest pixel would have to break the tie of
  every even scale to one side, and I_q would jump as the scale changes.
- Omega: the q_down inside the image no further than the radius from p_down, on each axis. The radius is a whole number,
  so Omega always holds the pixels around p_down, however narrow f is.
- f g / k_p is the softmax of log f + log g: exact even where every weight underflows. A pixel that differs from all of
  Omega takes the colour of the most similar one.

Where chroma has the size of the photograph, p_down = p and I_q needs no interpolation: the same lines are equation 4.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.color.triton_path import if_triton_runs
from pipeline.upsampling.window import Axis, window

WEIGHTS_AT_ONCE = 2**22  # in the plain path: some 300 MB in float32, more if gradients keep them

Upsample = Callable[[Tensor, Tensor, Tensor, Axis, Axis, float], Tensor]  # see `plain_upsample`


class JointBilateralUpsample(nn.Module):
    """Upsamples chroma under the guidance of lightness. The units decide what the sigmas do, so the names carry them.

    Give one sigma_s: `sigma_s_lowres_px`, isotropic on chroma's grid, or `sigma_s_fullres_px`, on the photograph's.
    Give one sigma_r: `sigma_r_lightness`, in L from 0 to 100, or `sigma_r_255`, in grey levels of 100/255 L each.
    `radius_lowres_px` is the reach of Omega in pixels of chroma; by default 3 sigma_s, where f has fallen to 0.011.

    Float32 without gradients runs compiled: on a CPU, and on a GPU where Triton is installed. All else is plain,
    differentiable torch.
    """

    def __init__(
        self,
        *,
        sigma_s_lowres_px: float | None = None,
        sigma_s_fullres_px: float | None = None,
        sigma_r_lightness: float | None = None,
        sigma_r_255: float | None = None,
        radius_lowres_px: int | None = None,
    ) -> None:
        super().__init__()
        self.sigma_s = _one_of(sigma_s_lowres_px=sigma_s_lowres_px, sigma_s_fullres_px=sigma_s_fullres_px)
        self.sigma_s_in_fullres_px = sigma_s_fullres_px is not None
        sigma_r = _one_of(sigma_r_lightness=sigma_r_lightness, sigma_r_255=sigma_r_255)
        self.sigma_r = sigma_r if sigma_r_255 is None else sigma_r * 100 / 255  # in L
        if radius_lowres_px is not None and radius_lowres_px < 1:
            raise ValueError(f"radius_lowres_px must be at least 1, got {radius_lowres_px}")
        self.radius = radius_lowres_px

    def forward(self, chroma: Tensor, guidance: Tensor) -> Tensor:
        """(N, 2, h, w) chroma and (N, 1, H, W) lightness in [0, 100] -> (N, 2, H, W) chroma.

        Raises ValueError where the shapes do not belong together, or chroma is larger than the lightness.
        """
        _check_shapes(chroma, guidance)
        rows, columns = (self._axis(guidance.shape[axis], chroma.shape[axis]) for axis in (2, 3))
        guidance_low = F.interpolate(guidance, chroma.shape[2:], mode="bilinear", align_corners=False)  # I_q
        compiled = compiled_upsample(chroma.device.type) if _is_float32_inference(chroma, guidance) else None
        return (compiled or plain_upsample)(chroma, guidance, guidance_low, rows, columns, self.sigma_r)

    def reach(self, side: int) -> int:
        """Pixels that Omega extends to each side where chroma has the size of the lightness (equation 4)."""
        return self._axis(side, side).radius

    def extra_repr(self) -> str:
        """Name the sigmas with their units where the module is printed."""
        unit = "fullres_px" if self.sigma_s_in_fullres_px else "lowres_px"
        radius = "" if self.radius is None else f", radius_lowres_px={self.radius}"
        return f"sigma_s_{unit}={self.sigma_s:g}, sigma_r_lightness={self.sigma_r:g}{radius}"

    def _axis(self, full: int, low: int) -> Axis:
        sigma = self.sigma_s * low / full if self.sigma_s_in_fullres_px else self.sigma_s
        return Axis(full, low, sigma, self.radius or max(1, math.ceil(3 * sigma)))


def plain_upsample(
    chroma: Tensor, guidance: Tensor, guidance_low: Tensor, rows: Axis, columns: Axis, sigma_r: float
) -> Tensor:
    """Equation 5 in torch, a strip of rows at a time: any device, any floating dtype, differentiable."""
    (y, log_f_y), (x, log_f_x) = _tensors(rows, chroma), _tensors(columns, chroma)
    height = max(1, WEIGHTS_AT_ONCE // (len(chroma) * y.shape[1] * x.numel()))
    out = chroma.new_empty(*chroma.shape[:2], len(y), len(x))
    for strip in (slice(top, top + height) for top in range(0, len(y), height)):
        q = y[strip, None, :, None], x[:, None, :]  # together (R, W, Ky, Kx): the window of each of R x W pixels
        log_f = log_f_y[strip, None, :, None] + log_f_x[:, None, :]
        difference = guidance[:, 0, strip, :, None, None] - guidance_low[:, 0, *q]  # (N, R, W, Ky, Kx)
        log_g = -(difference**2) / (2 * sigma_r**2)
        weight = (log_f + log_g).flatten(-2).softmax(-1)  # (N, R, W, Ky Kx)
        out[:, :, strip] = torch.einsum("nrwk,ncrwk->ncrw", weight, chroma[:, :, *q].flatten(-2))
    return out


@cache
def compiled_upsample(device: str) -> Upsample | None:
    """`plain_upsample` compiled for a type of device; None where there is no such code or no compiler."""
    if device == "cpu":
        from pipeline.upsampling import jbu_cpu  # numba takes a second to import

        return jbu_cpu.upsample
    return if_triton_runs(_kernel) if device == "cuda" else None


def _kernel() -> Upsample:
    from pipeline.upsampling import jbu_triton

    return jbu_triton.upsample


def _tensors(axis: Axis, chroma: Tensor) -> tuple[Tensor, Tensor]:
    """(P, K) indices and log f, on the device of `chroma`."""
    first, log_f = window(axis)
    index = first[:, None] + np.arange(log_f.shape[1])
    return torch.from_numpy(index).to(chroma.device), torch.from_numpy(log_f).to(chroma)


def _is_float32_inference(*inputs: Tensor) -> bool:
    wants_gradient = torch.is_grad_enabled() and any(x.requires_grad for x in inputs)
    return not wants_gradient and all(x.dtype == torch.float32 and x.device == inputs[0].device for x in inputs)


def _one_of(**options: float | None) -> float:
    given = {name: value for name, value in options.items() if value is not None}
    if len(given) != 1:
        raise ValueError(f"give exactly one of {' and '.join(options)}, got {' and '.join(given) or 'neither'}")
    ((name, value),) = given.items()
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {value}")
    return value


def _check_shapes(chroma: Tensor, guidance: Tensor) -> None:
    shapes = f"chroma {tuple(chroma.shape)} and guidance {tuple(guidance.shape)}"
    if chroma.ndim != 4 or guidance.ndim != 4 or chroma.shape[1] != 2 or guidance.shape[1] != 1:
        raise ValueError(f"{shapes} must be (N, 2, h, w) and (N, 1, H, W)")
    if len(chroma) != len(guidance):
        raise ValueError(f"{shapes} differ in batch size")
    if chroma.numel() == 0 or any(low > full for low, full in zip(chroma.shape[2:], guidance.shape[2:], strict=True)):
        raise ValueError(f"{shapes}: chroma must not be empty, nor larger than guidance")
