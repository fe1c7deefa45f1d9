"""Zhang et al. 2016: their loss, crops and first weights."""

import numpy as np
import pytest
import torch

from baselines.kmeans import _centres, initialize
from baselines.zhang import Zhang, random_crop
from pipeline.color import gamut
from pipeline.networks.contract import Setup
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError
from tests.baselines.examples import STATISTICS, batch, setup


def test_the_loss_is_summed_over_pixels_divided_by_photographs_and_weighted_by_the_nearest_bin():
    torch.manual_seed(0)
    network, examples = Zhang(setup()).eval(), batch(size=16)
    losses = network.loss(examples)
    logits = network.network(examples.lightness).color.detach().double().numpy()
    prior = gamut.smooth(torch.tensor(STATISTICS["colors"])).numpy()
    weights = 1 / (0.5 * prior + 0.5 / 313)
    weights /= (prior * weights).sum()
    bins = gamut.BINS.numpy()
    weighted = unweighted = 0.0
    for n in range(3):  # the fourth has no colour
        for h in range(4):
            for w in range(4):
                distances = ((bins - examples.ab[n, :, 4 * h, 4 * w].numpy()) ** 2).sum(axis=1)
                nearest = np.argsort(distances, kind="stable")[:10]
                target = np.exp(-distances[nearest] / 50)
                logs = logits[n, :, h, w] - np.log(np.exp(logits[n, :, h, w]).sum())
                surprise = -(target / target.sum() * logs[nearest]).sum()
                weighted += weights[nearest[0]] * surprise / 4
                unweighted += surprise / 4
    assert losses["loss"].item() == pytest.approx(weighted, rel=1e-5)
    assert losses["loss_unweighted"].item() == pytest.approx(unweighted, rel=1e-5)
    assert not losses["loss_unweighted"].requires_grad


def test_crops_are_cut_from_the_same_place_in_every_part_of_an_example():
    examples = batch(size=64)
    torch.manual_seed(1)
    cut = random_crop(examples, 11 / 16)
    assert cut.lightness.shape == (4, 1, 48, 48) and cut.ab.shape == (4, 2, 48, 48)
    side, places = cut.ab.shape[2], set()
    for n in range(4):
        found = [
            (y, x)
            for y in range(64 - side + 1)
            for x in range(64 - side + 1)
            if torch.equal(examples.lightness[n, :, y : y + side, x : x + side], cut.lightness[n])
        ]
        assert found
        y, x = found[0]
        places.add((y, x))
        assert torch.equal(examples.ab[n, :, y : y + side, x : x + side], cut.ab[n])
        assert torch.equal(examples.labels[n, y : y + side, x : x + side], cut.labels[n])
    assert len(places) > 1


def test_crops_are_176_of_256_pixels_and_small_squares_stay_whole():
    assert random_crop(batch(2, 256), Zhang(setup(size=256)).crop).ab.shape == (2, 2, 176, 176)
    assert random_crop(batch(2, 64), Zhang(setup(size=64)).crop).ab.shape == (2, 2, 64, 64)


def test_validation_sees_whole_photographs():
    network, examples = Zhang(setup()), batch()
    network.eval()
    assert network.loss(examples)["loss"] == network.loss(examples)["loss"]


def test_kmeans_finds_planted_directions_and_their_negatives_alike():
    draw = torch.Generator().manual_seed(0)
    planted = torch.nn.functional.normalize(torch.randn(4, 27, generator=draw), dim=1)
    which = torch.randint(4, (400,), generator=draw)
    sign = torch.randint(2, (400, 1), generator=draw) * 2 - 1
    patches = planted[which] * sign + 0.02 * torch.randn(400, 27, generator=draw)
    torch.manual_seed(0)
    centres = _centres(torch.nn.functional.normalize(patches, dim=1), 8)
    assert (planted @ centres.T).abs().amax(dim=1).min() > 0.99
    assert torch.allclose(centres.norm(dim=1), torch.ones(8), atol=1e-5)


def test_initialized_layers_give_every_channel_mean_0_and_variance_1():
    torch.manual_seed(0)
    layers = [
        torch.nn.Conv2d(1, 8, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 8, 3, stride=2, padding=2, dilation=2),
        torch.nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 6, 1),
    ]
    flowing = batch(size=32).lightness / 100
    initialize(layers, flowing)
    for layer in layers:
        flowing = layer(flowing)
        if not isinstance(layer, torch.nn.ReLU):
            spread, mean = torch.std_mean(flowing, dim=(0, 2, 3))
            assert mean.abs().max() < 1e-3 and (spread - 1).abs().max() < 1e-2


def test_a_photograph_of_one_grey_does_not_break_the_first_weights():
    network = Zhang(setup())
    examples = batch()
    examples.lightness.fill_(50)
    network.initialize(examples)
    assert all(value.isfinite().all() for value in network.parameters())
    assert network.loss(examples)["loss"].isfinite()


def test_a_wrong_initialization_is_refused_in_a_sentence():
    with pytest.raises(UserError, match="initialization is 'k-means'; did you mean 'kmeans'"):
        make({"class": "baselines.zhang:Zhang", "initialization": "k-means"}, "models.zhang", Setup(0.1))
