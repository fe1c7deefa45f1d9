"""Caffe's HDF5 snapshots (.caffemodel.h5), the format of Larsson et al.'s published weights.

Net::ToHDF5 (BVLC/caffe, src/caffe/net.cpp) writes a group /data with one group a layer. Its blobs are datasets of
floats named 0, 1, ...; layers without blobs are empty groups.
"""

from pathlib import Path

import h5py
import numpy as np

from pipeline.networks.published_file import reason, require_file
from pipeline.settings.errors import UserError


def read_hdf5(path: Path) -> dict[str, list[np.ndarray]]:
    """Blobs (float32, in their shape) by layer, in the order of the layers' names.

    Raises `UserError` for a file that is missing or damaged, no such snapshot, or that points outside of itself.
    """
    size = require_file(path)
    try:
        with h5py.File(path, "r") as file:
            data = _members(path, file).get("data")
            if not isinstance(data, h5py.Group):
                raise UserError(f"{path} has no group /data of layers, so it is no HDF5 snapshot of Caffe.")
            layers = {name: _blobs(path, layer) for name, layer in _members(path, data).items()}
            declared = sum(blob.nbytes for blobs in layers.values() for blob in blobs)
            if not declared:
                raise UserError(f"{path} holds no layer with weights, so it is no HDF5 snapshot of a network.")
            if declared > size:
                raise UserError(f"{path} declares {declared} bytes of weights but has {size}; it is not loaded.")
            return {name: [np.asarray(blob, "f4") for blob in blobs] for name, blobs in layers.items() if blobs}
    except (OSError, RuntimeError, LookupError, ValueError, TypeError) as error:
        raise UserError(f"{path} is not a whole HDF5 file ({reason(error)}).") from None


def _members(path: Path, group: h5py.Group) -> dict[str, object]:
    """The members of a group; raises `UserError` for soft and external links, which HDF5 would follow."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise UserError(f"{path} has a link {name!r} instead of weights; Caffe writes none.")
    return {name: group[name] for name in group}


def _blobs(path: Path, layer: object) -> list[h5py.Dataset]:
    """A layer's datasets in their numbers' order, not read yet."""
    if not isinstance(layer, h5py.Group):
        raise UserError(f"{path} has something else than layers in /data, so it is no HDF5 snapshot of Caffe.")
    members = _members(path, layer)
    numbers = [str(index) for index in range(len(members))]
    if set(members) != set(numbers):
        raise UserError(f"{path} has no blobs 0, 1, ... in {layer.name!r}, so it is no HDF5 snapshot of Caffe.")
    for blob in members.values():
        # Only plain data in this file have an offset: no compressed, virtual or external ones.
        if not isinstance(blob, h5py.Dataset) or blob.dtype.kind != "f" or blob.id.get_offset() is None:
            raise UserError(f"{path} has no plain array of floats in {layer.name!r}; Caffe writes nothing else.")
    return [members[number] for number in numbers]
