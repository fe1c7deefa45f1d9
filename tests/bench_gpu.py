"""What a GPU does of what it could: ceilings, joint bilateral upsampling, the training step, colorization.

    python -m tests.bench_gpu [--json]

Needs a GPU, torch, and little else: neither data nor params.yaml. Every time is the median of repeats by the GPU's own
clock, after a warm-up; each repeat is of many calls, so that starting them hides behind the work of those before.
"""

import argparse
import json
import sys
from collections.abc import Callable
from statistics import median
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from pipeline import color
from pipeline.data.loader import Examples
from pipeline.method import Setup
from pipeline.model import jbu
from pipeline.model.colorizer import make_upsampling, predict_chroma, upsample_and_compose
from pipeline.model.jbu import JointBilateralUpsample, window
from pipeline.model.proposed import Proposed
from pipeline.train import LossOf, autocast, worth_compiling

REPEATS, WARM_UP = 11, 3
PICTURE = (375, 500)
BATCH = 16  # of upsampling and colorizing
CLASSES = tuple(f"class {index}" for index in range(21))  # as VOC2012 has
EXPONENTIALS = 16  # a clock and multiprocessor, from Volta to Hopper
CLOCK = 1.98e9  # Hz, the most that an H100 or H200 takes

Measures = dict[str, float]


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("error: tests.bench_gpu measures a GPU, and PyTorch sees none on this machine.")
    device = torch.device("cuda")
    found = {"ceilings": ceilings(device)}
    joint = {"sigma_s_fullres_px": 3.0, "sigma_r_255": 15.0}
    for what, module, low in (
        ("joint bilateral, radius 9", JointBilateralUpsample(**joint, radius_lowres_px=9), PICTURE),
        ("equation 5, 56 x 56 up", JointBilateralUpsample(**joint), (56, 56)),
        ("upsampling as by default", make_upsampling("jbu"), (56, 56)),
    ):
        found[what] = upsampling(module, low, PICTURE, BATCH, device)
    for batch_size in (32, 64, 128):
        peak = found["ceilings"]["matmul, TFLOP/s"]
        found[f"training step, batch {batch_size}"] = training(batch_size, 224, 1.0, peak, device)
    found[f"colorizing, batch {BATCH}"] = colorizing(224, 1.0, BATCH, PICTURE, device)
    about = {"device": torch.cuda.get_device_name(), "torch": torch.__version__}
    if arguments.json:
        print(json.dumps({**about, **found}, indent=2))
        return
    for what, measures in found.items():
        print(what, *(f"    {name:32}{value:12.4g}" for name, value in measures.items()), sep="\n")
    print(", torch ".join(about.values()))


def milliseconds(work: Callable[[], object], calls: int = 1) -> float:
    """The median time of a call."""
    times = []
    for _ in range(WARM_UP + REPEATS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(calls):
            work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / calls)
    return median(times[WARM_UP:])


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
def upsampling(
    module: nn.Module, low: tuple[int, int], full: tuple[int, int], batch: int, device: torch.device
) -> Measures:
    """A picture of a batch, beside the plain path and the floor; and how far the two paths are apart."""
    chroma = 80 * torch.rand(batch, 2, *low, device=device) - 40
    lightness = torch.stack([lightness_of(picture(*full, seed)) for seed in range(batch)]).to(device)
    compiled = module(chroma, lightness)
    ours = milliseconds(lambda: module(chroma, lightness), calls=20) / batch
    with mock.patch.object(jbu, "compiled_upsample", lambda device: None):
        plain = milliseconds(lambda: module(chroma, lightness)) / batch
        exact = module(chroma.double(), lightness.double())
    weights = weights_of(module, low, full)
    return {
        "ms a picture": ours,
        "ms by plain torch": plain,
        "times faster": plain / ours,
        "exponentials, millions": weights / 1e6,
        "floor by exponentials, ms": weights / (EXPONENTIALS * CLOCK * multiprocessors(device)) * 1e3,
        "largest difference of ab": (compiled - exact).abs().max().item(),
    }


def weights_of(module: nn.Module, low: tuple[int, int], full: tuple[int, int]) -> int:
    """How many pairs of p and q_down equation 5 weighs, or equation 4 after bilinear upsampling."""
    if not isinstance(module, JointBilateralUpsample):
        module, low = module.joint, full
    rows, columns = (int(np.isfinite(window(module._axis(full[axis], low[axis])).log_f).sum()) for axis in (0, 1))
    return rows * columns


def training(batch_size: int, size: int, width: float, peak: float, device: torch.device) -> Measures:
    """A whole training step of the proposed network from a resident pack, and its network's passes alone."""
    from torch.utils.flop_counter import FlopCounterMode

    statistics = {"colors": [1] * 313, "classes": [1] * len(CLASSES)}
    model = Proposed(Setup(width, CLASSES, size, statistics), semantics=True).to(device)
    model = model.to(memory_format=torch.channels_last).train()
    step_loss, optimizer = LossOf(model), model.optimizer(1e-4)
    examples = Examples(pack(2 * batch_size, size), device)
    draw = next(examples.epoch(0, 0, batch_size))
    given = examples.batch(draw).lightness

    def update(loss: Callable[[], Tensor]) -> None:
        with autocast(device, "auto"):
            value = loss()
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()

    def network_alone() -> Tensor:
        prediction = model.network(given)
        assert prediction.semantic is not None
        return prediction.color.mean() + prediction.semantic.mean()

    with FlopCounterMode(display=False) as counter:
        update(network_alone)
    if worth_compiling(model, device):
        step_loss.compile()
        network_alone = torch.compile(network_alone)
    step = milliseconds(lambda: update(lambda: step_loss(examples.take(draw))["loss"]), calls=5)
    network = milliseconds(lambda: update(network_alone), calls=5)
    teraflops = counter.get_total_flops() / step / 1e9
    return {
        "images/s": batch_size / step * 1e3,
        "images/s, network and optimizer": batch_size / network * 1e3,
        "share outside of these": 1 - network / step,
        "GFLOP an image": counter.get_total_flops() / batch_size / 1e9,
        "TFLOP/s": teraflops,
        "share of the matmul's": teraflops / peak,
    }


def colorizing(size: int, width: float, batch: int, full: tuple[int, int], device: torch.device) -> Measures:
    """Photographs from lightness on the processor to uint8 sRGB on the processor, and the parts of that."""
    model = (
        Proposed(Setup(width, CLASSES, size), semantics=True).to(device).to(memory_format=torch.channels_last).eval()
    )
    lightness = [lightness_of(picture(*full, seed)) for seed in range(batch)]
    joint = make_upsampling("jbu").to(device)
    chroma = predict_chroma(model, (size, size), lightness, device)

    def finish(upsampling: nn.Module) -> None:
        for light, ab in zip(lightness, chroma, strict=True):
            upsample_and_compose(light, ab, upsampling)

    network = milliseconds(lambda: predict_chroma(model, (size, size), lightness, device)) / batch
    joined = milliseconds(lambda: finish(joint)) / batch
    bilinear = milliseconds(lambda: finish(make_upsampling("bilinear"))) / batch
    return {
        "images/s": 1e3 / (network + joined),
        "network, ms": network,
        "JBU, ms beyond bilinear": joined - bilinear,
        "compose and copies, ms": bilinear,
    }


def picture(height: int, width: int, seed: int) -> np.ndarray:
    """(H, W, 3) uint8 sRGB: soft patches of colour with some noise, as a photograph has them."""
    generator = np.random.default_rng(seed)
    patches = generator.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3)).repeat(16, axis=0).repeat(16, axis=1)
    noise = generator.normal(0, 4, (height, width, 3))
    return np.clip(patches[:height, :width] + noise, 0, 255).astype(np.uint8)


def lightness_of(rgb: np.ndarray) -> Tensor:
    """(1, H, W) L of (H, W, 3) uint8 sRGB."""
    return color.lightness(torch.from_numpy(rgb).permute(2, 0, 1))


def pack(photographs: int, size: int) -> Any:
    """A training split as `Examples` reads it."""
    images = np.stack([picture(size, size, seed) for seed in range(photographs)])
    masks = images[..., 0] % len(CLASSES)
    index = [SimpleNamespace(id=str(seed), colorless=False) for seed in range(photographs)]
    return SimpleNamespace(images=images, masks=masks, index=index)


def multiprocessors(device: torch.device) -> int:
    return torch.cuda.get_device_properties(device).multi_processor_count


if __name__ == "__main__":
    main()
