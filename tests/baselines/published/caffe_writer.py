"""Writes caffemodels byte by byte on protobuf's wire, with the field numbers of caffe.proto, for files to read back.

OpenCV 4.12 (`dnn.readNetFromCaffe`) reads the same numbers from such files of either layout.
"""

import struct

import numpy as np


def varint(number: int) -> bytes:
    pieces = []
    while number > 127:
        pieces.append(number & 127 | 128)
        number >>= 7
    return bytes([*pieces, number])


def integer(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def piece(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def blob(values: np.ndarray) -> bytes:
    """A BlobProto of today: the shape as a message, floats or doubles packed, gradients beside them."""
    shape = piece(7, piece(1, b"".join(map(varint, values.shape))))
    field, code = (8, "d") if values.dtype == "f8" else (5, "f")
    return shape + piece(field, struct.pack(f"<{values.size}{code}", *values.ravel())) + piece(6, b"\x00\x00\x80\x3f")


def old_blob(values: np.ndarray) -> bytes:
    """A BlobProto from before shapes: num, channels, height and width."""
    sizes = (1,) * (4 - values.ndim) + values.shape
    head = b"".join(integer(field, size) for field, size in enumerate(sizes, 1))
    return head + piece(5, struct.pack(f"<{values.size}f", *values.ravel()))


def layer(name: str, *blobs: bytes) -> bytes:
    """A LayerParameter with fields that a reader of weights does not know."""
    unknown = piece(2, b"Convolution") + piece(3, b"data") + piece(106, integer(1, 64)) + integer(10, 1)
    return piece(100, piece(1, name.encode()) + unknown + b"".join(piece(7, content) for content in blobs))


def old_layer(name: str, *blobs: bytes) -> bytes:
    """A V1LayerParameter, whose type is a number."""
    head = piece(2, b"data") + piece(4, name.encode()) + integer(5, 4)
    return piece(2, head + b"".join(piece(6, content) for content in blobs))


def net(*layers: bytes) -> bytes:
    return piece(1, b"LtoAB") + b"".join(layers)
