"""A trained network as a method: predict chroma at the network's size, upsample it to the photograph's own."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.color.compose import compose
from pipeline.methods.method import Context, Method, Photo, Photos, strips_of
from pipeline.networks.contract import Trainable
from pipeline.networks.published_file import check_digest
from pipeline.networks.weights import load_weights
from pipeline.records.rows import MethodCard
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.options import checked_options
from pipeline.settings.params import typed_value
from pipeline.settings.provenance import code_digest
from pipeline.settings.ranges import Range
from pipeline.upsampling.jbu import JointBilateralUpsample

MULTIPLE = 32  # what VGG-16's five halvings divide; the other networks need less
# The paper's sigma_s = 3 and sigma_r = 15 (section 3.1) in the units that fit its Table 1: docs/results/jbu_units.md.
JBU = {"sigma_s_fullres_px": 3, "sigma_r_255": 15, "after_bilinear": True}


class Colorizer(Method):
    """The model `model` of params.yaml with its chroma upsampled by `upsampling` (see `make_upsampling`).

    `decoding` holds keywords for the model's `chroma`. `resolution` is that of the network's input: "square", stretched
    to the training square (paper section 3.1); "own", the photograph's size; or a number, its shorter side in pixels.
    "own" and numbers round sides to multiples of 32 and take one photograph at a time.
    """

    def __init__(
        self,
        context: Context,
        model: str,
        upsampling: dict[str, Any] | str = "bilinear",
        decoding: dict[str, Any] | None = None,
        resolution: Literal["square", "own"] | Annotated[int, Range(MULTIPLE, 4096)] = "square",
    ) -> None:
        self.file = paths.weights(context.dataset, model)
        self.network, self.about = load_weights(self.file, context.device)
        self.resolution = resolution
        self.upsampling = make_upsampling(upsampling).to(context.device)
        self.decoding = checked_options(self.network.chroma, decoding or {}, "decoding")
        self.device = context.device

    def prepare(self, photos: Photos) -> None:
        """Colorize one photograph, as the first call compiles."""
        self.colorize([photos[0]])

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        lightness = [photo.lightness for photo in photos]
        if self.resolution == "square":
            sides = (self.about.size, self.about.size)
            chroma = [*predict_chroma(self.network, sides, lightness, self.device, **self.decoding)]
        else:
            shorter = None if self.resolution == "own" else int(self.resolution)
            chroma = [
                predict_chroma(self.network, sides_of(photo, shorter), [photo], self.device, **self.decoding)[0]
                for photo in lightness
            ]
        return [upsample_and_compose(*pair, self.upsampling) for pair in zip(lightness, chroma, strict=True)]

    def identity(self) -> str:
        """The weights, and the code of the network that they name."""
        return check_digest(self.file, None) + code_digest([type(self.network).__module__])

    def card(self) -> MethodCard:
        own = "its own" if self.resolution == "own" else f"its shorter side {self.resolution} pixels"
        return MethodCard(
            parameters=sum(parameter.numel() for parameter in self.network.parameters()),
            weights_megabytes=self.file.stat().st_size / 1e6,
            weights=self.about.origin,
            weights_sha256=check_digest(self.file, None),
            training_data=self.about.training_data,
            resolution=f"{self.about.size} x {self.about.size}, stretched" if self.resolution == "square" else own,
            differences=tuple(self.about.differences),
        )


@torch.inference_mode()
def predict_chroma(
    network: Trainable, sides: tuple[int, int], lightness: Sequence[Tensor], device: torch.device, **decoding: Any
) -> Tensor:
    """(1, H, W) lightness of N photographs of any sizes, resized to `sides` -> (N, 2, h, w) ab on `device`.

    With the training square as `sides` this is the paper's section 3.1.
    """
    seen = [F.interpolate(L[None].to(device), sides, mode="bicubic", antialias=True) for L in lightness]
    stack = torch.cat(seen).clamp_(0, 100).contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        return network.chroma(stack, **decoding).float()


def sides_of(lightness: Tensor, shorter: int | None) -> tuple[int, int]:
    """Height and width for a network: the photograph's own, or scaled to a `shorter` side; multiples of `MULTIPLE`."""
    height, width = lightness.shape[1:]
    scale = 1.0 if shorter is None else shorter / min(height, width)
    down, across = (max(1, round(side * scale / MULTIPLE)) * MULTIPLE for side in (height, width))
    return down, across


@torch.inference_mode()
def upsample_and_compose(lightness: Tensor, chroma: Tensor, upsampling: nn.Module) -> np.ndarray:
    """(1, H, W) lightness and (2, s, s) ab -> (H, W, 3) uint8 sRGB of the photograph's own lightness.

    A large photograph is made in strips of rows, which bounds the memory, where the upsampling can do so.
    """
    height, width = lightness.shape[1:]
    strips = strips_of(height, width)
    if len(strips) == 1 or not isinstance(upsampling, Bilinear):
        guidance = lightness[None].to(chroma.device)
        return compose(guidance[0], upsampling(chroma[None], guidance)[0])
    picture = np.empty((height, width, 3), np.uint8)
    for rows in strips:
        ab = upsampling.strip(chroma[None], lightness[None], rows)[0]
        picture[rows] = compose(lightness[:, rows].to(chroma.device), ab)
    return picture


def make_upsampling(wanted: dict[str, Any] | str) -> nn.Module:
    """The module for a method's `upsampling`: "bilinear", "jbu" (`JBU`), or other sigmas.

    `{sigma_s_..: .., sigma_r_..: ..}` is equation 5 (`JointBilateralUpsample`, whose names carry the units);
    with `after_bilinear: true` it is equation 4 on bilinearly upsampled chroma.
    """
    if wanted == "bilinear":
        return Bilinear()
    options = dict(JBU) if wanted == "jbu" else wanted
    if not isinstance(options, dict):
        raise UserError(f"upsampling is {wanted!r}, but should be 'bilinear', 'jbu' or the sigmas of a 'jbu'.")
    options = dict(options)
    after_bilinear = typed_value(bool, options.pop("after_bilinear", False), "upsampling: after_bilinear")
    options = checked_options(JointBilateralUpsample, options, "upsampling", skip=0)
    try:
        joint = JointBilateralUpsample(**options)
    except ValueError as error:
        raise UserError(f"upsampling: {error}.") from None
    return Bilinear(joint) if after_bilinear else joint


class Bilinear(nn.Module):
    """Bilinear upsampling, which ignores edges; with `joint` equation 4, which filters the result."""

    def __init__(self, joint: JointBilateralUpsample | None = None) -> None:
        super().__init__()
        self.joint = joint

    def forward(self, chroma: Tensor, guidance: Tensor) -> Tensor:
        """(N, 2, h, w) chroma and (N, 1, H, W) lightness -> (N, 2, H, W) chroma."""
        raised = F.interpolate(chroma, guidance.shape[2:], mode="bilinear", align_corners=False)
        return raised if self.joint is None else self.joint(raised, guidance)

    def strip(self, chroma: Tensor, guidance: Tensor, rows: slice) -> Tensor:
        """The `rows` of what `forward` gives, (N, 2, R, W), with no more memory than they need."""
        height, width = guidance.shape[2:]
        reach = 0 if self.joint is None else self.joint.reach(height)
        around = slice(max(0, rows.start - reach), min(height, rows.stop + reach))
        centres = (torch.arange(around.start, around.stop) + 0.5) * (chroma.shape[2] / height) - 0.5
        above = centres.clamp(min=0).floor().long()
        below = (above + 1).clamp(max=chroma.shape[2] - 1)
        share = (centres.clamp(min=0) - above)[:, None].to(chroma)
        narrow = torch.lerp(chroma[:, :, above.to(chroma.device)], chroma[:, :, below.to(chroma.device)], share)
        raised = F.interpolate(narrow, (narrow.shape[2], width), mode="bilinear", align_corners=False)
        if self.joint is not None:
            raised = self.joint(raised, guidance[:, :, around].to(chroma.device))
        return raised[:, :, rows.start - around.start : rows.stop - around.start]
