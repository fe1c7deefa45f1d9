"""torchvision's DeepLab v3: the network of the published weights, its starts, and its weights as they are.

The published file (245 MB) is not at hand here: where one is needed, it is of the same layers with random numbers.
"""

import json
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors import safe_open

from pipeline.datasets.voc import CLASSES
from pipeline.networks import deeplab
from pipeline.networks.contract import Setup
from pipeline.networks.deeplab import COCO, CocoDeepLab, DeepLabV3ResNet101, begin_with, build
from pipeline.records.rows import SegmentationCard
from pipeline.settings import paths
from pipeline.settings.classes import check_block
from pipeline.settings.errors import UserError
from tests.baselines.examples import STATISTICS, batch
from tests.conftest import stage_in, write_params

THREE = ("sky", "grass", "boat")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like torchvision's."""
    torch.manual_seed(1)
    file = tmp_path_factory.mktemp("published") / "deeplab.pth"
    torch.save(build(len(CLASSES)).state_dict(), file)
    return file


@pytest.fixture
def accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any file passes for torchvision's."""
    monkeypatch.setattr(deeplab, "check_digest", lambda file, digest: None)


def test_it_is_the_network_of_the_published_weights():
    with torch.device("meta"):
        network = build(len(CLASSES))
    parameters = sum(value.numel() for value in network.parameters())
    auxiliary = sum(value.numel() for value in network.aux_classifier.parameters())
    assert parameters == COCO.meta["num_params"]
    assert auxiliary > 0
    assert ("background", *COCO.meta["categories"][1:]) == CLASSES


def test_a_step_moves_both_heads_and_the_backbone_at_a_tenth_of_their_rate():
    torch.manual_seed(0)
    network = DeepLabV3ResNet101(Setup(1.0, THREE, 32, STATISTICS), start="nothing")
    losses = network.loss(batch(2, 32))
    losses["loss"].backward()
    assert losses["loss"].item() == pytest.approx((losses["loss_main"] + 0.5 * losses["loss_auxiliary"]).item())
    assert all(value.grad is not None for value in network.parameters())
    heads, backbone = network.optimizer(0.5).param_groups
    assert (heads["lr"], backbone["lr"], heads["momentum"], heads["weight_decay"]) == (0.01, 0.001, 0.9, 1e-4)
    assert sum(len(group["params"]) for group in (heads, backbone)) == len(list(network.parameters()))
    inside = {id(value) for value in network.network.backbone.parameters()}
    assert all((id(value) in inside) == (group is backbone) for group in (heads, backbone) for value in group["params"])


def test_starts_fill_what_they_know_and_leave_the_layers_of_the_classes(published):
    state = torch.load(published, weights_only=True)
    torch.manual_seed(2)
    network = build(len(THREE))
    fresh = {name: value.clone() for name, value in network.state_dict().items()}
    begin_with(network, "coco", state, published)
    kept = {name for name, value in network.state_dict().items() if torch.equal(value, fresh[name])}
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, fresh[name])}
    assert {"classifier.4.weight", "aux_classifier.4.weight"} <= kept
    assert {"classifier.0.project.0.weight", "backbone.conv1.weight"} <= changed
    imagenet = {name.removeprefix("backbone."): value for name, value in state.items() if "classifier" not in name}
    classifier = {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}
    begin_with(network, "imagenet", {**imagenet, **classifier}, published)
    with pytest.raises(UserError, match=r"deeplab\.pth lacks backbone.* missing parts of DeepLabV3"):
        begin_with(network, "imagenet", {"features.0.weight": torch.zeros(1)}, published)


def test_published_weights_are_written_untouched_and_segment(workspace, published, accepted, monkeypatch):
    monkeypatch.setattr(deeplab, "SHORTER_SIDE", 48)  # a real one takes seconds a photograph on a CPU
    for split in ("train", "val"):  # the scenes' masks hold 16 of VOC's 21 values
        path = paths.pack("scenes", split) / "summary.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "classes": list(CLASSES)}))
    block = {"class": "pipeline.networks.deeplab:CocoDeepLab", "initial_weights": str(published)}
    write_params(workspace, segmenters__coco=block)
    stage_in(workspace, "pipeline.train", "scenes", "coco", "--device", "cpu")
    stage_in(workspace, "pipeline.colorize", "scenes", "original", "--device", "cpu")
    stage_in(workspace, "pipeline.segment", "scenes", "coco", "original", "--device", "cpu")
    state = torch.load(published, weights_only=True)
    with safe_open(paths.segmenter("scenes", "coco") / "weights.safetensors", "pt") as file:
        assert all(torch.equal(file.get_tensor(f"network.{name}"), value) for name, value in state.items())
    card = SegmentationCard(**json.loads(paths.segmentation("scenes", "coco", "original").read_text()))
    assert "untouched" in card.weights and "none of VOC's" in card.training_data
    assert card.resolution == "its own shape, resized"


def test_weights_that_cannot_be_had_end_in_a_sentence_with_the_command_that_gets_them(tmp_path, monkeypatch):
    def offline(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", offline)
    cached = tmp_path / "hub/checkpoints/deeplabv3_resnet101_coco-586e9e4e.pth"
    with pytest.raises(UserError) as caught:
        CocoDeepLab(Setup(1.0, CLASSES, 32, STATISTICS))
    assert f"`curl -o {cached} https://download.pytorch.org/models/{cached.name}`" in str(caught.value)
    cached.write_bytes(b"rubbish")
    with pytest.raises(UserError, match=r"has SHA-256 .* not 586e9e4e"):
        CocoDeepLab(Setup(1.0, CLASSES, 32, STATISTICS))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: CocoDeepLab(Setup(1.0, THREE, 32)), "VOC's background and 20 classes alone"),
        (
            lambda: check_block({"class": "pipeline.networks.deeplab:DeepLabV3ResNet101", "start": "coc"}, "small"),
            "small: start is 'coc'; did you mean 'coco'",
        ),
        (lambda: DeepLabV3ResNet101(Setup(1.0, (), 32)), "needs class masks"),
        (
            lambda: DeepLabV3ResNet101(Setup(1.0, THREE, 32, STATISTICS), initial_weights="nothing.pth"),
            "the weights nothing.pth are missing",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(UserError, match=sentence):
        make()


def test_a_photograph_is_seen_in_its_own_shape_by_the_weights_as_they_are():
    with torch.device("meta"):
        network = CocoDeepLab(Setup(1.0, CLASSES, 224))
    assert network.sides(375, 500) == (520, 696)
    assert network.sides(500, 333) == (784, 520)
