"""The interfaces of trainable networks: colorizers and segmenters."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.packs.batch import Batch
from pipeline.settings.errors import UserError


@dataclass(frozen=True)
class Setup:
    """What a network is built from.

    `size`: the side in pixels of its training squares. `statistics` (`Pack.statistics`) are given in training only.
    `first_weights`: see `TrainParams`; for networks whose papers do not say from which weights they start.
    """

    width: float
    classes: tuple[str, ...] = ()
    size: int = 224
    statistics: dict[str, Any] | None = None
    first_weights: str = "pytorch"


@dataclass(frozen=True)
class Published:
    """Weights that are used as published: their origin and training data."""

    origin: str
    training_data: str


class Network(nn.Module, ABC):
    """What `pipeline.train` can train. Its class takes a `Setup` and, as keywords, its options of params.yaml.

    `differences` lists where it departs from the published recipe. With `published`, `pipeline.train` writes the
    weights as they are. `compilable` promises that no size or branch of `loss` depends on what is drawn or computed: a
    GPU then runs it compiled, as one graph. `multiple`: what divides the side of the training squares that it can take.
    `color_part` names the part of `loss` that is about colours alone, which `constant_loss` is compared with.
    """

    compilable: bool = False
    color_part: str = "loss"
    differences: tuple[str, ...] = ()
    published: Published | None = None
    multiple: int = 1

    @classmethod
    def needs_masks(cls, options: Mapping[str, Any]) -> bool:
        """Whether it needs class masks with these options; where a dataset has none, it is left out."""
        return False

    def initialize(self, batch: Batch) -> None:
        """Called once before training, with its first batch, for data-dependent weights."""

    @abstractmethod
    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The scalar "loss" that is minimised, and any parts of it to be recorded under their own names."""

    def constant_loss(self, batches: Iterable[Batch]) -> float | None:
        """The least `color_part` that one answer for all pixels of `batches` has: the mean over photographs.

        In evaluation mode and with training's statistics (`pipeline.networks.constants`). A network that does not get
        below it has not learned. None where a class does not state it: it is then not held to this rule.
        """
        return None

    @abstractmethod
    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """The optimiser of its published recipe, each group's `lr` at its peak: the loop warms up to it and decays.

        `learning_rate` is the dataset's, for Adam; a recipe with another optimiser brings its own.
        """


class Trainable(Network):
    """A network that colorizes."""

    @abstractmethod
    def chroma(self, lightness: Tensor) -> Tensor:
        """(N, 1, S, S) L in [0, 100] -> (N, 2, s, s) ab, at the network's own resolution."""


class Segmenter(Network):
    """A network that predicts every pixel's class. It learns from original colours and is applied to colorizations."""

    @classmethod
    def needs_masks(cls, options: Mapping[str, Any]) -> bool:
        return True

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        if not setup.classes:
            raise UserError("a segmenter needs class masks, which this dataset does not have.")
        self.size = setup.size

    @abstractmethod
    def logits(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) sRGB in [0, 1] -> (N, classes, h, w) logits, at the network's own resolution."""

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """The height and width of its input for a photograph of that size: by default its training square."""
        return self.size, self.size
