"""Stage: colorize a dataset's validation photographs with one method, at their own resolution.

    python -m pipeline.colorize scenes semantics_jbu

Reads `data/<dataset>/val`, the block `methods.<method>` of params.yaml, and the weights that the method names.
Writes `colorized/<dataset>/<method>.zip`, one lossless PNG a photograph, and `<method>.json`, the method's card.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch
from tqdm import tqdm

from pipeline import layout, provenance
from pipeline.archive import write_archive
from pipeline.data.pack import Pack
from pipeline.device import choose_device
from pipeline.errors import UserError, run_stage
from pipeline.method import Context, Method, Photo, Photos, make
from pipeline.params import load_params
from pipeline.records import write_json

BATCH = 16


def main() -> None:
    """Colorize one dataset with one method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("method", help="a block under `methods` in params.yaml")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; by default a GPU if there is one")
    arguments = parser.parse_args()
    block = load_params().method(arguments.method)
    context = Context(arguments.dataset, choose_device(arguments.device))
    method: Method = make(block, f"methods.{arguments.method}", context)
    photos = PackedPhotos(Pack(layout.pack(arguments.dataset, "val")))
    clock = Clock()
    began = time.perf_counter()
    count = write_archive(
        layout.archive(arguments.dataset, arguments.method), colorized(method, photos, arguments.method, clock)
    )
    seconds = time.perf_counter() - began
    write_json(layout.card(arguments.dataset, arguments.method), asdict(method.card()))
    own = method.seconds(clock.seconds)
    run = {
        "device": provenance.hardware(),
        "seconds": seconds,
        "images_per_second": count / seconds,
        "method_seconds_per_image": None if own is None else own / count,
    }
    write_json(layout.RUNS / f"colorize-{arguments.dataset}-{arguments.method}.json", run)
    print(f"{arguments.method} on {arguments.dataset}: {count} photographs, {count / seconds:.1f} a second")


class PackedPhotos(Photos):
    """A pack's photographs as methods get them: at their own resolution, with their masks."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.ids = [entry.id for entry in pack.index]

    def __getitem__(self, index: int) -> Photo:
        """See `Photos`."""
        entry = self.pack.index[index]
        return Photo(entry.id, self.pack.original(entry), self.pack.original_mask(entry))


class Clock:
    """Adds up the seconds that are spent within it: `with clock: ...`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self.seconds -= time.perf_counter()

    def __exit__(self, *exception: object) -> None:
        self.seconds += time.perf_counter()


def colorized(method: Method, photos: Photos, name: str, clock: Clock) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each photograph's id and colorization; raises `UserError` if the method gives another size.

    `clock` measures the method alone, without its preparation, reading photographs and writing pictures.
    """
    method.prepare(photos)
    total = len(photos.ids)
    bar = tqdm(total=total, desc=f"colorizing with {name}", delay=2, mininterval=1, unit="photo")
    with bar:
        for start in range(0, total, BATCH):
            batch = [photos[index] for index in range(start, min(start + BATCH, total))]
            for photo in batch:
                photo.lightness  # noqa: B018 (every method's input, so made before the clock runs)
            with clock, torch.inference_mode():  # around this call alone: held over a yield it would reach the caller
                pictures = method.colorize(batch)
            for photo, picture in zip(batch, pictures, strict=True):
                if picture.shape != photo.rgb.shape or picture.dtype != np.uint8:
                    raise UserError(
                        f"{name} made {photo.id} {picture.shape} {picture.dtype}, but it is {photo.rgb.shape} uint8."
                    )
                yield photo.id, picture
                bar.update()


if __name__ == "__main__":
    run_stage(main)
