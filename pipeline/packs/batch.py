"""One batch of training examples."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """N training examples of S x S pixels, as every network gets them."""

    lightness: Tensor  # (N, 1, S, S) L in [0, 100]
    ab: Tensor  # (N, 2, S, S) Lab units
    labels: Tensor | None  # (N, S, S) uint8 class indices, 255 = void; None without masks
    colored: Tensor  # (N,) bool; False for a photograph without colour, which would teach grey
