"""Several processes as one: `torchrun` starts them, and what they write is what a single process would have written."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pipeline.settings.errors import UserError

Item = TypeVar("Item")
# A process that has done its share waits for the slowest, which may have hours left. One that ends is noticed at once.
PATIENCE = timedelta(days=30)
LOST = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "Socket closed")


@contextmanager
def together(gradients_on: torch.device | None = None) -> Iterator[None]:
    """Be one of several processes, if `torchrun` started this one.

    Gradients go between GPUs by nccl; without any to exchange, only what fits into rows does, by gloo. If another
    process is lost, this one ends in a sentence.
    """
    if "WORLD_SIZE" not in os.environ:
        yield
        return
    if gradients_on is not None and gradients_on.type == "cuda":
        dist.init_process_group("nccl")
    else:
        dist.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield
    except RuntimeError as error:
        if not any(sentence in str(error) for sentence in LOST):
            raise
        raise UserError("another process has ended; read its message, then run the same command to resume.") from None
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """The number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of a tensor without gradient over all processes, as float32 where it is of integers."""
    value = value.detach().clone()
    value = value if value.is_floating_point() else value.float()
    if dist.is_initialized():
        dist.all_reduce(value)
        value /= dist.get_world_size()
    return value


def share(items: Sequence[Item]) -> Sequence[Item]:
    """This process's share of the items."""
    return items[rank() :: world_size()]


def broadcast(value: Item) -> Item:
    """The first process's value, in all of them; it must be picklable."""
    values = [value]
    if dist.is_initialized():
        dist.broadcast_object_list(values)
    return values[0]


def gather(items: list[Item]) -> list[Item]:
    """In the first process the items of all, one process's after another's; in the others none. Must be picklable."""
    if not dist.is_initialized():
        return items
    lists: list[list[Item]] = [[] for _ in range(dist.get_world_size())]
    dist.gather_object(items, lists if dist.get_rank() == 0 else None)
    return [item for one in lists for item in one]


def synchronize_batchnorm(module: nn.Module) -> nn.Module:
    """Exchange every batch normalisation for one whose statistics are of all processes' examples together.

    `nn.SyncBatchNorm` between GPUs, which alone it knows; parameters and buffers keep their names.
    """
    if dist.get_backend() == "nccl":
        return nn.SyncBatchNorm.convert_sync_batchnorm(module)
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            shared = SharedBatchNorm2d(child.num_features, child.eps, child.momentum, child.affine)
            shared.load_state_dict(child.state_dict())
            setattr(module, name, shared)
        else:
            synchronize_batchnorm(child)
    return module


class SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes; every process's part gets the gradients of them all."""

    @staticmethod
    def forward(context: Any, value: Tensor) -> Tensor:
        """The same in every process."""
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        """Each process's own loss depends on the sum, so the gradients of all are summed."""
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total


class SharedBatchNorm2d(nn.BatchNorm2d):
    """`nn.SyncBatchNorm` for processes without GPUs, which needs only a sum that gradients pass through."""

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) normalised by the mean and variance over every process's (N, H, W), equal N assumed."""
        if not self.training:
            return super().forward(inputs)
        values = inputs.float()
        moments = torch.stack((values.mean(dim=(0, 2, 3)), values.square().mean(dim=(0, 2, 3))))
        mean, square = SumOverProcesses.apply(moments) / world_size()
        variance = square - mean.square()
        self._remember(mean.detach(), variance.detach(), inputs.numel() // inputs.shape[1] * world_size())
        scale = torch.rsqrt(variance + self.eps)
        if self.affine:
            scale = scale * self.weight
        shift = -mean * scale
        if self.affine:
            shift = shift + self.bias
        return (values * scale[:, None, None] + shift[:, None, None]).to(inputs.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Update the running statistics, the variance unbiased, as `nn.BatchNorm2d` does."""
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        momentum = self.momentum or 0.0
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * count / max(count - 1, 1), momentum)
        self.num_batches_tracked.add_(1)
