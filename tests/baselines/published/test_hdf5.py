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


def put(name, value):
    return lambda file: file.__setitem__(name, value)


def make(**options):
    return lambda file: file.create_dataset("data/fc/0", **{"dtype": "f4", **options})


def virtual(file):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (3,))
    file.create_virtual_dataset("data/fc/0", layout)


def repeated(file):
    file["data/fc/0"] = np.ones(10_000, "f4")
    for index in range(1, 100):
        file[f"data/fc/{index}"] = file["data/fc/0"]


def cyclic(file):
    group = file.create_group("data/fc")
    group["0"] = group  # a hard link to itself


ONES = np.ones(3, "f4")
BAD = {
    "external link": (put("data/fc/0", h5py.ExternalLink("other.h5", "/secret")), "has a link"),
    "soft link": (put("data/fc/0", h5py.SoftLink("/data")), "has a link"),
    "data elsewhere": (make(shape=(3,), external=[("other.bin", 0, 12)]), "no plain array"),
    "virtual": (virtual, "no plain array"),
    "unwritten": (make(shape=(10**12,)), "no plain array"),
    "compressed": (make(data=np.zeros(10**6, "f4"), compression="gzip"), "no plain array"),
    "repeated": (repeated, "declares"),
    "text": (put("data/fc/0", "weights"), "no plain array"),
    "a gap": (put("data/fc/2", ONES), "no blobs 0, 1, ..."),
    "flat": (put("data/fc", ONES), "something else than layers"),
    "foreign": (put("images", ONES), "no group /data"),
    "cyclic": (cyclic, "no plain array"),
    "odd name": (put("data/a\nb\x1b/weight", ONES), "no blobs 0, 1, ..."),
    "odd flat name": (put("data/f\nc\x1b", ONES), "something else than layers"),
    "no layer": (lambda file: file.create_group("data/relu"), "no layer with weights"),
}


@pytest.mark.parametrize(("write", "words"), BAD.values(), ids=BAD)
def test_what_caffe_does_not_write_is_refused_unread(snapshot, write, words, tmp_path):
    path, file = snapshot
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.full(3, 42, "f4")
    (tmp_path / "other.bin").write_bytes(bytes(12))
    write(file)
    file.close()
    assert words in sentence(read_hdf5, path)
