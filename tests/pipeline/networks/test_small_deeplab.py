"""The small segmenter: what it learns, from which colours, and how its examples are drawn."""

import numpy as np
import torch

from pipeline.color import cielab
from pipeline.metrics.segmentation import intersection_and_union, miou
from pipeline.networks.contract import Setup
from pipeline.networks.small_deeplab import SmallDeepLab, examples, pixel_loss
from pipeline.packs.batch import Batch
from pipeline.segment import predict

SIZE = 32
TWO = np.float32([(40, 30), (-40, 30)])  # the ab of two classes that share their lightness


def painted(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, 3, S, S) Lab of two colours of one lightness on either side of a random line, and (N, S, S) uint8 labels."""
    random = np.random.default_rng(seed)
    across = np.arange(SIZE) / SIZE
    angle, at = random.uniform(0, 2 * np.pi, count), random.uniform(-0.3, 0.3, count)
    height = np.cos(angle)[:, None, None] * (across - 0.5) + np.sin(angle)[:, None, None] * (across - 0.5)[:, None]
    labels = (height > at[:, None, None] * 0.5).astype(np.uint8)
    ab = TWO[labels].transpose(0, 3, 1, 2)
    lab = np.concatenate((np.full_like(ab[:, :1], 60), ab), axis=1)
    return torch.from_numpy(lab), torch.from_numpy(labels)


def batch(count: int = 8, seed: int = 0) -> Batch:
    lab, labels = painted(count, seed)
    return Batch(lab[:, :1], lab[:, 1:], labels, torch.ones(count, dtype=torch.bool))


def segmenter() -> SmallDeepLab:
    torch.manual_seed(0)
    return SmallDeepLab(Setup(0.125, ("left", "right"), SIZE))


def test_classes_of_one_lightness_are_segmented_in_colour_and_not_in_grey():
    network = segmenter()
    optimizer = network.optimizer(0.003)
    for step in range(60):
        optimizer.zero_grad()
        network.loss(batch(seed=step))["loss"].backward()
        optimizer.step()
    network.eval()
    lab, labels = painted(8, seed=1000)

    def seen(pictures: torch.Tensor) -> float:
        rgb = cielab.to_uint8(cielab.lab_to_rgb(pictures)).permute(0, 2, 3, 1).numpy()
        found = zip(rgb, labels.numpy(), strict=True)
        counts = np.stack([intersection_and_union(predict(network, picture), mask, 2) for picture, mask in found])
        return miou(counts[:, 0], counts[:, 1])

    gray = torch.cat((lab[:, :1], torch.zeros_like(lab[:, 1:])), dim=1)
    assert seen(lab) > 0.8  # 0.90 to 0.97 after 40 to 120 steps: another processor is another training
    assert seen(gray) < 0.6


def test_every_weight_has_a_gradient_and_answers_are_a_quarter_of_the_picture():
    network = segmenter()
    network.loss(batch())["loss"].backward()
    assert all(value.grad is not None and value.grad.abs().sum() > 0 for value in network.parameters())
    assert network.logits(torch.rand(1, 3, 24, 40)).shape == (1, 2, 6, 10)


def test_void_pixels_teach_nothing():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 3, 4, 4), torch.randint(0, 3, (2, 8, 8), dtype=torch.uint8)
    labels[:, :2] = 255
    raised = torch.nn.functional.interpolate(logits, (8, 8), mode="bilinear")
    expected = torch.nn.functional.cross_entropy(raised[:, :, 2:], labels[:, 2:].long())
    assert torch.isclose(pixel_loss(logits, labels), expected, rtol=1e-6)
    assert pixel_loss(logits, torch.full_like(labels, 255)) == 0


def test_random_scales_and_crops_keep_colours_and_labels_together():
    given = batch(seed=3)
    sides = set()
    for seed in range(30):
        torch.manual_seed(seed)
        rgb, labels = examples(given, (0.5, 2.0))
        sides.add(rgb.shape[-1])
        redder = rgb[:, 0] > rgb[:, 1]  # class 0 has the positive a
        assert ((labels == 0) == redder).float().mean() > 0.98  # all but the blurred line
    assert min(sides) >= SIZE // 2 and max(sides) == SIZE and len(sides) > 3


def test_examples_are_the_photographs_own_colours_where_nothing_is_drawn():
    given = batch()
    rgb, labels = examples(given, None)
    assert torch.equal(labels, given.labels)
    assert torch.allclose(cielab.rgb_to_lab(rgb), torch.cat((given.lightness, given.ab), dim=1), atol=1e-2)
