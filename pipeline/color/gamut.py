"""The 313 colour bins of Zhang et al. (ECCV 2016): soft-encoding of ab, decoding of logits, and class rebalancing."""

from functools import cache
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from pipeline.color.bins import BINS, RADIUS, REACH, SIGMA, STEP, Q
from pipeline.settings.errors import UserError, suggestion

_AXES = BINS.T.contiguous().numpy()  # a and b of every bin

Decoding = Literal["mode", "mean", "annealed_mean"]


@torch.no_grad()
def encode(ab: Tensor, k: int = 5) -> tuple[Tensor, Tensor]:
    """(N, 2, H, W) ab to the indices (int64) and weights (float32) of the k nearest bins, (N, k, H, W), nearest first.

    The weights are a Gaussian of the distance and sum to 1: 5 bins in Zhang et al., section 2.1, 10 in their code.
    Exact for ab in [-128, 128]; a colour outside counts as the nearest one inside.
    """
    if ab.ndim != 4 or ab.shape[1] != 2 or not ab.is_floating_point():
        raise ValueError(f"expected float ab of shape (N, 2, H, W), got {ab.dtype} of shape {tuple(ab.shape)}.")
    if not 1 <= k < Q:
        raise ValueError(f"k must be at least 1 and below {Q}, the number of bins, got {k}.")
    return (_look_up if ab.device.type == "cpu" else _gather)(ab.detach().float(), k)


def decode(logits: Tensor, how: str, temperature: float = 0.38) -> Tensor:
    """(N, 313, H, W) logits to (N, 2, H, W) float32 ab, by a `Decoding` (Zhang et al., section 2.3)."""
    if how not in get_args(Decoding):
        raise UserError(f"there is no decoding of colours called {how!r}; {suggestion(how, list(get_args(Decoding)))}")
    if logits.ndim != 4 or logits.shape[1] != Q:
        raise ValueError(f"expected logits of shape (N, {Q}, H, W), got {tuple(logits.shape)}.")
    bins = BINS.to(logits.device)
    if how == "mode":
        return bins[logits.argmax(dim=1)].movedim(-1, 1).contiguous()
    probabilities = (logits.float() / (temperature if how == "annealed_mean" else 1)).softmax(dim=1)
    # Summed by hand: a matmul would obey TF32 and autocast, and be off by up to half a unit of ab.
    return torch.stack([(probabilities * axis[:, None, None]).sum(dim=1) for axis in bins.T], dim=1)


def count(ab: Tensor) -> Tensor:
    """(N, 2, H, W) ab to the number of pixels nearest to each bin, (313,) int64; counts of batches and ranks add up."""
    indices, _ = encode(ab, k=1)
    return indices.flatten().bincount(minlength=Q)


def smooth(counts: Tensor, sigma: float = SIGMA) -> Tensor:
    """(313,) counts or probabilities of bins to the smoothed prior, (313,) float64 with sum 1 (Zhang et al., eq. 4).

    Each bin's own share is spread over its neighbours, so none of it is lost over the edge of the gamut.
    """
    if counts.shape != (Q,) or not counts.sum() > 0:
        raise ValueError(f"expected ({Q},) counts with a positive sum, got {tuple(counts.shape)}: {counts.sum()}.")
    bins = BINS.to(counts.device).double()
    spread = torch.cdist(bins, bins).square().div(-2 * sigma**2).softmax(dim=1)  # (from, to)
    return counts.double() / counts.sum() @ spread


def rebalancing_weights(prior: Tensor, uniform_mix: float = 0.5, normalize: bool = True) -> Tensor:
    """(Q,) prior to the (Q,) float32 weight of each bin or class, 1 / ((1 - g) p + g / Q) (Zhang et al., eq. 4).

    A pixel's weight is that of its nearest bin: `weights[indices[:, 0]]` of `encode`. `normalize` divides by the
    expectation under the prior, as Zhang's code does; raw weights are about 100 times larger, and so is the loss.
    """
    weights = 1 / ((1 - uniform_mix) * prior + uniform_mix / len(prior))
    return (weights / (prior * weights).sum() if normalize else weights).float()


def _gather(ab: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """`encode` in plain torch on any device: a table gives a dozen candidates, and the k nearest are sorted."""
    table, places = _table(k, ab.device)
    a, b = ab.clamp(-REACH, REACH).unbind(dim=1)
    candidates = table[_triangle(a, b)]  # (N, H, W, C)
    near = places[candidates]
    squares = (a[..., None] - near[..., 0]).square() + (b[..., None] - near[..., 1]).square()
    squares, order = (part[..., :k] for part in squares.sort(dim=-1, stable=True))
    weights = (squares / (-2 * SIGMA**2)).softmax(dim=-1)
    return candidates.gather(-1, order).movedim(-1, 1), weights.movedim(-1, 1)


def _triangle(a: Tensor, b: Tensor) -> Tensor:
    """The row of the candidates' table for each colour, as `gamut_cpu.triangle` counts them; int64."""
    i, j = (a / STEP).round(), (b / STEP).round()
    u, v = a - STEP * i, b - STEP * j
    low, high = torch.minimum(u.abs(), v.abs()), torch.maximum(u.abs(), v.abs())
    point = (i.long() + RADIUS) * (2 * RADIUS + 1) + j.long() + RADIUS
    octant = (u < 0).long() + 2 * (v < 0).long() + 4 * (u.abs() < v.abs()).long()
    zone = (2 * high + low > STEP / 2).long() + (high + 2 * low > STEP / 2).long()
    return (24 * point + 3 * octant + zone).clamp(0, 24 * (2 * RADIUS + 1) ** 2 - 1)  # a valid row even of a NaN


def mark_constants() -> None:
    """Tell PyTorch's compiler to take tables as they are, not to follow how they are made: call it before compiling.

    Not done on import, since the compiler takes seconds to be imported, which most processes never use.
    """
    torch.compiler.assume_constant_result(_table)


def _table(k: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The candidates (triangles, C), int64, and the places (Q + 1, 2) of all bins; the last one is infinitely far."""
    return _table_on(k, device)


@cache
def _table_on(k: int, device: torch.device) -> tuple[Tensor, Tensor]:
    places = torch.cat((BINS, torch.full((1, 2), torch.inf)))
    return torch.from_numpy(_candidates(k).astype(np.int64)).to(device), places.to(device)


def _look_up(ab: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """`encode` on a CPU by a compiled loop, 100 times faster than a k-d tree."""
    import numba

    from pipeline.color import gamut_cpu

    N, _, H, W = ab.shape
    indices = torch.empty(N, k, H, W, dtype=torch.int64)
    weights = torch.empty(N, k, H, W)
    flat = (image.reshape(N, image.shape[1], H * W).numpy() for image in (ab, indices, weights))
    threads = torch.get_num_threads()
    if numba.get_num_threads() != min(threads, numba.config.NUMBA_NUM_THREADS):  # type: ignore[attr-defined]
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
        torch.set_num_threads(threads)  # as it was: the two may share OpenMP, and numba's first call sets all cores
    gamut_cpu.fill(*flat, _candidates(k), *_AXES)
    return indices, weights


def _triangles() -> Tensor:
    """(27 * 27 * 24, 3, 2) corners: around every grid point, the 24 triangles of `gamut_cpu.triangle`.

    In a full grid, the five nearest points keep their order within each of these regions. So only the edge of the gamut
    and other values of k need sorting. Rows are ordered by point, octant and zone.
    """
    zones = torch.tensor([[(0, 0), (1.5, 0), (1, 1)], [(1.5, 0), (3, 0), (1, 1)], [(3, 0), (3, 3), (1, 1)]]).double()
    octants = [
        (zones.flip(-1) if steep else zones) * torch.tensor([-1.0 if left else 1.0, -1.0 if below else 1.0])
        for steep in (False, True)
        for below in (False, True)
        for left in (False, True)
    ]
    axis = STEP * torch.arange(-RADIUS, RADIUS + 1)
    return (torch.cartesian_prod(axis, axis)[:, None, None] + torch.cat(octants) * 5 / 3).flatten(0, 1)


@cache
def _candidates(k: int) -> np.ndarray:
    """(triangles, C) uint32: the bins that may be among the k nearest to a point of each triangle, padded with Q.

    Where Q follows the first k, these are the k nearest, in their order, to every point of the triangle.
    """
    corners = _triangles()
    centres = corners.mean(dim=1)
    reach = (corners - centres[:, None]).norm(dim=-1).amax(dim=1, keepdim=True)
    places = torch.cat((BINS, torch.full((1, 2), torch.inf))).double()  # the last is infinitely far
    distances, order = torch.cdist(centres, places, compute_mode="donot_use_mm_for_euclid_dist").sort(dim=1)
    # From a triangle's centre to any of its points, no distance changes by more than `reach`.
    possible = distances <= distances[:, k - 1 : k] + 2 * reach + 1e-6
    possible[:, k] = True  # so that k candidates still to be sorted differ from k settled ones
    candidates = torch.where(possible, order, Q)[:, : int(possible.sum(dim=1).max()) + 1]

    # The difference of two squared distances is linear, so an order found at all corners holds within.
    squares = (corners[:, None] - places[candidates][:, :, None]).square().sum(dim=-1)  # (triangles, C, 3)
    ranked = torch.cat((squares[:, :k], squares[:, k:].amin(dim=1, keepdim=True)), dim=1)
    settled = (ranked[:, :-1] <= ranked[:, 1:] + 1e-6).flatten(1).all(dim=1)
    candidates[settled, k:] = Q
    return candidates.numpy().astype(np.uint32)
