"""Equations 1 to 3, against the same sums written as loops over pixels."""

import copy
import math

import pytest
import torch

from pipeline.color import gamut
from pipeline.networks.contract import Setup
from pipeline.networks.losses import SparseCrossEntropy, color_loss, semantic_loss
from pipeline.networks.proposed import Proposed
from pipeline.packs.batch import Batch
from pipeline.settings.errors import UserError
from tests.baselines import examples

STATISTICS = {"colors": [5] * 100 + [0] * 213, "classes": [10, 0, 3]}
SETUP = Setup(0.05, ("sky", "never", "boat"), statistics=STATISTICS)


def test_the_colour_loss_is_equation_1():
    draw = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 313, 3, 4, generator=draw)
    indices, weights = gamut.encode(torch.randn(2, 2, 3, 4, generator=draw) * 40)
    rebalancing = torch.rand(313, generator=draw) + 0.5
    colored = torch.tensor([True, False])
    expected = 0.0
    for h in range(3):
        for w in range(4):
            target = torch.zeros(313).index_add(0, indices[0, :, h, w].long(), weights[0, :, h, w])
            cross_entropy = -(target * logits[0, :, h, w].log_softmax(0)).sum()
            expected += rebalancing[target.argmax()] * cross_entropy / 12
    assert torch.isclose(color_loss(logits, indices, weights, rebalancing, colored), expected, rtol=1e-5)


def test_the_gradient_of_the_sparse_cross_entropy_is_exact():
    draw = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 313, 2, 3, generator=draw, dtype=torch.float64, requires_grad=True)
    indices, weights = gamut.encode(torch.randn(2, 2, 2, 3, generator=draw) * 40)
    sparse = SparseCrossEntropy.apply(logits, indices, weights.double())
    target = torch.zeros(2, 313, 2, 3, dtype=torch.float64).scatter_add(1, indices, weights.double())
    dense = -(target * logits.log_softmax(1)).sum(1)
    assert torch.allclose(sparse, dense, atol=1e-6)
    upstream = torch.rand(2, 2, 3, generator=draw, dtype=torch.float64)
    ours, reference = (torch.autograd.grad(loss, logits, upstream)[0] for loss in (sparse, dense))
    assert torch.allclose(ours, reference, atol=1e-6)


def test_the_semantic_loss_is_equation_2_and_void_does_not_count():
    draw = torch.Generator().manual_seed(2)
    logits = torch.randn(2, 4, 3, 3, generator=draw)
    labels = torch.randint(0, 4, (2, 12, 12), generator=draw, dtype=torch.uint8)
    labels[0, 4:8] = 255
    rebalancing = torch.rand(4, generator=draw) + 0.5
    total, count = 0.0, 0
    for n in range(2):
        for h in range(3):
            for w in range(3):
                label = int(labels[n, 4 * h, 4 * w])
                if label != 255:
                    total -= rebalancing[label] * logits[n, :, h, w].log_softmax(0)[label]
                    count += 1
    assert torch.isclose(semantic_loss(logits, labels, rebalancing), total / count, rtol=1e-5)


def test_a_batch_of_nothing_but_void_or_grey_has_loss_zero_and_finite_gradients():
    model = Proposed(SETUP, semantics=True)
    given = examples.batch(3, 32)
    nothing = Batch(given.lightness, given.ab, torch.full_like(given.labels, 255), torch.zeros(3, dtype=torch.bool))
    losses = model.loss(nothing)
    losses["loss"].backward()
    assert losses["loss"].item() == 0
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_a_class_that_never_occurs_has_a_finite_weight():
    model = Proposed(SETUP, semantics=True)
    assert model.class_weights.isfinite().all()
    assert model.class_weights[1] == model.class_weights.max()
    assert model.color_weights.isfinite().all() and (model.color_weights > 0).all()


def test_the_joint_loss_is_equation_3():
    torch.manual_seed(0)
    model = Proposed(SETUP, semantics=True, lambda_color=2.0, lambda_semantic=5.0)
    losses = model.loss(examples.batch(3, 32))
    assert torch.isclose(losses["loss"], 2 * losses["loss_color"] + 5 * losses["loss_semantic"])


def test_raw_weights_with_100_to_1_are_normalised_weights_with_about_1_to_1():
    """FACTS 2.2: the paper's 100 : 1 goes with weights whose mean is about 100."""
    raw, normalized = (Proposed(SETUP, semantics=True, rebalancing=how) for how in ("raw", "normalized"))
    prior = gamut.smooth(torch.tensor(STATISTICS["colors"]))
    assert math.isclose((prior * normalized.color_weights).sum().item(), 1, rel_tol=1e-5)
    ratio = raw.color_weights / normalized.color_weights
    assert torch.allclose(ratio, ratio[0].expand_as(ratio), rtol=1e-4)
    assert 1 < ratio[0] < 313
    assert torch.equal(raw.class_weights, normalized.class_weights)


def test_semantics_without_masks_is_refused_in_a_sentence():
    with pytest.raises(UserError, match="needs class masks"):
        Proposed(Setup(0.05), semantics=True)


def test_the_colour_loss_takes_bfloat16_logits_without_losing_its_digits():
    model = Proposed(SETUP, semantics=False).eval()
    plain = model.loss(examples.batch(3, 32))["loss"]
    with torch.autocast("cpu", torch.bfloat16):
        short = model.loss(examples.batch(3, 32))["loss"]
    assert short.dtype == torch.float32
    assert abs(short - plain) / plain < 0.01


def test_logits_in_half_precision_are_widened_before_they_are_summed():
    draw = torch.Generator().manual_seed(4)
    half = torch.randn(7, 313, 3, 3, generator=draw).mul(5).bfloat16().requires_grad_()
    indices, weights = gamut.encode(torch.randn(7, 2, 3, 3, generator=draw) * 40)
    wide = half.detach().float().requires_grad_()
    losses = [SparseCrossEntropy.apply(logits, indices, weights) for logits in (half, wide)]
    assert losses[0].dtype == torch.float32
    assert torch.allclose(*losses, rtol=1e-2)  # of the target's own logits, which stay in half precision
    ours, reference = (torch.autograd.grad(loss.sum(), x)[0] for loss, x in zip(losses, (half, wide), strict=True))
    assert ours.dtype == torch.bfloat16
    assert torch.allclose(ours.float(), reference, atol=1e-6, rtol=2**-8)


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float32, 1e-3), (torch.bfloat16, 1e-2)])
def test_a_gpu_gives_the_same_losses_and_gradients(monkeypatch, precision, tolerance):
    """Gradients in float32 alone: those of three noisy squares in bfloat16 are off by 70 % on a processor too."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    torch.manual_seed(0)
    model, given = Proposed(SETUP, semantics=True), examples.batch(3, 32)
    there = copy.deepcopy(model).cuda().to(memory_format=torch.channels_last)
    moved = Batch(*(part.cuda() for part in (given.lightness, given.ab, given.labels, given.colored)))
    losses = model.loss(given)
    with torch.autocast("cuda", precision, enabled=precision != torch.float32):
        on_gpu = there.loss(moved)
    for name, loss in losses.items():
        assert abs(on_gpu[name].item() - loss.item()) < tolerance * loss.item(), name
    if precision != torch.float32:
        return
    losses["loss"].backward()
    on_gpu["loss"].backward()
    for (name, ours), theirs in zip(there.named_parameters(), model.parameters(), strict=True):
        error = (ours.grad.cpu() - theirs.grad).norm() / theirs.grad.norm().clamp(min=1e-6)
        assert error < 10 * tolerance, name
