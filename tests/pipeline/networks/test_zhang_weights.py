"""The published weights' format, against a plain re-statement of their network."""

import pytest
import torch

from pipeline.color import gamut
from pipeline.networks.contract import Setup
from pipeline.networks.network import ColorizationNet
from pipeline.networks.proposed import Proposed
from pipeline.networks.zhang_weights import load_zhang
from pipeline.settings.errors import UserError
from tests.baselines.published.zhang import zhang_logits, zhang_state

STATISTICS = {"colors": [1] * 313, "classes": [1, 1]}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A state like the port's, of 32,236,011 parameters, and its file."""
    state = {**zhang_state(), "model_out.weight": gamut.BINS.T[:, :, None, None] / 110}
    parameters = [
        value for name, value in state.items() if not name.endswith(("running_mean", "running_var", "tracked"))
    ]
    assert sum(value.numel() for value in parameters) == 32_236_011
    path = tmp_path_factory.mktemp("weights") / "eccv16.pth"
    torch.save(state, path)
    return state, path


def test_the_published_weights_compute_what_their_own_network_computes(published):
    state, path = published
    network = ColorizationNet(classes=3).eval()
    load_zhang(network, path)
    lightness = torch.rand(1, 1, 64, 64) * 100
    with torch.inference_mode():
        assert torch.allclose(network(lightness).color, zhang_logits(state, lightness), atol=1e-3)


def test_training_starts_from_them(published):
    state, path = published
    model = Proposed(Setup(1.0, ("a", "b"), statistics=STATISTICS), semantics=True, initial_weights=str(path))
    assert torch.equal(model.network.conv1[0].weight, state["model1.0.weight"])


def test_another_width_is_refused(published):
    with pytest.raises(UserError, match=r"need `width: 1\.0`"):
        load_zhang(ColorizationNet(width=0.5), published[1])


def test_another_networks_weights_are_refused_by_the_first_layer_that_is_missing(tmp_path):
    torch.save({"other.weight": torch.ones(2)}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match="lacks conv1"):
        load_zhang(ColorizationNet(), tmp_path / "weights.pth")
