"""Iizuka, Simo-Serra and Ishikawa, "Let there be Color!", SIGGRAPH 2016: regression with a global image prior.

Layers, loss and optimiser are the paper's. Where the paper leaves a choice, comments cite the authors' colorize.lua
(github.com/satoshiiizuka/siggraph2016_colorization, CC BY-NC-SA: read for facts, no code is taken from it).
"""

from collections.abc import Iterable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.color import cielab
from pipeline.networks import constants
from pipeline.networks.contract import Setup, Trainable
from pipeline.networks.network import scaled
from pipeline.packs.batch import Batch
from pipeline.packs.masks import VOID
from pipeline.runtime.distributed import mean_over_processes
from pipeline.settings.ranges import LearningRate, Share

ALPHA = 1 / 300  # weight of the classification in the joint loss
AB_RANGE = 100  # ab = (2 output - 1) x 100 (colorize.lua)
MEAN_GRAY = 0.44  # subtracted from the grey input; their file holds the mean of their own data
LEARNING_RATE = 1.0  # Adadelta scales its steps itself


class Iizuka(Trainable):
    """Low-level, mid-level, global and colour networks, and an image-level classifier on the global one.

    The global network sees the training square, 224 x 224 at the paper's scale. `fusion_kernel` is 1 in the paper; the
    size of the published file fits 3. Without masks there is no classification. `mean_gray` is subtracted from the
    input.
    """

    compilable = True
    color_part = "loss_regression"
    differences = (
        "the classes of a photograph's mask stand for its one scene label: cross-entropy against all of them alike",
        "input: the grey of the photograph's Lab lightness, not its luma Y",
        "grey photographs are left out of the colour loss",
        "trained for the epochs and by the schedule of params.yaml, not for 200,000 steps of 128 photographs of Places",
        "photographs stretched to the training square, without random crops",
    )

    def __init__(
        self,
        setup: Setup,
        learning_rate: LearningRate = LEARNING_RATE,
        fusion_kernel: Literal[1, 3] = 1,
        mean_gray: Share = MEAN_GRAY,
    ) -> None:
        super().__init__()
        self.learning_rate, self.mean_gray, self.global_size = learning_rate, mean_gray, setup.size
        c32, c64, c128, c256, c512, c1024 = (scaled(2**power, setup.width) for power in range(5, 11))
        low = ((1, c64, 2), (c64, c128, 1), (c128, c128, 2), (c128, c256, 1), (c256, c256, 2), (c256, c512, 1))
        self.low = nn.Sequential(*(layer for into, out, stride in low for layer in unit(into, out, stride=stride)))
        self.mid = nn.Sequential(*unit(c512, c512), *unit(c512, c256))
        self.global_features = nn.Sequential(
            *unit(c512, c512, stride=2), *unit(c512, c512), *unit(c512, c512, stride=2), *unit(c512, c512)
        )
        side = -(-setup.size // 32)  # of the global features: 7 for 224, which makes 25,088 inputs
        # Fully connected layers are convolutions over the whole map, so that all batch normalisations are alike.
        self.fc1 = nn.Sequential(*unit(c512, c1024, side, padding=0))
        self.fc2 = nn.Sequential(*unit(c1024, c512, 1))
        self.fc3 = nn.Sequential(*unit(c512, c256, 1))
        self.fusion = nn.Sequential(*unit(2 * c256, c256, fusion_kernel))
        self.colors = nn.Sequential(
            *unit(c256, c128),
            nn.Upsample(scale_factor=2),
            *unit(c128, c64),
            *unit(c64, c64),
            nn.Upsample(scale_factor=2),
            *unit(c64, c32),
            nn.Conv2d(c32, 2, 3, padding=1),
            nn.Sigmoid(),
            nn.Upsample(scale_factor=2),
        )
        classes = len(setup.classes)
        self.classifier = nn.Sequential(*unit(c512, c256, 1), nn.Conv2d(c256, classes, 1)) if classes else None

    def forward(self, lightness: Tensor) -> tuple[Tensor, Tensor | None]:
        """(N, 1, H, W) L -> (N, 2, H, W) in [0, 1], and (N, classes) logits; H and W multiples of 8.

        Another size than the training's is scaled to it for the global network.
        """
        gray = cielab.gray_level(lightness) - self.mean_gray
        low = self.low(gray)
        seen_globally = low
        if gray.shape[2:] != (self.global_size, self.global_size):
            resized = F.interpolate(gray, (self.global_size, self.global_size), mode="bilinear", antialias=True)
            seen_globally = self.low(resized)
        fc2 = self.fc2(self.fc1(self.global_features(seen_globally)))
        mid = self.mid(low)
        everywhere = self.fc3(fc2).expand(-1, -1, *mid.shape[2:])
        colors = self.colors(self.fusion(torch.cat((mid, everywhere), dim=1)))
        return colors, None if self.classifier is None else self.classifier(fc2).flatten(1)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Mean squared error of ab scaled to [0, 1], plus 1/300 of the classification's cross-entropy."""
        output, logits = self(batch.lightness)
        error = (output.float() - scaled_ab(batch)).square() * batch.colored[:, None, None, None]
        regression = error.sum() / mean_over_processes(batch.colored.sum() * error[0].numel()).clamp(min=1)
        if logits is None or batch.labels is None:
            return {"loss": regression, "loss_regression": regression}
        classification = F.cross_entropy(logits.float(), classes_present(batch.labels, logits.shape[1]))
        total = regression + ALPHA * classification
        return {"loss": total, "loss_regression": regression, "loss_classification": classification}

    def constant_loss(self, batches: Iterable[Batch]) -> float:
        """Of the colours' squared error: their variance."""
        moments = constants.mean_over_photographs((moments_of(batch), len(batch.colored)) for batch in batches)
        share, mean, square = moments  # (2,) each: of a and b; a batch of grey photographs alone has no share
        return (square - mean.square() / share.clamp(min=1e-12)).mean().item()

    def chroma(self, lightness: Tensor) -> Tensor:
        """(N, 1, H, W) L -> (N, 2, H, W) ab."""
        return (2 * self(lightness)[0].float() - 1) * AB_RANGE

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """Adadelta; the dataset's learning rate is for Adam."""
        return torch.optim.Adadelta(self.parameters(), self.learning_rate)


def unit(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, padding: int | None = None) -> list[nn.Module]:
    """Convolution, batch normalisation, ReLU."""
    padding = kernel // 2 if padding is None else padding
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def scaled_ab(batch: Batch) -> Tensor:
    """(N, 2, S, S) the target in [0, 1]."""
    return ((batch.ab / AB_RANGE + 1) / 2).clamp(0, 1)


def moments_of(batch: Batch) -> Tensor:
    """(3, 2) float64: of the targets a and b of a batch's coloured photographs the mean of 1, of x and of x^2."""
    targets = scaled_ab(batch)[batch.colored].double()
    return torch.stack([targets.pow(power).sum(dim=(0, 2, 3)) / max(1, targets[:, 0].numel()) for power in range(3)])


def classes_present(labels: Tensor, classes: int) -> Tensor:
    """(N, H, W) class indices -> (N, classes) float32: the same share for every class that occurs, none for void."""
    present = torch.zeros(len(labels), VOID + 1, device=labels.device)
    present = present.scatter_(1, labels.flatten(1).long(), 1)[:, :classes]
    return present / present.sum(dim=1, keepdim=True).clamp(min=1)
