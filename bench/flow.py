"""Memory and cost of colorizing and scoring as photographs become more: `python -m bench.flow`.

Packs of 1,000, 5,000 and 10,000 pictures of 96 x 128 are made in a temporary folder; each stage runs in a process of
its own, with one thread and the method `gray`. Absolute times belong to the processor that the last line names.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from pipeline.color import gamut
from pipeline.packs.pack import INDEX, ORIGINALS, STATISTICS, SUMMARY
from pipeline.records.rows import PackedPhotograph, write_json, write_rows
from pipeline.settings import paths, provenance
from tests.conftest import environment, write_params

COUNTS = (1_000, 5_000, 10_000)
SIZE = (96, 128)
STAGES = ("colorize", "score")
RUN = """
import json, resource, sys, time
from tests.conftest import stage_in
from pathlib import Path
began = time.perf_counter()
stage_in(Path.cwd(), f"pipeline.{sys.argv[1]}", "scenes", "gray")
print(json.dumps([time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def main() -> None:
    """Print one line for each number of photographs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    counts: Sequence[int] = parser.parse_args().counts
    print("photographs  stage     peak MB  ms each  of these, ms a photograph and thread")
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_workspace(folder, count)
            for stage in STAGES:
                seconds, peak = measure(folder, stage)
                print(f"{count:11,}  {stage:8}  {peak:7.0f}  {1e3 * seconds / count:7.2f}  {parts(folder, stage)}")
    print(f"\n{provenance.hardware()}")


def make_workspace(folder: Path, count: int) -> None:
    """params.yaml and packs of `scenes`, with `count` JPEGs to evaluate: a few photographs, each by many names."""
    folder.mkdir(parents=True, exist_ok=True)
    write_params(folder)
    jpegs = [jpeg(load()) for load in (data.astronaut, data.chelsea, data.coffee, data.rocket)]
    for split in ("train", "val"):
        pack = folder / paths.pack("scenes", split)
        pack.mkdir(parents=True)
        write_json(pack / SUMMARY, {"title": "photographs", "classes": [], "size": 32, "digest": ""})
    write_json(folder / paths.pack("scenes", "train") / STATISTICS, {"colors": [1] * gamut.Q})
    rows, offset = [], 0
    with (pack / ORIGINALS).open("wb") as file:
        for number in range(count):
            content = jpegs[number % len(jpegs)]
            file.write(content)
            rows.append(PackedPhotograph(f"val/{number:08}", *SIZE, False, "", offset, len(content), -1, -1))
            offset += len(content)
    write_rows(pack / INDEX, PackedPhotograph, rows)


def jpeg(picture: np.ndarray) -> bytes:
    """A photograph, (h, w, 3) uint8 sRGB, as a JPEG of SIZE."""
    file = io.BytesIO()
    Image.fromarray(picture).resize(SIZE[::-1]).save(file, "jpeg", quality=90)
    return file.getvalue()


def measure(folder: Path, stage: str) -> tuple[float, float]:
    """Seconds and the most megabytes of memory that a stage took in a process of its own."""
    command = [sys.executable, "-c", RUN, stage]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak


def parts(folder: Path, stage: str) -> str:
    """What each part of colorizing took, from the record of the run."""
    if stage != "colorize":
        return ""
    run = json.loads((folder / paths.RUNS / "colorize-scenes-gray.json").read_text())
    return ", ".join(f"{part} {value:.2f}" for part, value in run["milliseconds_per_image"].items())


if __name__ == "__main__":
    main()
