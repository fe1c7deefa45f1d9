"""What the measurements of `make bench` share: a line of its table, and how rivals are timed side by side."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from skimage import data, transform

from pipeline.color import cielab

RUNS = 3  # of a rival in its turn


class Line(NamedTuple):
    """One line of the table; `goal` is for `value`, which is a ratio, a share, a time or a rate."""

    what: str
    ours: str
    peer: str
    value: str
    goal: str
    met: str


def race(*rivals: Callable[[], object], repeats: int) -> list[float]:
    """The best time of each rival in seconds. They take turns, and each turn begins with a run that does not count."""
    best = [float("inf")] * len(rivals)
    for _ in range(repeats):
        for index, rival in enumerate(rivals):
            rival()
            for _ in range(RUNS):
                began = time.perf_counter()
                rival()
                best[index] = min(best[index], time.perf_counter() - began)
    return best


def compared(what: str, ours: float, peer: float, name: str, goal: float | None) -> Line:
    """A line of our time, a peer's, and how many times faster we are."""
    ratio = peer / ours
    wanted = "" if goal is None else f"{goal:g} x"
    met = "" if goal is None else "met" if ratio >= goal else "not met"
    return Line(what, f"{ours * 1e3:.2f} ms", f"{name} {peer * 1e3:.1f} ms", f"{ratio:.1f} x", wanted, met)


def text(lines: Sequence[Line]) -> str:
    """The table, its columns aligned."""
    rows = [Line._fields, *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(Line._fields))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def photograph(height: int, width: int, load: Callable[[], np.ndarray] = data.coffee) -> np.ndarray:
    """(H, W, 3) uint8 sRGB: one of scikit-image's photographs."""
    return (transform.resize(load(), (height, width)) * 255).round().astype(np.uint8)


def lab_of(picture: np.ndarray) -> torch.Tensor:
    """(3, H, W) float32 Lab."""
    return cielab.rgb_to_lab(torch.from_numpy(picture).permute(2, 0, 1))
