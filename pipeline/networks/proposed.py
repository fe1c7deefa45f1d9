"""The paper's method and its ablation without semantics: network, joint loss (equation 3), colours from logits."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from pipeline.color import gamut
from pipeline.networks import constants
from pipeline.networks.contract import Setup, Trainable
from pipeline.networks.losses import color_loss, frequencies, semantic_loss
from pipeline.networks.network import STRIDE, ColorizationNet, keep_variance
from pipeline.networks.zhang_weights import load_zhang
from pipeline.packs.batch import Batch
from pipeline.settings.errors import UserError
from pipeline.settings.ranges import Channels, Temperature, Weight

NEIGHBOURS = 5  # bins in a pixel's soft-encoding (Zhang et al. 2016, section 2.1)


class Proposed(Trainable):
    """The proposed network, with or without its semantic branch.

    `lambda_color` and `lambda_semantic` weigh equation 3. `rebalancing` says what the colour weights average to
    under the training set's colours: "normalized" 1 as in Zhang's code, "raw" about 100 as his formula gives. The
    class weights follow the same formula, normalised. So the paper's 100 : 1 on raw weights is 1 : 1 on normalised
    ones. `head_deconv` and `head_hidden` set the semantic head's widths (`ColorizationNet`). `initial_weights` is a
    file of Zhang et al.'s published weights to start training from (`zhang_weights`); null starts from random weights.
    """

    compilable = True
    color_part = "loss_color"
    differences: tuple[str, ...] = (
        "the paper names no optimiser: AdamW with Zhang's betas and decay, and the schedule of params.yaml",
        "it prints no widths of the semantic head: those that make its 147.5 MB",
        "it does not say how the two losses are weighted by class: Zhang's formula for both, normalised",
    )
    color_weights: Tensor
    class_weights: Tensor

    @classmethod
    def needs_masks(cls, options: Mapping[str, Any]) -> bool:
        return bool(options.get("semantics"))

    def __init__(
        self,
        setup: Setup,
        *,
        semantics: bool,
        lambda_color: Weight = 1.0,
        lambda_semantic: Weight = 1.0,
        rebalancing: Literal["normalized", "raw"] = "normalized",
        head_deconv: Channels | None = None,
        head_hidden: Channels | None = 64,
        initial_weights: str | None = None,
    ) -> None:
        super().__init__()
        if semantics and not setup.classes:
            raise UserError("a model with semantics needs class masks, which this dataset does not have.")
        classes = len(setup.classes) if semantics else None
        self.network = ColorizationNet(classes, setup.width, head_deconv, head_hidden)
        if setup.first_weights == "he":
            keep_variance(self.network)
        self.lambda_color, self.lambda_semantic = lambda_color, lambda_semantic
        if not semantics:
            self.differences = self.differences[:1]  # the others are about the semantic branch
        if setup.statistics is not None:
            self._prepare_training(setup.statistics, rebalancing == "normalized", initial_weights)

    def _prepare_training(self, counts: dict[str, Any], normalize: bool, initial_weights: str | None) -> None:
        """Compute the losses' weights from the training set; they are not saved with the network."""
        if initial_weights is not None:
            load_zhang(self.network, Path(initial_weights))
        colors = gamut.rebalancing_weights(gamut.smooth(torch.tensor(counts["colors"])), normalize=normalize)
        self.register_buffer("color_weights", colors, persistent=False)
        if self.network.semantic is not None:
            classes = gamut.rebalancing_weights(frequencies(counts["classes"]))
            self.register_buffer("class_weights", classes, persistent=False)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Equation 3; targets are every fourth pixel's, not averages, as in Zhang's code."""
        prediction = self.network(batch.lightness)
        indices, weights = gamut.encode(batch.ab[..., ::STRIDE, ::STRIDE], NEIGHBOURS)
        colors = color_loss(prediction.color, indices, weights, self.color_weights, batch.colored)
        if prediction.semantic is None:
            return {"loss": self.lambda_color * colors, "loss_color": colors}
        assert batch.labels is not None
        classes = semantic_loss(prediction.semantic, batch.labels, self.class_weights)
        total = self.lambda_color * colors + self.lambda_semantic * classes
        return {"loss": total, "loss_color": colors, "loss_semantic": classes}

    def constant_loss(self, batches: Iterable[Batch]) -> float:
        """Of equation 1: the colours' cross-entropy against the mean of all targets, each by its weight."""
        target = constants.mean_over_photographs(
            (constants.bins_target(batch, STRIDE, NEIGHBOURS, self.color_weights) / pixels(batch), len(batch.colored))
            for batch in batches
        )
        return constants.cross_entropy(target)

    def chroma(
        self, lightness: Tensor, decode: gamut.Decoding = "annealed_mean", temperature: Temperature = 0.38
    ) -> Tensor:
        """(N, 1, S, S) L -> (N, 2, S/4, S/4) ab, by default the annealed mean (Zhang et al. 2016, section 2.3)."""
        return gamut.decode(self.network(lightness).color.float(), decode, temperature)

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """Adam with Zhang's betas and weight decay; the paper names no optimiser of its own."""
        return torch.optim.AdamW(self.parameters(), learning_rate, betas=(0.9, 0.99), weight_decay=1e-3, fused=True)


def pixels(batch: Batch) -> Tensor:
    """How many targets the coloured photographs of a batch have, at least 1."""
    return (batch.colored.sum() * batch.ab[0, 0, ::STRIDE, ::STRIDE].numel()).clamp(min=1)
