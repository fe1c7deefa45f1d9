"""Lightness and chroma joined to an 8-bit picture whose lightness is the photograph's own."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from pipeline.color import cielab
from pipeline.color.triton_path import if_triton_runs


def compose(lightness: Tensor, ab: Tensor) -> np.ndarray:
    """Join (1, H, W) L and (2, H, W) ab to (H, W, 3) uint8 sRGB whose lightness is the photograph's own.

    Colours that sRGB does not have lose chroma, never lightness (`cielab.within_gamut`). Float32 on a GPU is one kernel
    where triton is installed.
    """
    compiled = compiled_compose(lightness.device.type) if lightness.dtype == torch.float32 else None
    return (compiled or plain_compose)(lightness, ab.to(lightness)).cpu().numpy()


def plain_compose(lightness: Tensor, ab: Tensor) -> Tensor:
    """`compose` in torch, on any device and with the result there."""
    lab = cielab.within_gamut(torch.cat((lightness, ab), dim=0))
    return cielab.to_uint8(cielab.lab_to_rgb(lab)).permute(1, 2, 0).contiguous()


@cache
def compiled_compose(device: str) -> Callable[[Tensor, Tensor], Tensor] | None:
    """`plain_compose` as one kernel for a type of device; None where there is no such kernel or no compiler."""
    return if_triton_runs(_kernel) if device == "cuda" else None


def _kernel() -> Callable[[Tensor, Tensor], Tensor]:
    from pipeline.color import compose_triton

    return compose_triton.compose
