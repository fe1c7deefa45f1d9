"""Larsson et al. 2016: hypercolumns that are never made whole, histograms, and how they are decoded."""

import colorsys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import entropy
from torch.utils._python_dispatch import TorchDispatchMode

from baselines import larsson
from baselines.larsson import Larsson
from pipeline.color import cielab
from tests.baselines.examples import batch, setup


class LargestTensor(TorchDispatchMode):
    """Remembers the most numbers that any operation's result has."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            if isinstance(tensor, torch.Tensor):
                self.numbers = max(self.numbers, tensor.numel())
        return made


def test_no_dense_hypercolumn_is_ever_made():
    network, examples = Larsson(setup(0.25)), batch(2, 224)
    dense = sum(network.channels) * 56 * 56
    with LargestTensor() as training:
        network.loss(examples)["loss"].backward()
    with LargestTensor() as inference, torch.no_grad():
        network.eval().chroma(examples.lightness[:1])
    largest_map = 2 * 16 * 224 * 224  # conv1 of two photographs, an eighth of the dense hypercolumn
    assert training.numbers <= max(largest_map, *(value.numel() for value in network.parameters())) < dense / 1.5
    assert inference.numbers <= max(2 * 32 * 224 * 224, *(value.numel() for value in network.parameters()))


def test_sparse_hypercolumns_are_the_maps_read_bilinearly():
    torch.manual_seed(0)
    network = Larsson(setup()).eval()
    maps = network.features(torch.rand(2, 1, 64, 64))
    places = torch.tensor([[[0, 0], [9, 30], [63, 63]], [[5, 1], [32, 62], [17, 17]]]).float()
    columns = network.at(maps, places)
    assert columns.shape == (2, sum(network.channels), 1, 3)
    for n in range(2):
        for p in range(3):
            expected = []
            for features, stride in maps:
                height, width = features.shape[2:]
                y, x = min(places[n, p, 0] / stride, height - 1), min(places[n, p, 1] / stride, width - 1)
                y0, x0 = int(y), int(x)
                y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
                v, u = y - y0, x - x0
                one = features[n]
                expected.append(
                    (1 - v) * ((1 - u) * one[:, y0, x0] + u * one[:, y0, x1])
                    + v * ((1 - u) * one[:, y1, x0] + u * one[:, y1, x1])
                )
            assert torch.allclose(columns[n, :, 0, p], torch.cat(expected), atol=1e-4)


def test_the_dense_sums_are_those_of_the_hypercolumn_that_is_not_made():
    torch.manual_seed(0)
    network = Larsson(setup()).eval()
    torch.nn.init.normal_(network.hidden.weight)
    with torch.no_grad():
        maps = network.features(torch.rand(1, 1, 64, 96))
        resized = []
        for features, stride in maps:
            if stride < 4:
                resized.append(F.avg_pool2d(features, 4 // stride))
            else:
                resized.append(F.interpolate(features, scale_factor=stride / 4, mode="bilinear"))
        hypercolumn = torch.cat(resized, dim=1)
        assert hypercolumn.shape == (1, sum(network.channels), 16, 24)
        assert torch.allclose(network.everywhere(maps), network.hidden(hypercolumn), rtol=1e-3, atol=1e-3)


def test_the_full_hypercolumn_has_12417_channels():
    with torch.device("meta"):
        assert sum(Larsson(setup(1.0)).channels) == 12_417


def test_hue_and_chroma_are_those_of_hsv():
    rgb = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    rgb[0, :, 0, 0] = 0.3  # a grey has no hue
    rgb[0, :, 0, 1] = torch.tensor([1.0, 0.2, 0.2])
    hue, chroma = larsson.hue_and_chroma(rgb)
    for n, h, w in np.ndindex(2, 4, 5):
        red, green, blue = rgb[n, :, h, w].tolist()
        expected = colorsys.rgb_to_hsv(red, green, blue)
        assert hue[n, h, w].item() == pytest.approx(expected[0], abs=1e-5)
        assert chroma[n, h, w].item() == pytest.approx(max(red, green, blue) - min(red, green, blue), abs=1e-6)


def test_hue_chroma_and_grey_make_the_colour_again():
    """Exact where grey + chroma / 2 is the value and the channels' mean is the grey; elsewhere the mean is kept."""
    hue, chroma = torch.tensor([[[0.0, 0.3, 0.71]]]), torch.tensor([[[0.2, 0.3, 0.25]]])
    gray = torch.tensor([[[0.5, 0.4, 0.6]]])
    rgb = larsson.to_rgb(hue, chroma, gray)
    found_hue, found_chroma = larsson.hue_and_chroma(rgb)
    assert torch.allclose(found_hue, hue, atol=1e-5) and torch.allclose(found_chroma, chroma, atol=1e-5)
    assert torch.allclose(rgb.mean(dim=1), gray, atol=1e-5)


def test_histograms_count_the_window_around_each_place():
    channel = torch.rand(2, 20, 20, generator=torch.Generator().manual_seed(0))
    channel[0, 5, 5] = 1.0  # belongs to the last bin
    places = torch.tensor([[[5, 5], [16, 3]], [[10, 12], [3, 16]]])
    found = larsson.histograms(channel, places)
    for n, p in np.ndindex(2, 2):
        y, x = places[n, p].tolist()
        window = channel[n, y - 3 : y + 4, x - 3 : x + 4].numpy()
        expected, _ = np.histogram(window, bins=32, range=(0, 1))
        assert np.allclose(found[n, p].numpy(), expected / 49)


def test_places_leave_room_for_their_windows():
    places = larsson.draw_places(50, 16, torch.device("cpu"))
    assert places.shape == (50, 128, 2) and places.min() == 3 and places.max() == 12


def test_the_divergence_is_kullback_and_leiblers():
    draw = torch.Generator().manual_seed(0)
    target = torch.rand(3, 32, generator=draw)
    target[:, :20] = 0
    target /= target.sum(dim=1, keepdim=True)
    logits = torch.randn(3, 32, generator=draw)
    expected = entropy(target.numpy(), logits.softmax(dim=1).numpy(), axis=1)
    assert np.allclose(larsson.divergence(target, logits).numpy(), expected, rtol=1e-4)


def test_the_loss_weighs_hue_by_chroma_and_chroma_by_lightness():
    torch.manual_seed(0)
    network, examples = Larsson(setup()).eval(), batch()
    torch.nn.init.normal_(network.hidden.weight, std=0.01)
    torch.manual_seed(7)
    losses = network.loss(examples)
    torch.manual_seed(7)
    places = larsson.draw_places(4, 64, torch.device("cpu"))
    rgb = cielab.lab_to_rgb(torch.cat((examples.lightness, examples.ab), dim=1))
    hue, chroma = larsson.hue_and_chroma(rgb)
    columns = network.at(network.features(cielab.gray_level(examples.lightness)), places.float())
    hue_logits, chroma_logits = network.predict(network.hidden(columns))
    sums = np.zeros(2)
    for n, p in np.ndindex(4, 128):
        y, x = places[n, p].tolist()
        level = rgb[n, :, y, x].mean().item()
        weights = chroma[n, y, x].item(), min(3 * level, 1, 3 * (1 - level))
        for at, (values, logits) in enumerate(((hue, hue_logits), (chroma, chroma_logits))):
            target, _ = np.histogram(values[n, y - 3 : y + 4, x - 3 : x + 4].numpy(), bins=32, range=(0, 1))
            predicted = logits[n, :, 0, p].softmax(dim=0).detach().numpy()
            sums[at] += weights[at] * entropy(target, predicted) / (4 * 128)
    assert losses["loss_hue"].item() == pytest.approx(sums[0], rel=1e-3)
    assert losses["loss_chroma"].item() == pytest.approx(sums[1], rel=1e-3)
    assert losses["loss"].item() == pytest.approx(5 * sums[0] + sums[1], rel=1e-3)


def distribution(*bins: int) -> torch.Tensor:
    """(1, 32, 1, 1): the same share for each of `bins`."""
    found = torch.zeros(32)
    found[list(bins)] = 1 / len(bins)
    return found[None, :, None, None]


def test_hue_is_decoded_around_the_circle_and_chroma_to_its_median():
    hue, chroma = larsson.decode(distribution(31, 0), distribution(3, 4, 30))
    assert min(hue.item(), 1 - hue.item()) == pytest.approx(0, abs=1e-6)  # not the 0.5 of a plain mean
    assert chroma.item() == pytest.approx(4.5 / 32)


def test_chroma_fades_where_hues_cancel_out():
    certain, torn = (larsson.decode(distribution(*bins), distribution(16))[1].item() for bins in ((5,), (5, 21)))
    assert certain == pytest.approx(16.5 / 32) and torn == pytest.approx(0, abs=1e-6)


def test_biases_learn_twice_as_fast_and_do_not_decay():
    network = Larsson(setup(), learning_rate=0.01)
    weights, biases = network.optimizer(1.0).param_groups
    assert (weights["lr"], weights["weight_decay"]) == (0.01, 5e-4)
    assert (biases["lr"], biases["weight_decay"]) == (0.02, 0.0)
    assert len(weights["params"]) + len(biases["params"]) == len(list(network.parameters()))
