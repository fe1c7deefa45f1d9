"""Zhang, Zhu et al., "Real-Time User-Guided Image Colorization with Learned Deep Priors", SIGGRAPH 2017, without hints.

Layers, scaling and loss as in the authors' github.com/richzhang/colorization (colorizers/siggraph17.py, BSD-2-Clause)
and of their training code github.com/richzhang/colorization-pytorch (models/networks.py,
models/pix2pix_model.py, options/train_options.py). Layers carry the names of the published weights.
"""

from collections.abc import Iterable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.networks import constants
from pipeline.networks.contract import Setup, Trainable
from pipeline.networks.network import block, scaled
from pipeline.packs.batch import Batch
from pipeline.runtime.distributed import mean_over_processes
from pipeline.settings.ranges import LearningRate

AB_RANGE = 110  # divides ab, and bounds the grid of classes
STEP = 10
SIDE = 2 * AB_RANGE // STEP + 1
CLASSES = SIDE**2  # 529 points of a 23 x 23 grid over ab, hard targets
STRIDE = 4  # of the classification
WEIGHT_REGRESSION = 10.0  # of the L1 loss, against 1 of the cross-entropy


class Siggraph17(Trainable):
    """The 34.19 M parameter network with its two heads, for automatic colorization: hints and their mask are zero.

    `learning_rate` null takes the dataset's; the authors' is 1e-4 for 15 epochs of ImageNet.
    """

    compilable = True
    multiple = 8  # the side: three times halved, and finer maps are added to coarser ones made larger
    differences = (
        "the first of its two training stages alone: the second fine-tunes on users' hints, which no method gets here",
        "trained for the epochs and by the schedule of params.yaml, not for 15 epochs of ImageNet",
        "photographs stretched to the training square, without random crops",
    )

    def __init__(self, setup: Setup, learning_rate: LearningRate | None = None) -> None:
        super().__init__()
        self.learning_rate = learning_rate
        c64, c128, c256, c512 = (scaled(channels, setup.width) for channels in (64, 128, 256, 512))
        self.model1 = block(4, c64, convs=2)
        self.model2 = block(c64, c128, convs=2)
        self.model3 = block(c128, c256, convs=3)
        self.model4 = block(c256, c512, convs=3)
        self.model5 = block(c512, c512, convs=3, dilation=2)
        self.model6 = block(c512, c512, convs=3, dilation=2)
        self.model7 = block(c512, c512, convs=3)
        self.model8up = nn.Sequential(nn.ConvTranspose2d(c512, c256, 4, stride=2, padding=1))
        self.model3short8 = nn.Sequential(nn.Conv2d(c256, c256, 3, padding=1))
        self.model8 = nn.Sequential(nn.ReLU(), *block(c256, c256, convs=2))
        self.model9up = nn.Sequential(nn.ConvTranspose2d(c256, c128, 4, stride=2, padding=1))
        self.model2short9 = nn.Sequential(nn.Conv2d(c128, c128, 3, padding=1))
        self.model9 = nn.Sequential(nn.ReLU(), *block(c128, c128, convs=1))
        self.model10up = nn.Sequential(nn.ConvTranspose2d(c128, c128, 4, stride=2, padding=1))
        self.model1short10 = nn.Sequential(nn.Conv2d(c64, c128, 3, padding=1))
        self.model10 = nn.Sequential(nn.ReLU(), nn.Conv2d(c128, c128, 3, padding=1), nn.LeakyReLU(0.2))
        self.model_class = nn.Sequential(nn.Conv2d(c256, CLASSES, 1))
        self.model_out = nn.Sequential(nn.Conv2d(c128, 2, 1), nn.Tanh())

    def forward(self, lightness: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1, H, W) L -> (N, 529, H/4, W/4) logits and (N, 2, H, W) ab / 110; H and W multiples of 8.

        The regression reads features of the classification without passing gradients to them.
        """
        no_hints = lightness.new_zeros(len(lightness), 3, *lightness.shape[2:])
        conv1 = self.model1(torch.cat(((lightness - 50) / 100, no_hints), dim=1))
        conv2 = self.model2(conv1[..., ::2, ::2])
        conv3 = self.model3(conv2[..., ::2, ::2])
        conv4 = self.model4(conv3[..., ::2, ::2])
        conv7 = self.model7(self.model6(self.model5(conv4)))
        conv8 = self.model8(self.model8up(conv7) + self.model3short8(conv3))
        conv9 = self.model9(self.model9up(conv8.detach()) + self.model2short9(conv2.detach()))
        conv10 = self.model10(self.model10up(conv9) + self.model1short10(conv1.detach()))
        return self.model_class(conv8), self.model_out(conv10)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of the nearest grid point at every fourth pixel + 10 x L1 of ab / 110, summed over a and b.

        Unlike the authors' code, grey photographs are left out, as in every method here.
        """
        logits, ab = self(batch.lightness)
        surprise = F.cross_entropy(logits.float(), nearest_class(batch.ab[..., ::STRIDE, ::STRIDE]), reduction="none")
        error = (ab.float() - batch.ab / AB_RANGE).abs().sum(dim=1)
        classes, regression = (_mean_of(part, batch.colored) for part in (surprise, error))
        total = classes + WEIGHT_REGRESSION * regression
        return {"loss": total, "loss_classes": classes, "loss_regression": regression}

    def constant_loss(self, batches: Iterable[Batch]) -> float:
        """Of both heads: the classes' frequencies, and the medians of a and b."""
        classes, spread = torch.zeros(CLASSES, dtype=torch.float64), constants.Spread(2, AB_RANGE)
        photographs = 0
        for batch in batches:
            ab, count = batch.ab[batch.colored], len(batch.colored)
            photographs += count
            if len(ab):
                nearest = nearest_class(ab[..., ::STRIDE, ::STRIDE]).flatten().bincount(minlength=CLASSES)
                classes += nearest.double().cpu() * (count / nearest.sum().item())
                spread.add(ab.movedim(1, 0).flatten(1), count / ab[:, 0].numel())
        regression = spread.absolute_error() / AB_RANGE
        return (constants.cross_entropy(classes) + WEIGHT_REGRESSION * regression) / max(1, photographs)

    def chroma(self, lightness: Tensor, head: Literal["regression", "classification"] = "regression") -> Tensor:
        """(N, 1, S, S) L -> (N, 2, S, S) ab of the regression, or at S/4 the expectation of the classification."""
        logits, ab = self(lightness)
        if head == "regression":
            return ab.float() * AB_RANGE
        probabilities = logits.float().softmax(dim=1).unflatten(1, (SIDE, SIDE))  # a by b
        axis = torch.arange(-AB_RANGE, AB_RANGE + 1, STEP, device=logits.device)[:, None, None]
        return torch.stack([(probabilities.sum(dim=other) * axis).sum(dim=1) for other in (2, 1)], dim=1)

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """Adam (options/train_options.py: beta1 0.9)."""
        return torch.optim.Adam(self.parameters(), self.learning_rate or learning_rate, betas=(0.9, 0.999), fused=True)


def nearest_class(ab: Tensor) -> Tensor:
    """(N, 2, H, W) ab -> (N, H, W) int64 index of the nearest of the 529 grid points, a first."""
    a, b = ((ab.clamp(-AB_RANGE, AB_RANGE) + AB_RANGE) / STEP).round().long().unbind(1)
    return a * SIDE + b


def _mean_of(values: Tensor, colored: Tensor) -> Tensor:
    """The mean of (N, H, W) over the pixels of all processes' coloured photographs; 0 where there are none."""
    pixels = mean_over_processes(colored.sum() * values[0].numel())
    return (values * colored[:, None, None]).sum() / pixels.clamp(min=1)
