"""Named protocols: each beside its authors' published formula, written out plainly here with NumPy and the libraries
that they call.
"""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import lpips
import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from scipy import linalg, ndimage
from skimage import color, data
from torchvision.transforms import CenterCrop, Resize

import huebench
from huebench.protocols.fitting import area_weights
from huebench.protocols.protocol import protocol
from huebench.scoring import run, sets
from huebench.scoring.measures import Evaluator, networks_of
from huebench.scoring.photographs import Task
from huebench.scoring.rows import Journal, Row
from pipeline.metrics.perceptual import Inception, TorchvisionInception, kernel_distance
from pipeline.settings.errors import UserError
from tests.huebench import weights
from tests.huebench.folders import noisy, save

CPU = torch.device("cpu")
# Larger and smaller than 256 pixels, upright and not, with odd numbers of pixels to crop.
PHOTOGRAPHS = {
    "large": data.coffee()[:399, :600].copy(),
    "upright": data.astronaut()[:511, 100:402].copy(),
    "small": data.chelsea()[50:263, 60:300].copy(),
}
PICTURES = {name: noisy(picture, 15, number) for number, (name, picture) in enumerate(PHOTOGRAPHS.items())}
Plain = Callable[[np.ndarray, np.ndarray], dict[str, float]]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    top = tmp_path_factory.mktemp("protocols")
    return save(top / "originals", PHOTOGRAPHS), save(top / "mine", PICTURES)


def task_of(folders: tuple[Path, Path], name: str, given: dict[str, str] | None = None, **options) -> Task:
    evaluator = Evaluator.load(True, False, given or {}, name, "real" in options)
    return run.prepare(folders[0], [folders[1]], evaluator, None, "leave-out", **options)


def rows_of(task: Task) -> dict[str, Row]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "set_values", lambda *_: {})
        return {row.id: row for row in run.work(task, Journal(None, "")).rows}


def psnr(original: np.ndarray, picture: np.ndarray, peak: float = 255.0) -> float:
    return 20 * np.log10(peak / np.sqrt(((original.astype(float) - picture.astype(float)) ** 2).mean()))


def colorfulness(picture: np.ndarray, size: Callable[[np.ndarray], np.ndarray] = np.abs) -> float:
    red, green, blue = picture.astype(float).transpose(2, 0, 1)
    red_green, yellow_blue = size(red - green), size(0.5 * (red + green) - blue)
    spread = np.sqrt(red_green.std() ** 2 + yellow_blue.std() ** 2)
    return spread + 0.3 * np.sqrt(red_green.mean() ** 2 + yellow_blue.mean() ** 2)


def ssim(original: np.ndarray, picture: np.ndarray, blur: Callable, border: int, peak: float, sample: float) -> float:
    """Wang et al. 2004, the mean over channels and places; `sample`: the factor of the sample covariance."""
    channels = []
    for x, y in zip(original.astype(float).transpose(2, 0, 1), picture.astype(float).transpose(2, 0, 1), strict=True):
        mean_x, mean_y = blur(x), blur(y)
        spread = sample * (blur(x * x) - mean_x**2 + blur(y * y) - mean_y**2)
        shared = sample * (blur(x * y) - mean_x * mean_y)
        c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
        places = (2 * mean_x * mean_y + c1) * (2 * shared + c2) / ((mean_x**2 + mean_y**2 + c1) * (spread + c2))
        channels.append(places[border:-border, border:-border].mean())
    return float(np.mean(channels))


def zhang16(original: np.ndarray, picture: np.ndarray) -> dict[str, float]:
    small = (np.array(Image.fromarray(one).resize((256, 256), Image.Resampling.BICUBIC)) for one in (original, picture))
    first, second = (color.rgb2lab(one)[..., 1:] for one in small)
    distance = np.sqrt(((first - second) ** 2).sum(axis=-1))
    curve = np.array([(distance <= t).mean() for t in range(151)])
    return {"auc": ((curve[1:] + curve[:-1]) / 2).sum() / 150}


def ct2_fitted(rgb: np.ndarray) -> np.ndarray:
    image = Image.fromarray(rgb)
    return np.array(Resize(256)(CenterCrop(min(image.size))(image)))


def as_jpeg(rgb: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=75)
    return np.array(Image.open(file))


def ct2(original: np.ndarray, picture: np.ndarray) -> dict[str, float]:
    first, second = ct2_fitted(original), as_jpeg(ct2_fitted(picture))
    blur = lambda plane: ndimage.uniform_filter(plane, 7)  # noqa: E731
    return {
        "psnr_rgb": psnr(first, second),
        "ssim_rgb": ssim(first, second, blur, 3, 225, 49 / 48),
        "colorfulness_absolute": colorfulness(second),
    }


def ddcolor_fitted(rgb: np.ndarray) -> np.ndarray:
    return np.uint8((cv2.resize(rgb.astype(np.float32) / 255, (256, 256)) * 255).round())


def ddcolor(original: np.ndarray, picture: np.ndarray) -> dict[str, float]:
    first, second = ddcolor_fitted(original), ddcolor_fitted(picture)
    inside = slice(4, -4)
    return {
        "psnr_rgb": psnr(first[inside, inside], second[inside, inside]),
        "colorfulness_absolute": colorfulness(second),
    }


def ipol26(original: np.ndarray, picture: np.ndarray) -> dict[str, float]:
    blur = lambda plane: ndimage.gaussian_filter(plane, 1.5, radius=5)  # noqa: E731
    return {
        "psnr_ab": psnr(color.rgb2lab(original)[..., 1:], color.rgb2lab(picture)[..., 1:]),
        "ssim_rgb": ssim(original, picture, blur, 5, 255, 1),
        "colorfulness": colorfulness(picture, lambda opponents: opponents),
    }


# protocol -> the authors' formula; and by how much each measure may differ, in its own unit
PLAIN: dict[str, Plain] = {"zhang16": zhang16, "ct2": ct2, "ddcolor": ddcolor, "ipol26": ipol26}
TOLERANCE = {"auc": 1e-5, "psnr_rgb": 1e-9, "psnr_ab": 1e-4, "ssim_rgb": 1e-9}
TOLERANCE |= {"colorfulness": 1e-9, "colorfulness_absolute": 1e-9}
ROUNDED = {
    "ddcolor": {"psnr_rgb": 5e-3, "colorfulness_absolute": 5e-3}
}  # OpenCV's float32 rounds a few levels otherwise


@pytest.mark.parametrize("name", PLAIN)
def test_a_protocol_is_its_authors_formula(name: str, folders: tuple[Path, Path]) -> None:
    rows = rows_of(task_of(folders, name))
    for id, original in PHOTOGRAPHS.items():
        expected = PLAIN[name](original, PICTURES[id])
        assert rows[id].values.keys() == expected.keys() and not rows[id].problem
        for key, value in expected.items():
            tolerance = ROUNDED.get(name, {}).get(key, TOLERANCE[key])
            assert abs(rows[id].values[key] - value) <= tolerance, (id, key)


def mean_areas(rgb: np.ndarray, side: int) -> np.ndarray:
    """Each new row, then each new column, by itself: the mean of what it covers, parts of pixels by their share."""
    lines = rgb.astype(float)
    for _ in range(2):
        length, found = len(lines), []
        for place in range(side):
            start, stop = place * length / side, (place + 1) * length / side
            shares = [max(0, min(stop, one + 1) - max(start, one)) for one in range(length)]
            found.append(np.tensordot(shares, lines, 1) / (stop - start))
        lines = np.stack(found).transpose(1, 0, 2)
    return np.uint8(np.rint(lines))


def coltran_fitted(rgb: np.ndarray) -> np.ndarray:
    side = min(rgb.shape[:2])
    top, left = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
    return mean_areas(rgb[top : top + side, left : left + side], 256)


def planes(rgb: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(rgb.copy()).permute(2, 0, 1)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, np.ndarray]]:
    """The features that a distance of sets is taken of; the distance itself takes half a minute of 2,048."""
    found = []
    monkeypatch.setattr(sets, "distances", lambda _, real, own: (found.append((real, own)), {"fid": 1.0})[1])
    return found


def test_coltrans_fid_is_against_other_photographs_cropped_and_resized_by_areas(
    tmp_path: Path, folders: tuple[Path, Path], compared: list
) -> None:
    others = {"x": data.coffee()[:300, 100:399].copy(), "y": data.rocket()[:400, :301].copy()}
    file = weights.inception(tmp_path)
    task = task_of(folders, "coltran", {"inception": str(file)}, real=save(tmp_path / "real", others))
    result = run.work(task, Journal(None, ""))
    network = Inception(file, CPU)
    expected = [
        np.stack([network(planes(coltran_fitted(pictures[name]))) for name in sorted(pictures)])
        for pictures in (others, PICTURES)
    ]
    for found, wanted in zip(compared[0], expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    value = result.sets["fid"]["mine"]
    assert (value.value, value.n) == (1.0, 3) and np.isnan(value.low)
    with pytest.raises(UserError, match="name their folder after --real"):
        task_of(folders, "coltran", {"inception": str(file)})


def theirs(network: torch.nn.Module, levels: torch.Tensor) -> np.ndarray:
    """Features as CT2's and DDColor's class computes them: four blocks of torchvision's layers, one after the other."""
    x = F.interpolate(levels[None], size=(299, 299), mode="bilinear") * 0.5 + 0.5
    for channel, (mean, deviation) in enumerate(zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)):
        x[:, channel] = x[:, channel] * (deviation / 0.5) + (mean - 0.5) / 0.5
    for layer in (
        *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "pool", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "pool"),
        *(f"Mixed_{name}" for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")),
    ):
        x = F.max_pool2d(x, 3, stride=2) if layer == "pool" else getattr(network, layer)(x)
    return F.adaptive_avg_pool2d(x, (1, 1))[0, :, 0, 0].numpy()


@pytest.mark.parametrize(
    ("name", "fit", "kept", "lowest"),
    [("ct2", ct2_fitted, as_jpeg, -1), ("ddcolor", ddcolor_fitted, lambda rgb: rgb, 0)],
)
def test_fid_by_torchvisions_inception_is_that_of_the_authors_class(
    name: str, fit: Callable, kept: Callable, lowest: int, tmp_path: Path, folders: tuple[Path, Path], compared: list
) -> None:
    file = weights.inception_torchvision(tmp_path)
    run.work(task_of(folders, name, {"inception_torchvision": str(file)}), Journal(None, ""))
    network = torchvision.models.inception_v3(weights=None, init_weights=False, transform_input=False).eval()
    network.load_state_dict(torch.load(file, weights_only=True))
    ((real, own),) = compared
    with torch.inference_mode():
        for number, id in enumerate(sorted(PHOTOGRAPHS)):
            for found, rgb in ((real, fit(PHOTOGRAPHS[id])), (own, kept(fit(PICTURES[id])))):
                levels = lowest + (1 - lowest) * planes(rgb).float() / 255
                wanted = theirs(network, levels)
                np.testing.assert_allclose(found[number], wanted, rtol=1e-3, atol=1e-4 * abs(wanted).max())
    assert abs(real - own).max() > 0.01 * abs(real).max()


def test_torchvisions_inception_gets_the_range_that_the_protocol_says(tmp_path: Path) -> None:
    file = weights.inception_torchvision(tmp_path)
    white, black = torch.full((3, 9, 9), 255, dtype=torch.uint8), torch.zeros(3, 9, 9, dtype=torch.uint8)
    low, high = (TorchvisionInception(file, CPU, lowest) for lowest in (-1, 0))
    assert torch.equal(low.prepared(white), high.prepared(white))
    assert low.prepared(black)[0, 0, 0, 0] == pytest.approx((0.485 - 0.5) / 0.5)
    assert high.prepared(black)[0, 0, 0, 0] == pytest.approx((0.485 - 0.5) / 0.5 + 0.229)


def test_ipol26s_fid_is_the_formula_on_64_features(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    file = weights.inception(tmp_path)
    result = run.work(task_of(folders, "ipol26", {"inception": str(file)}), Journal(None, ""))
    network = Inception(file, CPU, 64)
    first, second = (
        np.stack([network(planes(pictures[name])) for name in sorted(pictures)]).astype(float)
        for pictures in (PHOTOGRAPHS, PICTURES)
    )
    assert first.shape == (3, 64)
    gap = first.mean(axis=0) - second.mean(axis=0)
    spreads = [np.cov(one, rowvar=False) for one in (first, second)]
    expected = gap @ gap + np.trace(spreads[0] + spreads[1] - 2 * linalg.sqrtm(spreads[0] @ spreads[1]).real)
    found = result.sets["fid"]["mine"]
    assert found.value == pytest.approx(expected, rel=1e-3, abs=1e-3) and found.value > 0 and found.n == 3
    table = {one.name: one for one in command_tables(result)}["scores"]
    line = table.rows.set_index("measure").loc["fid"]
    assert (
        line["value"] == found.value
        and np.isnan(line["ci_low"])
        and "FID of few pictures is too high" in table.notes[-1]
    )


def command_tables(result: run.Scored) -> list:
    from huebench.scoring.command import tables_of

    return tables_of(result)


def test_kid_is_the_printed_estimator_to_1e_9() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(30, 8)), random.normal(0.4, 1.1, (30, 8))
    kernel = lambda a, b: (a @ b.T / 8 + 1) ** 3  # noqa: E731
    within = [(kernel(one, one).sum() - np.trace(kernel(one, one))) / (30 * 29) for one in (first, second)]
    expected = sum(within) - 2 * kernel(first, second).mean()  # Binkowski et al. 2018, eq. 4
    assert kernel_distance(first, second) == pytest.approx(expected, abs=1e-9)
    many = random.normal(size=(60, 8))  # of which subsets are drawn
    assert kernel_distance(first, many) == pytest.approx(kernel_distance(first, many), abs=0)
    assert abs(kernel_distance(first, many) - kernel_distance(second, many)) > 0.01


def test_lpips_is_the_packages_own_with_the_protocols_backbone(
    tmp_path: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = tmp_path / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    path = weights.lpips(checkpoints, "alexnet")
    rows = rows_of(task_of(folders, "ipol26", {"alexnet": str(path)}))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network = lpips.LPIPS(net="alex", verbose=False)
    with torch.inference_mode():
        expected = network(*(planes(rgb)[None] / 127.5 - 1 for rgb in (PHOTOGRAPHS["small"], PICTURES["small"])))
    assert rows["small"].values["lpips_alex"] == pytest.approx(expected.item(), abs=1e-6)
    assert networks_of(protocol("ct2")) == {"lpips_vgg": "vgg16", "fid": "inception_torchvision"}


def test_areas_are_opencvs_when_pictures_get_smaller() -> None:
    plane = data.camera()[:333, :401].astype(np.float64)
    ours = area_weights(333, 256) @ plane @ area_weights(401, 256).T
    np.testing.assert_allclose(ours, cv2.resize(plane, (256, 256), interpolation=cv2.INTER_AREA), atol=1e-3)


def test_pictures_of_the_protocols_size_are_taken_as_they_are(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    small = save(tmp_path / "small", {id: ct2_fitted(picture) for id, picture in PICTURES.items()})
    large, fitted = rows_of(task_of(folders, "ct2")), rows_of(task_of((folders[0], small), "ct2"))
    assert {id: row.values for id, row in large.items()} == {id: row.values for id, row in fitted.items()}
    with pytest.raises(UserError, match="look as if they were crops of the centre"):
        task_of((folders[0], small), "huebench")
    spread = task_of((folders[0], small), "ct2", others=[Evaluator.load(True, False, {}, "huebench")])
    assert all(row.values == large[id].values for id, row in rows_of(spread).items())


def test_a_jpeg_is_not_saved_as_jpeg_again(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for id, picture in PICTURES.items():
        Image.fromarray(ct2_fitted(picture)).save(kept / f"{id}.jpg", quality=75)
    assert {id: row.values for id, row in rows_of(task_of((folders[0], kept), "ct2")).items()} == {
        id: row.values for id, row in rows_of(task_of(folders, "ct2")).items()
    }


def test_also_adds_a_measure_that_takes_long_and_refuses_others(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    file = str(weights.lpips(tmp_path, "squeezenet1_1"))
    table = huebench.score(*folders, weights={"squeezenet1_1": file}, also=["lpips_squeeze"]).set_index("measure")
    assert table.loc["lpips_squeeze", "value"] > 0 and "psnr_rgb" in table.index
    with pytest.raises(UserError, match="did you mean 'dists'"):
        huebench.score(*folders, also=["dist"])
    with pytest.raises(UserError, match="protocol ct2 measures what its paper prints"):
        huebench.score(*folders, protocol="ct2", also=["dists"])


def test_an_unknown_protocol_and_one_with_masks_are_refused(folders: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match="there is no protocol 'ct3'; did you mean 'ct2'"):
        huebench.score(*folders, protocol="ct3")
    with pytest.raises(UserError, match="protocol ct2 has neither masks nor grey photographs"):
        huebench.score(*folders, protocol="ct2", reference=False)
