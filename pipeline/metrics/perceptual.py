"""What pretrained networks make of a picture: LPIPS, VGG-16's top-1 class, and Inception features for FID.

Each network owns how a picture is brought into its shape and range; all take (3, H, W) uint8 sRGB. Weights are read
from files (`pipeline.metrics.backbones`), and nothing in a file is executed.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.settings.errors import UserError

FEATURES = 2048  # of Inception's last pooling layer, those that FID is defined on


class Lpips:
    """LPIPS 0.1 of the `lpips` package (Zhang et al. 2018), whose linear heads come with it; 0 is the same picture.

    `net`: alex, vgg or squeeze; `weights`: torchvision's file of that backbone. Pictures are compared at their own
    size, in float32 on [-1, 1], as the package wants them.
    """

    def __init__(self, net: str, weights: Path, device: torch.device) -> None:
        import lpips

        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore")  # torchvision's: the package asks it for a network in an old way
            self.network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)  # random until the next line
        slices = [name for name, _ in self.network.net.named_parameters()]  # such as slice2.3.weight
        state = read_state(weights)
        load(self.network.net, {name: state.get(f"features.{name.partition('.')[2]}") for name in slices}, weights)
        self.network.to(device)
        self.device = device

    def __call__(self, original: Tensor, picture: Tensor) -> float:
        """The distance of two pictures of the same size."""
        with torch.inference_mode():
            return float(self.network(*(in_lpips_range(rgb).to(self.device)[None] for rgb in (original, picture))))


def in_lpips_range(rgb: Tensor) -> Tensor:
    """uint8 to float32 on [-1, 1], as `lpips.im2tensor`."""
    return rgb / 127.5 - 1


class Recognition:
    """VGG-16's most probable of ImageNet's 1000 classes, as in Zhang et al. 2016, section 3.1.

    Pictures are prepared as torchvision's weights `IMAGENET1K_V1` want them: the shorter side to 256 pixels (bilinear,
    antialiased), the middle 224 x 224, normalised by ImageNet's mean and deviation.
    """

    def __init__(self, weights: Path, device: torch.device) -> None:
        from torchvision.models import VGG16_Weights, vgg16

        with torch.device("meta"):
            self.network = vgg16(weights=None)
        self.network.to_empty(device="cpu")
        load(self.network, read_state(weights), weights)
        self.network.eval().to(device)
        self.prepare, self.device = VGG16_Weights.IMAGENET1K_V1.transforms(), device

    def __call__(self, rgb: Tensor) -> int:
        """The class's number."""
        with torch.inference_mode():
            return int(self.network(self.prepare(rgb).to(self.device)[None]).argmax())


class Inception:
    """The Inception network of the original FID (2015-12-05), as torch-fidelity carries it over from TensorFlow.

    It resizes pictures of any size to 299 x 299 itself, as TensorFlow 1 did: bilinear, without antialiasing.
    """

    def __init__(self, weights: Path, device: torch.device) -> None:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        read_state(weights)  # torch-fidelity would also execute what a file holds; this refuses such a file
        try:
            self.network = FeatureExtractorInceptionV3("inception", [str(FEATURES)], str(weights))
        except RuntimeError as error:
            raise not_the_weights(weights, error) from None
        self.network.to(device)
        self.device = device

    def __call__(self, rgb: Tensor) -> np.ndarray:
        """(2048,) float32 features."""
        with torch.inference_mode():
            return self.network(rgb[None].to(self.device))[0][0].cpu().numpy()


def frechet_distance(originals: np.ndarray, pictures: np.ndarray) -> float:
    """FID of two (N, 2048) sets of features (Heusel et al. 2017), by torch-fidelity; lower is closer."""
    from torch_fidelity import metric_fid

    statistics = [metric_fid.fid_features_to_statistics(torch.from_numpy(set)) for set in (originals, pictures)]
    return metric_fid.fid_statistics_to_metric(*statistics, verbose=False)[metric_fid.KEY_METRIC_FID]


def read_state(path: Path) -> dict[str, Tensor]:
    """A PyTorch file's tensors by name; raises `UserError` for a file that holds anything else."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # a file that is no pickle can fail in any way
        raise not_the_weights(path, error) from None
    if not isinstance(state, Mapping):
        raise not_the_weights(path, f"it holds a {type(state).__name__}")
    return dict(state)


def load(network: nn.Module, state: Mapping[str, Any], path: Path) -> None:
    """Fill all of a network's parameters; raises `UserError` for one that is missing or has another shape."""
    try:
        network.load_state_dict({name: value for name, value in state.items() if value is not None})
    except RuntimeError as error:
        raise not_the_weights(path, error) from None


def not_the_weights(path: Path, error: object) -> UserError:
    """One sentence about a file that is not what its name says."""
    said = " ".join(str(error).split())
    return UserError(f"{path} does not hold the weights it should: {said[:200]}; delete it and get it anew.")
