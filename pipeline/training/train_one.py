"""Train one network from first weights, or from its last checkpoint, to files."""

from pathlib import Path

import torch

from pipeline.networks.contract import Network, Setup
from pipeline.packs.loader import Examples
from pipeline.runtime import distributed
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError
from pipeline.training.job import Job, digest
from pipeline.training.loop import Manner, fit
from pipeline.training.result import write_result, write_times

SCRATCH = Path(".scratch/train")


def train_one(job: Job, device: torch.device, manner: Manner) -> str:
    """Train one network and write the result; what to print about it, in the first process."""
    train, key = job.pack("train"), digest(job.identity())
    if not any(train.statistics["colors"]):
        raise UserError(
            f"none of the {len(train.index)} training photographs of {job.dataset} has any colour to learn."
        )
    torch.manual_seed(job.seed)
    recipe = job.params.dataset(job.dataset).train
    setup = Setup(recipe.width, tuple(train.classes), train.summary["size"], train.statistics, recipe.first_weights)
    model: Network = make(job.block, job.where, setup)
    if distributed.world_size() > 1:
        distributed.synchronize_batchnorm(model)
    model.to(device).to(memory_format=torch.channels_last)
    seen, unseen = (Examples(job.pack(split), device) for split in ("train", "val"))
    processes = distributed.world_size()
    scratch = SCRATCH / (key if processes == 1 else f"{key}-{processes}")  # whose rounding differs
    state = fit(model, seen, unseen, job.recipe(model), job.seed, scratch, manner)
    if distributed.rank() > 0:
        return ""
    write_result(job, key, model, unseen, state)
    return write_times(job, model, state, device) + "\n"
