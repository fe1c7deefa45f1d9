"""How long every network of params.yaml takes at full width: the table of times of `make bench`."""

import time
from statistics import median

import torch

from bench.table import Line
from pipeline.methods.colorizer import predict_chroma
from pipeline.networks.contract import Setup, Trainable
from pipeline.runtime.device import choose_device
from pipeline.settings.classes import make
from pipeline.settings.params import REPEAT, load_params
from reports.plan.published import load_published

SIZE = 224  # the paper's
CLASSES = tuple(f"class {index}" for index in range(21))  # as VOC2012 has
BATCHES = {1: 5, 16: 3}  # photographs at a time, and how often each is repeated after a run that does not count


def lines() -> list[Line]:
    """A line of the table for every network with random weights, which take as long as trained ones."""
    device = choose_device(None)
    published = load_published().size_and_time.rows
    found = []
    params = load_params()
    for name in params.models:
        if REPEAT in name:
            continue  # the same network
        block = params.network(name)
        network: Trainable = make(block, name, Setup(1.0, CLASSES, SIZE))
        network = network.to(device).to(memory_format=torch.channels_last).eval()
        parameters = sum(parameter.numel() for parameter in network.parameters())
        times = [_milliseconds(network, batch, repeats, device) for batch, repeats in BATCHES.items()]
        theirs = published.get(name)
        peer = "" if theirs is None else f"the paper: {theirs.milliseconds:g} ms, {theirs.size:g} {theirs.unit}"
        what, ours = f"network {name}, {SIZE} px: one image; of {max(BATCHES)}", "; ".join(f"{t:.0f} ms" for t in times)
        found.append(Line(what, ours, peer, f"{parameters * 4 / 1e6:.1f} MB", "", ""))
    return found


def _milliseconds(network: Trainable, batch: int, repeats: int, device: torch.device) -> float:
    """The median time of an image from lightness to chroma, warm."""
    lightness = [torch.rand(1, SIZE, SIZE) * 100 for _ in range(batch)]
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        predict_chroma(network, (SIZE, SIZE), lightness, device).cpu()  # back, as a GPU would not have finished
        times.append(time.perf_counter() - began)
    return median(times[1:]) * 1e3 / batch
