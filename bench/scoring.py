"""`huebench score` beside loops over scikit-image and over torchmetrics: the same folders, the same measures.

    python -m bench.scoring                          # 3 folders of 40 photographs of 375 x 500
    python -m bench.scoring --folders 12 --photographs 200

From files to a finished table, with as many processes as there are cores, and with one. The photographs are parts of
scikit-image's; folders are these with noise. Prints the seconds, how many times faster than the faster peer, and how
far the means are apart.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from skimage import data, metrics
from skimage.color import deltaE_ciede2000, rgb2lab
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from huebench.protocols.protocol import OURS, protocol
from huebench.scoring import run
from huebench.scoring.measures import Evaluator
from huebench.scoring.rows import Journal
from huebench.scoring.tables import differences_table, scores_table
from pipeline.settings import provenance

HEIGHT, WIDTH = 375, 500
MEASURES = ("psnr_rgb", "psnr_ab", "ssim_rgb", "ciede2000", "colorfulness", "auc")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folders", type=int, default=3)
    parser.add_argument("--photographs", type=int, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        originals, *folders = paint(Path(top), arguments.folders, arguments.photographs)
        ours(originals, folders[:1], 1)  # compiled loops are read, or made, once
        for jobs in (os.cpu_count() or 1, 1):
            print(
                f"\n{len(folders)} folders of {arguments.photographs} photographs, {HEIGHT} x {WIDTH}, {jobs} at once"
            )
            for line in race(originals, folders, jobs):
                print(line)
    print(f"\n{provenance.hardware()}")


def race(originals: Path, folders: Sequence[Path], jobs: int) -> list[str]:
    """The seconds of all three, and how far apart their means are."""
    found = {
        "ours": timed(lambda: ours(originals, folders, jobs)),
        "scikit-image": timed(lambda: theirs(by_scikit_image, originals, folders, jobs)),
        "torchmetrics": timed(lambda: theirs(by_torchmetrics, originals, folders, jobs)),
    }
    seconds = {name: one for name, (one, _) in found.items()}
    means = {name: one for name, (_, one) in found.items()}
    apart = {
        measure: max(float((means["ours"] - means[peer])[measure].abs().max()) for peer in list(found)[1:])
        for measure in MEASURES
    }
    peer = min(list(found)[1:], key=lambda name: seconds[name])
    return [
        *(f"{name:14}{one:8.1f} s" for name, one in seconds.items()),
        f"{seconds[peer] / seconds['ours']:.1f} times faster than {peer}",
        "means differ at most by " + ", ".join(f"{name} {value:.1g}" for name, value in apart.items()),
    ]


def timed(work: Callable[[], pd.DataFrame]) -> tuple[float, pd.DataFrame]:
    """The seconds that something takes, and its result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def ours(originals: Path, folders: Sequence[Path], jobs: int) -> pd.DataFrame:
    """The means by method, with intervals and all differences made on the way."""
    same = replace(protocol(OURS), measures=dict.fromkeys(MEASURES, ""))  # no more than the others measure
    evaluator = replace(Evaluator.load(True, False, {}), protocol=same)
    task = run.prepare(originals, folders, evaluator, None, "leave-out")
    scored = run.work(task, Journal(None, ""), threads=jobs)
    differences_table(scored.rows, scored.of_pictures)
    table = scores_table(scored.rows, scored.measures, scored.sets).rows
    return table.pivot(index="method", columns="measure", values="value")


def theirs(row: Callable[..., list[float]], originals: Path, folders: Sequence[Path], jobs: int) -> pd.DataFrame:
    """The means by method of a loop over all pairs of files, in processes."""
    pairs = [(file, folder / file.name) for folder in folders for file in sorted(originals.iterdir())]
    if jobs == 1:
        rows = [row(*pair) for pair in pairs]
    else:
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), partial(torch.set_num_threads, 1)) as pool:
            rows = list(pool.map(row, *zip(*pairs, strict=True), chunksize=8))
    table = pd.DataFrame(rows, columns=list(MEASURES), index=[picture.parent.name for _, picture in pairs])
    return table.groupby(level=0).mean()


def by_scikit_image(original: Path, picture: Path) -> list[float]:
    """A row by scikit-image and NumPy."""
    one, other = (np.asarray(Image.open(path)) for path in (original, picture))
    ssim = metrics.structural_similarity(
        one, other, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return [metrics.peak_signal_noise_ratio(one, other), *beside(one, other, ssim)]


def by_torchmetrics(original: Path, picture: Path) -> list[float]:
    """A row by torchmetrics, and by scikit-image where it has nothing."""
    one, other = (np.asarray(Image.open(path)) for path in (original, picture))
    first, second = (torch.from_numpy(array.copy()).permute(2, 0, 1)[None].double() for array in (one, other))
    ssim = structural_similarity_index_measure(second, first, sigma=1.5, kernel_size=11, data_range=255.0)
    assert isinstance(ssim, torch.Tensor)
    psnr = peak_signal_noise_ratio(second, first, data_range=255.0)
    return [psnr.item(), *beside(one, other, ssim.item())]


def beside(one: np.ndarray, other: np.ndarray, ssim: float) -> list[float]:
    """What neither library computes alone: PSNR of ab, CIEDE2000, colourfulness, AuC."""
    first, second = rgb2lab(one), rgb2lab(other)
    psnr_ab = metrics.peak_signal_noise_ratio(first[..., 1:], second[..., 1:], data_range=255)
    red, green, blue = other.astype(np.float64).transpose(2, 0, 1)
    parts = (red - green, (red + green) / 2 - blue)
    colorfulness = np.hypot(*(part.std() for part in parts)) + 0.3 * np.hypot(*(part.mean() for part in parts))
    steps = np.ceil(np.sqrt(((first[..., 1:] - second[..., 1:]) ** 2).sum(axis=-1))).astype(int).ravel()
    curve = np.bincount(steps, minlength=152)[:151].cumsum() / steps.size
    auc = np.trapezoid(curve) / 150
    return [psnr_ab, ssim, deltaE_ciede2000(first, second).mean(), colorfulness, auc]


def paint(top: Path, folders: int, photographs: int) -> list[Path]:
    """The folder of photographs and those of pictures."""
    sources = [data.astronaut(), data.coffee()]
    random = np.random.default_rng(0)
    places = [top / "originals", *(top / f"method{number:02d}" for number in range(folders))]
    for place in places:
        place.mkdir()
    for number in range(photographs):
        source = sources[number % 2]
        row = int(random.integers(0, source.shape[0] - HEIGHT + 1))
        column = int(random.integers(0, source.shape[1] - WIDTH + 1))
        original = source[row : row + HEIGHT, column : column + WIDTH]
        for strength, place in enumerate(places):
            noise = random.normal(0, 4 * strength, original.shape) if strength else 0
            picture = np.clip(original + noise, 0, 255).astype(np.uint8)
            Image.fromarray(picture).save(place / f"{number:04d}.png", compress_level=1)
    return places


if __name__ == "__main__":
    main()
