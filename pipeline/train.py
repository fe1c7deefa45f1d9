"""Stage: train the networks of one dataset, colorizers and segmenters.

    python -m pipeline.train scenes
    python -m pipeline.train scenes semantics small
    torchrun --nproc-per-node 8 -m pipeline.train voc2012 semantics

Reads `results/data/<dataset>/{train,val}` and of params.yaml `seeds` and the blocks `data.<dataset>.train`, `models`
and `segmenters`. Writes `results/models/<dataset>/<model>/` and `results/segmenters/<dataset>/<model>/`:
weights.safetensors, history.csv (one row an epoch), manifest.json. A network's first training has its own name, those
with other seeds are `<model>@<seed>`. Networks whose weights are of the same params, data and code are left alone,
unless they are named.

With `threads` in `data.<dataset>.train` each network trains on so many threads of a CPU, and as many networks side by
side as the cores allow (`--jobs`): the weights depend on `threads` alone. On a GPU they train one after the other.

Every epoch leaves a checkpoint in `.scratch/train/<key>`, the key being a hash of params, data and code: the same
command resumes after a kill, with the same result on a CPU to the bit, and starts anew after any change. On a GPU some
epochs may have none (`pipeline.runtime.checkpoint`), and the loss is compiled; `--eager` is for machines whose
compiler fails.
"""

import argparse
import multiprocessing
import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext

import torch
from tqdm import tqdm

from pipeline.packs.pack import Pack
from pipeline.runtime import distributed
from pipeline.runtime.device import choose_device
from pipeline.runtime.threads import cores
from pipeline.settings import paths
from pipeline.settings.classes import check_blocks
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.inputs import inputs_unchanged
from pipeline.settings.masks import left_out, reason
from pipeline.settings.params import Params, load_params
from pipeline.training.job import Job
from pipeline.training.loop import Manner
from pipeline.training.train_one import train_one


def main() -> None:
    """Train, each network from its last checkpoint if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("networks", nargs="*", help="of `models` or `segmenters`: these again; else all that changed")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; by default a GPU if there is one")
    parser.add_argument("--jobs", type=int, help="networks that train side by side on a CPU; by default cores/threads")
    parser.add_argument("--eager", action="store_true", help="do not compile the loss on a GPU")
    arguments = parser.parse_args()
    if arguments.jobs is not None and arguments.jobs < 1:
        raise UserError(f"--jobs is {arguments.jobs}, but should be 1 or more.")
    params, device = load_params(), choose_device(arguments.device)
    params.dataset(arguments.dataset)
    check_blocks(params)
    params = without_masks(params, arguments.dataset, arguments.networks)
    jobs = [Job(params, arguments.dataset, name) for name in params.chosen_networks(arguments.networks)]
    keys = ("seed", "seeds", f"data.{arguments.dataset}.train", "models", "segmenters")
    packs = [paths.pack(arguments.dataset, split) for split in ("train", "val")]
    unchanged = inputs_unchanged(["pipeline.train", *(job.module for job in jobs)], keys, packs)
    with unchanged, distributed.together(gradients_on=device):
        if not arguments.networks:
            jobs = changed(jobs, params, arguments.dataset)
        train_all(jobs, params.dataset(arguments.dataset).train.threads, device, arguments)


def without_masks(params: Params, dataset: str, named: Sequence[str]) -> Params:
    """Params without the networks that need masks, on a dataset that has none; refuses one that is `named`."""
    without = left_out(params, Pack(paths.pack(dataset, "train")).classes)
    for name in named:
        if name in (*without.models, *without.segmenters):
            raise UserError(f"{name} {reason(dataset)}.")
    if distributed.rank() == 0:
        for name in without.names():
            if name in (*without.models, *without.segmenters):
                print(f"{name} {reason(dataset)}: left out.")
    return without.removed_from(params)


def changed(jobs: Sequence[Job], params: Params, dataset: str) -> list[Job]:
    """Those whose weights are not there; the folders of networks that params.yaml names no more are removed."""
    if distributed.rank() == 0:
        remove_others(params, dataset)
    return distributed.broadcast([job for job in jobs if not job.finished()])


def train_all(jobs: Sequence[Job], threads: int | None, device: torch.device, arguments: argparse.Namespace) -> None:
    """Train side by side where the recipe says how many threads each has, else one after the other."""
    if device.type == "cpu" and threads and distributed.world_size() == 1:
        return train_side_by_side(jobs, threads, arguments.jobs or max(1, cores() // threads))
    for job in jobs:
        print(train_one(job, device, Manner(compiled=not arguments.eager)), end="")


def remove_others(params: Params, dataset: str) -> None:
    """Remove the folders of networks that params.yaml names no more."""
    for place, names in ((paths.trained, params.models), (paths.segmenter, params.segmenters)):
        parent = place(dataset, "*").parent
        parent.mkdir(parents=True, exist_ok=True)
        for folder in parent.iterdir():
            if folder.name not in names:
                shutil.rmtree(folder)


def train_side_by_side(jobs: Sequence[Job], threads: int, at_once: int) -> None:
    """Train on the CPU, `threads` threads each; a network that fails does not keep the others from their end."""
    if min(len(jobs), at_once) == 1:
        torch.set_num_threads(threads)
        for job in jobs:
            print(train_one(job, torch.device("cpu"), Manner()), end="")
        return
    bar = tqdm(total=len(jobs), desc="training", unit="network", delay=2)
    with bar, ProcessPoolExecutor(at_once, processes(), begin_worker, (threads,)) as pool:
        under_way = {pool.submit(train_one, job, torch.device("cpu"), Manner(bar=False)): job for job in jobs}
        try:
            for future in as_completed(under_way):
                if future.exception() is None:
                    bar.write(future.result(), end="")
                bar.update()
        except BaseException:  # such as Ctrl-C: leaving the pool would wait for the trainings under way
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise
    raise_first({job.name: error for future, job in under_way.items() if (error := future.exception())})


def processes() -> BaseContext:
    """Where it can be, from one that has imported what they need, and so has the others start at once."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipeline.training.train_one"])
    return context


def begin_worker(threads: int) -> None:
    """Be a process that trains networks, and end with the one that started it."""
    torch.set_num_threads(threads)  # with another number sums are in another order, and weights others
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_it() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_it, daemon=True).start()


def raise_first(errors: dict[str, BaseException]) -> None:
    """Raise what went wrong, by network: all mistakes of a user in one sentence, else the first error."""
    for error in errors.values():
        if isinstance(error, BrokenProcessPool):
            raise UserError(
                "a training was ended from outside, perhaps for want of memory (fewer `--jobs` need less); run the "
                "same command again to resume."
            )
        if not isinstance(error, UserError):
            raise error
    if errors:
        raise UserError("; ".join(f"{name}: {error}" for name, error in errors.items()))


if __name__ == "__main__":
    run_stage(main)
