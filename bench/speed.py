"""Our speed against other libraries and against this device's floors, in one run: `make bench`.

    python -m bench.speed [--json]
    python -m bench.speed --guard   # fails where a ratio has fallen by more than a third below bench/ratios.json
    python -m bench.speed --renew   # measures these ratios and writes them there

Ratios are of the best times of interleaved repeats, so that a busy moment of the machine hits both sides. Absolute
times belong to the processor that the last line names.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import cv2
import kornia
import numpy as np
import torch
from skimage import data, metrics
from skimage.color import deltaE_ciede2000, rgb2lab
from sklearn.neighbors import NearestNeighbors

from bench import floors, networks
from bench.table import Line, compared, lab_of, photograph, race, text
from pipeline.color import cielab, gamut
from pipeline.methods.colorizer import make_upsampling, predict_chroma, upsample_and_compose
from pipeline.methods.method import Photo
from pipeline.metrics import auc
from pipeline.networks.contract import Setup
from pipeline.networks.proposed import Proposed
from pipeline.packs.batch import Batch
from pipeline.records.archive import encode_png
from pipeline.records.rows import PackedPhotograph
from pipeline.scoring.pixels import Original, score
from pipeline.settings import provenance
from pipeline.upsampling.jbu import JointBilateralUpsample

CPU = torch.device("cpu")
RATIOS = Path(__file__).with_name("ratios.json")
KEPT = 2 / 3  # of a ratio: what CI lets it fall to


def main() -> None:
    """Measure everything and print one table, or measure the ratios alone and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--guard", action="store_true", help="compare the ratios with those of bench/ratios.json")
    parser.add_argument("--renew", action="store_true", help="write the ratios to bench/ratios.json")
    arguments = parser.parse_args()
    began = time.perf_counter()
    lines = rivals()
    if arguments.renew:
        RATIOS.write_text(json.dumps(ratios(lines), indent=2) + "\n")
    if arguments.guard:
        if fallen := fallen_ratios(ratios(lines), json.loads(RATIOS.read_text())):
            raise SystemExit("error: " + "; ".join(fallen))
        print(f"{len(lines)} ratios are no less than {KEPT:.0%} of those in {RATIOS.name}")
    if arguments.guard or arguments.renew:
        return
    lines += [*steps(), *colorizing(), *networks.lines(), *floors.lines(), *study()]
    if arguments.json:
        content = {"hardware": provenance.hardware(), "lines": [line._asdict() for line in lines]}
        print(json.dumps(content, indent=2))
        return
    print(text(lines))
    print(
        f"\n{provenance.hardware()}, {torch.get_num_threads()} threads, torch {torch.__version__}; "
        f"{time.perf_counter() - began:.0f} s"
    )


def rivals() -> list[Line]:
    """All that another library computes as well."""
    return [encoding(data.astronaut), encoding(data.coffee), lab(), *upsampling(7), *upsampling(19), scoring()]


def ratios(lines: Sequence[Line]) -> dict[str, float]:
    """How many times faster than a peer we are, by what is measured and the peer's name without its version."""
    return {f"{line.what} | {line.peer.split()[0]}": float(line.value.removesuffix(" x")) for line in lines}


def fallen_ratios(measured: dict[str, float], kept: dict[str, float]) -> list[str]:
    """A sentence for each ratio of `kept` that is not measured any more or has fallen by more than a third."""
    return [
        f"{what} is {measured.get(what, 0):g} x, but was {ratio:g} x"
        for what, ratio in kept.items()
        if measured.get(what, 0) < KEPT * ratio
    ]


def study() -> list[Line]:
    """The human study on SQLite: 1,000 raters at once, and (with Chromium) 200 arrivals within 30 s."""
    from bench.study import __main__ as study  # Streamlit and SQLAlchemy, which the rest does without

    parts = [study.load, *([study.rush] if shutil.which("chromium") else [])]
    found = []
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            for one in part("SQLite", f"sqlite:///{folder}/study.sqlite3"):
                found.append(Line(f"study: {one.what.strip()}", one.value, "", "", one.goal, _MET[one.met]))
    return found


_MET = {"yes": "met", "NO": "not met", "": ""}


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
    name = f"scikit-learn {metadata.version('scikit-learn')}"
    return compared(f"soft-encoding, {load.__name__}, 224 x 224", ours, peer, name, 100)


def lab() -> Line:
    """sRGB to Lab of a 375 x 500 photograph against scikit-image."""
    picture = photograph(375, 500)
    tensor = torch.from_numpy(picture).permute(2, 0, 1)
    ours, peer = race(lambda: cielab.rgb_to_lab(tensor), lambda: rgb2lab(picture), repeats=15)
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
        score("", "", entry, Original.of(original, weights), picture)

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
    """The share of a training step outside the network: Lab, soft-encoding, losses."""
    return [overhead("training step, scenes", 64, 0.25, 16), overhead("training step, paper's size", 224, 1.0, 4)]


def overhead(what: str, size: int, width: float, batch_size: int) -> Line:
    """Compare a whole training step with one of the same network whose targets are given and whose loss is a sum."""
    classes = tuple("abcdefghijklmnopqrstu")
    statistics = {"colors": [1] * gamut.Q, "classes": [1] * len(classes)}
    model = Proposed(Setup(width, classes, statistics=statistics), semantics=True).to(memory_format=torch.channels_last)
    optimizer = model.optimizer(1e-4)
    pictures = torch.from_numpy(np.stack([photograph(size, size)] * batch_size)).permute(0, 3, 1, 2)
    labels = torch.zeros(batch_size, size, size, dtype=torch.uint8)
    given = cielab.lightness(pictures)

    def update(loss: torch.Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def whole() -> None:
        lab_pictures = cielab.rgb_to_lab(pictures)
        colored = torch.ones(batch_size, dtype=torch.bool)
        update(model.loss(Batch(lab_pictures[:, :1], lab_pictures[:, 1:], labels, colored))["loss"])

    def network_alone() -> None:
        prediction = model.network(given)
        assert prediction.semantic is not None
        update(prediction.color.mean() + prediction.semantic.mean())

    ours, network = race(whole, network_alone, repeats=5)
    share = max(0.0, 1 - network / ours)
    times = f"{(ours - network) * 1e3:.1f} ms", f"network {network * 1e3:.1f} ms"
    met = "met" if share < 0.1 else "not met"
    return Line(f"{what}, outside the network", *times, f"{share:.1%} of the step", "under 10%", met)


def colorizing() -> list[Line]:
    """Photographs a second through all steps of colorizing, and the time of each."""
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
    total = Line("colorize: in all", f"{sum(times) * 1e3:.1f} ms", "", f"{1 / sum(times):.1f} a second", "", "")
    return [
        Line(f"colorize: {part}", f"{seconds * 1e3:.1f} ms", "", f"{seconds / sum(times):.0%} of the time", "", "")
        for part, seconds in zip(parts, times, strict=True)
    ] + [total]


if __name__ == "__main__":
    main()


if __name__ == "__main__":
    main()
