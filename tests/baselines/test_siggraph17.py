"""Zhang et al. 2017: the published weights' names, 529 classes, and two heads that do not disturb each other."""

import pytest
import torch

from baselines.siggraph17 import CLASSES, Siggraph17, nearest_class
from pipeline.settings.errors import UserError
from pipeline.settings.options import checked_options
from tests.baselines.examples import batch, setup


def test_layers_carry_the_names_of_the_published_weights():
    convolutions = {f"model{block}.{at}" for block in (1, 2) for at in (0, 2)}
    convolutions |= {f"model{block}.{at}" for block in range(3, 8) for at in (0, 2, 4)}
    convolutions |= {f"{name}.0" for name in ("model8up", "model9up", "model10up", "model_class", "model_out")}
    convolutions |= {f"{name}.0" for name in ("model3short8", "model2short9", "model1short10")}
    convolutions |= {"model8.1", "model8.3", "model9.1", "model10.1"}
    norms = {"model1.4", "model2.4", *(f"model{block}.6" for block in range(3, 8)), "model8.5", "model9.3"}
    expected = {f"{name}.{part}" for name in convolutions | norms for part in ("weight", "bias")}
    assert set(dict(Siggraph17(setup()).named_parameters())) == expected


def test_the_nearest_class_is_the_nearest_of_529_grid_points():
    draw = torch.Generator().manual_seed(0)
    ab = torch.rand(2, 2, 5, 7, generator=draw) * 260 - 130
    grid = torch.cartesian_prod(torch.arange(-110.0, 111, 10), torch.arange(-110.0, 111, 10))
    assert len(grid) == CLASSES == 529
    expected = torch.cdist(ab.clamp(-110, 110).movedim(1, -1).reshape(-1, 2), grid).argmin(dim=1)
    assert torch.equal(nearest_class(ab).flatten(), expected)


def test_the_regression_does_not_shape_the_features_of_the_classification():
    network = Siggraph17(setup())
    network.loss(batch())["loss_regression"].backward()
    learning = {name.split(".")[0] for name, value in network.named_parameters() if value.grad is not None}
    expected = {"model9up", "model2short9", "model9", "model10up", "model1short10", "model10", "model_out"}
    assert learning == expected


def test_a_certain_classification_decodes_to_its_own_colour(monkeypatch):
    network = Siggraph17(setup()).eval()
    ab = torch.tensor([20.0, -70.0])[None, :, None, None].expand(1, 2, 16, 16)
    logits = torch.nn.functional.one_hot(nearest_class(ab), CLASSES).movedim(-1, 1) * 100.0
    monkeypatch.setattr(network, "forward", lambda lightness: (logits, None))
    assert torch.allclose(network.chroma(torch.zeros(1, 1, 64, 64), head="classification"), ab, atol=1e-3)


def test_a_wrong_head_is_refused_in_a_sentence():
    with pytest.raises(UserError, match="decoding: head is 'both'; known are: classification, regression"):
        checked_options(Siggraph17(setup()).chroma, {"head": "both"}, "decoding")
