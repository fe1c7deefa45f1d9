"""The loss that a network must be below to have learned: that of the best constant answer."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from baselines.iizuka import Iizuka
from baselines.larsson import BINS, Larsson
from baselines.siggraph17 import CLASSES, Siggraph17
from pipeline.color.bins import Q
from pipeline.networks.constants import Spread
from pipeline.networks.contract import Trainable
from pipeline.networks.network import Prediction
from pipeline.networks.small_deeplab import SmallDeepLab
from pipeline.packs.batch import Batch
from pipeline.settings.classes import make
from pipeline.settings.params import REPEAT, load_params
from tests.baselines.examples import batch, setup

PARAMS = load_params()
MODELS = {name: PARAMS.network(name) for name in PARAMS.models if REPEAT not in name}
GREY = replace(batch(2, 32, seed=2), colored=torch.zeros(2, dtype=torch.bool))
SETS = {
    "one batch": [batch(4, 32)],
    "batches of two sizes": [batch(4, 32), batch(3, 32, seed=1)],
    "one batch is all grey": [batch(4, 32), GREY],
}


class Everywhere(nn.Module):
    """Stands for `ColorizationNet`: the same logits everywhere, and no opinion of classes."""

    def __init__(self, logits: Tensor, semantic: bool) -> None:
        super().__init__()
        self.logits, self.semantic = logits, semantic

    def forward(self, lightness: Tensor) -> Prediction:
        N, _, H, W = lightness.shape
        semantic = torch.zeros(N, 3, H // 4, W // 4) if self.semantic else None
        return Prediction(spread_out(self.logits, N, H // 4, W // 4), semantic)


def spread_out(values: Tensor, N: int, H: int, W: int) -> Tensor:
    return values[None, :, None, None].expand(N, len(values), H, W)


def constant(name: str) -> tuple[Trainable, list[Tensor]]:
    """The network `name` in evaluation, except that its answer everywhere is the values of the tensors beside it."""
    network = make(MODELS[name], name, setup(size=32)).eval()
    sizes = {Siggraph17: (CLASSES, 2), Iizuka: (2,), Larsson: (BINS, BINS)}.get(type(network), (Q,))
    answer = [torch.zeros(size, requires_grad=True) for size in sizes]
    if isinstance(network, Siggraph17):
        network.forward = (
            lambda L: (  # type: ignore[method-assign]
                spread_out(answer[0], len(L), L.shape[2] // 4, L.shape[3] // 4),
                spread_out(answer[1], len(L), *L.shape[2:]),
            )
        )
    elif isinstance(network, Iizuka):
        network.forward = lambda L: (spread_out(answer[0], len(L), *L.shape[2:]), None)  # type: ignore[method-assign]
    elif isinstance(network, Larsson):
        network.features = lambda gray: []  # type: ignore[method-assign]
        network.hidden = nn.Identity()  # type: ignore[assignment]
        network.at = lambda maps, places: places  # type: ignore[assignment, method-assign]
        network.predict = lambda places: tuple(  # type: ignore[assignment, method-assign, return-value]
            spread_out(part, len(places), 1, places.shape[1]) for part in answer
        )
    else:
        network.network = Everywhere(answer[0], semantic=name == "semantics")
    return network, answer


def own_loss(network: Trainable, batches: list[Batch]) -> Tensor:
    """As the training measures it on its validation split."""
    torch.manual_seed(0)
    losses = [network.loss(one)[network.color_part] * len(one.colored) for one in batches]
    return torch.stack(losses).sum() / sum(len(one.colored) for one in batches)


def descend(loss: Callable[[], Tensor], answer: list[Tensor]) -> float:
    """The least loss that gradient descent finds."""
    optimizer = torch.optim.Adam(answer, 0.3)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.96)
    for _ in range(200):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        schedule.step()
    return value.item()


@pytest.mark.parametrize("batches", SETS.values(), ids=SETS)
@pytest.mark.parametrize("name", MODELS)
def test_the_loss_of_the_best_constant_is_the_least_that_descent_finds(name, batches):
    if name == "larsson" and batches is not SETS["one batch"]:
        batches = batches[:1] * 2  # it leaves no grey photograph out
    network, answer = constant(name)
    torch.manual_seed(0)
    stated = network.constant_loss(batches)
    assert stated is not None
    found = descend(lambda: own_loss(network, batches), answer)
    assert stated - 1e-5 * found <= found <= stated * (1 + 2e-3), (stated, found)


@pytest.mark.parametrize("name", MODELS)
def test_no_constant_that_is_tried_is_better(name):
    batches = SETS["batches of two sizes"]
    network, answer = constant(name)
    torch.manual_seed(0)
    stated = network.constant_loss(batches)
    draw = torch.Generator().manual_seed(0)
    for scale in (0.0, 0.1, 0.5, 2.0):
        for part in answer:
            part.data = scale * torch.randn(part.shape, generator=draw)
        assert own_loss(network, batches) > stated


def test_colour_that_is_the_same_everywhere_leaves_nothing_to_a_constant():
    """All pixels one colour: regressions' best constant has no loss."""
    one = batch(4, 32)
    plain = replace(one, ab=torch.full_like(one.ab, 20.0), colored=torch.ones(4, dtype=torch.bool))
    assert constant("iizuka")[0].constant_loss([plain]) == pytest.approx(0, abs=1e-12)
    assert constant("siggraph17")[0].constant_loss([plain]) == pytest.approx(0, abs=2e-3)


def test_a_median_is_found_among_weights_as_among_repetitions():
    values = torch.randn(2, 999, generator=torch.Generator().manual_seed(0)) * 20
    spread = Spread(2, 110)
    spread.add(values[:, :500], 1.0)
    spread.add(values[:, 500:], 2.0)
    repeated = torch.cat((values, values[:, 500:]), dim=1).double()
    expected = (repeated - repeated.median(dim=1, keepdim=True).values).abs().sum()
    assert spread.absolute_error() == pytest.approx(expected.item(), rel=1e-5)


def test_a_class_that_states_no_constant_is_not_held_to_it():
    assert SmallDeepLab(setup()).constant_loss([batch()]) is None
