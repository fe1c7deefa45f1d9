"""A small DeepLab for small squares and laptops, and the input, loss and crops that all segmenters share."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.color import cielab
from pipeline.networks.contract import Segmenter, Setup
from pipeline.networks.losses import semantic_loss
from pipeline.networks.network import block, scaled
from pipeline.packs.batch import Batch
from pipeline.settings.ranges import Scales

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's sRGB in [0, 1], as torchvision's weights want
SCALES = (0.5, 2.0)  # DeepLab's random scales
RATES = (1, 3, 6)  # dilations of the branches; DeepLab's 6, 12, 18 would reach past the edges of 16 x 16 features
AUGMENTATION = "one random scale and crop a batch, not one a photograph, so that any number of processes draws the same"


class SmallDeepLab(Segmenter):
    """DeepLab v3's head (Chen et al. 2017, section 3.3) on a plain backbone that answers at a quarter of the input.

    The head joins dilated branches (atrous spatial pyramid pooling) and the mean of the whole picture, its context.
    `scales`: the range of the random factor that resizes the training square before it is cropped to its size.
    """

    differences = (
        "a backbone of eight convolutions, trained from nothing, in place of ResNet-101",
        "output stride 4, dilations 1, 3 and 6",
        "AdamW and the schedule of params.yaml, not gradient descent with a polynomial one",
        AUGMENTATION,
    )

    def __init__(self, setup: Setup, scales: Scales = SCALES) -> None:
        super().__init__(setup)
        self.scales = scales
        c64, c128, c256 = (scaled(channels, setup.width) for channels in (64, 128, 256))
        self.backbone = nn.Sequential(
            block(3, c64, convs=2, stride=2),
            block(c64, c128, convs=2, stride=2),
            block(c128, c256, convs=2),
            block(c256, c256, convs=2, dilation=2),
        )
        self.branches = nn.ModuleList(block(c256, c128, convs=1, dilation=rate) for rate in RATES)
        self.whole = nn.Conv2d(c256, c128, 1)
        self.join = block((len(RATES) + 1) * c128, c256, convs=1)
        self.classify = nn.Conv2d(c256, len(setup.classes), 1)

    def logits(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) sRGB in [0, 1] -> (N, classes, H/4, W/4)."""
        features = self.backbone(normalized(rgb))
        whole = self.whole(features.mean(dim=(2, 3), keepdim=True)).relu().expand(-1, -1, *features.shape[2:])
        return self.classify(self.join(torch.cat([*(branch(features) for branch in self.branches), whole], dim=1)))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy at every labelled pixel."""
        rgb, labels = examples(batch, self.scales if self.training else None)
        return {"loss": pixel_loss(self.logits(rgb), labels)}

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """AdamW, as the colorization networks here."""
        return torch.optim.AdamW(self.parameters(), learning_rate, weight_decay=1e-3, fused=True)


def normalized(rgb: Tensor) -> Tensor:
    """(N, 3, H, W) sRGB in [0, 1] -> the same with ImageNet's mean 0 and deviation 1."""
    mean, std = (torch.tensor(values, device=rgb.device)[:, None, None] for values in (MEAN, STD))
    return (rgb - mean) / std


def examples(batch: Batch, scales: Sequence[float] | None) -> tuple[Tensor, Tensor]:
    """The original colours (N, 3, S, S) sRGB in [0, 1] and labels (N, S, S) of a batch.

    With `scales` the whole batch is resized by a random factor between the two, and of larger pictures one random
    S x S window is taken; smaller ones stay smaller, where DeepLab pads them to S with void.
    """
    assert batch.labels is not None
    rgb, labels = cielab.lab_to_rgb(torch.cat((batch.lightness, batch.ab), dim=1)), batch.labels
    if scales is None:
        return rgb, labels
    size = rgb.shape[-1]
    low, high = scales
    side = round(size * (low + (high - low) * torch.rand(()).item()))
    rgb = F.interpolate(rgb, (side, side), mode="bilinear", antialias=True)
    labels = F.interpolate(labels[:, None].float(), (side, side), mode="nearest-exact")[:, 0].to(torch.uint8)
    top, left = torch.randint(max(0, side - size) + 1, (2,)).tolist()
    window = slice(top, top + size), slice(left, left + size)
    return rgb[..., window[0], window[1]], labels[:, window[0], window[1]]


def pixel_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy over the labelled pixels of `labels` (N, S, S); `logits` (N, classes, h, w) raised bilinearly."""
    return semantic_loss(F.interpolate(logits.float(), labels.shape[1:], mode="bilinear"), labels, None)
