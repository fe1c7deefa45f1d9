"""Caffe's HDF5 snapshots, and files that point outside of themselves."""

import h5py
import numpy as np
import pytest

from baselines.published.hdf5 import read_hdf5
from tests.baselines.published.refusal import sentence

NUMBERS = np.random.default_rng(2)


@pytest.fixture
def snapshot(tmp_path):
    """A path, and the file there, open for writing."""
    with h5py.File(tmp_path / "a.caffemodel.h5", "w") as file:
        yield tmp_path / "a.caffemodel.h5", file


def test_blobs_are_read_back_by_layer_in_their_numbers_order(snapshot):
    path, file = snapshot
    blobs = [NUMBERS.normal(size=(2, index + 1)).astype("f4") for index in range(11)]
    file.create_group("data/relu1")
    for index in reversed(range(11)):
        file[f"data/many/{index}"] = blobs[index]
    file["data/fc6/0"] = np.ones((4, 3, 2, 2))
    file["diff/many/0"] = blobs[0]  # gradients, which a snapshot may hold too
    file.close()
    read = read_hdf5(path)
    assert list(read) == ["fc6", "many"]
    assert all(np.array_equal(got, expected) for got, expected in zip(read["many"], blobs, strict=True))
    assert read["fc6"][0].dtype == np.float32 and read["fc6"][0].shape == (4, 3, 2, 2)


def external(file):
    file["data/fc/0"] = h5py.ExternalLink("other.h5", "/secret")


def soft(file):
    file["secret"] = np.ones(3, "f4")
    file["data/fc/0"] = h5py.SoftLink("/secret")


def elsewhere(file):
    file.create_dataset("data/fc/0", (3,), "f4", external=[("other.bin", 0, 12)])


def virtual(file):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (3,))
    file.create_virtual_dataset("data/fc/0", layout)


def unwritten(file):
    file.create_dataset("data/fc/0", (10**12,), "f4")


def compressed(file):
    file.create_dataset("data/fc/0", data=np.zeros(10**6, "f4"), compression="gzip")


def repeated(file):
    file["data/fc/0"] = np.ones(10_000, "f4")
    for index in range(1, 100):
        file[f"data/fc/{index}"] = file["data/fc/0"]


def text(file):
    file["data/fc/0"] = "weights"


def gap(file):
    file["data/fc/0"] = file["data/fc/2"] = np.ones(3, "f4")


def flat(file):
    file["data/fc"] = np.ones(3, "f4")


def foreign(file):
    file["images"] = np.ones(3, "f4")


def odd_name(file):
    file["data/f\nc\x1b"] = np.ones(3, "f4")
    file["data/a\nb\x1b/weight"] = np.ones(3, "f4")


def bare(file):
    file.create_group("data/relu")


def cyclic(file):
    group = file.create_group("data/fc")
    group["0"] = group  # a hard link to itself


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (external, "has a link"),
        (soft, "has a link"),
        (elsewhere, "no plain array"),
        (virtual, "no plain array"),
        (unwritten, "no plain array"),
        (compressed, "no plain array"),
        (repeated, "declares"),
        (text, "no plain array"),
        (gap, "no blobs 0, 1, ..."),
        (flat, "something else than layers"),
        (foreign, "no group /data"),
        (cyclic, "no plain array"),
        (odd_name, "no blobs 0, 1, ..."),
        (bare, "no layer with weights"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_caffe_does_not_write_is_refused_unread(snapshot, write, words, tmp_path):
    path, file = snapshot
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.full(3, 42, "f4")
    (tmp_path / "other.bin").write_bytes(bytes(12))
    write(file)
    file.close()
    assert words in sentence(read_hdf5, path)
