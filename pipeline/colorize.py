"""Stage: colorize a dataset's validation photographs with every method, at their own resolution.

    python -m pipeline.colorize scenes
    python -m pipeline.colorize scenes semantics_jbu
    torchrun --nproc-per-node 8 -m pipeline.colorize voc2012

Reads `results/data/<dataset>/val`, the blocks `methods` of params.yaml, and the weights that methods name. Writes
`results/colorized/<dataset>/<method>.zip`, one lossless PNG a photograph, and `<method>.json`, the method's card.
Methods whose inputs have not changed are left alone, unless they are named.

Photographs are read and pictures encoded in threads while the method runs, as many as PyTorch has (`OMP_NUM_THREADS`);
`.scratch/runs` says how long each part took. Where a method says what its pictures depend on (`Method.identity`),
several processes share the photographs, and a killed run resumes, with any number of them. A CPU gives the same
archive whatever these numbers are, if each process has as many threads.
"""

import argparse
import hashlib
import inspect
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from pipeline.methods.method import Context, Method, Photo, Photos
from pipeline.packs.pack import Pack
from pipeline.records.archive import encode_png
from pipeline.records.rows import write_json
from pipeline.runtime import distributed
from pipeline.runtime.device import choose_device
from pipeline.runtime.finished import Finished
from pipeline.runtime.resume import fingerprint
from pipeline.runtime.shards import Shards
from pipeline.runtime.threads import Prefetch, single_threaded
from pipeline.settings import paths, provenance
from pipeline.settings.classes import check_blocks, make
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.inputs import inputs_unchanged
from pipeline.settings.masks import LeftOut, left_out
from pipeline.settings.params import Params, load_params
from pipeline.training.job import Job

BATCH = 16


def main() -> None:
    """Colorize one dataset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("methods", nargs="*", help="blocks under `methods`: these again; else all that have changed")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; by default a GPU if there is one")
    arguments = parser.parse_args()
    params = load_params()
    params.dataset(arguments.dataset)
    check_blocks(params)
    device = choose_device(arguments.device)
    pack, models = paths.pack(arguments.dataset, "val"), paths.trained(arguments.dataset, "*").parent
    with inputs_unchanged(["pipeline.colorize"], ["kinds", "methods"], [pack, models]), distributed.together():
        run_all(params, arguments.dataset, arguments.methods, device)


def run_all(params: Params, dataset: str, named: Sequence[str], device: torch.device) -> None:
    """Colorize with the methods that are `named`, else with all whose inputs have changed.

    On a dataset without masks those that need them are left out, which is said once.
    """
    without = left_out(params, Pack(paths.pack(dataset, "val")).classes)
    without.refuse(named, dataset)
    params = without.removed_from(params)
    if distributed.rank() == 0:
        note_left_out(without, dataset)
    finished = Finished(paths.archive(dataset, "*").parent)
    if distributed.rank() == 0:
        finished.keep(params.methods)
    for name in params.chosen(named):
        if params.trained_here(name):
            Job(params, dataset, params.methods[name]["model"]).check_weights()
        run(dataset, name, params.method(name), device, None if named else finished)


def note_left_out(without: LeftOut, dataset: str) -> None:
    """Say what a dataset does without, and write it for the report; for the first process."""
    path = paths.left_out(dataset)
    if not without:
        return path.unlink(missing_ok=True)
    write_json(path, asdict(without))
    print(f"{dataset} has no class masks: left out is what needs them ({', '.join(without.names())}).")


def run(
    dataset: str, name: str, block: dict[str, Any], device: torch.device, unchanged: Finished | None = None
) -> None:
    """Colorize on all processes, join what they made on the first; not where the method stands in `unchanged`."""
    began = time.perf_counter()
    first = distributed.rank() == 0
    method: Method = make(block, f"methods.{name}", Context(dataset, device))
    pack = Pack(paths.pack(dataset, "val"))
    identity = method.identity()
    key = fingerprint(
        ["pipeline.colorize", type(method).__module__],
        [pack.folder],
        None,
        (block, identity, source_of(method), device.type, torch.__version__),
    )
    files = [paths.archive(dataset, name), paths.card(dataset, name)]
    if unchanged is not None and unchanged.has(name, key, files):
        return
    shards = Shards(paths.unfinished("colorize", dataset, name), key, [entry.id for entry in pack.index], BATCH)
    if first and identity is None:
        shards.discard()
    missing = distributed.broadcast(shards.missing() if first else [])
    mine = distributed.share(missing) if identity is not None else missing if first else []
    works = distributed.gather([work_through(method, name, pack, shards, mine, device)])
    if not first:
        return
    shards.join(paths.archive(dataset, name))
    write_json(paths.card(dataset, name), asdict(method.card()))
    Finished(files[0].parent).add(name, key, files)
    seconds = time.perf_counter() - began
    record = {"device": provenance.hardware(), "processes": len(works), "seconds": seconds, **summary(works, seconds)}
    write_json(paths.RUNS / f"colorize-{dataset}-{name}.json", record)
    print(f"{name} on {dataset}: {len(shards.ids)} photographs, {record['images_per_second']:.1f} a second")
    shards.discard()


def source_of(method: Method) -> str:
    """A digest of the file that a method's class stands in, which may be a stranger's."""
    return hashlib.sha256(Path(inspect.getfile(type(method))).read_bytes()).hexdigest()


class PackedPhotos(Photos):
    """A pack's photographs of these numbers, as methods get them: at their own resolution, with their masks."""

    def __init__(self, pack: Pack, numbers: Sequence[int]) -> None:
        self.pack, self.numbers = pack, numbers
        self.ids = [pack.index[number].id for number in numbers]

    def __getitem__(self, index: int) -> Photo:
        """See `Photos`."""
        entry = self.pack.index[self.numbers[index]]
        return Photo(entry.id, self.pack.original(entry), self.pack.original_mask(entry))


class Clock:
    """Adds up the seconds that are spent within it: `with clock: ...`, once the threads are idle."""

    def __init__(self, *threads: Prefetch) -> None:
        self.seconds, self.threads = 0.0, threads

    def __enter__(self) -> None:
        for work in self.threads:
            work.settle()
        self.seconds -= time.perf_counter()

    def __exit__(self, *exception: object) -> None:
        self.seconds += time.perf_counter()


@dataclass(frozen=True)
class Work:
    """What one process has done. Times in seconds; those of threads are sums over them.

    `method`: the method by itself, without its preparation; `own`: what it says of that (`Method.seconds`); `reading`
    and `encoding`: of the threads; `waiting`: the method waited for these; `all`: everything but preparation.
    """

    photographs: int
    own: float | None
    all: float
    method: float
    reading: float
    encoding: float
    waiting: float


def work_through(
    method: Method, name: str, pack: Pack, shards: Shards, starts: Sequence[int], device: torch.device
) -> Work:
    """Write the shards that begin at `starts`.

    On a GPU the method runs while the batch after is read and the one before encoded; on a CPU, where they would take
    its cores and the measured time would not be its own, between them.
    """
    photos = PackedPhotos(pack, [number for start in starts for number in shards.within(start)])
    if photos.ids:
        method.prepare(photos)
    began = time.perf_counter()
    bar = tqdm(
        total=len(photos.ids),
        desc=f"colorizing with {name}",
        delay=2,
        mininterval=1,
        unit="photo",
        disable=distributed.rank() > 0,
    )
    with bar, single_threaded(torch.get_num_threads()) as pool:
        reading, encoding = Prefetch(pool, BATCH), Prefetch(pool, BATCH)
        clock = Clock(reading, encoding) if device.type == "cpu" else Clock()
        read = reading.in_order(lambda number: with_lightness(photos[number]), range(len(photos.ids)))
        pngs = encoding.in_order(lambda pair: (pair[0], encode_png(pair[1])), colorized(method, read, name, clock))
        for start in starts:
            shards.write(start, islice(pngs, len(shards.within(start))))
            bar.update(len(shards.within(start)))
    return Work(
        photographs=len(photos.ids),
        own=method.seconds(clock.seconds),
        all=time.perf_counter() - began,
        method=clock.seconds,
        reading=reading.busy,
        encoding=encoding.busy,
        waiting=reading.waited + encoding.waited,
    )


def with_lightness(photo: Photo) -> Photo:
    """The photograph with every method's input made, before the clock runs."""
    photo.lightness  # noqa: B018 (is kept)
    return photo


def colorized(method: Method, photos: Iterable[Photo], name: str, clock: Clock) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each photograph's id and colorization; raises `UserError` if the method gives another size.

    `clock` measures the method alone.
    """
    photos = iter(photos)
    while batch := list(islice(photos, BATCH)):
        with clock, torch.inference_mode():  # around this call alone: held over a yield it would reach the caller
            pictures = method.colorize(batch)
        for photo, picture in zip(batch, pictures, strict=True):
            if picture.shape != photo.rgb.shape or picture.dtype != np.uint8:
                raise UserError(
                    f"{name} made {photo.id} {picture.shape} {picture.dtype}, but it is {photo.rgb.shape} uint8."
                )
            yield photo.id, picture


def summary(works: Sequence[Work], seconds: float) -> dict[str, Any]:
    """Photographs a second, the share of a process's time that each part takes, and what each takes of a core."""
    count = sum(work.photographs for work in works)
    own = [work.own for work in works if work.own is not None]

    def total(part: str) -> float:
        return sum(getattr(work, part) for work in works)

    written = total("all") - total("method") - total("waiting")
    shares = {part: total(part) / total("all") for part in ("method", "waiting")}
    each = {part: 1e3 * total(part) / max(count, 1) for part in ("reading", "method", "encoding")}
    return {
        "images_per_second": count / seconds,
        "method_seconds_per_image": sum(own) / count if own and count else None,
        "shares": {**shares, "writing": written / total("all")},
        "milliseconds_per_image": {**each, "writing": 1e3 * written / max(count, 1)},
    }


if __name__ == "__main__":
    run_stage(main)
