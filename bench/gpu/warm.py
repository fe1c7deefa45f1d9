"""Run a network's training for three steps on made-up squares: what it compiles is then in the cache of the real one.

    python -m bench.gpu.warm semantics

Reads params.yaml. Prints how long the first epoch took and what the network's first loss was.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from bench.gpu.speed import CLASSES, pack
from pipeline.color.bins import Q
from pipeline.networks.contract import Network, Setup
from pipeline.packs.loader import Examples
from pipeline.runtime.device import choose_device
from pipeline.settings.classes import make
from pipeline.settings.errors import run_stage
from pipeline.settings.params import load_params
from pipeline.training.loop import fit

STEPS = 3


def main() -> None:
    """Train three steps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("model", help="a block under `models` in params.yaml")
    arguments = parser.parse_args()
    params, device = load_params(), choose_device()
    block, data = params.network(arguments.model), params.dataset(arguments.dataset)
    torch.manual_seed(0)
    statistics = {"colors": [1] * Q, "classes": [1] * len(CLASSES)}
    model: Network = make(block, arguments.model, Setup(data.train.width, CLASSES, data.pack.size, statistics))
    model.to(device).to(memory_format=torch.channels_last)
    train, val = (Examples(pack(count, data.pack.size), device) for count in (STEPS * data.train.batch_size, 2))
    with tempfile.TemporaryDirectory() as scratch:
        state = fit(model, train, val, replace(data.train, epochs=1), 0, Path(scratch))
    print(f"{arguments.model}: {state.epoch_seconds[0]:.1f} s, loss {state.history[0]['loss']:.4g}")


if __name__ == "__main__":
    run_stage(main)
