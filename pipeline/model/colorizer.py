"""A trained network as a method: predict chroma at the network's size, upsample it to the photograph's own."""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline import layout
from pipeline.errors import UserError
from pipeline.method import Context, Method, Photo, Trainable, compose
from pipeline.model.jbu import JointBilateralUpsample
from pipeline.model.weights import load_weights
from pipeline.records import MethodCard

MULTIPLE = 32  # what VGG-16's five halvings divide; the other networks need less
# The paper's sigma_s = 3 and sigma_r = 15 (section 3.1) in the units that fit its Table 1: docs/results/jbu_units.md.
JBU = {"sigma_s_fullres_px": 3, "sigma_r_255": 15, "after_bilinear": True}


class Colorizer(Method):
    """The model `model` of params.yaml with its chroma upsampled by `upsampling` (see `make_upsampling`).

    `decoding` holds keywords for the model's `chroma`. `resolution` is what the network sees: "square", the photograph
    stretched to the square of its training (paper section 3.1), or "own", its own size, sides rounded up to
    multiples of 32, so one at a time.
    """

    def __init__(
        self,
        context: Context,
        model: str,
        upsampling: dict[str, Any] | str = "bilinear",
        decoding: dict[str, Any] | None = None,
        resolution: Literal["square", "own"] = "square",
    ) -> None:
        if resolution not in ("square", "own"):
            raise UserError(f"resolution is {resolution!r}, but should be 'square' or 'own'.")
        self.file = layout.trained(context.dataset, model) / "weights.safetensors"
        self.network, self.about = load_weights(self.file, context.device)
        self.resolution = resolution
        self.upsampling = make_upsampling(upsampling).to(context.device)
        self.decoding = decoding or {}
        self.device = context.device

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        """See `pipeline.method.Method`."""
        lightness = [photo.lightness for photo in photos]
        together = [lightness] if self.resolution == "square" else [[one] for one in lightness]
        size = self.about.size if self.resolution == "square" else None
        chroma = [
            one for some in together for one in predict_chroma(self.network, size, some, self.device, **self.decoding)
        ]
        return [upsample_and_compose(*pair, self.upsampling) for pair in zip(lightness, chroma, strict=True)]

    def card(self) -> MethodCard:
        """See `pipeline.method.Method`."""
        size = self.about.size
        return MethodCard(
            parameters=sum(parameter.numel() for parameter in self.network.parameters()),
            weights_megabytes=self.file.stat().st_size / 1e6,
            weights=self.about.origin,
            weights_sha256=hashlib.sha256(self.file.read_bytes()).hexdigest(),
            training_data=self.about.training_data,
            resolution=f"{size} x {size}, stretched" if self.resolution == "square" else "the photograph's own",
            differences=self.network.differences,
        )


@torch.inference_mode()
def predict_chroma(
    network: Trainable, size: int | None, lightness: Sequence[Tensor], device: torch.device, **decoding: Any
) -> Tensor:
    """(1, H, W) lightness of N photographs of any sizes -> (N, 2, s, s) ab on `device`.

    The network sees every photograph stretched to the `size` x `size` square of its training (paper section 3.1);
    where `size` is None, at its own size with sides rounded up to multiples of `MULTIPLE`.
    """
    seen = [F.interpolate(one[None].to(device), _sides(one, size), mode="bicubic", antialias=True) for one in lightness]
    stack = torch.cat(seen).clamp_(0, 100).contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        return network.chroma(stack, **decoding).float()


def _sides(lightness: Tensor, size: int | None) -> tuple[int, int]:
    if size is not None:
        return size, size
    height, width = lightness.shape[1:]
    return -height // MULTIPLE * -MULTIPLE, -width // MULTIPLE * -MULTIPLE


@torch.inference_mode()
def upsample_and_compose(lightness: Tensor, chroma: Tensor, upsampling: nn.Module) -> np.ndarray:
    """(1, H, W) lightness and (2, s, s) ab -> (H, W, 3) uint8 sRGB of the photograph's own lightness."""
    guidance = lightness[None].to(chroma.device)
    return compose(guidance[0], upsampling(chroma[None], guidance)[0])


def make_upsampling(wanted: dict[str, Any] | str) -> nn.Module:
    """The module that a method's `upsampling` names: "bilinear", "jbu" (`JBU`), or other sigmas.

    `{sigma_s_..: .., sigma_r_..: ..}` is equation 5 (`JointBilateralUpsample`, whose names carry the units);
    with `after_bilinear: true` it is equation 4 on bilinearly upsampled chroma.
    """
    if wanted == "bilinear":
        return Bilinear()
    options = dict(JBU) if wanted == "jbu" else wanted
    if not isinstance(options, dict):
        raise UserError(f"upsampling is {wanted!r}, but should be 'bilinear', 'jbu' or the sigmas of a 'jbu'.")
    options = dict(options)
    after_bilinear = options.pop("after_bilinear", False)
    try:
        joint = JointBilateralUpsample(**options)
    except (TypeError, ValueError) as error:
        raise UserError(f"upsampling: {error}.") from None
    return FilteredBilinear(joint) if after_bilinear else joint


class Bilinear(nn.Module):
    """Plain upsampling: colours cross edges as if there were none."""

    def forward(self, chroma: Tensor, guidance: Tensor) -> Tensor:
        """(N, 2, h, w) chroma and (N, 1, H, W) lightness -> (N, 2, H, W) chroma."""
        return F.interpolate(chroma, guidance.shape[2:], mode="bilinear", align_corners=False)


class FilteredBilinear(nn.Module):
    """Equation 4: bilinear upsampling, then the joint bilateral filter at the photograph's own resolution."""

    def __init__(self, joint: JointBilateralUpsample) -> None:
        super().__init__()
        self.bilinear, self.joint = Bilinear(), joint

    def forward(self, chroma: Tensor, guidance: Tensor) -> Tensor:
        """(N, 2, h, w) chroma and (N, 1, H, W) lightness -> (N, 2, H, W) chroma."""
        return self.joint(self.bilinear(chroma, guidance), guidance)
