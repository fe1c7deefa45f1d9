"""The network has the paper's sizes."""

import pytest
import torch
from torch import nn

from pipeline.networks.contract import Setup
from pipeline.networks.network import ColorizationNet, keep_variance
from pipeline.networks.proposed import Proposed

# Classes of the dataset, hidden layer of the head -> convolution parameters and decimal MB of all float32 parameters.
# 128.9 MB and 147.5 MB are the paper's figures (section 3.1).
SIZES = [
    ("Zhang et al., no semantics", None, 64, 32_230_393, 128.9),
    ("VOC2012", 21, 64, 32_762_765, 131.1),
    ("COCO-Stuff, plain head", 183, None, 36_829_000, 147.3),
    ("COCO-Stuff", 183, 64, 36_869_141, 147.5),
]


def conv_parameters(network: nn.Module) -> int:
    convs = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    return sum(parameter.numel() for conv in convs for parameter in conv.parameters())


@pytest.mark.parametrize(("name", "classes", "hidden", "parameters", "megabytes"), SIZES)
def test_the_parameter_table_is_the_papers(name, classes, hidden, parameters, megabytes):
    network = ColorizationNet(classes, hidden=hidden)
    everything = sum(parameter.numel() for parameter in network.parameters())
    print(f"{name:28} {conv_parameters(network):>12,} convolution parameters, {everything * 4 / 1e6:.2f} MB in all")
    assert conv_parameters(network) == parameters
    assert round(everything * 4 / 1e6, 1) == megabytes


def test_both_branches_answer_at_a_quarter_of_the_resolution():
    network = ColorizationNet(classes=5, width=0.05)
    prediction = network(torch.rand(2, 1, 40, 56) * 100)
    assert prediction.color.shape == (2, 313, 10, 14)
    assert prediction.semantic is not None and prediction.semantic.shape == (2, 5, 10, 14)
    assert ColorizationNet(width=0.05)(torch.rand(1, 1, 32, 32)).semantic is None  # without classes


def test_the_semantic_loss_reaches_the_shared_layers_but_not_the_colour_branch():
    network = ColorizationNet(classes=5, width=0.05)
    prediction = network(torch.rand(2, 1, 32, 32) * 100)
    assert prediction.semantic is not None
    prediction.semantic.square().mean().backward()
    assert all(parameter.grad is None for parameter in network.conv8.parameters())
    for shared in (network.conv1, network.conv4, network.conv7):
        assert all(parameter.grad is not None for parameter in shared.parameters())


@pytest.mark.parametrize("chain", ["conv5", "conv7", "conv8"])
def test_first_weights_after_he_keep_the_variance_where_pytorchs_lose_it(chain):
    torch.manual_seed(0)
    network, inputs = ColorizationNet(width=0.5), torch.randn(4, 256, 16, 16).relu()
    layers = [layer for layer in getattr(network, chain) if not isinstance(layer, nn.BatchNorm2d)]
    before = nn.Sequential(*layers)(inputs).square().mean() / inputs.square().mean()
    keep_variance(network)
    after = nn.Sequential(*layers)(inputs).square().mean() / inputs.square().mean()
    assert before < 0.1 and 0.5 < after < 2.5


def test_a_recipe_that_names_no_first_weights_starts_from_pytorchs():
    weights = []
    for named in ({}, {"first_weights": "pytorch"}, {"first_weights": "he"}):
        torch.manual_seed(0)
        weights.append(Proposed(Setup(0.125, **named), semantics=False).state_dict()["network.conv5.0.weight"])
    torch.manual_seed(0)
    weights.append(ColorizationNet(None, 0.125).state_dict()["conv5.0.weight"])
    assert torch.equal(weights[0], weights[1]) and torch.equal(weights[0], weights[3])
    assert not torch.equal(weights[0], weights[2])
