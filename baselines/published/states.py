"""Readers that turn the layers of published files into states of our networks: names, order and scaling.

Each reader takes a path and raises `UserError` if a layer is missing. Names and scalings are those of the authors'
model definitions, which each docstring names. Batch normalisation that is folded into convolutions becomes an identity.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from baselines.published.hdf5 import read_hdf5
from baselines.published.torch7 import Table, read_t7
from baselines.published.torch7_layers import Layer, layers
from pipeline.networks.pytorch_file import read_pytorch
from pipeline.networks.zhang_weights import BLOCK
from pipeline.settings.errors import UserError

EPS = 1e-5  # of batch normalisation, in Torch7 and PyTorch alike
IMAGENET, PLACES = "ImageNet (1.3 M photographs)", "Places (2.3 M photographs)"
GRAY_INPUT = "input: the grey of the photograph's Lab lightness, not of its luma or mean; the result has that lightness"
UNPADDED = "photographs are not centred in a black square of 512 pixels"
State = dict[str, Tensor]


class Weights(NamedTuple):
    """A network's state. `options`: keywords of its class. `size`: the side in pixels of the authors' input.

    `differences`: from the authors' programs.
    """

    state: State
    options: dict[str, Any]
    size: int
    trained_on: str
    classes: int = 0
    differences: tuple[str, ...] = ()


def zhang_pytorch(path: Path) -> Weights:
    """colorization_release_v2-9b330a0b.pth (colorizers/eccv16.py). Its last convolution contains the temperature."""
    stored = read_pytorch(path)
    state = {BLOCK.sub(r"network.conv\1.\2", name): stored[name] for name in stored if BLOCK.fullmatch(name)}
    return Weights(state, {"temperature": 1.0}, 256, IMAGENET)


def siggraph17_pytorch(path: Path) -> Weights:
    """siggraph17-df00044c.pth (colorizers/siggraph17.py), with the same names as ours."""
    return Weights(read_pytorch(path), {}, 256, IMAGENET)


def larsson_hdf5(path: Path) -> Weights:
    """autocolorize.caffemodel.h5 (autocolorize/res/autocolorize.prototxt.template).

    The deployed network has no batch normalisation. Its input is the grey level as it is: 0.4488 was subtracted in
    training alone (train/train_vgg16.prototxt), and neither the deployed network nor autocolorize/extraction.py, which
    feeds it, subtracts anything.
    """
    blobs = read_hdf5(path)
    state: State = {}
    names = {f"blocks.{b}.{i}": f"conv{b + 1}_{i + 1}" for b, n in enumerate((2, 2, 3, 3, 3)) for i in range(n)}
    for ours, theirs in {**names, "fc6": "fc6", "fc7": "fc7"}.items():
        state |= _convolution(f"{ours}.0", path, blobs, theirs)
        state |= _no_norm(f"{ours}.1", len(state[f"{ours}.0.bias"]), affine=False)
    for ours, theirs in {"hidden": "h_fc1", "hue": "prediction_h", "saturation": "prediction_c"}.items():
        state |= _convolution(ours, path, blobs, theirs)
    return Weights(state, {"input_shift": 0.0}, 256, IMAGENET, differences=(GRAY_INPUT, UNPADDED))


def iizuka_torch7(path: Path) -> Weights:
    """colornet.t7 (colorize.lua): a table of the grey images' mean and an nngraph of Torch modules.

    Input and output are as in colorize.lua: luma less the mean of the file; output times 2, less 1, times 100 is ab.
    The graph's nodes have no names, so layers are identified by the shapes and the order of their weights. The order is
    not checked on the real file.
    """
    content = read_t7(path)
    if not isinstance(content, Table) or "mean" not in content or "model" not in content:
        raise UserError(f"{path} is no table with a mean and a model, as colornet.t7 is.")
    units = _units(path, list(layers(content["model"])))
    state: State = {}
    for name, unit in _named(path, units).items():
        state |= unit.state(name)
    classes = len(state["classifier.3.bias"])
    kernel = state["fusion.0.weight"].shape[-1]
    mean = float(np.asarray(content["mean"]).ravel()[0])
    return Weights(state, {"mean_gray": mean, "fusion_kernel": kernel}, 224, PLACES, classes, (GRAY_INPUT,))


class _Unit(NamedTuple):
    """A convolution or fully connected layer of a Torch7 network, and the batch normalisation after it."""

    weight: Tensor
    bias: Tensor
    norm: Layer | None

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs."""
        return self.weight.shape[0], self.weight.shape[1]

    def state(self, name: str) -> State:
        """The state of our layer `name` and of the batch normalisation after it, if our network has one there."""
        place, _, index = name.rpartition(".")
        state = {f"{name}.weight": self.weight, f"{name}.bias": self.bias}
        if name in ("colors.14", "classifier.3"):
            return state
        norm = f"{place}.{int(index) + 1}"
        if self.norm is None:
            return state | _no_norm(norm, len(self.bias), affine=True)
        arrays = {key: torch.from_numpy(value) for key, value in self.norm.arrays.items()}
        return state | {f"{norm}.{key}": value for key, value in arrays.items()}


def _units(path: Path, found: list[Layer]) -> list[_Unit]:
    """The layers with weights in their order."""
    units: list[_Unit] = []
    for layer in found:
        if "Normalization" in layer.kind:
            if not units or units[-1].norm is not None:
                raise UserError(f"{path} has a batch normalisation in a wrong place, at {layer.place}.")
            units[-1] = units[-1]._replace(norm=layer)
        elif {"weight", "bias"} <= layer.arrays.keys():
            weight, bias = (torch.from_numpy(layer.arrays[name]) for name in ("weight", "bias"))
            units.append(_Unit(weight, bias, None))
    return units


def _named(path: Path, units: list[_Unit]) -> dict[str, _Unit]:
    """The units by our names, which follow from their shapes and their order."""
    convolutions = [unit for unit in units if unit.weight.ndim == 4]
    connected = [unit for unit in units if unit.weight.ndim == 2]
    low = [(64, 1), (128, 64), (128, 128), (256, 128), (256, 256), (512, 256)]
    colors = [(256, 512), (128, 256), (64, 128), (64, 64), (32, 64), (2, 32)]  # the fusion first
    shapes = [unit.shape for unit in convolutions]
    middle = {(512, 512), (256, 512)}
    rest = [unit for unit in convolutions[6:-6] if unit.shape in middle]
    halves = [at for at, unit in enumerate(rest) if unit.shape == (256, 512)]
    if shapes[:6] != low or shapes[-6:] != colors or len(rest) != len(shapes) - 12 or halves not in ([1], [5]):
        raise UserError(f"{path} does not have the convolutions of Iizuka's network.")
    # The mid-level network ends in 256 channels; it stands before the global features or after them.
    mid, features = (rest[:2], rest[2:]) if halves == [1] else (rest[4:], rest[:4])
    full = [unit.shape for unit in connected]
    if len(full) != 5 or full[:2] != [(1024, 25088), (512, 1024)] or full.count((256, 512)) != 2:
        raise UserError(f"{path} does not have the fully connected layers of Iizuka's network.")
    scores = next(at for at in range(2, 5) if full[at] != (256, 512))
    if scores == 2 or full[scores][1] != 256:
        raise UserError(f"{path} does not have the classifier of Iizuka's network.")
    after = [at for at in range(2, 5) if at not in (scores - 1, scores)]
    chains = {"low": convolutions[:6], "mid": mid, "global_features": features}
    named = {f"{name}.{3 * at}": unit for name, chain in chains.items() for at, unit in enumerate(chain)}
    named |= {"fc1.0": _unrolled(connected[0], 7), "fc2.0": _unrolled(connected[1], 1)}
    places = {"fc3.0": after[0], "classifier.0": scores - 1, "classifier.3": scores}
    named |= {name: _unrolled(connected[at], 1) for name, at in places.items()}
    last = ("fusion.0", "colors.0", "colors.4", "colors.7", "colors.11", "colors.14")
    return named | dict(zip(last, convolutions[-6:], strict=True))


def _unrolled(unit: _Unit, side: int) -> _Unit:
    """A fully connected layer as a convolution over the whole map."""
    return unit._replace(weight=unit.weight.unflatten(1, (-1, side, side)))


def _convolution(name: str, path: Path, blobs: dict[str, list[np.ndarray]], layer: str) -> State:
    """The weight and bias of a layer of an HDF5 snapshot as the state of our convolution `name`."""
    found = blobs.get(layer, [])
    if len(found) < 2:
        raise UserError(f"{path} lacks the weights of the layer {layer!r}.")
    weight, bias = (torch.from_numpy(np.array(blob)) for blob in found[:2])
    return {f"{name}.weight": weight, f"{name}.bias": bias.flatten()}  # older Caffe gives a bias four dimensions


def _no_norm(name: str, channels: int, affine: bool) -> State:
    """A batch normalisation that is an identity: its variance and eps add up to 1."""
    state = {f"{name}.running_mean": torch.zeros(channels), f"{name}.running_var": torch.full((channels,), 1 - EPS)}
    if affine:
        state |= {f"{name}.weight": torch.ones(channels), f"{name}.bias": torch.zeros(channels)}
    return state
