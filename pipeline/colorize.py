"""Stage: colorize a dataset's validation photographs with one method, at their own resolution.

    python -m pipeline.colorize scenes semantics_jbu

Reads `data/<dataset>/val`, the block `methods.<method>` of params.yaml, and the weights that the method names.
Writes `colorized/<dataset>/<method>.zip`: one lossless PNG a photograph.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import torch
from tqdm import tqdm

from pipeline import layout, provenance
from pipeline.archive import write_archive
from pipeline.data.pack import Pack
from pipeline.device import choose_device
from pipeline.errors import UserError, run_stage
from pipeline.method import Context, Method, Photo, make
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
    pack = Pack(layout.pack(arguments.dataset, "val"))
    began = time.perf_counter()
    count = write_archive(
        layout.archive(arguments.dataset, arguments.method), colorized(method, pack, arguments.method)
    )
    seconds = time.perf_counter() - began
    run = {"device": provenance.hardware(), "seconds": seconds, "images_per_second": count / seconds}
    write_json(layout.RUNS / f"colorize-{arguments.dataset}-{arguments.method}.json", run)
    print(f"{arguments.method} on {arguments.dataset}: {count} photographs, {count / seconds:.1f} a second")


def colorized(method: Method, pack: Pack, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each photograph's id and colorization; raises `UserError` if the method gives another size."""
    bar = tqdm(total=len(pack.index), desc=f"colorizing with {name}", delay=2, mininterval=1, unit="photo")
    with bar:
        for start in range(0, len(pack.index), BATCH):
            photos = [
                Photo(entry.id, pack.original(entry), pack.original_mask(entry))
                for entry in pack.index[start : start + BATCH]
            ]
            with torch.inference_mode():  # around this call alone: held over a yield it would reach the caller
                pictures = method.colorize(photos)
            for photo, picture in zip(photos, pictures, strict=True):
                if picture.shape != photo.rgb.shape or picture.dtype != np.uint8:
                    raise UserError(
                        f"{name} made {photo.id} {picture.shape} {picture.dtype}, but it is {photo.rgb.shape} uint8."
                    )
                yield photo.id, picture
                bar.update()


if __name__ == "__main__":
    run_stage(main)
