"""The layers of a Torch7 network in their order, with their weights as PyTorch takes them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds

from baselines.published.torch7 import Table, TorchObject
from pipeline.settings.errors import UserError

WEIGHTS = ("weight", "bias", "running_mean", "running_var", "running_std")


class Layer(NamedTuple):
    """A module without submodules: its place (`forwardnodes.4.module.modules.1`), class, fields and weights."""

    place: str
    kind: str
    fields: Table
    arrays: dict[str, np.ndarray]


def layers(model: Any) -> Iterator[Layer]:
    """The layers in their order: an nngraph's nodes as they run, a container's modules as they are listed.

    Weights are copies in float32; a convolution's is (out, in, kH, kW), however its class stores it, and a batch
    normalisation has `running_var` whatever its version. A module in several places comes at the first.
    Raises `UserError` for impossible weights.
    """
    seen: set[int] = set()
    waiting = [("", model)]
    while waiting:
        place, module = waiting.pop()
        if not isinstance(module, TorchObject) or id(module) in seen:
            continue
        seen.add(id(module))
        inner = _submodules(module)
        if inner is None:
            yield Layer(place, module.kind, module.fields, _arrays(module))
        else:
            waiting += [(f"{place}.{name}".lstrip("."), submodule) for name, submodule in reversed(inner.items())]


def _submodules(module: TorchObject) -> dict[str, Any] | None:
    """The submodules of a module by their place in it; None without."""
    # A graph of a newer nngraph also lists its modules plainly, in an order of its own: the nodes come first.
    for name in ("forwardnodes", "modules"):
        listed = module.fields.get(name)
        if isinstance(listed, Table):
            return {f"{name}.{index}": listed[index] for index in sorted(k for k in listed if isinstance(k, int))}
    if module.kind == "nngraph.Node":
        data = module.fields.get("data")
        return {"module": data.get("module")} if isinstance(data, Table) else {}
    return None


def _arrays(module: TorchObject) -> dict[str, np.ndarray]:
    """A layer's weights by name."""
    stored = {name: module.fields.get(name) for name in WEIGHTS}
    arrays = {name: _copy(module, value) for name, value in stored.items() if isinstance(value, np.ndarray)}
    sides = (module.fields.get("kH"), module.fields.get("kW"))
    if "weight" in arrays and arrays["weight"].ndim == 2 and None not in sides:
        arrays["weight"] = _folded(module, arrays["weight"], sides)
    if "running_std" in arrays:
        # Before version 2 (nn/BatchNormalization.lua, `read`) this was 1 / sqrt(variance + eps), despite its name.
        inverse, eps = arrays.pop("running_std").astype("f8"), module.fields.get("eps")
        arrays["running_var"] = (inverse**-2.0 - (eps if isinstance(eps, int | float) else 1e-5)).astype("f4")
    return arrays


def _copy(module: TorchObject, stored: np.ndarray) -> np.ndarray:
    low, high = byte_bounds(stored)
    if stored.nbytes > high - low:  # sizes that repeat the same memory have no bound
        raise UserError(f"the Torch7 file's {module.kind!r} has weights {stored.shape} that repeat themselves.")
    return np.array(stored, "f4", order="C")


def _folded(module: TorchObject, weight: np.ndarray, sides: tuple[Any, Any]) -> np.ndarray:
    """(out, in * kH * kW), as nn.SpatialConvolutionMM stores it, as (out, in, kH, kW)."""
    try:
        return weight.reshape(len(weight), -1, *sides)
    except (TypeError, ValueError):
        raise UserError(f"the Torch7 file's {module.kind!r} has weights {weight.shape} for kernels {sides}.") from None
