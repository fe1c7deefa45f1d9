"""How busy the GPU was over a session, drawn from what came home.

    python -m bench.gpu_results.timeline HOME --out usage.png

Reads `usage.csv` and `session.json`. Bars below the line are the trainings, from their process's start to its end.
"""

import argparse
import csv
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from bench.gpu.journal import FILE
from bench.gpu.machine import parsed
from bench.gpu.table import TRAIN
from pipeline.settings.errors import UserError, run_stage
from reports.figures.theme import styled

EVERY = 5  # seconds that a point is the mean of
PAUSE = 60  # seconds without a sample that lie between two calls


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path, help="what a session brought home")
    parser.add_argument("--out", type=Path, required=True, help="a PNG or PDF")
    arguments = parser.parse_args()
    with (arguments.home / "usage.csv").open(encoding="utf-8", errors="replace") as file:
        samples = list(parsed(csv.reader(file, skipinitialspace=True)))
    steps = json.loads((arguments.home / FILE).read_text(encoding="utf-8"))["steps"]
    spans = {
        name.removeprefix(TRAIN): (step["at"] - step["seconds"], step["at"])
        for name, step in steps.items()
        if name.startswith(TRAIN) and step.get("at") and step["seconds"]
    }
    if not samples:
        raise UserError(f"{arguments.home}/usage.csv has no samples: there was no nvidia-smi.")
    at, busy = np.array([sample.at for sample in samples]), np.array([sample.busy for sample in samples])
    with styled():
        draw(at, busy, spans, arguments.out)


def draw(at: np.ndarray, busy: np.ndarray, spans: dict[str, tuple[float, float]], path: Path) -> None:
    """Times in seconds and shares in percent, (N,) each, of which the last call's are drawn."""
    gaps = np.flatnonzero(np.diff(at) > PAUSE)
    first = gaps[-1] + 1 if len(gaps) else 0
    at, busy = at[first:], busy[first:]
    began = at[0]
    places = ((at - began) // EVERY).astype(int)
    counts = np.bincount(places)
    there = counts > 0
    figure, axes = plt.subplots(figsize=(8, 2.6), layout="constrained")
    minutes = EVERY * (np.flatnonzero(there) + 0.5) / 60
    axes.plot(minutes, np.bincount(places, busy)[there] / counts[there], color="#0072b2", linewidth=1)
    spans = {name: span for name, span in spans.items() if span[0] >= began}  # those of this call
    for number, (name, (start, end)) in enumerate(spans.items()):
        height = -14 - 12 * (number % 2)
        axes.barh(height, (end - start) / 60, left=(start - began) / 60, height=9, color="#d0d0d0")
        axes.text((start - began) / 60 + 0.03, height, name, va="center", fontsize=5)
    axes.set(xlabel="minutes", ylabel="GPU busy, %", ylim=(-34 if spans else 0, 104), yticks=range(0, 101, 25))
    figure.savefig(path)
    plt.close(figure)


if __name__ == "__main__":
    run_stage(main)
