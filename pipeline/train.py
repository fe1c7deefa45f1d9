"""Stage: train one network, a colorizer or a segmenter, on one dataset.

    python -m pipeline.train scenes semantics
    python -m pipeline.train scenes small
    torchrun --nproc-per-node 8 -m pipeline.train voc2012 semantics

Reads `results/data/<dataset>/{train,val}` and of params.yaml the blocks `data.<dataset>.train` and `models.<model>` or
`segmenters.<model>`. Writes `results/models/<dataset>/<model>/` or `results/segmenters/<dataset>/<model>/`:
weights.safetensors, history.csv (one row an epoch), manifest.json.
Every epoch leaves a checkpoint in `.scratch/train/<key>`, the key being a hash of params, data and code: the same
command resumes after a kill, with the same result on a CPU to the bit, and starts anew after any change. On a GPU some
epochs may have none (`pipeline.runtime.checkpoint`), and the loss is compiled; `--eager` is for machines whose
compiler fails.
"""

import argparse
import csv
import hashlib
import io
import json
import math
import resource
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from pipeline.networks.contract import Network, Published, Setup
from pipeline.networks.weights import About, save_weights
from pipeline.packs.loader import Draw, Examples, Taken, examples
from pipeline.packs.pack import Pack
from pipeline.records.rows import write_json
from pipeline.runtime import distributed
from pipeline.runtime.checkpoint import Checkpoint, State
from pipeline.runtime.device import choose_device
from pipeline.settings import paths, provenance
from pipeline.settings.classes import load_class, make, settings
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import whole_folder, write_whole
from pipeline.settings.params import Params, TrainParams, load_params

SCRATCH = Path(".scratch/train")
WARM_UP = 0.05  # share of all steps in which the learning rate rises from 0
CHECK_EVERY = 20  # steps between checks of the loss: each makes a GPU wait for the processor


class LossOf(nn.Module):
    """From a pack's pixels to the loss in one call, which DistributedDataParallel wraps and a GPU gets compiled."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model

    def forward(self, taken: Taken) -> dict[str, Tensor]:
        """See `Network.loss`."""
        return self.model.loss(examples(taken))


@dataclass(frozen=True)
class Job:
    """What is trained: the network `name` of params.yaml, on `data.<dataset>`."""

    params: Params
    dataset: str
    name: str

    @property
    def block(self) -> dict[str, Any]:
        """The network's class and options."""
        return self.params.network(self.name)

    @property
    def seed(self) -> int:
        """Of its first weights, the order of examples and their augmentation."""
        return self.params.seed_of(self.name)

    def recipe(self, model: Network) -> TrainParams:
        """How long and how wide it trains; weights that are used as published do not."""
        recipe = self.params.dataset(self.dataset).train
        return recipe if model.published is None else replace(recipe, epochs=0)

    def pack(self, split: str) -> Pack:
        """The photographs of a split."""
        return Pack(paths.pack(self.dataset, split))

    def key(self) -> str:
        """A hash of all that decides the weights: params, data, code, PyTorch, and the number of processes."""
        initial = [self.block["initial_weights"]] if self.block.get("initial_weights") else []
        identity = {
            "params": [self.seed, asdict(self.params.dataset(self.dataset).train), self.block],
            "data": [self.pack(split).summary["digest"] for split in ("train", "val")],
            "code": provenance.code_digest(["pipeline.train", load_class(self.block["class"], self.name).__module__]),
            "initial": [hashlib.sha256(Path(value).read_bytes()).hexdigest() for value in initial],
            "torch": torch.__version__,
            "processes": distributed.world_size(),
        }
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def main() -> None:
    """Train, from the last checkpoint if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("model", help="a block under `models` or `segmenters` in params.yaml")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; by default a GPU if there is one")
    parser.add_argument("--eager", action="store_true", help="do not compile the loss on a GPU")
    arguments = parser.parse_args()
    params = load_params()
    device = choose_device(arguments.device)
    with distributed.together(gradients_on=device):
        run(params, arguments.dataset, arguments.model, device, compiled=not arguments.eager)


def run(params: Params, dataset: str, name: str, device: torch.device, compiled: bool = True) -> None:
    """Train the network `name` on `data.<dataset>` and write the result."""
    job, recipe = Job(params, dataset, name), params.dataset(dataset).train
    block, train = job.block, job.pack("train")
    if not any(train.statistics["colors"]):
        raise UserError(f"none of the {len(train.index)} training photographs of {dataset} has any colour to learn.")
    torch.manual_seed(job.seed)
    setup = Setup(recipe.width, tuple(train.classes), train.summary["size"], train.statistics, recipe.first_weights)
    model: Network = make(block, f"{'models' if name in params.models else 'segmenters'}.{name}", setup)
    if distributed.world_size() > 1:
        distributed.synchronize_batchnorm(model)
    model.to(device).to(memory_format=torch.channels_last)
    seen, unseen = (Examples(job.pack(split), device) for split in ("train", "val"))
    state = fit(model, seen, unseen, job.recipe(model), job.seed, SCRATCH / job.key(), compiled)
    if distributed.rank() == 0:
        write_result(job, model, unseen, state, device)


def fit(
    model: Network,
    train: Examples,
    val: Examples,
    recipe: TrainParams,
    seed: int,
    scratch: Path,
    compiled: bool = True,
) -> State:
    """Train for `recipe.epochs` epochs, from the checkpoint in `scratch` if one is there."""
    steps = train.steps(recipe.batch_size)
    optimizer = model.optimizer(recipe.learning_rate)
    peaks = [group["lr"] for group in optimizer.param_groups]
    checkpoint = Checkpoint(scratch / "checkpoint.pt")
    state = checkpoint.load(model, optimizer)
    if state.epoch == 0:
        first = next(train.epoch(seed, 0, recipe.batch_size, distributed.rank(), distributed.world_size()))
        model.initialize(train.batch(first))
    step_loss: nn.Module = LossOf(model)
    if distributed.world_size() > 1:
        step_loss = DistributedDataParallel(step_loss, broadcast_buffers=False)  # also gives all the first's weights
    if compiled and worth_compiling(model, train.device):
        step_loss.compile()
    bar = tqdm(
        total=recipe.epochs * steps,
        initial=state.epoch * steps,
        desc="training",
        unit="step",
        delay=2,
        mininterval=1,
        disable=distributed.rank() > 0,
    )
    while state.epoch < recipe.epochs:
        began = time.perf_counter()
        torch.manual_seed(seed + 1000 * (state.epoch + 1))  # for layers that draw, so that a resumed run draws alike
        parts: list[dict[str, Tensor]] = []
        model.train()
        draws = list(train.epoch(seed, state.epoch, recipe.batch_size, distributed.rank(), distributed.world_size()))
        for index, draw in enumerate(draws):
            share = schedule(state.epoch * steps + index, recipe.epochs * steps)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = share * peak
            with autocast(train.device, recipe.precision):
                losses = step_loss(train.take(draw))
            optimizer.zero_grad(set_to_none=True)
            losses["loss"].backward()
            optimizer.step()
            parts.append({part: value.detach() for part, value in losses.items()})
            bar.update()
            if (index + 1) % CHECK_EVERY == 0 or index + 1 == steps:
                loss = check_finite(parts, draws, train, state.epoch, scratch)
                bar.set_postfix(epoch=state.epoch + 1, loss=f"{loss:.3f}")
        means = {**mean(parts), **evaluate(model, val, recipe)}
        state.history.append({"epoch": state.epoch + 1, "learning_rate": share * peaks[0], **means})
        state.epoch += 1
        state.epoch_seconds.append(time.perf_counter() - began)
        if distributed.rank() == 0:
            checkpoint.save(model, optimizer, state, last=state.epoch == recipe.epochs)
    checkpoint.settle()
    bar.close()
    return state


def worth_compiling(model: Network, device: torch.device) -> bool:
    """On a GPU, where what is not convolution is bound by memory; on a CPU compiling takes longer than it saves."""
    return model.compilable and device.type == "cuda"


def schedule(step: int, steps: int) -> float:
    """The share of the peak learning rate: linear warm-up, then half a cosine down to nothing."""
    warm = max(1, round(WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """bfloat16 where it is asked for, or left to us and the device is a GPU."""
    return torch.autocast(
        device.type, torch.bfloat16, enabled=precision == "bfloat16" or (precision == "auto" and device.type == "cuda")
    )


def mean(parts: list[dict[str, Tensor]]) -> dict[str, float]:
    """The mean of every part over steps and processes."""
    means = {name: torch.stack([part[name].float() for part in parts]).mean() for name in parts[0]}
    return {name: distributed.mean_over_processes(value).item() for name, value in means.items()}


@torch.no_grad()
def evaluate(model: Network, val: Examples, recipe: TrainParams) -> dict[str, float]:
    """Every part of the loss on the validation split, as "val_<part>", the mean over photographs."""
    model.eval()
    total: dict[str, Tensor] = {}
    for draw in val.in_order(recipe.batch_size):
        with autocast(val.device, recipe.precision):
            losses = model.loss(val.batch(draw))
        for name, value in losses.items():  # on the device, which is asked once
            part = value.double() * len(draw.positions)
            total[name] = total[name] + part if name in total else part
    return {f"val_{name}": value.item() / len(val.ids) for name, value in total.items()}


def check_finite(
    parts: list[dict[str, Tensor]], draws: list[Draw], train: Examples, epoch: int, scratch: Path
) -> float:
    """The last loss; raises `UserError` with the photographs of the first step whose loss is not a finite number."""
    recent = torch.stack([part["loss"] for part in parts[-CHECK_EVERY:]]).float().cpu()
    if recent.isfinite().all():
        return recent[-1].item()
    step = len(parts) - len(recent) + int((~recent.isfinite()).int().argmax())
    ids = ", ".join(train.ids[position] for position in draws[step].positions)
    kept = f"the checkpoint of epoch {epoch} is kept in {scratch}" if epoch else "there is no checkpoint yet"
    raise UserError(
        f"the loss became {recent[~recent.isfinite()][0]} in epoch {epoch + 1}, step {step + 1}, with the photographs "
        f"{ids}; {kept}. A smaller learning_rate may help."
    )


def color_losses(model: Network, val: Examples, state: State, job: Job) -> dict[str, float]:
    """The last validation loss of its colours, and the least that a constant has; nothing unless there are both."""
    torch.manual_seed(job.seed)  # for targets at places that are drawn
    constant = model.constant_loss(val.batch(draw) for draw in val.in_order(job.recipe(model).batch_size))
    if constant is None or not state.history:
        return {}
    return {"val_color_loss": state.history[-1][f"val_{model.color_part}"], "constant_color_loss": constant}


def write_result(job: Job, model: Network, val: Examples, state: State, device: torch.device) -> None:
    """Write weights, history and manifest; and, apart from them, how long it took."""
    key, recipe, pack = job.key(), job.recipe(model), job.pack("train")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    manifest = {
        "dataset": job.dataset,
        "model": job.name,
        "key": key,
        "parameters": parameters,
        "megabytes": parameters * 4 / 1e6,
        "options": {name: value for name, value in settings(job.block, job.name).items() if value is not None},
        "recipe": {**asdict(recipe), "seed": job.seed},
        **color_losses(model, val, state, job),
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
    place = paths.trained if job.name in job.params.models else paths.segmenter
    with whole_folder(place(job.dataset, job.name)) as folder:
        save_weights(model, folder / "weights.safetensors", about)
        write_whole(folder / "history.csv", as_csv(state.history))
        write_json(folder / "manifest.json", manifest)
    write_times(job, state, len(pack.index) // recipe.batch_size * recipe.batch_size * recipe.epochs, device)


def write_times(job: Job, state: State, images: int, device: torch.device) -> None:
    """Write and print how long the training of so many `images` took, which is true of one machine."""
    seconds = sum(state.epoch_seconds)
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else memory_of_process()
    run = {
        "device": provenance.hardware(),
        "seconds": seconds,
        "seconds_per_epoch": seconds / max(1, len(state.epoch_seconds)),
        "images_per_second": images / max(seconds, 1e-9),
        "epoch_seconds": state.epoch_seconds,
        "peak_memory_bytes": peak,
    }
    write_json(paths.RUNS / f"train-{job.dataset}-{job.name}.json", run)
    rate = f"{run['images_per_second']:.0f} images/s"
    print(f"{job.name} on {job.dataset}: {seconds:.0f} s, {rate}, peak {peak / 1e9:.2f} GB")


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


if __name__ == "__main__":
    run_stage(main)
