"""How fast a GPU is at what it does here, beside what it could do: ceilings, JBU, colour, training, colorizing.

    python -m bench.gpu.speed [--out FILE] [--size 224] [--width 1]

Needs a GPU, torch, and little else: neither data nor params.yaml. Every time is the median of repeats by the GPU's own
clock, after a warm-up; each repeat is of many calls, so that starting them hides behind the work of those before.
Results are in FILE (JSON) as soon as they are there.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.color import cielab, gamut
from pipeline.methods.colorizer import make_upsampling, predict_chroma, upsample_and_compose
from pipeline.networks.contract import Setup
from pipeline.networks.network import STRIDE
from pipeline.networks.proposed import Proposed
from pipeline.packs.loader import Examples
from pipeline.settings.files import write_whole
from pipeline.training.loop import LossOf, autocast
from pipeline.upsampling import jbu
from pipeline.upsampling.jbu import JointBilateralUpsample
from pipeline.upsampling.window import window

REPEATS, WARM_UP = 7, 2
PICTURE = (375, 500)
TRAINED_AT_ONCE, COLORIZED_AT_ONCE = 40, 16
CLASSES = tuple(f"class {index}" for index in range(21))  # as VOC2012 has
EXPONENTIALS = 16  # a clock and multiprocessor, from Volta to Hopper
CLOCK = 1.98e9  # Hz, the most that an H100 or H200 takes
JOINT: dict[str, Any] = {"sigma_s_fullres_px": 3.0, "sigma_r_255": 15.0}

Measures = dict[str, float]


class Variant(NamedTuple):
    """One way to run a training step; what `pipeline.train` does on a GPU is the first of `VARIANTS`.

    `tuned`: cuDNN tries its algorithms and keeps the fastest; `mode`: of torch.compile, "" does not compile.
    """

    precision: str
    channels_last: bool = True
    tuned: bool = False
    mode: str = ""


VARIANTS = {
    "bfloat16, compiled": Variant("bfloat16", mode="default"),
    "bfloat16, eager": Variant("bfloat16"),
    "bfloat16, eager, channels first": Variant("bfloat16", channels_last=False),
    "float32, eager": Variant("float32"),
    "bfloat16, compiled, algorithms tuned": Variant("bfloat16", tuned=True, mode="default"),
}
GRAPHS = Variant("bfloat16", mode="reduce-overhead")


def main() -> None:
    """Measure everything, one after the other, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="a JSON file that is written again after each measurement")
    parser.add_argument("--size", type=int, default=224, help="the side of a training square in pixels")
    parser.add_argument("--width", type=float, default=1.0, help="multiplies every hidden layer")
    parser.add_argument("--device", default="cuda", help="where to measure; a processor for rehearsals alone")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("error: bench.gpu.speed measures a GPU, and PyTorch sees none on this machine.")
    found: dict[str, Measures] = {}
    for what, measure in measurements(arguments.size, arguments.width, device):
        began = time.perf_counter()
        found[what] = measure()
        print(f"{what} ({time.perf_counter() - began:.1f} s)", flush=True)
        print(*(f"    {name:40}{value:12.4g}" for name, value in found[what].items()), sep="\n", flush=True)
        if arguments.out:
            write_whole(arguments.out, json.dumps(found, indent=2) + "\n")


def measurements(size: int, width: float, device: torch.device) -> Iterator[tuple[str, Callable[[], Measures]]]:
    """Names and functions in the order in which they are most worth knowing, should time run out."""
    full = PICTURE if device.type == "cuda" else (24, 32)
    low = (size // STRIDE, size // STRIDE) if device.type == "cuda" else (6, 8)
    batch = COLORIZED_AT_ONCE if device.type == "cuda" else 2
    trained = TRAINED_AT_ONCE if device.type == "cuda" else 4
    side = 8192 if device.type == "cuda" else 64
    yield "ceilings", lambda: ceilings(device, side)
    yield "colour", lambda: colour(trained, size, device)
    yield "colorizing", lambda: colorizing(size, width, batch, full, device)
    narrow = JointBilateralUpsample(**JOINT, radius_lowres_px=9)
    yield "JBU, radius 9", lambda: upsampling(narrow, full, full, batch, device)
    for name, variant in VARIANTS.items():
        yield f"training, {name}", partial(training, trained, size, width, variant, device)
    yield "JBU, equation 5", lambda: upsampling(JointBilateralUpsample(**JOINT), low, full, batch, device)
    yield "JBU as by default", lambda: upsampling(make_upsampling("jbu"), low, full, batch, device)
    yield "training, bfloat16, CUDA graphs", partial(training, trained, size, width, GRAPHS, device)  # compiles anew


def milliseconds(work: Callable[[], object], calls: int = 1, repeats: int = REPEATS) -> float:
    """The median time of a call."""
    return median(_times(work, calls, repeats)) if torch.cuda.is_available() else _on_processor(work)


def _times(work: Callable[[], object], calls: int, repeats: int) -> list[float]:
    times = []
    for _ in range(WARM_UP + repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(calls):
            work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / calls)
    return times[WARM_UP:]


def _on_processor(work: Callable[[], object]) -> float:
    """One call, for rehearsals."""
    began = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - began)


def ceilings(device: torch.device, side: int = 8192) -> Measures:
    """What the device reaches at all: a product of bfloat16 matrices, and a copy of 16 times their size."""
    first, second = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    product = torch.empty_like(first)
    matmul = milliseconds(lambda: torch.mm(first, second, out=product), calls=10)
    source = torch.zeros(16, *first.shape, device=device, dtype=torch.bfloat16)
    target = torch.empty_like(source)
    copy = milliseconds(lambda: target.copy_(source), calls=10)
    return {
        "matmul, TFLOP/s": 2 * side**3 / matmul / 1e9,
        "copy, GB/s read and written": 2 * source.nbytes / copy / 1e6,
    }


@torch.inference_mode()
def colour(batch: int, size: int, device: torch.device) -> Measures:
    """sRGB to Lab of training squares, and the soft-encoding of every fourth pixel, outside of any compiled graph."""
    rgb = torch.from_numpy(np.stack([picture(size, size, seed) for seed in range(batch)])).permute(0, 3, 1, 2)
    rgb = rgb.to(device)
    ab = cielab.rgb_to_lab(rgb)[:, 1:, ::STRIDE, ::STRIDE]
    return {
        "Lab, ms a photograph": milliseconds(lambda: cielab.rgb_to_lab(rgb), calls=5) / batch,
        "soft-encoding, ms a photograph": milliseconds(lambda: gamut.encode(ab), calls=5) / batch,
    }


@torch.inference_mode()
def upsampling(
    module: nn.Module, low: tuple[int, int], full: tuple[int, int], batch: int, device: torch.device
) -> Measures:
    """A picture of a batch, beside the plain path and the floor; and how far the two paths are apart."""
    chroma = 80 * torch.rand(batch, 2, *low, device=device) - 40
    lightness = torch.stack([lightness_of(picture(*full, seed)) for seed in range(batch)]).to(device)
    compiled = module(chroma, lightness)
    ours = milliseconds(lambda: module(chroma, lightness), calls=20) / batch
    with mock.patch.object(jbu, "compiled_upsample", lambda device: None):
        plain = milliseconds(lambda: module(chroma, lightness), repeats=2) / batch
        exact = module(chroma[:1].double(), lightness[:1].double())
    weights = weights_of(module, low, full)
    return {
        "ms a picture": ours,
        "ms by plain torch": plain,
        "times faster": plain / ours,
        "weights, millions": weights / 1e6,
        "floor by exponentials, ms": weights / (EXPONENTIALS * CLOCK * multiprocessors(device)) * 1e3,
        "largest difference of ab": (compiled[:1] - exact).abs().max().item(),
    }


def weights_of(module: nn.Module, low: tuple[int, int], full: tuple[int, int]) -> int:
    """How many pairs of p and q_down equation 5 weighs, or equation 4 after bilinear upsampling."""
    joint: Any = module if isinstance(module, JointBilateralUpsample) else module.joint
    low = low if joint is module else full
    rows, columns = (int(np.isfinite(window(joint._axis(full[axis], low[axis])).log_f).sum()) for axis in (0, 1))
    return rows * columns


def training(batch_size: int, size: int, width: float, variant: Variant, device: torch.device) -> Measures:
    """A whole training step of the proposed network from a resident pack."""
    from torch.utils.flop_counter import FlopCounterMode

    examples = Examples(pack(2 * batch_size, size), device)
    draw = next(examples.epoch(0, 0, batch_size))
    step = Step(variant, examples, width, size)
    with FlopCounterMode(display=False) as counter:
        step(draw)
    gigaflops = counter.get_total_flops() / batch_size / 1e9
    if variant.mode and device.type == "cuda":
        gamut.mark_constants()
        step.loss.compile(mode=variant.mode)
    with tuning(variant.tuned):
        took = milliseconds(partial(step, draw), calls=5)
        starting = median(started(partial(step, draw)))
    return {
        "images/s": batch_size / took * 1e3,
        "ms a step": took,
        "ms until the processor has started one": starting,
        "GFLOP a photograph": gigaflops,
        "TFLOP/s": gigaflops * batch_size / took,
    }


def started(work: Callable[[], object]) -> Iterator[float]:
    """How many milliseconds the processor needs to start a call, the GPU having nothing else to do."""
    for _ in range(REPEATS):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        began = time.perf_counter()
        work()
        yield 1e3 * (time.perf_counter() - began)


class Step:
    """One training step of the proposed network, as `pipeline.training.loop.fit` makes it."""

    loss: nn.Module

    def __init__(self, variant: Variant, examples: Examples, width: float, size: int) -> None:
        statistics = {"colors": [1] * gamut.Q, "classes": [1] * len(CLASSES)}
        model = Proposed(Setup(width, CLASSES, size, statistics), semantics=True).to(examples.device).train()
        if variant.channels_last:
            model = model.to(memory_format=torch.channels_last)
        self.precision, self.examples = variant.precision, examples
        self.loss, self.optimizer = LossOf(model), model.optimizer(1e-4)

    def __call__(self, draw: Any) -> None:
        with autocast(self.examples.device, self.precision):
            losses = self.loss(self.examples.take(draw))
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        self.optimizer.step()


@contextmanager
def tuning(on: bool) -> Iterator[None]:
    """Whether cuDNN tries its algorithms on the first batch of a shape."""
    torch.backends.cudnn.benchmark = on
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = False


def colorizing(size: int, width: float, batch: int, full: tuple[int, int], device: torch.device) -> Measures:
    """Photographs from lightness on the processor to uint8 sRGB on the processor, and the parts of that."""
    model = (
        Proposed(Setup(width, CLASSES, size), semantics=True).to(device).to(memory_format=torch.channels_last).eval()
    )
    lightness = [lightness_of(picture(*full, seed)) for seed in range(batch)]
    chroma = predict_chroma(model, (size, size), lightness, device)
    seen = torch.rand(batch, 1, size, size, device=device).mul_(100).contiguous(memory_format=torch.channels_last)

    def network_alone() -> None:
        with torch.inference_mode(), autocast(device, "auto"):
            model.chroma(seen)

    def finish(upsampling: nn.Module) -> None:
        for light, ab in zip(lightness, chroma, strict=True):
            upsample_and_compose(light, ab, upsampling)

    network = milliseconds(network_alone) / batch
    predicted = milliseconds(lambda: predict_chroma(model, (size, size), lightness, device)) / batch
    joined = milliseconds(lambda: finish(make_upsampling("jbu"))) / batch
    bilinear = milliseconds(lambda: finish(make_upsampling("bilinear"))) / batch
    return {
        "images/s": 1e3 / (predicted + joined),
        "share outside of the network": 1 - network / (predicted + joined),
        "network and decoding, ms": network,
        "resizing and copies to the GPU, ms": predicted - network,
        "JBU beyond bilinear, ms": joined - bilinear,
        "bilinear, composition and copies, ms": bilinear,
    }


def picture(height: int, width: int, seed: int) -> np.ndarray:
    """(H, W, 3) uint8 sRGB: soft patches of colour with some noise, as a photograph has them."""
    generator = np.random.default_rng(seed)
    patches = generator.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3)).repeat(16, axis=0).repeat(16, axis=1)
    noise = generator.normal(0, 4, (height, width, 3))
    return np.clip(patches[:height, :width] + noise, 0, 255).astype(np.uint8)


def lightness_of(rgb: np.ndarray) -> Tensor:
    """(1, H, W) L of (H, W, 3) uint8 sRGB."""
    return cielab.lightness(torch.from_numpy(rgb).permute(2, 0, 1))


def pack(photographs: int, size: int) -> Any:
    """A training split as `Examples` reads it."""
    images = np.stack([picture(size, size, seed) for seed in range(photographs)])
    masks = images[..., 0] % len(CLASSES)
    index = [SimpleNamespace(id=str(seed), colorless=False) for seed in range(photographs)]
    return SimpleNamespace(images=images, masks=masks, index=index)


def multiprocessors(device: torch.device) -> int:
    """How many the GPU has; 1 of a processor, in rehearsals."""
    return torch.cuda.get_device_properties(device).multi_processor_count if device.type == "cuda" else 1


if __name__ == "__main__":
    main()
