"""The published weights' format, beside a plain re-statement of the network that they belong to."""

import os

import pytest
import torch
from torch import nn

from pipeline.networks.contract import Setup
from pipeline.networks.network import ColorizationNet
from pipeline.networks.proposed import Proposed
from pipeline.networks.zhang_weights import load_zhang
from pipeline.settings.errors import UserError

STATISTICS = {"colors": [1] * 313, "classes": [1, 1]}


class Port(nn.Module):
    """The layers of the authors' PyTorch port, from its published description (FACTS: 32,236,011 parameters)."""

    def __init__(self):
        super().__init__()
        plan = [(1, 64, 2, 2, 1), (64, 128, 2, 2, 1), (128, 256, 3, 2, 1), (256, 512, 3, 1, 1)]
        plan += [(512, 512, 3, 1, 2), (512, 512, 3, 1, 2), (512, 512, 3, 1, 1)]
        for number, (inputs, outputs, convs, stride, dilation) in enumerate(plan, 1):
            layers = []
            for index in range(convs):
                step = stride if index == convs - 1 else 1
                channels = inputs if index == 0 else outputs
                conv = nn.Conv2d(channels, outputs, 3, step, padding=dilation, dilation=dilation)
                layers += [conv, nn.ReLU(True)]
            setattr(self, f"model{number}", nn.Sequential(*layers, nn.BatchNorm2d(outputs)))
        self.model8 = nn.Sequential(
            nn.ConvTranspose2d(512, 256, 4, 2, 1),
            nn.ReLU(True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(True),
            nn.Conv2d(256, 313, 1),
        )
        self.model_out = nn.Conv2d(313, 2, 1, bias=False)

    def forward(self, lightness):
        hidden = (lightness - 50) / 100
        for number in range(1, 9):
            hidden = getattr(self, f"model{number}")(hidden)
        return hidden


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    torch.manual_seed(0)
    port = Port().eval()
    assert sum(parameter.numel() for parameter in port.parameters()) == 32_236_011
    for module in port.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    path = tmp_path_factory.mktemp("weights") / "eccv16.pth"
    torch.save(port.state_dict(), path)
    return port, path


def test_the_published_weights_compute_what_their_own_network_computes(published):
    port, path = published
    network = ColorizationNet(classes=3).eval()
    load_zhang(network, path)
    lightness = torch.rand(1, 1, 64, 64) * 100
    with torch.inference_mode():
        assert torch.allclose(network(lightness).color, port(lightness), atol=1e-5)


def test_training_starts_from_them(published):
    port, path = published
    model = Proposed(Setup(1.0, ("a", "b"), statistics=STATISTICS), semantics=True, initial_weights=str(path))
    assert torch.equal(model.network.conv1[0].weight, port.model1[0].weight)


def test_another_width_is_refused(published):
    with pytest.raises(UserError, match=r"need `width: 1\.0`"):
        load_zhang(ColorizationNet(width=0.5), published[1])


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda path, whole: None, "are missing"),
        (lambda path, whole: path.write_bytes(whole[:100_000]), "is not a whole PyTorch checkpoint"),
        (lambda path, whole: torch.save({"other.weight": torch.ones(2)}, path), "lacks conv1"),
        (lambda path, whole: torch.save([1, 2], path), "no dictionary of tensors"),
        (lambda path, whole: torch.save({"model1.0.weight": Malicious()}, path), "could run code"),
    ],
)
def test_missing_damaged_foreign_and_malicious_files_end_in_a_sentence(
    published, tmp_path, monkeypatch, write, sentence
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "weights.pth", published[1].read_bytes())
    with pytest.raises(UserError, match=sentence):
        load_zhang(ColorizationNet(), tmp_path / "weights.pth")
    assert not (tmp_path / "executed").exists(), "the pickle was executed"
