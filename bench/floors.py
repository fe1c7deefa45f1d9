"""The hot paths against this device's floors: the least time of their operations and bytes, and the measured time.

The ceilings are measured in the same run: a product of matrices, a copy, an exponential, a write that is on the disk.
"""

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.table import Line, lab_of, photograph, race
from pipeline.color import cielab, gamut
from pipeline.networks.contract import Setup
from pipeline.networks.proposed import Proposed
from pipeline.packs.loader import Taken
from pipeline.training.loop import LossOf
from pipeline.upsampling.jbu import JointBilateralUpsample

CLASSES = tuple(f"class {index}" for index in range(21))
BATCH = 4
SIDE = 224
ROWS, COLUMNS, RADIUS = 375, 500, 9

# Of one weight of JBU, float32 operations of `jbu_cpu._add_row` and `_exp2`: multiply-adds count twice.
OPERATIONS_A_WEIGHT = 26
# Of one pixel of `cielab.rgb_to_lab`: a logarithm and an exponential for each channel's gamma and for each response.
EXPONENTIALS_A_PIXEL = 12
BYTES_A_CODE = 8 + 5 * (8 + 4)  # of one pixel of `gamut.encode`: ab in, five indices and weights out


class Ceilings(NamedTuple):
    """At best: operations, bytes (in memory, in caches) and exponentials a second; seconds of a synced write."""

    operations: float
    half_operations: float
    bytes: float
    cached_bytes: float
    exponentials: float
    sync: float


def lines() -> list[Line]:
    """The ceilings, and every hot path with its floor."""
    found = ceilings()
    return [
        Line("ceiling: float32 matrix product", f"{found.operations / 1e9:.0f} GFLOP/s", "", "", "", ""),
        Line("ceiling: bfloat16 matrix product", f"{found.half_operations / 1e9:.0f} GFLOP/s", "", "", "", ""),
        Line("ceiling: copy in memory, read and written", f"{found.bytes / 1e9:.1f} GB/s", "", "", "", ""),
        Line("ceiling: copy in caches", f"{found.cached_bytes / 1e9:.1f} GB/s", "", "", "", ""),
        Line("ceiling: exponential, float32", f"{found.exponentials / 1e9:.2f} G/s", "", "", "", ""),
        Line("ceiling: 4 kB written and synced", f"{found.sync * 1e3:.2f} ms", "", "", "", ""),
        *networks(found),
        *colors(found),
        joint(found),
    ]


def ceilings() -> Ceilings:
    """Measure them."""
    side = 2048
    a, b = torch.rand(2, side, side)
    half = a.bfloat16(), b.bfloat16()
    source = torch.rand(2**26)
    target = torch.empty_like(source)
    small = torch.rand(2**14)  # stays in the first-level caches
    out = torch.empty_like(small)
    picture = torch.rand(2, 2**19)  # of the size of a photograph's channels

    def exponentials() -> None:
        for _ in range(100):
            torch.exp(small, out=out)

    product, half_product, copy, cached, exponential = race(
        lambda: a @ b,
        lambda: half[0] @ half[1],
        lambda: target.copy_(source),
        lambda: picture[1].copy_(picture[0]),
        exponentials,
        repeats=3,
    )
    # One thread fills a first-level cache, but all of them work on a photograph.
    rate = 100 * len(small) / exponential * torch.get_num_threads()
    work = 2 * side**3
    return Ceilings(
        work / product, work / half_product, 8 * len(source) / copy, 8 * 2**19 / cached, rate, synced_write()
    )


def synced_write() -> float:
    """Seconds, the median of 100."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, (Path(folder) / "file").open("wb", 0) as file:
        times = []
        for _ in range(100):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return median(times)


def networks(found: Ceilings) -> list[Line]:
    """A training step from uint8 to updated weights, and a prediction, of the proposed network at full width."""
    statistics = {"colors": [1] * gamut.Q, "classes": [1] * len(CLASSES)}
    model = Proposed(Setup(1.0, CLASSES, statistics=statistics), semantics=True).to(memory_format=torch.channels_last)
    optimizer, loss_of = model.optimizer(1e-4), LossOf(model)
    taken = Taken(
        torch.from_numpy(photograph(SIDE, SIDE)).repeat(BATCH, 1, 1, 1),
        torch.zeros(BATCH, SIDE, SIDE, dtype=torch.uint8),
        torch.zeros(BATCH, dtype=torch.bool),
        torch.ones(BATCH, dtype=torch.bool),
    )
    lightness = torch.rand(BATCH, 1, SIDE, SIDE) * 100

    def step(half: bool = False) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = loss_of(taken)["loss"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    @torch.inference_mode()
    def predict() -> None:
        model.chroma(lightness)

    with FlopCounterMode(display=False) as of_step:
        step()
    with FlopCounterMode(display=False) as of_prediction:
        predict()
    whole, half, prediction = race(step, lambda: step(half=True), predict, repeats=1)
    work, work_of_prediction = of_step.get_total_flops(), of_prediction.get_total_flops()
    name = f"{SIDE} px, full width, {BATCH} images"
    measured = (
        (f"training step, {name}", whole, work, found.operations),
        (f"the same in bfloat16, {name}", half, work, found.half_operations),
        (f"prediction, {name}", prediction, work_of_prediction, found.operations),
    )
    return [with_floor(what, time, flop / rate, f"{flop / 1e9:.0f} GFLOP") for what, time, flop, rate in measured]


def colors(found: Ceilings) -> list[Line]:
    """sRGB to Lab of a photograph, and soft-encoding of a training picture."""
    rgb = torch.from_numpy(photograph(ROWS, COLUMNS)).permute(2, 0, 1)
    ab = lab_of(photograph(SIDE, SIDE))[1:][None]
    lab, codes = race(lambda: cielab.rgb_to_lab(rgb), lambda: gamut.encode(ab), repeats=15)
    exponentials, bytes = EXPONENTIALS_A_PIXEL * ROWS * COLUMNS, BYTES_A_CODE * SIDE**2
    to_lab, work = exponentials / found.exponentials, f"{exponentials / 1e6:.1f} M exponentials"
    return [
        with_floor(f"sRGB to Lab, {ROWS} x {COLUMNS}", lab, to_lab, work),
        with_floor(f"soft-encoding, {SIDE} x {SIDE}", codes, bytes / found.cached_bytes, f"{bytes / 1e6:.1f} MB"),
    ]


def joint(found: Ceilings) -> Line:
    """JBU of a photograph with radius 9."""
    lab = lab_of(photograph(ROWS, COLUMNS))
    chroma, guide = lab[1:][None].contiguous(), lab[:1][None].contiguous()
    module = JointBilateralUpsample(sigma_s_fullres_px=3, sigma_r_255=15, radius_lowres_px=RADIUS)
    with torch.inference_mode():
        (seconds,) = race(lambda: module(chroma, guide), repeats=5)
    weights = (2 * RADIUS + 1) ** 2 * ROWS * COLUMNS
    floor = OPERATIONS_A_WEIGHT * weights / found.operations
    return with_floor(f"JBU, {ROWS} x {COLUMNS}, radius {RADIUS}", seconds, floor, f"{weights / 1e6:.0f} M weights")


def with_floor(what: str, seconds: float, floor: float, work: str) -> Line:
    """A line of a time, its floor with the work that it follows from, and their ratio."""
    return Line(what, _time(seconds), f"floor {_time(floor)}: {work}", f"{seconds / floor:.1f} x the floor", "", "")


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds < 0.1 else f"{seconds:.2f} s"
