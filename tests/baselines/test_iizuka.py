"""Iizuka et al. 2016: the joint loss, the global prior, and the labels of a photograph."""

from dataclasses import replace

import pytest
import torch

from baselines.iizuka import ALPHA, Iizuka, classes_present
from pipeline.networks.contract import Setup
from tests.baselines.examples import CLASSES, batch, setup


def test_the_loss_is_the_squared_error_of_scaled_ab_and_a_300th_of_the_cross_entropy():
    torch.manual_seed(0)
    network, examples = Iizuka(setup()).eval(), batch()
    losses = network.loss(examples)
    output, logits = network(examples.lightness)
    target = ((examples.ab / 100 + 1) / 2)[:3]  # the fourth has no colour
    assert losses["loss_regression"].item() == pytest.approx(((output[:3] - target) ** 2).mean().item(), rel=1e-5)
    assert len(CLASSES) == 3  # all of which are in every mask of the batch
    expected = -logits.log_softmax(dim=1).mean()
    assert losses["loss_classification"].item() == pytest.approx(expected.item(), rel=1e-5)
    total = losses["loss_regression"] + ALPHA * losses["loss_classification"]
    assert losses["loss"].item() == pytest.approx(total.item())


def test_the_labels_are_the_classes_that_a_mask_holds_in_equal_shares():
    labels = torch.full((3, 4, 4), 255, dtype=torch.uint8)
    labels[0, 0, 0], labels[0, 1:] = 2, 0
    labels[1, 3, 3] = 1
    expected = torch.tensor([[0.5, 0, 0.5], [0, 1, 0], [0, 0, 0]])
    assert torch.equal(classes_present(labels, 3), expected)


def test_a_mask_of_nothing_but_void_teaches_no_class():
    network, examples = Iizuka(setup()).eval(), batch()
    void = replace(examples, labels=torch.full_like(examples.labels, 255))
    assert network.loss(void)["loss_classification"] == 0


def test_the_global_network_sees_the_whole_photograph_at_the_training_size():
    torch.manual_seed(0)
    network = Iizuka(setup()).eval()
    shapes = []
    network.global_features.register_forward_hook(lambda module, given, made: shapes.append(made.shape[2:]))
    with torch.inference_mode():
        network(torch.rand(1, 1, 64, 64) * 100)
        network(torch.rand(1, 1, 96, 160) * 100)
        # A change in one corner reaches the opposite one only through the global features.
        first = torch.full((1, 1, 320, 320), 50.0)
        second = first.clone()
        second[..., :64, :64] = 0
        difference = (network(first)[0] - network(second)[0])[..., -32:, -32:].abs().max()
    assert shapes[:2] == [(2, 2), (2, 2)]
    assert difference > 0


def test_the_papers_global_features_have_25088_numbers():
    with torch.device("meta"):
        first = Iizuka(Setup(1.0, CLASSES, 224)).fc1[0]
    assert first.weight[0].numel() == 25_088


def test_colours_stay_within_what_the_output_can_say():
    network = Iizuka(setup()).eval()
    with torch.inference_mode():
        ab = network.chroma(batch().lightness)
    assert ab.shape == (4, 2, 64, 64) and ab.abs().max() <= 100


def test_published_weights_fusion_is_3_x_3_and_makes_the_papers_file_of_694_7_megabytes():
    """Torch7 stores a weight and its gradient, both in double precision."""
    with torch.device("meta"):
        network = Iizuka(Setup(1.0, tuple(f"scene {index}" for index in range(205))), fusion_kernel=3)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert round(count * 16 / 1e6, 1) == 694.7
