"""Stage: colorize a dataset's validation photographs with one method, at their own resolution.

    python -m pipeline.colorize scenes semantics_jbu
    torchrun --nproc-per-node 8 -m pipeline.colorize voc2012 semantics_jbu

Reads `results/data/<dataset>/val`, the block `methods.<method>` of params.yaml, and the weights that the method names.
Writes `results/colorized/<dataset>/<method>.zip`, one lossless PNG a photograph, and `<method>.json`, the method's card.

Photographs are read and pictures encoded in threads beside the method, as many as PyTorch has (`OMP_NUM_THREADS`);
`.scratch/runs` tells how long each part took. Where a method says what its pictures depend on (`Method.identity`),
several processes share the photographs, and a killed run is gone on with, by any number of them. A CPU gives the same
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
from pipeline.runtime.resume import fingerprint
from pipeline.runtime.shards import Shards
from pipeline.runtime.threads import Prefetch, single_threaded
from pipeline.settings import paths, provenance
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.params import load_params

BATCH = 16


def main() -> None:
    """Colorize one dataset with one method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("method", help="a block under `methods` in params.yaml")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; by default a GPU if there is one")
    arguments = parser.parse_args()
    block = load_params().method(arguments.method)
    device = choose_device(arguments.device)
    with distributed.together():
        run(arguments.dataset, arguments.method, block, device)


def run(dataset: str, name: str, block: dict[str, Any], device: torch.device) -> None:
    """Colorize on all processes, join what they made on the first."""
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
    parts = Shards(paths.unfinished("colorize", dataset, name), key, [entry.id for entry in pack.index], BATCH)
    if first and identity is None:
        parts.discard()
    missing = distributed.broadcast(parts.missing() if first else [])
    mine = distributed.share(missing) if identity is not None else missing if first else []
    works = distributed.gather([work_through(method, name, pack, parts, mine, device)])
    if not first:
        return
    parts.join(paths.archive(dataset, name))
    write_json(paths.card(dataset, name), asdict(method.card()))
    seconds = time.perf_counter() - began
    record = {"device": provenance.hardware(), "processes": len(works), "seconds": seconds, **summary(works, seconds)}
    write_json(paths.RUNS / f"colorize-{dataset}-{name}.json", record)
    print(f"{name} on {dataset}: {len(parts.ids)} photographs, {record['images_per_second']:.1f} a second")
    parts.discard()


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
    """Adds up the seconds that are spent within it: `with clock: ...`, once the work `beside` it has settled."""

    def __init__(self, *beside: Prefetch) -> None:
        self.seconds, self.beside = 0.0, beside

    def __enter__(self) -> None:
        for work in self.beside:
            work.settle()
        self.seconds -= time.perf_counter()

    def __exit__(self, *exception: object) -> None:
        self.seconds += time.perf_counter()


@dataclass(frozen=True)
class Work:
    """What one process has done. Times in seconds; those of threads are sums over them.

    `method`: the method by itself, without its preparation; `own`: what it says of that (`Method.seconds`); `reading`
    and `encoding`: of threads beside it; `waiting`: the method waited for them; `all`: everything but preparation.
    """

    photographs: int
    own: float | None
    all: float
    method: float
    reading: float
    encoding: float
    waiting: float


def work_through(
    method: Method, name: str, pack: Pack, parts: Shards, starts: Sequence[int], device: torch.device
) -> Work:
    """Make the parts that begin at `starts`.

    On a GPU the method runs while the batch after is read and the one before encoded; on a CPU, where they would take
    its cores and its time would no longer be its own, between them.
    """
    photos = PackedPhotos(pack, [number for start in starts for number in parts.within(start)])
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
            parts.write(start, islice(pngs, len(parts.within(start))))
            bar.update(len(parts.within(start)))
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
