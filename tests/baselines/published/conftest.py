"""One good file of every format, with random numbers."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from baselines.published.hdf5 import read_hdf5
from baselines.published.torch7 import read_t7
from pipeline.networks.pytorch_file import read_pytorch
from tests.baselines.published import torch7_writer

NUMBERS = np.random.default_rng(0)
WEIGHT, BIAS = NUMBERS.normal(size=(4, 3, 3, 3)).astype("f4"), NUMBERS.normal(size=4).astype("f4")


def write_zip(path: Path) -> None:
    torch.save({"conv.weight": torch.tensor(WEIGHT), "conv.bias": torch.tensor(BIAS)}, path)


def write_legacy(path: Path) -> None:
    state = {"conv.weight": torch.tensor(WEIGHT), "conv.bias": torch.tensor(BIAS)}
    torch.save(state, path, _use_new_zipfile_serialization=False)


def write_t7(path: Path) -> None:
    fields = {"weight": torch7_writer.tensor(WEIGHT), "bias": torch7_writer.tensor(BIAS)}
    path.write_bytes(torch7_writer.written({"model": torch7_writer.Object("nn.SpatialConvolution", fields)}))


def write_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("data/relu")
        file["data/conv/0"], file["data/conv/1"] = WEIGHT, BIAS


FORMATS = {
    "pytorch": (read_pytorch, write_zip),
    "legacy pytorch": (read_pytorch, write_legacy),
    "torch7": (read_t7, write_t7),
    "hdf5": (read_hdf5, write_hdf5),
}


@pytest.fixture(params=FORMATS)
def format(request):
    """A reader, and a writer of a good file of its format."""
    return FORMATS[request.param]
