"""One method on the validation photographs: colorize, score, defects, segment and a strip of pictures, in one process.

    python -m bench.gpu.evaluate voc2012_part semantics_jbu

Runs in a folder with params.yaml, `data`, `models` and `segmenters`. Lossless pictures are too large to come home, so
they are scored where they are made. A part that fails ends no other; it makes the command fail at the end.
"""

import argparse
import json
import math
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import Any

from pipeline.records.rows import BleedingRow, ScoreRow, read_rows
from pipeline.settings import paths

SEGMENTER = "small"


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a block under `data` in params.yaml")
    parser.add_argument("method", help="a block under `methods` in params.yaml")
    parser.add_argument("--device", help="as of `pipeline.colorize`")
    arguments = parser.parse_args()
    failed = []
    for name, part in parts(arguments.dataset, arguments.method, arguments.device).items():
        try:
            part()
        except Exception as error:
            traceback.print_exc()
            failed.append(f"{name}: {error}")
            if name == "colorize":  # the others look at its pictures
                break
    if failed:
        sys.exit("; ".join(failed))


def parts(dataset: str, method: str, device_name: str | None) -> dict[str, Callable[[], None]]:
    """What is done with a method, in its order."""
    from bench.gpu import sheets
    from pipeline import colorize, segment
    from pipeline.runtime.device import choose_device
    from pipeline.scoring import defects, pixels
    from pipeline.settings.params import load_params

    device, block = choose_device(device_name), load_params().method(method)
    return {
        "colorize": lambda: colorize.run(dataset, method, block, device),
        "segment": lambda: segment.run(dataset, method, segment.Trained.load(dataset, SEGMENTER, device)),
        "score": lambda: pixels.run(dataset, method),
        "sheet": lambda: sheets.write(dataset, method, strip_of(method)),
        "defects": lambda: defects.run(dataset, [method]),
    }


def figures(folder: Path, dataset: str, method: str) -> dict[str, float | None]:
    """The means of a method's rows, photographs without colour left out; None of what is not there."""
    scores = _rows(folder / paths.scores(dataset, method), ScoreRow)
    defects = _rows(folder / paths.defects(dataset, method), BleedingRow)
    card = _json(folder / paths.segmentation(dataset, SEGMENTER, method))
    colorized = _json(folder / paths.RUNS / f"colorize-{dataset}-{method}.json")
    return {
        "photographs": len(scores),
        "psnr_rgb": _mean(row.psnr_rgb for row in scores),
        "ciede2000": _mean(row.ciede2000 for row in scores),
        "colorfulness": _mean(row.colorfulness for row in scores),
        "auc": _mean(row.auc for row in scores),
        "bleeding_flat": _mean(row.bleeding_flat for row in defects),
        "bleeding_boundary": _mean(row.bleeding_boundary for row in defects),
        "miou": card.get("miou"),
        "colorized a second": colorized.get("images_per_second"),
    }


def row_files(folder: Path, dataset: str, method: str) -> list[Path]:
    """All that is left of a method beside its pictures: rows, cards, times and its strip; those that are there."""
    places = (
        paths.scores(dataset, method),
        paths.defects(dataset, method),
        paths.objects(dataset, method),
        paths.segmented(dataset, SEGMENTER, method),
        paths.segmentation(dataset, SEGMENTER, method),
        paths.card(dataset, method),
        paths.RUNS / f"colorize-{dataset}-{method}.json",
        strip_of(method),
    )
    return [folder / place for place in places if (folder / place).exists()]


def strip_of(method: str) -> Path:
    """The picture of a dozen of its photographs."""
    return Path("strips") / f"{method}.webp"


def _rows(path: Path, record: type[Any]) -> list[Any]:
    return [row for row in read_rows(path, record) if not row.colorless] if path.exists() else []


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _mean(values: Iterable[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return mean(finite) if finite else None


if __name__ == "__main__":
    main()
