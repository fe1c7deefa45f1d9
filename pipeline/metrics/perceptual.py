"""Measures of pretrained networks: LPIPS, DISTS, VGG-16's top-1 class, and Inception features for FID and KID.

All take (3, H, W) uint8 sRGB; each network resizes and normalises for itself. Weights are read from files
(`pipeline.metrics.backbones`), and no code in a file is run.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.settings.errors import UserError

FEATURES = 2048  # of Inception's last pooling layer, those that FID is defined on
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SUBSETS, SUBSET = 100, 1000  # of KID: how many, and of how many pictures at most


class Lpips:
    """LPIPS 0.1 of the `lpips` package (Zhang et al. 2018), whose linear heads come with it; 0 is the same picture.

    `net`: alex, vgg or squeeze; `weights`: torchvision's file of that backbone. Pictures are compared at their own
    size, in float32 on [-1, 1], as the package expects.
    """

    def __init__(self, net: str, weights: Path, device: torch.device) -> None:
        import lpips

        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore")  # torchvision's: the package asks it for a network in an old way
            self.network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)  # random until the next line
        slices = [name for name, _ in self.network.net.named_parameters()]  # such as slice2.3.weight
        with one_sentence(weights):
            state = torch.load(weights, map_location="cpu", weights_only=True)
            self.network.net.load_state_dict({name: state[f"features.{name.partition('.')[2]}"] for name in slices})
        self.network.to(device)
        self.device = device

    def __call__(self, original: Tensor, picture: Tensor) -> float:
        """The distance of two pictures of the same size."""
        with torch.inference_mode():
            return float(self.network(*(in_lpips_range(rgb).to(self.device)[None] for rgb in (original, picture))))


def in_lpips_range(rgb: Tensor) -> Tensor:
    """uint8 to float32 on [-1, 1], as `lpips.im2tensor`."""
    return rgb / 127.5 - 1


class Dists:
    """DISTS (Ding, Ma, Wang and Simoncelli 2020) of torchmetrics, with which the weights of its layers come; 0 is best.

    `weights`: torchvision's file of VGG-16. Pictures are compared at their own size, in float32 on [0, 1].
    """

    def __init__(self, weights: Path, device: torch.device) -> None:
        from torchmetrics.functional.image import dists
        from torchvision.models import vgg16

        with torch.device("meta"):
            backbone = vgg16(weights=None)
        backbone.to_empty(device="cpu")
        with one_sentence(weights):
            backbone.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        with patch.object(dists, "vgg16", lambda **_: backbone), torch.random.fork_rng(devices=[]):
            self.network = dists.DISTSNetwork().to(device)  # it would download the backbone by itself
        self.device = device

    def __call__(self, original: Tensor, picture: Tensor) -> float:
        """The distance of two pictures of the same size."""
        return float(self.network(*(rgb[None].to(self.device) / 255 for rgb in (picture, original))))


class Recognition:
    """VGG-16's most probable of ImageNet's 1000 classes, as in Zhang et al. 2016, section 3.1.

    Pictures are prepared as for torchvision's weights `IMAGENET1K_V1`: the shorter side to 256 pixels (bilinear,
    antialiased), the middle 224 x 224, normalised by ImageNet's mean and deviation.
    """

    def __init__(self, weights: Path, device: torch.device) -> None:
        from torchvision.models import VGG16_Weights, vgg16

        with torch.device("meta"):
            self.network = vgg16(weights=None)
        self.network.to_empty(device="cpu")
        with one_sentence(weights):
            self.network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self.network.eval().to(device)
        self.prepare, self.device = VGG16_Weights.IMAGENET1K_V1.transforms(), device

    def __call__(self, rgb: Tensor) -> int:
        """The class's number."""
        with torch.inference_mode():
            return int(self.network(self.prepare(rgb).to(self.device)[None]).argmax())


class Inception:
    """The Inception network of the original FID (2015-12-05), as torch-fidelity ports it from TensorFlow.

    It resizes pictures of any size to 299 x 299 itself, as TensorFlow 1 did: bilinear, without antialiasing.
    `features`: 2048 of the last pooling layer, or 64 of the first.
    """

    def __init__(self, weights: Path, device: torch.device, features: int = FEATURES) -> None:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        with one_sentence(weights):
            torch.load(weights, map_location="cpu", weights_only=True)  # refuses code, which torch-fidelity would run
            self.network = FeatureExtractorInceptionV3("inception", [str(features)], str(weights))
        self.network.to(device)
        self.device = device

    def __call__(self, rgb: Tensor) -> np.ndarray:
        """(2048,) float32 features, or (64,)."""
        with torch.inference_mode():
            return self.network(rgb[None].to(self.device))[0][0].cpu().numpy()


class TorchvisionInception:
    """torchvision's Inception as CT2 (2022) and DDColor (2023) use it for FID, which gives other values than FID's own.

    Levels 0..255 become `lowest`..1: CT2 gives pictures on [-1, 1], DDColor on [0, 1], to the same further steps. These
    resize to 299 x 299 (bilinear, no antialiasing), halve, add 0.5, and apply torchvision's `transform_input`.
    """

    def __init__(self, weights: Path, device: torch.device, lowest: int) -> None:
        from torchvision.models import inception_v3

        with torch.device("meta"):
            self.network = inception_v3(weights=None, init_weights=False, transform_input=False)
        self.network.to_empty(device="cpu")
        with one_sentence(weights):
            self.network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self.network.fc = torch.nn.Identity()  # its input are the features
        self.network.eval().to(device)
        self.device, self.lowest = device, lowest

    def __call__(self, rgb: Tensor) -> np.ndarray:
        """(2048,) float32 features."""
        with torch.inference_mode():
            return self.network(self.prepared(rgb.to(self.device)))[0].cpu().numpy()

    def prepared(self, rgb: Tensor) -> Tensor:
        """(3, H, W) uint8 to what the first layer gets, (1, 3, 299, 299) float32."""
        levels = self.lowest + (1 - self.lowest) * (rgb[None] / 255)
        levels = F.interpolate(levels, (299, 299), mode="bilinear", align_corners=False) * 0.5 + 0.5
        mean, deviation = (levels.new_tensor(one)[:, None, None] for one in (IMAGENET_MEAN, IMAGENET_DEVIATION))
        return levels * (deviation / 0.5) + (mean - 0.5) / 0.5


def frechet_distance(originals: np.ndarray, pictures: np.ndarray) -> float:
    """FID of two (N, features) sets (Heusel et al. 2017); lower is closer.

    The trace of the root of a product of covariances is the sum of the singular values of the product of their factors.
    So no root of a matrix is needed, which takes a minute of 2,048 features, and is not exact where pictures are fewer.
    """
    means, factors = zip(*(_centred(one.astype(np.float64)) for one in (originals, pictures)), strict=True)
    gap, spread = means[0] - means[1], sum(np.square(factor).sum() for factor in factors)
    shared = np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum()
    return float(gap @ gap + spread - 2 * shared)


def _centred(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of (N, D) features, and a factor F of their covariance: F^T F, with at most D rows."""
    mean = features.mean(axis=0)
    factor = (features - mean) / np.sqrt(len(features) - 1)
    if len(factor) <= factor.shape[1]:
        return mean, factor
    variances, axes = np.linalg.eigh(factor.T @ factor)
    return mean, np.sqrt(variances.clip(min=0))[:, None] * axes.T


def kernel_distance(originals: np.ndarray, pictures: np.ndarray) -> float:
    """KID of two (N, 2048) sets of features (Binkowski et al. 2018), by torch-fidelity: the mean of random subsets.

    It has no bias where there are few pictures, so it can be below 0.
    """
    from torch_fidelity import metric_kid

    size = min(SUBSET, len(originals), len(pictures))
    subsets = 1 if size == len(originals) == len(pictures) else SUBSETS  # of all there is one alone
    sets = (torch.from_numpy(set) for set in (originals, pictures))
    found = metric_kid.kid_features_to_metric(*sets, kid_subsets=subsets, kid_subset_size=size, verbose=False)
    return found[metric_kid.KEY_METRIC_KID_MEAN]


@contextmanager
def one_sentence(path: Path) -> Iterator[None]:
    """Turns the failures of reading a file of weights, or of filling a network from it, into a `UserError`."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        said = " ".join(str(error).split())
        raise UserError(f"{path} does not hold the weights it should: {said[:200]}; delete and download it.") from None
