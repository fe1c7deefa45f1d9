"""Caffe's binary weights (.caffemodel), the format of Zhang et al.'s first release.

The file is one protobuf message; the fields here are those of BVLC/caffe's src/caffe/proto/caffe.proto (BSD-2-Clause)
that weights need. Two of them are declared as what they are on the wire: packed floats look like bytes there, and NumPy
takes over a layer's megabytes at once, where declared floats come one at a time (588 MB: 0.9 s instead of 5.5).
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message import DecodeError

from pipeline.networks.published_file import require_file
from pipeline.settings.errors import UserError

LARGEST = 2**31 - 1  # bytes; protobuf's own limit for one message

Field = FieldDescriptorProto
ONE, MANY = Field.LABEL_OPTIONAL, Field.LABEL_REPEATED
MESSAGES = {
    "BlobShape": [("dim", 1, Field.TYPE_INT64, MANY)],
    "BlobProto": [
        ("num", 1, Field.TYPE_INT32, ONE),
        ("channels", 2, Field.TYPE_INT32, ONE),
        ("height", 3, Field.TYPE_INT32, ONE),
        ("width", 4, Field.TYPE_INT32, ONE),
        ("data", 5, Field.TYPE_BYTES, MANY),
        ("shape", 7, "BlobShape", ONE),
        ("double_data", 8, Field.TYPE_BYTES, MANY),
    ],
    "LayerParameter": [("name", 1, Field.TYPE_BYTES, ONE), ("blobs", 7, "BlobProto", MANY)],
    "V1LayerParameter": [("name", 4, Field.TYPE_BYTES, ONE), ("blobs", 6, "BlobProto", MANY)],
    "NetParameter": [("layers", 2, "V1LayerParameter", MANY), ("layer", 100, "LayerParameter", MANY)],
}


def read_caffemodel(path: Path) -> dict[str, list[np.ndarray]]:
    """Blobs (float32, in their shape, read-only) by layer, in the file's order; layers without blobs are left out.

    Takes some twice the file's size in memory. Raises `UserError` for a file that is missing, damaged or no caffemodel.
    """
    if require_file(path) > LARGEST:
        raise UserError(f"{path} is larger than 2 GiB, so it is no caffemodel.")
    try:
        net = _message_class()()
        net.ParseFromString(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except DecodeError:
        raise UserError(f"{path} is not a whole caffemodel: it is no protobuf message, or cut off.") from None
    layers = [(layer.name.decode(errors="replace"), layer.blobs) for layer in [*net.layers, *net.layer] if layer.blobs]
    if not layers:
        raise UserError(f"{path} holds no layer with weights, so it is no caffemodel.")
    blobs = {name: [_array(path, name, blob) for blob in blobs] for name, blobs in layers}
    if len(blobs) < len(layers):
        raise UserError(f"{path} holds two layers of one name, so it does not say which weights are meant.")
    return blobs


def _message_class() -> Any:
    """The class of a whole network's message, made of `MESSAGES`."""
    file = FileDescriptorProto(name="caffe_weights.proto", package="caffe", syntax="proto2")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label in fields:
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                added.type, added.type_name = Field.TYPE_MESSAGE, f".caffe.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))


def _array(path: Path, layer: str, blob: Any) -> np.ndarray:
    """A blob's numbers in the shape that it says; files older than `shape` always say four sizes."""
    old = (blob.num, blob.channels, blob.height, blob.width)
    shape = tuple(blob.shape.dim) if blob.HasField("shape") else old
    pieces, dtype = (blob.double_data, "<f8") if blob.double_data else (blob.data, "<f4")
    whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if not whole or min(shape, default=0) < 0 or math.prod(shape) * np.dtype(dtype).itemsize != len(whole):
        raise UserError(f"{path} has {len(whole)} bytes of weights of shape {list(shape)} in {layer!r}; it is damaged.")
    return np.frombuffer(whole, dtype).astype("f4", copy=False).reshape(shape)
