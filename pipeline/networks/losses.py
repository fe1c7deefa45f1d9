"""Equations 1 and 2 of the paper: class-rebalanced cross-entropies over colours and over object classes."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.packs.masks import VOID
from pipeline.runtime.distributed import mean_over_processes

CHUNKS = 4  # in which half-precision logits become float32


def color_loss(logits: Tensor, indices: Tensor, weights: Tensor, rebalancing: Tensor, colored: Tensor) -> Tensor:
    """Equation 1 as a mean over the pixels of coloured photographs.

    The soft-encoded target stays sparse: `logits` (N, Q, h, w); `indices` and `weights` (N, k, h, w), nearest bin
    first, weights summing to 1 (`pipeline.color.gamut.encode`). `rebalancing` (Q,) gives v_c, taken at the target's
    largest bin (Zhang et al. 2016, section 2.2). `colored` (N,) bool leaves photographs without colour out.
    """
    surprise = SparseCrossEntropy.apply(logits, indices, weights)  # (N, h, w), in nats
    counted = rebalancing[indices[:, 0]] * colored[:, None, None]
    pixels = colored.sum() * indices[0, 0].numel()
    return (counted * surprise).sum() / mean_over_processes(pixels).clamp(min=1)


class SparseCrossEntropy(torch.autograd.Function):
    """Cross-entropy (N, h, w) of logits (N, Q, h, w) against k weighted bins a pixel, (N, k, h, w) each.

    Its gradient is softmax minus target. Written out, it passes over the logits once instead of three times. Logits in
    half precision become float32 in chunks, so that neither they nor their gradient are ever whole in float32.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
        """The weights of a pixel sum to 1."""
        log_norm = _joined([_widened(chunk).logsumexp(dim=1) for chunk in _chunks(logits)])
        ctx.save_for_backward(logits, log_norm, indices, weights)
        return log_norm - (weights * logits.gather(1, indices)).sum(dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """Only the logits have a gradient."""
        logits, log_norm, indices, weights = ctx.saved_tensors
        rows = [len(chunk) for chunk in _chunks(logits)]
        pieces = zip(*(x.split(rows) for x in (logits, log_norm, indices, weights, gradients[0])), strict=True)
        return _joined([_difference(*piece).to(logits.dtype) for piece in pieces]), None, None


def _difference(logits: Tensor, log_norm: Tensor, indices: Tensor, weights: Tensor, gradient: Tensor) -> Tensor:
    """(N, Q, h, w) softmax minus target, times the gradient of each pixel."""
    difference = (_widened(logits) - log_norm[:, None]).exp_().scatter_add_(1, indices, -weights)
    return difference.mul_(gradient[:, None])


def _chunks(logits: Tensor) -> tuple[Tensor, ...]:
    return logits.chunk(CHUNKS) if logits.dtype.itemsize < 4 else (logits,)


def _widened(logits: Tensor) -> Tensor:
    return logits.float() if logits.dtype.itemsize < 4 else logits


def _joined(chunks: list[Tensor]) -> Tensor:
    return chunks[0] if len(chunks) == 1 else torch.cat(chunks)


def semantic_loss(logits: Tensor, labels: Tensor, rebalancing: Tensor | None) -> Tensor:
    """Equation 2 as a mean over the labelled pixels.

    `logits` (N, classes, h, w); `labels` (N, H, W), taken at every (H / h)-th pixel; `rebalancing` (classes,) gives
    v_s, None weighs all classes alike. Void pixels do not count, and a batch of nothing else has the loss 0.
    """
    labels = labels[:, :: labels.shape[1] // logits.shape[2], :: labels.shape[2] // logits.shape[3]].long()
    total = F.cross_entropy(logits.float(), labels, rebalancing, ignore_index=VOID, reduction="sum")
    return total / mean_over_processes((labels != VOID).sum()).clamp(min=1)


def frequencies(counts: list[int]) -> Tensor:
    """Counts to a float64 probability distribution; where nothing was counted, to the uniform one."""
    tensor = torch.tensor(counts, dtype=torch.float64)
    return tensor / tensor.sum() if tensor.sum() > 0 else torch.full_like(tensor, 1 / max(1, len(tensor)))
