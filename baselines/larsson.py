"""Larsson, Maire and Shakhnarovich, "Learning Representations for Automatic Colorization", ECCV 2016: hypercolumns.

Numbers are from the authors' train/train_vgg16.prototxt, train/solver_vgg16.prototxt and autocolorize/extraction.py
(github.com/gustavla/autocolorize, BSD-3-Clause).
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.color import cielab
from pipeline.networks import constants
from pipeline.networks.contract import Setup, Trainable
from pipeline.networks.network import scaled
from pipeline.packs.batch import Batch
from pipeline.settings.ranges import LearningRate, Share

VGG = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
FULLY_CONNECTED, HIDDEN = 4096, 1024
BINS = 32  # of hue and of chroma
INPUT_SHIFT = 0.4488  # their training images' mean grey
LOCATIONS = 128  # sparse, of every training image
WINDOW = 7  # side of the neighbourhood whose histogram is the target
HUE_WEIGHT = 5.0
FADING = 0.03  # chroma fades below this mean direction of the hue, the paper's "chromatic fading"
STRIDE = 4  # of the dense prediction
LEARNING_RATE, MOMENTUM, DECAY = 1e-3, 0.9, 5e-4
DROPOUT = 0.5
HIDDEN_STD = 1e-4  # of the first weights after the hypercolumn


class Larsson(Trainable):
    """VGG-16, its hypercolumn of 12,417 channels, and histograms of hue and chroma at every pixel.

    Training reads the hypercolumn at 128 places of an image (6 MB). A dense one is never made. In inference, the layer
    after it is linear, so each map is multiplied at its own resolution, and the 1,024 sums are resized.
    `input_shift` is subtracted from the grey input in [0, 1].
    """

    compilable = True
    multiple = 32  # the side: five times halved, and each map is placed by whole strides
    differences = (
        "trained from nothing: theirs starts from a VGG-16 trained to classify ImageNet, then on its grey photographs",
        "hue and chroma of the photograph at the training square, not of random crops of 352 pixels",
        "input: the grey of the photograph's Lab lightness, not the mean of R, G, B; the result has its L",
        "trained for the epochs and by the schedule of params.yaml, not for 2 million steps of 8 photographs",
    )

    def __init__(
        self, setup: Setup, learning_rate: LearningRate = LEARNING_RATE, input_shift: Share = INPUT_SHIFT
    ) -> None:
        super().__init__()
        self.learning_rate, self.input_shift = learning_rate, input_shift
        inputs, self.channels = 1, [1]
        self.blocks = nn.ModuleList()
        for widths in VGG:
            layers = nn.ModuleList()
            for width in widths:
                outputs = scaled(width, setup.width)
                layers.append(unit(inputs, outputs, 3))
                self.channels.append(outputs)
                inputs = outputs
            self.blocks.append(layers)
        connected, hidden = scaled(FULLY_CONNECTED, setup.width), scaled(HIDDEN, setup.width)
        self.fc6 = nn.Sequential(*unit(inputs, connected, 7), nn.Dropout(DROPOUT))
        self.fc7 = nn.Sequential(*unit(connected, connected, 1), nn.Dropout(DROPOUT))
        self.channels += [connected, connected]
        self.hidden = nn.Conv2d(sum(self.channels), hidden, 1)
        self.after_hidden = nn.Sequential(nn.ReLU(), nn.Dropout(DROPOUT))
        self.hue, self.saturation = nn.Conv2d(hidden, BINS, 1), nn.Conv2d(hidden, BINS, 1)
        nn.init.normal_(self.hidden.weight, std=HIDDEN_STD)
        for layer in (self.hidden, self.hue, self.saturation):
            nn.init.zeros_(layer.get_parameter("bias"))

    def features(self, gray: Tensor) -> list[tuple[Tensor, int]]:
        """(N, 1, H, W) grey in [0, 1] -> the 16 maps of the hypercolumn, each with its stride."""
        flowing = gray - self.input_shift
        maps, stride = [(flowing, 1)], 1
        for block in self.blocks:
            assert isinstance(block, nn.ModuleList)
            for layer in block:
                flowing = layer(flowing)
                maps.append((flowing, stride))
            flowing, stride = F.max_pool2d(flowing, 2), 2 * stride
        fc6 = self.fc6(flowing)
        return [*maps, (fc6, stride), (self.fc7(fc6), stride)]

    def predict(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1024, h, w) sums after the hypercolumn -> logits of hue and of chroma, (N, 32, h, w) each."""
        activated = self.after_hidden(hidden)
        return self.hue(activated), self.saturation(activated)

    def at(self, maps: list[tuple[Tensor, int]], places: Tensor) -> Tensor:
        """The hypercolumn at `places` (N, P, 2), rows and columns in pixels -> (N, 12417, 1, P), read bilinearly."""
        return torch.cat([_read(features, places / stride) for features, stride in maps], dim=1)

    def everywhere(self, maps: list[tuple[Tensor, int]]) -> Tensor:
        """`self.hidden` of the dense hypercolumn at stride 4, (N, 1024, H/4, W/4), without that hypercolumn.

        Maps finer than the stride are averaged before their part of the weights, coarser ones are resized after it.
        """
        height, width = (-(-side // STRIDE) for side in maps[0][0].shape[2:])
        total = self.hidden.get_parameter("bias")[None, :, None, None]
        for (features, stride), weight in zip(maps, self.hidden.weight.split(self.channels, dim=1), strict=True):
            finer = features if stride >= STRIDE else F.avg_pool2d(features, STRIDE // stride, ceil_mode=True)
            part = F.conv2d(finer, weight)
            if stride > STRIDE:
                part = F.interpolate(part, scale_factor=stride / STRIDE, mode="bilinear", align_corners=False)
            total = total + part[..., :height, :width]
        return total

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Kullback-Leibler divergence from local histograms: 5 x hue, weighted by chroma, + chroma by lightness."""
        places = draw_places(len(batch.ab), batch.ab.shape[-1], batch.ab.device)  # (N, P, 2)
        targets, weights = targets_at(batch, places)
        columns = self.at(self.features(cielab.gray_level(batch.lightness)), places.float())
        logits = self.predict(self.hidden(columns))
        hue_part, chroma_part = (
            (weight * divergence(target, logit.float()[:, :, 0].transpose(1, 2))).mean()
            for weight, target, logit in zip(weights, targets, logits, strict=True)
        )
        return {"loss": HUE_WEIGHT * hue_part + chroma_part, "loss_hue": hue_part, "loss_chroma": chroma_part}

    def constant_loss(self, batches: Iterable[Batch]) -> float:
        """Of both histograms, at places drawn as `loss` draws them; both losses vary a little with these."""
        means = constants.mean_over_photographs((weighted_targets(batch), len(batch.ab)) for batch in batches)
        factors = torch.tensor((HUE_WEIGHT, 1.0), dtype=torch.float64)
        target, own = means[:, :BINS], means[:, BINS]  # (2, 32) and (2,), of hue and of chroma
        return constants.cross_entropy(factors[:, None] * target) + (factors * own).sum().item()

    def chroma(self, lightness: Tensor) -> Tensor:
        """(N, 1, H, W) L -> (N, 2, H, W) ab: distributions at stride 4, raised bilinearly, then decoded."""
        gray = cielab.gray_level(lightness)
        hue, chroma = self.predict(self.everywhere(self.features(gray)))
        size = lightness.shape[2:]
        ab = []
        for n in range(len(gray)):  # 64 numbers a pixel, so one photograph at a time
            raised = (
                F.interpolate(part[n : n + 1].float().softmax(dim=1), scale_factor=STRIDE, mode="bilinear")
                for part in (hue, chroma)
            )
            hues, chromas = decode(*(part[..., : size[0], : size[1]] for part in raised))
            ab.append(cielab.rgb_to_lab(to_rgb(hues, chromas, gray[n].float()))[:, 1:])
        return torch.cat(ab)

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """Stochastic gradient descent; biases learn twice as fast and do not decay."""
        weights = [value for name, value in self.named_parameters() if name.endswith("weight")]
        biases = [value for name, value in self.named_parameters() if name.endswith("bias")]
        groups = [
            {"params": weights, "lr": self.learning_rate, "weight_decay": DECAY},
            {"params": biases, "lr": 2 * self.learning_rate, "weight_decay": 0.0},
        ]
        return torch.optim.SGD(groups, momentum=MOMENTUM, fused=True)


def unit(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Convolution, batch normalisation without parameters, ReLU; first weights after Glorot, Caffe's "xavier"."""
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.xavier_uniform_(convolution.weight)
    nn.init.zeros_(convolution.get_parameter("bias"))
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs, affine=False), nn.ReLU(inplace=True))


def draw_places(photographs: int, size: int, device: torch.device) -> Tensor:
    """(N, 128, 2) int64 rows and columns whose whole window lies within a square of `size` pixels."""
    margin = WINDOW // 2
    return torch.randint(margin, size - margin, (photographs, LOCATIONS, 2), device=device)


def targets_at(batch: Batch, places: Tensor) -> tuple[list[Tensor], tuple[Tensor, Tensor]]:
    """Histograms of hue and chroma (N, P, 32) at `places` (N, P, 2), and what each weighs, (N, P)."""
    rgb = cielab.lab_to_rgb(torch.cat((batch.lightness, batch.ab), dim=1))
    hue, chroma = hue_and_chroma(rgb)
    at_places = torch.arange(len(rgb), device=rgb.device)[:, None], places[..., 0], places[..., 1]
    gray = rgb.mean(dim=1)[at_places]
    weights = chroma[at_places], (3 * gray).clamp(max=1).minimum(3 * (1 - gray))
    return [histograms(channel, places) for channel in (hue, chroma)], weights


def weighted_targets(batch: Batch) -> Tensor:
    """(2, 33) float64 of a batch's hue and chroma: the mean weighted histogram, and its mean weighted negative entropy.

    A divergence is that constant plus a cross-entropy.
    """
    places = draw_places(len(batch.ab), batch.ab.shape[-1], batch.ab.device)
    rows = []
    for target, weight in zip(*targets_at(batch, places), strict=True):
        target, weight = target.double(), weight.double()[..., None]
        own = torch.special.xlogy(target, target).sum(dim=-1, keepdim=True)
        rows.append((weight * torch.cat((target, own), dim=-1)).mean(dim=(0, 1)))
    return torch.stack(rows)


def hue_and_chroma(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 3, H, W) sRGB in [0, 1] -> the hue of HSV in [0, 1), 0 for greys, and chroma, max - min; (N, H, W) each."""
    largest, at = rgb.max(dim=1)
    chroma = largest - rgb.amin(dim=1)
    red, green, blue = rgb.unbind(1)
    sixths = torch.stack((green - blue, blue - red, red - green)) / chroma.clamp(min=1e-8)
    hue = sixths.gather(0, at[None])[0] + 2 * at
    return torch.where(chroma > 0, (hue / 6) % 1, 0), chroma


def to_rgb(hue: Tensor, chroma: Tensor, gray: Tensor) -> Tensor:
    """Hue and chroma (N, H, W) with a grey level -> (N, 3, H, W) sRGB: HSV with value grey + chroma / 2, clipped.

    Then the mean of the channels is moved to the grey level (the authors' match_lightness).
    """
    sixth = hue * 6
    strength = [1 - (((sixth + shift) % 6 - 3).abs() - 1).clamp(0, 1) for shift in (0, 4, 2)]
    value = (gray + chroma / 2).clamp(0, 1)
    rgb = torch.stack([value - chroma.minimum(value) * part for part in strength], dim=1)
    return (rgb - rgb.mean(dim=1, keepdim=True) + gray[:, None]).clamp(0, 1)


def histograms(channel: Tensor, places: Tensor) -> Tensor:
    """(N, H, W) values in [0, 1] -> (N, P, 32) shares of the bins in the 7 x 7 window around each place."""
    reach = torch.arange(WINDOW, device=channel.device) - WINDOW // 2
    rows, columns = (places[..., axis, None] + reach for axis in (0, 1))  # (N, P, 7)
    photographs = torch.arange(len(channel), device=channel.device)[:, None, None, None]
    windows = channel[photographs, rows[..., :, None], columns[..., None, :]].flatten(2)  # (N, P, 49)
    bins = (windows * BINS).long().clamp(max=BINS - 1)
    counts = torch.zeros(*bins.shape[:2], BINS, device=channel.device)
    return counts.scatter_add_(2, bins, torch.ones_like(windows)) / WINDOW**2


def divergence(target: Tensor, logits: Tensor) -> Tensor:
    """KL(target || softmax(logits)) over the last dimension."""
    return (torch.special.xlogy(target, target) - target * logits.log_softmax(dim=-1)).sum(dim=-1)


def decode(hue: Tensor, chroma: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 32, H, W) probabilities -> hue in [0, 1) and chroma, (N, H, W) each.

    Chroma is the median bin, hue the circular expectation; where the hues cancel out, chroma fades.
    """
    centres = (torch.arange(BINS, device=hue.device) + 0.5) / BINS
    angles = 2 * torch.pi * centres[:, None, None]
    x, y = ((hue * part).sum(dim=1) for part in (angles.cos(), angles.sin()))
    median = ((chroma.cumsum(dim=1) < 0.5).sum(dim=1) + 0.5) / BINS
    strength = torch.hypot(x, y) / BINS  # the authors take the mean over the bins, so it ends at 1/32
    return torch.atan2(y, x) / (2 * torch.pi) % 1, median * (strength / FADING).clamp(max=1)


def _read(features: Tensor, places: Tensor) -> Tensor:
    """(N, C, h, w) at (N, P, 2) rows and columns of its own grid, clamped to it -> (N, C, 1, P)."""
    sides = torch.tensor(features.shape[2:], device=features.device) - 1
    relative = 2 * places / sides.clamp(min=1) - 1
    grid = relative.flip(-1)[:, None]  # in float32, like the map: bfloat16 cannot address 224 pixels
    return F.grid_sample(features.float(), grid, mode="bilinear", padding_mode="border", align_corners=True)
