"""What is written of a finished training: weights, history and manifest; and, apart from them, how long it took."""

import csv
import io
import resource
from dataclasses import asdict
from typing import Any

import torch

from pipeline.networks.contract import Network, Published
from pipeline.networks.weights import WEIGHTS, About, save_weights
from pipeline.packs.loader import Examples
from pipeline.records.rows import write_json
from pipeline.runtime.checkpoint import State
from pipeline.settings import paths, provenance
from pipeline.settings.classes import settings
from pipeline.settings.files import whole_folder, write_whole
from pipeline.training.job import Job


def color_losses(job: Job, model: Network, val: Examples, state: State) -> dict[str, float | None]:
    """The last validation loss of its colours, and the least that a constant has; None unless there are both."""
    torch.manual_seed(job.seed)  # for targets at places that are drawn
    constant = model.constant_loss(val.batch(draw) for draw in val.in_order(job.recipe(model).batch_size))
    if constant is None or not state.history:
        return {"val_color_loss": None, "constant_color_loss": None}
    return {"val_color_loss": state.history[-1][f"val_{model.color_part}"], "constant_color_loss": constant}


def write_result(job: Job, key: str, model: Network, val: Examples, state: State) -> None:
    """Write `job.folder`: all of its files or none."""
    recipe, pack = job.recipe(model), job.pack("train")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    manifest = {
        "dataset": job.dataset,
        "model": job.name,
        "key": key,
        "parameters": parameters,
        "megabytes": parameters * 4 / 1e6,
        "options": {name: value for name, value in settings(job.block, job.name).items() if value is not None},
        "recipe": {**asdict(recipe), "seed": job.seed},
        "params": job.used_params(),
        **color_losses(job, model, val, state),
        "provenance": provenance.describe(),
    }
    source = model.published or Published("trained here", pack.summary["title"])
    about = About(
        model=job.block,
        width=recipe.width,
        size=pack.summary["size"],
        classes=pack.classes,
        key=key,
        origin=source.origin,
        training_data=source.training_data,
        differences=list(model.differences),
    )
    with whole_folder(job.folder) as folder:
        save_weights(model, folder / WEIGHTS, about)
        write_whole(folder / "history.csv", as_csv(state.history))
        write_json(folder / "manifest.json", manifest)


def write_times(job: Job, model: Network, state: State, device: torch.device) -> str:
    """Write how long the training took, which is true of one machine; give it as a line for people."""
    recipe, seconds = job.recipe(model), sum(state.epoch_seconds)
    images = len(job.pack("train").index) // recipe.batch_size * recipe.batch_size * recipe.epochs
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else memory_of_process()
    run: dict[str, Any] = {
        "device": provenance.hardware(),
        "seconds": seconds,
        "seconds_per_epoch": seconds / max(1, len(state.epoch_seconds)),
        "images_per_second": images / max(seconds, 1e-9),
        "epoch_seconds": state.epoch_seconds,
        "peak_memory_bytes": peak,
    }
    write_json(paths.RUNS / f"train-{job.dataset}-{job.name}.json", run)
    rate = f"{run['images_per_second']:.0f} images/s"
    return f"{job.name} on {job.dataset}: {seconds:.0f} s, {rate}, peak {peak / 1e9:.2f} GB"


def memory_of_process() -> int:
    """The most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def as_csv(history: list[dict[str, float]]) -> str:
    """One row an epoch; the columns are the model's own parts of the loss."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(history[0]) if history else ["epoch"], lineterminator="\n")
    writer.writeheader()
    for row in history:
        writer.writerow({name: value if name == "epoch" else f"{value:.6g}" for name, value in row.items()})
    return text.getvalue()
