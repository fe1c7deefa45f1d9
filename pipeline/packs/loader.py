"""Training examples from a pack: order and augmentation depend on seed, epoch and image id only."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.color import cielab
from pipeline.packs.batch import Batch
from pipeline.packs.pack import Pack
from pipeline.settings.errors import UserError


@dataclass(frozen=True)
class Draw:
    """Which examples a step takes: positions in the pack, and which of them are mirrored."""

    positions: np.ndarray  # (B,) int
    mirrored: np.ndarray  # (B,) bool


@dataclass(frozen=True)
class Taken:
    """The examples of a draw as they are stored, on the device; `examples` makes a `Batch` of them."""

    images: Tensor  # (N, S, S, 3) uint8 sRGB
    masks: Tensor | None  # (N, S, S) uint8 class indices, 255 = void
    mirrored: Tensor  # (N,) bool
    colored: Tensor  # (N,) bool


def examples(taken: Taken) -> Batch:
    """Mirror and convert on the device, so that this can be compiled together with the loss."""
    rgb = taken.images.permute(0, 3, 1, 2)
    lab = cielab.rgb_to_lab(torch.where(taken.mirrored[:, None, None, None], rgb.flip(3), rgb))
    labels = taken.masks
    if labels is not None:
        labels = torch.where(taken.mirrored[:, None, None], labels.flip(2), labels)
    return Batch(lab[:, :1], lab[:, 1:], labels, taken.colored)


class Examples:
    """A pack on a device, as uint8 until a step takes it.

    A GPU holds the whole pack if half its memory is enough. Otherwise arrays stay memory-mapped: a pack may be larger
    than memory, and processes share what they read.
    """

    def __init__(self, pack: Pack, device: torch.device) -> None:
        self.ids = [photograph.id for photograph in pack.index]
        self.device = device
        self.images = self._placed(pack.images)
        self.masks = None if pack.masks is None else self._placed(pack.masks)
        self.colored = torch.tensor([not photograph.colorless for photograph in pack.index]).to(device)
        self.keys = np.array([int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) for name in self.ids], "u8")

    def _placed(self, array: np.ndarray) -> Tensor | np.ndarray:
        if self.device.type == "cuda" and array.nbytes < torch.cuda.mem_get_info(self.device)[0] / 2:
            return torch.from_numpy(np.array(array)).to(self.device)
        return np.asarray(array)

    def epoch(self, seed: int, epoch: int, batch_size: int, rank: int = 0, world: int = 1) -> Iterator[Draw]:
        """This process's share of every whole batch of an epoch; `batch_size` counts all processes together."""
        if batch_size % world:
            raise UserError(f"the batch size {batch_size} does not divide among {world} processes.")
        drawn = mixed(self.keys, seed, epoch)
        order, mirrored = np.argsort(drawn, kind="stable"), mixed(drawn, seed, epoch) % 2 == 0
        for step in range(self.steps(batch_size)):
            positions = order[step * batch_size : (step + 1) * batch_size][rank::world]
            yield Draw(positions, mirrored[positions])

    def steps(self, batch_size: int) -> int:
        """How many whole batches there are; raises `UserError` if not even one."""
        if len(self.ids) < batch_size:
            raise UserError(f"{len(self.ids)} photographs do not fill one batch of {batch_size}; make it smaller.")
        return len(self.ids) // batch_size

    def batch(self, draw: Draw) -> Batch:
        """The examples of a draw."""
        return examples(self.take(draw))

    def take(self, draw: Draw) -> Taken:
        """Bring the examples of a draw to the device, without waiting for it."""
        mirrored = torch.from_numpy(draw.mirrored).to(self.device, non_blocking=True)
        images, colored = (self._taken(array, draw.positions) for array in (self.images, self.colored))
        return Taken(images, None if self.masks is None else self._taken(self.masks, draw.positions), mirrored, colored)

    def _taken(self, array: Tensor | np.ndarray, positions: np.ndarray) -> Tensor:
        if isinstance(array, np.ndarray):
            return torch.from_numpy(array.take(positions, axis=0)).to(self.device, non_blocking=True)
        return array[torch.from_numpy(positions).to(self.device, non_blocking=True)]

    def in_order(self, batch_size: int) -> Iterator[Draw]:
        """Every example once, in the pack's order, none mirrored."""
        for start in range(0, len(self.ids), batch_size):
            positions = np.arange(start, min(start + batch_size, len(self.ids)))
            yield Draw(positions, np.zeros(len(positions), bool))


def mixed(keys: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """uint64 `keys` to uint64 random numbers, each a function of its key, seed and epoch alone (splitmix64)."""
    with np.errstate(over="ignore"):
        state = keys + np.uint64(0x9E3779B97F4A7C15) * (np.uint64(seed) * np.uint64(1_000_003) + np.uint64(epoch + 1))
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return state ^ (state >> np.uint64(31))
