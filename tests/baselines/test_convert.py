"""Published weights: files of the authors' own formats, full size, with random numbers.

Each is converted, and the network is held against a plain re-implementation of the authors' layers on the same numbers,
written here from their model definitions with nothing but convolutions and arithmetic.
"""

import json
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import torch.nn.functional as F
import yaml
from torch import Tensor

from pipeline.color import cielab, gamut
from pipeline.networks.weights import load_weights
from pipeline.settings import paths
from pipeline.settings.classes import load_class
from pipeline.settings.errors import UserError
from pipeline.settings.params import load_params
from tests.baselines.published.torch7_writer import Object, tensor, written
from tests.baselines.published.zhang import State, conv, convolution, floats, named, zhang_ab, zhang_state
from tests.conftest import stage_in, write_params


def converted(folder: Path, name: str, **block: object):
    """Run the stage as people do; returns the loaded network, what it says of itself, and the manifest."""
    write_params(folder, published={name: block})
    stage_in(folder, "baselines.convert", "scenes", name)
    made = folder / paths.converted("scenes", name)
    network, about = load_weights(made / "weights.safetensors", torch.device("cpu"))
    return network, about, json.loads((made / "manifest.json").read_text())


@pytest.fixture
def lightness() -> Tensor:
    return torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)) * 100


# ---- Zhang et al. 2016


def test_zhangs_weights_compute_what_their_layers_say(tmp_path, lightness):
    state = zhang_state()
    file = tmp_path / "colorization_release_v2.pth"
    published = {**state, "model_out.weight": gamut.BINS.T[:, :, None, None] / 110}  # ours decodes in gamut.decode
    torch.save(published, file, _use_new_zipfile_serialization=False)  # the format of the published file
    block = {"class": "baselines.zhang:Zhang", "reader": "baselines.published.states:zhang_pytorch", "file": file.name}
    network, about, manifest = converted(tmp_path, "theirs", **block)
    with torch.inference_mode():
        assert torch.allclose(network.chroma(lightness), zhang_ab(state, lightness), atol=0.02)
    assert about.size == 256
    assert about.origin == f"published by its authors: {file.name}, SHA-256 {about.key[:12]}"
    assert manifest["source"]["sha256"] == about.key and manifest["parameters"] == 32_235_385


# ---- Zhang et al. 2017


def test_siggraph17_weights_compute_what_their_layers_say(tmp_path, lightness):
    """colorizers/siggraph17.py."""
    state: State = {}

    def add(name: str, outputs: int, inputs: int, kernel: int = 3) -> None:
        state.update(named(name, convolution(outputs, inputs, kernel)))

    def add_norm(name: str, channels: int) -> None:
        for part, shift in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.4), ("running_var", 1.0)):
            state[f"{name}.{part}"] = torch.from_numpy(np.abs(floats(channels, scale=0.1) + np.float32(shift)))

    widths = {1: (4, 64, 2), 2: (64, 128, 2), 3: (128, 256, 3), 4: (256, 512, 3)}
    widths |= dict.fromkeys((5, 6, 7), (512, 512, 3))
    for block, (inputs, outputs, count) in widths.items():
        for index in range(count):
            add(f"model{block}.{2 * index}", outputs, inputs if index == 0 else outputs)
        add_norm(f"model{block}.{2 * count}", outputs)
    for name, outputs, inputs in (("8up", 256, 512), ("9up", 128, 256), ("10up", 128, 128)):
        state |= named(f"model{name}.0", [floats(inputs, outputs, 4, 4, scale=0.03), floats(outputs, scale=0.1)])
    for name, outputs, inputs in (("3short8", 256, 256), ("2short9", 128, 128), ("1short10", 128, 64)):
        add(f"model{name}.0", outputs, inputs)
    for name, channels in (("8.1", 256), ("8.3", 256), ("9.1", 128), ("10.1", 128)):
        add(f"model{name}", channels, channels)
    add_norm("model8.5", 256)
    add_norm("model9.3", 128)
    add("model_class.0", 529, 256, 1)
    add("model_out.0", 2, 128, 1)

    def layer(x: Tensor, name: str, dilation: int = 1) -> Tensor:
        return conv(x, [state[f"{name}.weight"], state[f"{name}.bias"]], padding=dilation, dilation=dilation)

    def norm(x: Tensor, name: str) -> Tensor:
        weight, bias, mean, variance = (
            state[f"{name}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / (variance + 1e-5).sqrt() * weight + bias

    def up(x: Tensor, name: str) -> Tensor:
        weight, bias = (state[f"{name}.0.{part}"] for part in ("weight", "bias"))
        return F.conv_transpose2d(x, weight, bias, stride=2, padding=1)

    def block(x: Tensor, number: int) -> Tensor:
        count, dilation = widths[number][2], 2 if number in (5, 6) else 1
        for index in range(count):
            x = F.relu(layer(x, f"model{number}.{2 * index}", dilation))
        return norm(x, f"model{number}.{2 * count}")

    x = torch.cat(((lightness - 50) / 100, torch.zeros(1, 3, 64, 64)), dim=1)
    one = block(x, 1)
    two = block(one[..., ::2, ::2], 2)
    three = block(two[..., ::2, ::2], 3)
    seven = block(block(block(block(three[..., ::2, ::2], 4), 5), 6), 7)
    eight = F.relu(up(seven, "model8up") + layer(three, "model3short8.0"))
    eight = norm(F.relu(layer(F.relu(layer(eight, "model8.1")), "model8.3")), "model8.5")
    nine = norm(F.relu(layer(F.relu(up(eight, "model9up") + layer(two, "model2short9.0")), "model9.1")), "model9.3")
    ten = F.leaky_relu(layer(F.relu(up(nine, "model10up") + layer(one, "model1short10.0")), "model10.1"), 0.2)
    expected = 110 * conv(ten, [state["model_out.0.weight"], state["model_out.0.bias"]]).tanh()

    file = tmp_path / "siggraph17.pth"
    torch.save(state, file, _use_new_zipfile_serialization=False)  # without num_batches_tracked, as old files are
    options = {"class": "baselines.siggraph17:Siggraph17", "reader": "baselines.published.states:siggraph17_pytorch"}
    network, _, manifest = converted(tmp_path, "theirs", **options, file=file.name)
    with torch.inference_mode():
        assert torch.allclose(network.chroma(lightness), expected, atol=0.02)
    assert manifest["parameters"] == 34_187_027


# ---- Larsson et al. 2016


def test_larssons_hdf5_computes_what_its_layers_say(tmp_path, lightness):
    """autocolorize.prototxt.template: the deployed network, without batch normalisation."""
    widths = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
    blobs, inputs = {}, 1
    for block, outputs in enumerate(widths, 1):
        for index, width in enumerate(outputs, 1):
            blobs[f"conv{block}_{index}"] = convolution(width, inputs)
            inputs = width
    blobs["fc6"], blobs["fc7"] = convolution(4096, 512, 7), convolution(4096, 4096, 1)
    blobs["h_fc1"] = convolution(1024, 12417, 1)
    blobs["prediction_h"], blobs["prediction_c"] = convolution(32, 1024, 1), convolution(32, 1024, 1)
    file = tmp_path / "autocolorize.caffemodel.h5"
    with h5py.File(file, "w") as stored:
        for name, values in blobs.items():
            for number, value in enumerate(values):
                stored[f"data/{name}/{number}"] = value
    options = {"class": "baselines.larsson:Larsson", "reader": "baselines.published.states:larsson_hdf5"}
    network, about, manifest = converted(tmp_path, "theirs", **options, file=file.name)
    assert manifest["parameters"] == 147_041_024

    def single(x: Tensor, name: str, padding: int) -> Tensor:
        return F.relu(conv(x, blobs[name], padding=padding))

    def bilinear(x: Tensor, factor: int) -> Tensor:
        """Caffe's deconvolution with the filler "bilinear", kernel 2f, stride f, padding f / 2."""
        ramp = 1 - (torch.arange(2 * factor) - factor + 0.5).abs() / factor
        kernel = (ramp[:, None] * ramp).expand(x.shape[1], 1, -1, -1)
        return F.conv_transpose2d(x, kernel, stride=factor, padding=factor // 2, groups=x.shape[1])

    with torch.inference_mode():
        x = gray = cielab.gray_level(lightness)
        maps = [F.avg_pool2d(gray, 4)]
        for block, outputs in enumerate(widths, 1):
            for index in range(1, len(outputs) + 1):
                x = single(x, f"conv{block}_{index}", 1)
                finer = {1: 4, 2: 2}.get(block)
                maps.append(F.avg_pool2d(x, finer) if finer else bilinear(x, 2 ** (block - 3)) if block > 3 else x)
            x = F.max_pool2d(x, 2)
        fc6 = single(x, "fc6", 3)
        maps += [bilinear(fc6, 8), bilinear(single(fc6, "fc7", 0), 8)]
        hypercolumn = torch.cat(maps, dim=1)
        assert hypercolumn.shape == (1, 12417, 16, 16)
        hidden = single(hypercolumn, "h_fc1", 0)
        hue, chroma = network.predict(network.everywhere(network.features(gray)))
        for ours, name in ((hue, "prediction_h"), (chroma, "prediction_c")):
            theirs = conv(hidden, blobs[name]).softmax(dim=1)
            # Away from the border: Caffe's deconvolution fades to nothing there, ours repeats the last value.
            assert torch.allclose(ours.softmax(dim=1)[..., 4:-4, 4:-4], theirs[..., 4:-4, 4:-4], atol=1e-3)
        ab = network.chroma(lightness)
    assert ab.shape == (1, 2, 64, 64) and ab.isfinite().all()
    assert about.model["input_shift"] == 0.0 and "trained from nothing" not in " ".join(about.differences)


# ---- Iizuka et al. 2016


@pytest.mark.parametrize("mid_first", [True, False])
def test_iizukas_torch7_file_computes_what_its_layers_say(tmp_path, lightness, mid_first):
    """colorize.lua: a table of the mean and an nngraph; the fusion of the published file is 3 x 3."""
    parts: dict[str, list] = {}

    def unit(part: str, outputs: int, inputs: int, kernel: int = 3, stride: int = 1, norm: bool = True) -> list[Object]:
        weight, bias = convolution(outputs, inputs, kernel)
        linear = kernel == 1 or kernel == 7
        fields = {"weight": tensor(weight.reshape(outputs, -1) if linear else weight), "bias": tensor(bias)}
        modules = [Object("nn.Linear" if linear else "nn.SpatialConvolution", fields)]
        statistics = None
        if norm:
            shapes = {"weight": 1.0, "bias": 0.0, "running_mean": 0.2, "running_var": 1.0}
            statistics = {
                name: np.abs(floats(outputs, scale=0.1) + np.float32(shift)) for name, shift in shapes.items()
            }
            kind = "nn.BatchNormalization" if linear else "nn.SpatialBatchNormalization"
            stored = {name: tensor(values) for name, values in statistics.items()}
            modules.append(Object(kind, {**stored, "eps": 1e-5}, version=2))
        parts.setdefault(part, []).append((weight, bias, stride, kernel, statistics))
        return [*modules, Object("nn.ReLU", {})]

    def sequential(*modules: Object) -> Object:
        return Object("nn.Sequential", {"modules": dict(enumerate(modules, 1))})

    up = Object("nn.SpatialUpSamplingNearest", {"scale_factor": 2})
    shapes = ((64, 1, 2), (128, 64, 1), (128, 128, 2), (256, 128, 1), (256, 256, 2), (512, 256, 1))
    low = sequential(*(module for out, into, stride in shapes for module in unit("low", out, into, 3, stride)))
    mid = sequential(*unit("mid", 512, 512), *unit("mid", 256, 512))
    features = sequential(*(m for stride in (2, 1, 2, 1) for m in unit("features", 512, 512, stride=stride)))
    fc = sequential(*unit("fc1", 1024, 512, 7), *unit("fc2", 512, 1024, 1))
    # Without normalisation, as where the file has four modules: Linear, ReLU, Replicate, Replicate.
    spread = sequential(*unit("fc3", 256, 512, 1, norm=False), Object("nn.Replicate", {}), Object("nn.Replicate", {}))
    classifier = sequential(*unit("class", 256, 512, 1), *unit("scores", 205, 256, 1, norm=False)[:1])
    colors = sequential(
        *unit("fusion", 256, 512),
        *unit("c1", 128, 256), up, *unit("c2", 64, 128), *unit("c3", 64, 64), up, *unit("c4", 32, 64),
        *unit("c5", 2, 32, norm=False)[:1], Object("nn.Sigmoid", {}), up,
    )  # fmt: skip
    order = [low, mid, features] if mid_first else [low, features, mid]
    nodes = [Object("nngraph.Node", {"data": {"module": part}}) for part in [*order, fc, classifier, spread, colors]]
    graph = Object("nn.gModule", {"forwardnodes": dict(enumerate(nodes, 1))})
    (tmp_path / "colornet.t7").write_bytes(written({"mean": 0.43, "model": graph}))
    options = {"class": "baselines.iizuka:Iizuka", "reader": "baselines.published.states:iizuka_torch7"}
    network, about, manifest = converted(tmp_path, "theirs", **options, file="colornet.t7")

    def run(part: str, x: Tensor) -> Tensor:
        for weight, bias, stride, kernel, statistics in parts[part]:
            x = conv(x, [weight, bias], stride=stride, padding=1 if kernel == 3 else 0)
            if statistics is not None:
                norm = {name: torch.from_numpy(values)[:, None, None] for name, values in statistics.items()}
                x = (x - norm["running_mean"]) / (norm["running_var"] + 1e-5).sqrt() * norm["weight"] + norm["bias"]
            x = x if part in ("scores", "c5") else F.relu(x)
        return x

    def nearest(x: Tensor) -> Tensor:
        return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

    gray = cielab.gray_level(lightness) - 0.43
    copy = F.interpolate(gray, (224, 224), mode="bilinear", antialias=True)
    fc2 = run("fc2", run("fc1", run("features", run("low", copy))))
    local = run("mid", run("low", gray))
    x = run("fusion", torch.cat((local, run("fc3", fc2).expand(-1, -1, 8, 8)), dim=1))
    x = run("c3", run("c2", nearest(run("c1", x))))
    expected = (2 * nearest(run("c5", run("c4", nearest(x))).sigmoid()) - 1) * 100
    with torch.inference_mode():
        assert torch.allclose(network.chroma(lightness), expected, atol=0.02)
        assert torch.allclose(network(lightness)[1], run("scores", run("class", fc2)).flatten(1), atol=0.02)
    assert manifest["parameters"] == 43_415_919
    assert about.model["fusion_kernel"] == 3 and about.model["mean_gray"] == pytest.approx(0.43)


# ---- What can be wrong


SMALL = {"class": "baselines.siggraph17:Siggraph17", "reader": "baselines.published.states:siggraph17_pytorch"}


def refused(folder: Path, name: str = "theirs", **block: object) -> str:
    write_params(folder, published={"theirs": block})
    with pytest.raises(UserError) as error:
        stage_in(folder, "baselines.convert", "scenes", name)
    assert not (folder / paths.converted("scenes", name)).exists()
    return str(error.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"file": "nothing.pth"}, "the weights nothing.pth are missing"),
        (
            {"reader": "baselines.published.states:zhang"},
            "the class 'baselines.published.states:zhang' cannot be imported",
        ),
        ({"reader": None}, "the key 'reader' is missing"),
        ({"sha256": "9b330a0b"}, r"has SHA-256 [0-9a-f]{64}, not 9b330a0b; download it again"),
        ({"fusion": 3}, "unknown option 'fusion'"),
        ({}, r"lacks model1.0.bias, one of \d+ missing parts of Siggraph17"),
        ({"class": "baselines.iizuka:Iizuka", "reader": "baselines.published.states:iizuka_torch7"}, "a.pth"),
        ({"class": "baselines.larsson:Larsson", "reader": "baselines.published.states:larsson_hdf5"}, "a.pth"),
    ],
)
def test_whatever_is_wrong_ends_in_one_sentence(tmp_path, changes, sentence):
    torch.save({"something": torch.zeros(3)}, tmp_path / "a.pth")
    block = {key: value for key, value in {**SMALL, "file": "a.pth", **changes}.items() if value is not None}
    assert re.search(sentence, refused(tmp_path, **block))


def test_the_documented_published_weights_name_readers_and_networks_that_exist(tmp_path):
    text = Path("docs/methods.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    (example,) = [block for block in blocks if "published" in block]
    assert len(example["published"]) == 4
    for name, block in example["published"].items():
        load_class(block["reader"], name), load_class(block["class"], name)
    write_params(tmp_path, **example)
    params = load_params(tmp_path / "params.yaml")
    assert [method["model"] for method in params.methods.values()] == list(params.published)
