"""Layers with random numbers, and Zhang et al.'s network written out with plain convolutions."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.color import gamut

NUMBERS = np.random.default_rng(0)
State = dict[str, Tensor]


def floats(*shape: int, scale: float = 1.0) -> np.ndarray:
    return NUMBERS.standard_normal(shape, dtype=np.float32) * np.float32(scale)


def convolution(outputs: int, inputs: int, kernel: int = 3) -> list[np.ndarray]:
    """Weight and bias that keep the size of what flows through."""
    scale = (2 / (inputs * kernel**2)) ** 0.5
    return [floats(outputs, inputs, kernel, kernel, scale=scale), floats(outputs, scale=0.1)]


def named(name: str, blobs: list[np.ndarray]) -> State:
    """Weight and bias as PyTorch names them."""
    return {f"{name}.{part}": torch.from_numpy(blob) for part, blob in zip(("weight", "bias"), blobs, strict=True)}


def conv(x: Tensor, blobs: list, **options: int) -> Tensor:
    weight, bias = (torch.as_tensor(blob) for blob in blobs)
    return F.conv2d(x, weight, bias.flatten(), **options)


BLOCKS = {1: 2, 2: 2, 3: 3, 4: 3, 5: 3, 6: 3, 7: 3}  # convolutions in each


def zhang_state() -> State:
    """The layers of colorizers/eccv16.py by their names; the temperature is in the last convolution."""
    blobs, inputs = {}, 1
    for block, count in BLOCKS.items():
        outputs = min(512, 32 * 2**block)
        for index in range(count):
            blobs[f"model{block}.{2 * index}"] = convolution(outputs, inputs)
            inputs = outputs
        blobs[f"model{block}.{2 * count}"] = [np.ones(outputs, "f4"), np.zeros(outputs, "f4")]
    blobs["model8.0"] = [floats(512, 256, 4, 4, scale=0.02), floats(256, scale=0.1)]
    blobs["model8.2"], blobs["model8.4"] = convolution(256, 256), convolution(256, 256)
    blobs["model8.6"] = [2.606 * values for values in convolution(313, 256, 1)]
    state: State = {}
    for name, values in blobs.items():
        state |= named(name, values)
    for block, count in BLOCKS.items():
        norm, outputs = f"model{block}.{2 * count}", len(state[f"model{block}.0.bias"])
        state[f"{norm}.running_mean"] = torch.from_numpy(floats(outputs, scale=0.1) + np.float32(0.5))
        state[f"{norm}.running_var"] = torch.from_numpy(np.abs(floats(outputs)) * np.float32(0.3) + np.float32(0.5))
        state[f"{norm}.num_batches_tracked"] = torch.tensor(9)
    return state


def zhang_logits(state: State, lightness: Tensor) -> Tensor:
    """colorizers/eccv16.py, layer by layer."""

    def layer(x: Tensor, name: str, **options: int) -> Tensor:
        return conv(x, [state[f"{name}.weight"], state[f"{name}.bias"]], **options)

    x = (lightness - 50) / 100
    for block, count in BLOCKS.items():
        dilation = 2 if block in (5, 6) else 1
        for index in range(count):
            stride = 2 if index == count - 1 and block <= 3 else 1
            x = F.relu(layer(x, f"model{block}.{2 * index}", stride=stride, padding=dilation, dilation=dilation))
        mean, variance = (state[f"model{block}.{2 * count}.running_{name}"][:, None, None] for name in ("mean", "var"))
        x = (x - mean) / (variance + 1e-5).sqrt()
    x = F.relu(F.conv_transpose2d(x, state["model8.0.weight"], state["model8.0.bias"], stride=2, padding=1))
    x = F.relu(layer(F.relu(layer(x, "model8.2", padding=1)), "model8.4", padding=1))
    return layer(x, "model8.6")


def zhang_ab(state: State, lightness: Tensor) -> Tensor:
    """The mean colour at the temperature that is in the last layer."""
    return torch.einsum("nqhw,qc->nchw", zhang_logits(state, lightness).softmax(dim=1), gamut.BINS)
