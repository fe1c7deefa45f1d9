"""torchvision's DeepLab v3 on ResNet-101: trained here, or with its published COCO weights, untouched."""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torchvision.models import ResNet101_Weights, WeightsEnum
from torchvision.models.segmentation import DeepLabV3_ResNet101_Weights, deeplabv3_resnet101

from pipeline.networks.contract import Published, Segmenter, Setup
from pipeline.networks.published_file import check_digest
from pipeline.networks.pytorch_file import fill, read_pytorch
from pipeline.networks.small_deeplab import AUGMENTATION, SCALES, examples, normalized, pixel_loss
from pipeline.packs.batch import Batch
from pipeline.settings.errors import UserError
from pipeline.settings.ranges import LearningRate, Scales

COCO = DeepLabV3_ResNet101_Weights.COCO_WITH_VOC_LABELS_V1
STARTS = {"imagenet": ResNet101_Weights.IMAGENET1K_V1, "coco": COCO}
HEAD = "classifier.4", "aux_classifier.4"  # the layers whose channels are classes
HEAD_FACTOR = 10  # the head learns that much faster than the backbone
AUXILIARY_WEIGHT = 0.5  # of the auxiliary head's loss (torchvision's references/segmentation/train.py)
MOMENTUM, DECAY = 0.9, 1e-4
SHORTER_SIDE, MULTIPLE = 520, 8  # at which torchvision evaluates its COCO weights, and the network's output stride


class DeepLabV3ResNet101(Segmenter):
    """torchvision's `deeplabv3_resnet101` with its auxiliary head, always at full width.

    `start`: torchvision's weights that training starts from, "imagenet" for the backbone, "coco" for everything but
    the layers of the classes; "nothing" for random ones. `initial_weights` is their file; null takes torchvision's
    download cache, and fills it. `learning_rate` is the head's. `scales` as in `SmallDeepLab`.
    """

    differences: tuple[str, ...] = (
        "output stride 8 and dilations 12, 24 and 36, as torchvision has it, in training too, where the recipe has 16",
        "a warm-up and the schedule of params.yaml, not the polynomial one",
        "trained on the dataset's squares, epochs and batches, not for 30,000 steps of 16 crops of 513 pixels",
        AUGMENTATION,
    )

    def __init__(
        self,
        setup: Setup,
        start: Literal["imagenet", "coco", "nothing"] = "imagenet",
        initial_weights: str | None = None,
        learning_rate: LearningRate = 0.01,
        scales: Scales = SCALES,
    ) -> None:
        super().__init__(setup)
        self.network = build(len(setup.classes))
        self.learning_rate, self.scales = learning_rate, scales
        if setup.statistics is not None and start != "nothing":
            file = published_file(STARTS[start], initial_weights)
            begin_with(self.network, start, read_pytorch(file), file)

    def logits(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) sRGB in [0, 1] -> (N, classes, H, W), raised from an eighth by the network itself."""
        return self.network(normalized(rgb))["out"]

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy at every labelled pixel, of the head and, weighing half, of the auxiliary head."""
        rgb, labels = examples(batch, self.scales if self.training else None)
        answers = self.network(normalized(rgb))
        main, auxiliary = (pixel_loss(answers[name], labels) for name in ("out", "aux"))
        return {"loss": main + AUXILIARY_WEIGHT * auxiliary, "loss_main": main, "loss_auxiliary": auxiliary}

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """Gradient descent with momentum by the recipe of Chen et al.: the backbone at a tenth of the head's rate."""
        named = list(self.network.named_parameters())
        groups = [
            {"params": [value for name, value in named if name.startswith("backbone.") == of_backbone], "lr": rate}
            for of_backbone, rate in ((False, self.learning_rate), (True, self.learning_rate / HEAD_FACTOR))
        ]
        return torch.optim.SGD(groups, momentum=MOMENTUM, weight_decay=DECAY, fused=True)


class CocoDeepLab(DeepLabV3ResNet101):
    """The same network with torchvision's weights as they are, which have not seen any photograph of VOC.

    `initial_weights` as above. Photographs keep their shape, as in torchvision's evaluation: the shorter side is 520
    pixels, and sides are multiples of 8.
    """

    differences = ("photographs resized to multiples of 8 pixels",)
    published = Published(
        "torchvision's DeepLabV3_ResNet101_Weights.COCO_WITH_VOC_LABELS_V1, untouched",
        "COCO train2017, its photographs with VOC's classes; none of VOC's own",
    )

    def __init__(self, setup: Setup, initial_weights: str | None = None) -> None:
        known = tuple(COCO.meta["categories"][1:])
        if tuple(setup.classes[1:]) != known:
            raise UserError("CocoDeepLab knows VOC's background and 20 classes alone, and this dataset has others.")
        super().__init__(setup, "nothing")
        if setup.statistics is not None:
            file = published_file(COCO, initial_weights)
            fill(self.network, read_pytorch(file), file)

    def sides(self, height: int, width: int) -> tuple[int, int]:
        scale = SHORTER_SIDE / min(height, width)
        down, across = (max(1, round(side * scale / MULTIPLE)) * MULTIPLE for side in (height, width))
        return down, across


def build(classes: int) -> nn.Module:
    """torchvision's network with random weights and both heads."""
    return deeplabv3_resnet101(weights=None, weights_backbone=None, num_classes=classes, aux_loss=True)


def begin_with(network: nn.Module, start: str, state: dict[str, Tensor], file: Path) -> None:
    """Fill the backbone from ImageNet's classifier, or all but the layer of the classes from COCO's segmenter.

    Raises `UserError` if the `state` that `file` holds is another network's.
    """
    if start == "imagenet":
        state = {f"backbone.{name}": value for name, value in state.items() if not name.startswith("fc.")}
        random = {name: value for name, value in network.state_dict().items() if not name.startswith("backbone.")}
    else:
        random = {name: value for name, value in network.state_dict().items() if name.startswith(HEAD)}
    fill(network, {**{name: value for name, value in state.items() if name not in random}, **random}, file)


def published_file(weights: WeightsEnum, path: str | None) -> Path:
    """The file of torchvision's published weights: `path`, else that in its cache, downloaded if it is missing.

    Raises `UserError` for another file, and with the command that gets the right one if it is nowhere.
    """
    digest = weights.url.rpartition("-")[2].removesuffix(".pth")  # PyTorch's names carry the first 8 of 64 digits
    file = Path(path or f"{torch.hub.get_dir()}/checkpoints/{weights.url.rpartition('/')[2]}")
    if path is None and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(weights.url, str(file), digest, progress=False)
        except (OSError, RuntimeError) as error:  # no network, no space, or another file
            raise UserError(
                f"{file} is missing and cannot be downloaded ({error}); get it with `curl -o {file} {weights.url}`, or "
                "name it as initial_weights."
            ) from None
    check_digest(file, digest)
    return file
