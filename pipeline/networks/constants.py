"""The least loss that one and the same answer for every pixel can have: what a network that has learned is below.

Each network states its own (`Network.constant_loss`). All functions add up float64 sums over batches, of which only the
targets are used. As `pipeline.train` does for a validation loss, batches weigh by their photographs.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from pipeline.color import gamut
from pipeline.color.bins import Q
from pipeline.packs.batch import Batch

STEPS = 1 << 14  # in which `Spread` finds a median; a step moves its loss by a millionth


def mean_over_photographs(parts: Iterable[tuple[Tensor, int]]) -> Tensor:
    """The mean of batches' float64 tensors, each with the number of its photographs."""
    total, photographs = torch.zeros((), dtype=torch.float64), 0
    for part, count in parts:
        total, photographs = total + part.cpu() * count, photographs + count
    return total / max(1, photographs)


def cross_entropy(target: Tensor) -> float:
    """The least cross-entropy of one distribution over classes against `target` (..., K), float64 weights of classes.

    Weights need not sum to 1; leading dimensions have a distribution each, and their losses add up. The best
    distribution is proportional to the weights, by Gibbs' inequality.
    """
    weight = target.sum(dim=-1)
    return (torch.special.xlogy(weight, weight) - torch.special.xlogy(target, target).sum(dim=-1)).sum().item()


def bins_target(batch: Batch, stride: int, neighbours: int, rebalancing: Tensor) -> Tensor:
    """The sum over a batch's pixels of its soft-encoded colours, times their rebalancing: (313,) float64.

    Every `stride`-th pixel of the coloured photographs counts, as in `losses.color_loss`.
    """
    indices, weights = gamut.encode(batch.ab[..., ::stride, ::stride], neighbours)
    counted = rebalancing[indices[:, 0]] * batch.colored[:, None, None]
    shares = (counted[:, None] * weights).double()
    return torch.zeros(Q, dtype=torch.float64, device=shares.device).index_add_(0, indices.flatten(), shares.flatten())


class Spread:
    """How values in [-`reach`, `reach`] of C channels are spread, so that the loss of their best constant is known."""

    def __init__(self, channels: int, reach: float) -> None:
        self.reach = reach
        self.weight, self.sum = (torch.zeros(channels, STEPS, dtype=torch.float64) for _ in range(2))

    def add(self, values: Tensor, weight: float) -> None:
        """Count (C, N) values, each with `weight`."""
        values = values.double().cpu().clamp(-self.reach, self.reach)
        steps = ((values + self.reach) * (STEPS / (2 * self.reach))).long().clamp(max=STEPS - 1)
        self.weight.scatter_add_(1, steps, torch.full_like(values, weight))
        self.sum.scatter_add_(1, steps, values * weight)

    def absolute_error(self) -> float:
        """The least sum over channels of weighted absolute errors, at the edge of a step next to the median."""
        edges = torch.linspace(-self.reach, self.reach, STEPS + 1, dtype=torch.float64)[1:]
        below, sum_below = self.weight.cumsum(dim=1), self.sum.cumsum(dim=1)
        above, sum_above = below[:, -1:] - below, sum_below[:, -1:] - sum_below
        return (edges * (below - above) - sum_below + sum_above).amin(dim=1).sum().item()
