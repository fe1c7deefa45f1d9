"""Our speed beside that of other libraries, side by side in one run: `make bench`.

Ratios are of the best times of interleaved repeats, so that a busy moment of the machine hits both sides. Absolute
times belong to the processor that the last line names.
"""

import argparse
import json
import time
from collections.abc import Callable
from importlib import metadata
from typing import NamedTuple

import cv2
import kornia
import numpy as np
import torch
from skimage import data, metrics, transform
from skimage.color import deltaE_ciede2000, rgb2lab
from sklearn.neighbors import NearestNeighbors

from pipeline import color, gamut, provenance
from pipeline.archive import encode_png
from pipeline.method import Batch, Photo, Setup
from pipeline.metrics import auc
from pipeline.model.colorizer import make_upsampling, predict_chroma, upsample_and_compose
from pipeline.model.jbu import JointBilateralUpsample
from pipeline.model.proposed import Proposed
from pipeline.records import PackedPhotograph
from pipeline.score import score
from tests import bench_networks

CPU = torch.device("cpu")
RUNS = 3  # of a rival in its turn


class Line(NamedTuple):
    """One line of the table; `goal` is for `value`, which is a ratio, a share or a rate."""

    what: str
    ours: str
    peer: str
    value: str
    goal: str
    met: str


def main() -> None:
    """Measure everything and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    lines = [
        encoding(data.astronaut),
        encoding(data.coffee),
        lab(),
        *upsampling(7),
        *upsampling(19),
        scoring(),
        *steps(),
        *colorizing(),
    ]
    networks = bench_networks.rows()
    if arguments.json:
        content = {
            "hardware": provenance.hardware(),
            "lines": [line._asdict() for line in lines],
            "networks": [{"name": row.name, "milliseconds": row.milliseconds} for row in networks],
        }
        print(json.dumps(content, indent=2))
        return
    widths = [max(len(row[column]) for row in [Line._fields, *lines]) for column in range(len(Line._fields))]
    for row in [Line._fields, *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print("\nFrom lightness to chroma, 224 x 224, full width; median of repeats, warm:\n")
    print(bench_networks.text(networks))
    print(f"\n{provenance.hardware()}, {torch.get_num_threads()} threads, torch {torch.__version__}")


def encoding(load: Callable[[], np.ndarray]) -> Line:
    """Soft-encoding of one photograph against scikit-learn, whose search is the faster the fewer colours there are."""
    ab = lab_of(photograph(224, 224, load))[1:][None]
    neighbours = NearestNeighbors(n_neighbors=5).fit(gamut.BINS.numpy())

    def search() -> None:
        distances, indices = neighbours.kneighbors(ab[0].flatten(1).T.numpy())
        weights = np.exp(-(distances**2) / (2 * gamut.SIGMA**2))
        weights /= weights.sum(axis=1, keepdims=True)
        for found in (indices, weights.astype(np.float32)):
            torch.from_numpy(found.T.copy()).unflatten(1, ab.shape[2:])

    ours, peer = race(lambda: gamut.encode(ab), search, repeats=15)
    return compared(
        f"soft-encoding, {load.__name__}, 224 x 224",
        ours,
        peer,
        f"scikit-learn {metadata.version('scikit-learn')}",
        100,
    )


def lab() -> Line:
    """sRGB to Lab of a 375 x 500 photograph against scikit-image."""
    picture = photograph(375, 500)
    tensor = torch.from_numpy(picture).permute(2, 0, 1)
    ours, peer = race(lambda: color.rgb_to_lab(tensor), lambda: rgb2lab(picture), repeats=15)
    return compared("sRGB to Lab, 375 x 500", ours, peer, f"scikit-image {metadata.version('scikit-image')}", None)


def upsampling(diameter: int) -> list[Line]:
    """The joint bilateral filter of two channels at 375 x 500 against kornia and OpenCV, at the same window."""
    lab_picture = lab_of(photograph(375, 500))
    chroma, guide = lab_picture[1:][None].contiguous(), lab_picture[:1][None].contiguous()
    sigma_s, sigma_r = diameter / 6, 15 * 100 / 255
    joint = JointBilateralUpsample(
        sigma_s_fullres_px=sigma_s, sigma_r_lightness=sigma_r, radius_lowres_px=diameter // 2
    )
    sides = (sigma_s, sigma_s)
    flat = chroma[0].permute(1, 2, 0).contiguous().numpy()
    joined = [np.ascontiguousarray(np.dstack([flat, flat[..., :1]])), guide[0, 0].numpy()]

    def by_kornia() -> None:
        kornia.filters.joint_bilateral_blur(chroma, guide, diameter, sigma_r, sides)

    def by_opencv() -> None:
        cv2.ximgproc.jointBilateralFilter(joined[1], joined[0], diameter, sigma_r, sigma_s)

    with torch.inference_mode():
        ours, kornia_time, opencv_time = race(lambda: joint(chroma, guide), by_kornia, by_opencv, repeats=7)
    what = f"joint bilateral, d = {diameter}, 375 x 500"
    return [
        compared(what, ours, kornia_time, f"kornia {kornia.__version__}", 10),
        compared(what, ours, opencv_time, f"OpenCV {cv2.__version__}", None),
    ]


def scoring() -> Line:
    """All pixel metrics of a 375 x 500 photograph, one thread, against scikit-image, scikit-learn (bins) and NumPy."""
    original = photograph(375, 500)
    noise = np.random.default_rng(0).normal(0, 8, original.shape)
    picture = np.clip(original + noise, 0, 255).astype(np.uint8)
    weights = auc.class_weights(torch.ones(gamut.Q))
    entry = PackedPhotograph("coffee", 375, 500, False, "", 0, 0, 0, 0)
    neighbours = NearestNeighbors(n_neighbors=1).fit(gamut.BINS.numpy())

    def ours() -> None:
        score("", "", entry, original, picture, weights)

    def theirs() -> None:
        metrics.peak_signal_noise_ratio(original, picture)
        metrics.structural_similarity(
            original, picture, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        first, second = rgb2lab(original), rgb2lab(picture)
        metrics.peak_signal_noise_ratio(first[..., 1:], second[..., 1:], data_range=255)
        deltaE_ciede2000(first, second).mean()
        red, green, blue = picture.astype(np.float64).transpose(2, 0, 1)
        for opponents in ((red - green, (red + green) / 2 - blue), (abs(red - green), abs((red + green) / 2 - blue))):
            np.hypot(*(part.std() for part in opponents)) + 0.3 * np.hypot(*(part.mean() for part in opponents))
        steps = np.ceil(np.sqrt(((first[..., 1:] - second[..., 1:]) ** 2).sum(axis=-1))).astype(int).ravel()
        bins = neighbours.kneighbors(first[..., 1:].reshape(-1, 2), return_distance=False)[:, 0]
        for share in (None, weights.numpy()[bins]):
            np.trapezoid(np.bincount(steps, share, minlength=151)[:151].cumsum())

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    mine, peer = race(ours, theirs, repeats=3)
    torch.set_num_threads(threads)
    name = f"scikit-image {metadata.version('scikit-image')} and scikit-learn"
    return compared("all pixel metrics, 375 x 500", mine, peer, name, 5)


def steps() -> list[Line]:
    """The share of a training step that is not network: Lab, soft-encoding, losses."""
    return [overhead("training step, scenes", 64, 0.25, 16), overhead("training step, paper's size", 224, 1.0, 4)]


def overhead(what: str, size: int, width: float, batch_size: int) -> Line:
    """Compare a whole training step with one of the same network whose targets are given and whose loss is a sum."""
    classes = tuple("abcdefghijklmnopqrstu")
    statistics = {"colors": [1] * gamut.Q, "classes": [1] * len(classes)}
    model = Proposed(Setup(width, classes, statistics=statistics), semantics=True).to(memory_format=torch.channels_last)
    optimizer = model.optimizer(1e-4)
    pictures = torch.from_numpy(np.stack([photograph(size, size)] * batch_size)).permute(0, 3, 1, 2)
    labels = torch.zeros(batch_size, size, size, dtype=torch.uint8)
    given = color.lightness(pictures)

    def update(loss: torch.Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def whole() -> None:
        lab_pictures = color.rgb_to_lab(pictures)
        colored = torch.ones(batch_size, dtype=torch.bool)
        update(model.loss(Batch(lab_pictures[:, :1], lab_pictures[:, 1:], labels, colored))["loss"])

    def network_alone() -> None:
        prediction = model.network(given)
        assert prediction.semantic is not None
        update(prediction.color.mean() + prediction.semantic.mean())

    ours, network = race(whole, network_alone, repeats=5)
    share = max(0.0, 1 - network / ours)
    return Line(
        f"{what}, outside the network",
        f"{(ours - network) * 1e3:.1f} ms",
        f"network {network * 1e3:.1f} ms",
        f"{share:.1%} of the step",
        "under 10%",
        "met" if share < 0.1 else "not met",
    )


def colorizing() -> list[Line]:
    """Photographs a second through everything that colorizing does, and what each part takes."""
    model = Proposed(Setup(1.0), semantics=False).eval().to(memory_format=torch.channels_last)
    photos = [Photo(str(index), photograph(375, 500)) for index in range(8)]
    joint = make_upsampling("jbu")
    lightness = [photo.lightness for photo in photos]
    chroma = predict_chroma(model, (224, 224), lightness, CPU)
    pictures = [upsample_and_compose(lightness[0], chroma[0], joint)]
    parts = {
        "network, 224 x 224, full width": lambda: predict_chroma(model, (224, 224), lightness, CPU),
        "JBU and composition, 375 x 500": lambda: upsample_and_compose(lightness[0], chroma[0], joint),
        "PNG, 375 x 500": lambda: encode_png(pictures[0]),
    }
    network, upsample, png = race(*parts.values(), repeats=3)
    times = [network / len(photos), upsample, png]
    lines = [
        Line(f"colorize: {part}", f"{seconds * 1e3:.1f} ms", "", f"{seconds / sum(times):.0%} of the time", "", "")
        for part, seconds in zip(parts, times, strict=True)
    ]
    return [
        *lines,
        Line("colorize: in all", f"{sum(times) * 1e3:.1f} ms", "", f"{1 / sum(times):.1f} a second", "", ""),
    ]


def race(*rivals: Callable[[], object], repeats: int) -> list[float]:
    """The best time of each rival in seconds. They take turns, and each turn begins with a run that does not count."""
    best = [float("inf")] * len(rivals)
    for _ in range(repeats):
        for index, rival in enumerate(rivals):
            rival()
            for _ in range(RUNS):
                began = time.perf_counter()
                rival()
                best[index] = min(best[index], time.perf_counter() - began)
    return best


def compared(what: str, ours: float, peer: float, name: str, goal: float | None) -> Line:
    """A line of our time, a peer's, and how many times faster we are."""
    ratio = peer / ours
    met = "" if goal is None else "met" if ratio >= goal else "not met"
    return Line(
        what,
        f"{ours * 1e3:.2f} ms",
        f"{name} {peer * 1e3:.1f} ms",
        f"{ratio:.1f} x",
        f"{goal:g} x" if goal else "",
        met,
    )


def photograph(height: int, width: int, load: Callable[[], np.ndarray] = data.coffee) -> np.ndarray:
    """(H, W, 3) uint8 sRGB: one of scikit-image's photographs."""
    return (transform.resize(load(), (height, width)) * 255).round().astype(np.uint8)


def lab_of(picture: np.ndarray) -> torch.Tensor:
    """(3, H, W) float32 Lab."""
    return color.rgb_to_lab(torch.from_numpy(picture).permute(2, 0, 1))


if __name__ == "__main__":
    main()
