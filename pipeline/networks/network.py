"""The proposed network: Zhang's colorization trunk with a semantic branch on conv5, conv6 and conv7."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline.color.bins import BINS

COLOR_BINS = len(BINS)
STRIDE = 4  # of both branches: 56 x 56 for 224 x 224


class Prediction(NamedTuple):
    """Unnormalised scores of both branches at `STRIDE`."""

    color: Tensor  # (N, 313, H/4, W/4) logits over the gamut's bins
    semantic: Tensor | None  # (N, classes, H/4, W/4) logits over the object classes


class ColorizationNet(nn.Module):
    """Lightness in, a distribution over colours and over object classes out (paper section 2.3, figure 2).

    `classes=None` leaves the semantic branch out: that is Zhang's network of 32,230,393 convolution parameters.
    The paper prints no widths for the branch. With `deconv_channels` = `classes` (the default) and `hidden` = 64
    the model for COCO-Stuff's 183 classes has the 147.5 MB that the paper quotes; a `hidden` of None classifies
    the concatenated features directly. `width` scales every hidden layer for small runs.
    """

    def __init__(
        self,
        classes: int | None = None,
        width: float = 1.0,
        deconv_channels: int | None = None,
        hidden: int | None = 64,
    ) -> None:
        super().__init__()
        c64, c128, c256, c512 = (scaled(channels, width) for channels in (64, 128, 256, 512))
        self.conv1 = block(1, c64, convs=2, stride=2)
        self.conv2 = block(c64, c128, convs=2, stride=2)
        self.conv3 = block(c128, c256, convs=3, stride=2)
        self.conv4 = block(c256, c512, convs=3)
        self.conv5 = block(c512, c512, convs=3, dilation=2)
        self.conv6 = block(c512, c512, convs=3, dilation=2)
        self.conv7 = block(c512, c512, convs=3)
        self.conv8 = nn.Sequential(
            nn.ConvTranspose2d(c512, c256, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            *(layer for _ in range(2) for layer in (nn.Conv2d(c256, c256, 3, padding=1), nn.ReLU(inplace=True))),
            nn.Conv2d(c256, COLOR_BINS, 1),
        )
        self.semantic = None if classes is None else SemanticHead(c512, classes, deconv_channels or classes, hidden)

    def forward(self, lightness: Tensor) -> Prediction:
        """Score `lightness` (N, 1, H, W), L in [0, 100]; H and W are best multiples of 8."""
        shared = self.conv4(self.conv3(self.conv2(self.conv1((lightness - 50) / 100))))
        conv5 = self.conv5(shared)
        conv6 = self.conv6(conv5)
        conv7 = self.conv7(conv6)
        semantic = None if self.semantic is None else self.semantic(conv5, conv6, conv7)
        return Prediction(self.conv8(conv7), semantic)


class SemanticHead(nn.Module):
    """Three deconvolutions after conv5, conv6 and conv7, concatenated and classified (paper section 2.3)."""

    def __init__(self, channels: int, classes: int, deconv_channels: int, hidden: int | None) -> None:
        super().__init__()
        self.deconvs = nn.ModuleList(
            nn.ConvTranspose2d(channels, deconv_channels, 4, stride=2, padding=1) for _ in range(3)
        )
        joined = 3 * deconv_channels
        self.classify = (
            nn.Conv2d(joined, classes, 1)
            if hidden is None
            else nn.Sequential(
                nn.Conv2d(joined, hidden, 1), nn.ReLU(inplace=True), nn.Conv2d(hidden, classes, 3, padding=1)
            )
        )

    def forward(self, *features: Tensor) -> Tensor:
        """Turn the three (N, C, H/8, W/8) feature maps into (N, classes, H/4, W/4) logits."""
        raised = [deconv(feature) for deconv, feature in zip(self.deconvs, features, strict=True)]
        return self.classify(torch.relu(torch.cat(raised, dim=1)))


def block(inputs: int, outputs: int, convs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """`convs` 3x3 convolutions with ReLU, the last one with `stride`, then batch normalisation (Zhang et al. 2016)."""
    layers: list[nn.Module] = []
    for index in range(convs):
        step = stride if index == convs - 1 else 1
        channels = inputs if index == 0 else outputs
        layers += [
            nn.Conv2d(channels, outputs, 3, stride=step, padding=dilation, dilation=dilation),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers, nn.BatchNorm2d(outputs))


def scaled(channels: int, width: float) -> int:
    """`channels` times `width`, to a multiple of 8 (vector units and tensor cores want that), at least 8."""
    return max(8, round(channels * width / 8) * 8)


@torch.no_grad()
def keep_variance(network: nn.Module) -> None:
    """Random weights under which a ReLU's layer passes the variance of its input on (He et al. 2015, equation 10).

    Under PyTorch's own a plain chain loses five sixths of it in each layer, which a short training has to make good.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            assert layer.bias is not None
            inputs = layer.in_channels * math.prod(layer.kernel_size)
            if isinstance(layer, nn.ConvTranspose2d):
                inputs //= math.prod(layer.stride)  # so many places of the input reach one of the output
            layer.weight.normal_(std=math.sqrt(2 / inputs))
            layer.bias.zero_()
