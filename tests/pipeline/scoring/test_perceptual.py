"""Perceptual scores: each network's shape and range beside its package's own, and what is said without its weights.

Files of weights are written here in the published format, with random numbers: they test the reading and the
conventions, never a score.
"""

import json
import shutil
from pathlib import Path

import lpips
import numpy as np
import pytest
import torch
import torchvision
from scipy import linalg
from skimage import data
from torch_fidelity import metric_fid
from torchmetrics.functional.image import dists

from pipeline.metrics import backbones
from pipeline.metrics.perceptual import Dists, Inception, Lpips, Recognition, frechet_distance, in_lpips_range
from pipeline.packs.pack import Pack
from pipeline.records.archive import write_archive
from pipeline.records.rows import PerceptualRow, read_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from tests.conftest import stage_in, write_params

CPU = torch.device("cpu")
NETS = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of every torchvision backbone, named as published."""
    folder = tmp_path_factory.mktemp("weights")
    paths = {}
    for name in NETS.values():
        torch.manual_seed(0)
        paths[name] = folder / backbones.BACKBONES[name].file
        torch.save(torchvision.models.get_model(name, weights=None).state_dict(), paths[name])
    return paths


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """No test may find weights that happen to be on this machine, nor look for them elsewhere."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def pair():
    original = torch.tensor(data.astronaut()[:96, :128]).permute(2, 0, 1)
    return original, original.roll(1, dims=0)


@pytest.mark.parametrize("net", NETS)
def test_lpips_is_the_packages_own_at_own_size_to_1e_6(net, files, monkeypatch, tmp_path):
    original, picture = pair()
    checkpoints = tmp_path / "torch" / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    shutil.copy(files[NETS[net]], checkpoints)
    theirs = lpips.LPIPS(net=net, verbose=False)
    arrays = (rgb.permute(1, 2, 0).numpy() for rgb in (original, picture))
    with torch.inference_mode():
        expected = theirs(*map(lpips.im2tensor, arrays)).item()
    assert Lpips(net, files[NETS[net]], CPU)(original, picture) == pytest.approx(expected, abs=1e-6)
    assert Lpips(net, files[NETS[net]], CPU)(original, original) == 0


def test_dists_is_the_printed_formula_on_the_features_of_vgg_16_to_1e_6(files):
    network = torchvision.models.vgg16(weights=None).eval()
    network.load_state_dict(torch.load(files["vgg16"]))
    distances = torch.load(Path(dists.__file__).parent / "dists_models" / "weights.pt")
    window = np.outer(np.hanning(5)[1:-1], np.hanning(5)[1:-1])
    window = torch.tensor(window / window.sum(), dtype=torch.float32)
    original, picture = pair()
    mean, deviation = (torch.tensor(one)[:, None, None] for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))

    def features(rgb):
        x = rgb[None] / 255
        found, x = [x], (x - mean) / deviation
        for layer in network.features[:30]:
            if isinstance(layer, torch.nn.MaxPool2d):  # which Ding et al. replace by the root of the mean square
                found.append(x)
                kernel = window.expand(x.shape[1], 1, 3, 3)
                x = (torch.nn.functional.conv2d(x**2, kernel, stride=2, padding=1, groups=x.shape[1]) + 1e-12).sqrt()
            else:
                x = layer(x.clone())
        return [*found, x]

    total, weights = 0.0, [distances[name].split([3, 64, 128, 256, 512, 512], dim=1) for name in ("alpha", "beta")]
    with torch.inference_mode():
        for x, y, alpha, beta in zip(features(original), features(picture), *weights, strict=True):
            (vx, mx), (vy, my) = (torch.var_mean(one, dim=(2, 3), correction=0, keepdim=True) for one in (x, y))
            shared = ((x - mx) * (y - my)).mean(dim=(2, 3), keepdim=True)
            texture, structure = ((2 * a + 1e-6) / (b + 1e-6) for a, b in ((mx * my, mx**2 + my**2), (shared, vx + vy)))
            total += (alpha * texture + beta * structure).sum().item()
    expected = 1 - total / sum(distances[name].sum().item() for name in ("alpha", "beta"))
    ours = Dists(files["vgg16"], CPU)
    assert ours(original, picture) == pytest.approx(expected, abs=1e-5) and expected > 0.01
    assert ours(original, original) == pytest.approx(0, abs=1e-5)


def test_lpips_sees_minus_1_to_1():
    levels = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert in_lpips_range(levels).tolist() == pytest.approx([-1, -0.6, 1])


def test_loading_a_network_leaves_the_global_random_numbers_alone(files):
    before = torch.random.get_rng_state()
    Lpips("alex", files["alexnet"], CPU)
    assert torch.equal(before, torch.random.get_rng_state())


def test_recognition_is_torchvisions_vgg_after_torchvisions_transform(files):
    network = torchvision.models.vgg16(weights=None).eval()
    network.load_state_dict(torch.load(files["vgg16"]))
    prepare = torchvision.models.VGG16_Weights.IMAGENET1K_V1.transforms()
    original, _ = pair()
    assert prepare(original).shape == (3, 224, 224)
    with torch.inference_mode():
        expected = network(prepare(original)[None]).argmax().item()
    assert Recognition(files["vgg16"], CPU)(original) == expected


@pytest.mark.parametrize("counts", [(200, 150), (200, 9), (8, 7)], ids=["many", "many and few", "few"])
def test_frechet_distance_is_the_formula_by_scipys_matrix_root_and_torch_fidelitys_to_1e_3(counts):
    random = np.random.default_rng(0)
    first, second = random.normal(size=(counts[0], 12)), random.normal(0.3, 1.2, (counts[1], 12))
    root = linalg.sqrtm(np.cov(first, rowvar=False) @ np.cov(second, rowvar=False)).real
    gap = first.mean(axis=0) - second.mean(axis=0)
    spread = np.cov(first, rowvar=False) + np.cov(second, rowvar=False) - 2 * root
    assert frechet_distance(first, second) == pytest.approx(gap @ gap + np.trace(spread), abs=1e-3)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
    theirs = [metric_fid.fid_features_to_statistics(torch.from_numpy(one)) for one in (first, second)]
    fid = metric_fid.fid_statistics_to_metric(*theirs, verbose=False)[metric_fid.KEY_METRIC_FID]
    assert frechet_distance(first, second) == pytest.approx(fid, abs=1e-3)


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", "wrong shapes", "code"], ids=["empty", "rubbish", "shapes", "code"]
)
@pytest.mark.parametrize("make", [lambda path: Lpips("alex", path, CPU), lambda path: Inception(path, CPU)])
def test_a_file_that_is_something_else_ends_in_a_sentence(content, make, tmp_path):
    path = tmp_path / "alexnet-owt-7be5be79.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save({"a": torch.zeros(2)} if content == "wrong shapes" else {"a": shutil.rmtree}, path)
    with pytest.raises(UserError, match="does not hold the weights"):
        make(path)


@pytest.fixture
def shifted(workspace: Path) -> Pack:
    """Packed photographs, and a method that has shifted all hues."""
    pack = Pack(paths.pack("scenes", "val"))
    pictures = [(entry.id, np.roll(pack.original(entry), 1, axis=2)) for entry in pack.index]
    write_archive(paths.archive("scenes", "shifted"), pictures)
    return pack


def outputs() -> tuple[list[PerceptualRow], dict]:
    path = paths.perceptual("scenes", "shifted")
    return read_rows(path, PerceptualRow), json.loads(path.with_suffix(".json").read_text())


def test_without_weights_every_score_is_empty_and_says_which_command_gets_them(shifted):
    stage_in(Path.cwd(), "pipeline.score", "scenes", "shifted")
    rows, summary = outputs()
    assert [row.id for row in rows] == [entry.id for entry in shifted.index]
    assert {(row.lpips_alex, row.lpips_vgg, row.lpips_squeeze, row.recognized) for row in rows} == {(None,) * 4}
    assert summary["fid"] is None and summary["weights"] == {} and len(summary["missing"]) == 5
    for sentence in summary["missing"].values():
        assert sentence.startswith("weights not available: `python -m pipeline.score --download` gets ")


def test_weights_named_in_params_are_used_and_recorded(shifted, files):
    write_params(Path.cwd(), weights={"alexnet": str(files["alexnet"])})
    stage_in(Path.cwd(), "pipeline.score", "scenes", "shifted", "--device", "cpu")
    rows, summary = outputs()
    assert all(row.lpips_alex > 0 and row.lpips_vgg is None for row in rows)
    assert list(summary["weights"]) == ["lpips_alex"]
    assert summary["weights"]["lpips_alex"].endswith(", not the published file")  # random numbers are not 7be5be79...


def test_a_path_without_a_file_and_an_unknown_network_end_in_sentences():
    with pytest.raises(UserError, match=r"there is no file nowhere\.pth, which weights\.vgg16 names"):
        backbones.find("vgg16", {"vgg16": "nowhere.pth"})
    with pytest.raises(UserError, match="did you mean 'vgg16'"):
        backbones.find("alexnet", {"vgg_16": "x"})
