"""The training loop, with a checkpoint after every epoch."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from pipeline.color import gamut
from pipeline.networks.contract import Network
from pipeline.packs.loader import Draw, Examples, Taken, examples
from pipeline.runtime import distributed
from pipeline.runtime.checkpoint import Checkpoint, State
from pipeline.settings.errors import UserError
from pipeline.settings.params import TrainParams

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
class Manner:
    """What does not decide the weights. `compiled`: compile the loss on a GPU; `bar`: show each step."""

    compiled: bool = True
    bar: bool = True


def fit(
    model: Network,
    train: Examples,
    val: Examples,
    recipe: TrainParams,
    seed: int,
    scratch: Path,
    manner: Manner = Manner(),
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
    step_loss = loss_of(model, train.device, manner.compiled)
    bar = tqdm(
        total=recipe.epochs * steps,
        initial=state.epoch * steps,
        desc="training",
        unit="step",
        delay=2,
        mininterval=1,
        disable=distributed.rank() > 0 or not manner.bar,
    )
    while state.epoch < recipe.epochs:
        began = time.perf_counter()
        torch.manual_seed(seed + 1000 * (state.epoch + 1))  # for layers that draw, so that a resumed run draws alike
        parts: list[dict[str, Tensor]] = []
        model.train()
        draws = list(train.epoch(seed, state.epoch, recipe.batch_size, distributed.rank(), distributed.world_size()))
        for index, draw in enumerate(draws):
            share = schedule(recipe.schedule, state.epoch * steps + index, recipe.epochs * steps)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = share * peak
            parts.append(step(step_loss, optimizer, train, draw, recipe.precision))
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


def loss_of(model: Network, device: torch.device, compiled: bool) -> nn.Module:
    """What a step calls: the loss, averaged over processes and compiled where that helps."""
    step_loss: nn.Module = LossOf(model)
    if distributed.world_size() > 1:
        step_loss = DistributedDataParallel(step_loss, broadcast_buffers=False)  # also gives all the first's weights
    if compiled and worth_compiling(model, device):
        gamut.mark_constants()
        step_loss.compile()
    return step_loss


def step(
    step_loss: nn.Module, optimizer: torch.optim.Optimizer, train: Examples, draw: Draw, precision: str
) -> dict[str, Tensor]:
    """Take one step and give every part of its loss, still on the device."""
    with autocast(train.device, precision):
        losses: dict[str, Tensor] = step_loss(train.take(draw))
    optimizer.zero_grad(set_to_none=True)
    losses["loss"].backward()
    optimizer.step()
    return {part: value.detach() for part, value in losses.items()}


def worth_compiling(model: Network, device: torch.device) -> bool:
    """On a GPU, where what is not convolution is bound by memory; on a CPU compiling takes longer than it saves."""
    return model.compilable and device.type == "cuda"


def schedule(kind: str, step: int, steps: int) -> float:
    """The share of the peak learning rate: a linear warm-up, and then down to nothing.

    "cosine": on half a cosine (Loshchilov and Hutter 2017). "trapezoid": at the peak until half of the steps, then on a
    line (Xing et al. 2018; Haegele et al. 2024).
    """
    warm = max(1, round(WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    if kind == "trapezoid":
        return min(1.0, 2 * (steps - step) / steps)
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
