"""Files of weights in the published formats, with random numbers: they test reading and conventions, never a score."""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from pipeline.metrics.backbones import BACKBONES


def inception(folder: Path) -> Path:
    """TensorFlow's Inception of 2015 as torch-fidelity has it."""
    with pytest.MonkeyPatch.context() as patch:  # its constructor reads a file, which is not there yet
        patch.setattr(torch, "load", lambda *_, **__: {})
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = FeatureExtractorInceptionV3("inception", ["64"], "none")
    return saved(network, folder / BACKBONES["inception"].file)


def inception_torchvision(folder: Path) -> Path:
    """torchvision's."""
    network = torchvision.models.inception_v3(weights=None, init_weights=False)
    return saved(network, folder / BACKBONES["inception_torchvision"].file)


def lpips(folder: Path, name: str) -> Path:
    """A backbone of LPIPS: alexnet, vgg16 or squeezenet1_1."""
    return saved(torchvision.models.get_model(name, weights=None), folder / BACKBONES[name].file)


def saved(network: nn.Module, path: Path) -> Path:
    """Write random weights under which activations neither vanish nor explode."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        if parameter.dim() == 4:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
    torch.save(network.state_dict(), path)
    return path
