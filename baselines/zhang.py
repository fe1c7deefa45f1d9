"""Zhang, Isola and Efros, "Colorful Image Colorization", ECCV 2016: colours as classes, by the authors' recipe.

The network is `pipeline.networks.network.ColorizationNet` without its semantic branch, as in `no_semantics`, but
trained differently. Numbers are from the authors' models/colorization_train_val_v2.prototxt and train/solver.prototxt
(github.com/richzhang/colorization, BSD-2-Clause) unless another source is named.
"""

from collections.abc import Iterable
from typing import Any, Literal

import torch
from torch import Tensor

from baselines.kmeans import initialize
from pipeline.color import gamut
from pipeline.networks import constants
from pipeline.networks.contract import Setup, Trainable
from pipeline.networks.losses import SparseCrossEntropy
from pipeline.networks.network import STRIDE, ColorizationNet
from pipeline.packs.batch import Batch
from pipeline.settings.ranges import LearningRate, Temperature

NEIGHBOURS = 10  # bins in a pixel's soft-encoding: NNEncLayer's NN of 10, where the paper's section 2.1 says 5
CROP, WHOLE = 176, 256  # the side of a random training crop, and of the pictures that it is cut from
TEMPERATURE = 0.38  # of the annealed mean (section 2.3)
MULTIPLE = 8  # the network halves its input three times


class Zhang(Trainable):
    """The ECCV 2016 network with the authors' loss, crops, neighbours and optimiser.

    `learning_rate` null takes the dataset's; the authors' 3.16e-5 is for 450,000 steps from k-means weights.
    `initialization` "kmeans" is `baselines.kmeans`, "random" PyTorch's own. Crops are the authors' 11/16 of the side if
    training squares have at least 176 pixels; smaller crops would have too few cells. `temperature` is that of the
    annealed mean, which published weights may contain already.
    """

    compilable = True
    differences = (
        "batch normalisation with a learned scale and shift, as in the authors' PyTorch port, not in their Caffe model",
        "input (L - 50) / 100 as in the port",
        "trained for the epochs and by the schedule of params.yaml, not for 450,000 steps on ImageNet",
        "photographs stretched to the training square; where that is smaller than their crops, no crops",
    )
    color_weights: Tensor

    def __init__(
        self,
        setup: Setup,
        learning_rate: LearningRate | None = None,
        initialization: Literal["kmeans", "random"] = "kmeans",
        temperature: Temperature = TEMPERATURE,
    ) -> None:
        super().__init__()
        self.network = ColorizationNet(None, setup.width)
        self.learning_rate, self.initialization, self.temperature = learning_rate, initialization, temperature
        self.crop = CROP / WHOLE if setup.size >= CROP else 1.0
        if setup.statistics is not None:
            prior = gamut.smooth(torch.tensor(setup.statistics["colors"]))
            self.register_buffer("color_weights", gamut.rebalancing_weights(prior), persistent=False)

    def initialize(self, batch: Batch) -> None:
        """The authors start from k-means weights: from random ones "the result is yellow/brown or stuck"."""
        if self.initialization == "kmeans":
            net = self.network
            blocks = (net.conv1, net.conv2, net.conv3, net.conv4, net.conv5, net.conv6, net.conv7, net.conv8)
            initialize([layer for block in blocks for layer in block], (batch.lightness - 50) / 100)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Their cross-entropy: summed over pixels, divided by photographs; grey photographs weigh nothing.

        In their code the class weights scale only the gradient, so the loss that they print is "loss_unweighted" here.
        """
        if self.training:
            batch = random_crop(batch, self.crop)
        logits = self.network(batch.lightness).color
        indices, weights = gamut.encode(batch.ab[..., ::STRIDE, ::STRIDE], NEIGHBOURS)
        surprise = SparseCrossEntropy.apply(logits.float(), indices, weights) * batch.colored[:, None, None]
        photographs = len(batch.colored)
        return {
            "loss": (self.color_weights[indices[:, 0]] * surprise).sum() / photographs,
            "loss_unweighted": surprise.detach().sum() / photographs,
        }

    def constant_loss(self, batches: Iterable[Batch]) -> float:
        """The weighted loss against the mean of all targets, each by its weight."""
        target = constants.mean_over_photographs(
            (constants.bins_target(batch, STRIDE, NEIGHBOURS, self.color_weights) / photographs, photographs)
            for batch in batches
            for photographs in (len(batch.colored),)
        )
        return constants.cross_entropy(target)

    def chroma(
        self, lightness: Tensor, decode: gamut.Decoding = "annealed_mean", temperature: Temperature | None = None
    ) -> Tensor:
        """(N, 1, S, S) L -> (N, 2, S/4, S/4) ab: the annealed mean (section 2.3), by default with its own T."""
        logits = self.network(lightness).color.float()
        return gamut.decode(logits, decode, self.temperature if temperature is None else temperature)

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """Adam with L2 decay, as in the authors' solver."""
        rate = self.learning_rate or learning_rate
        return torch.optim.Adam(self.parameters(), rate, betas=(0.9, 0.99), weight_decay=1e-3, fused=True)


def random_crop(batch: Batch, share: float) -> Batch:
    """One random square of every example, its side a `share` of the whole, rounded to a multiple of `MULTIPLE`."""
    N, _, size, _ = batch.lightness.shape
    device = batch.lightness.device  # draws are made there, so that a step never waits for the CPU
    side = max(MULTIPLE, round(size * share / MULTIPLE) * MULTIPLE)
    if side >= size:
        return batch
    top, left = torch.randint(size - side + 1, (2, N, 1), device=device)
    rows, columns = (start + torch.arange(side, device=device) for start in (top, left))  # (N, side)

    def cut(image: Tensor) -> Tensor:  # (N, C, size, size) -> (N, C, side, side)
        at: Any = (torch.arange(N, device=device)[:, None, None], slice(None), rows[:, :, None], columns[:, None, :])
        return image[at].permute(0, 3, 1, 2)

    labels = None if batch.labels is None else cut(batch.labels[:, None])[:, 0]
    return Batch(cut(batch.lightness), cut(batch.ab), labels, batch.colored)
