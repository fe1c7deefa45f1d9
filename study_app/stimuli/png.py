"""PNGs that differ in nothing but their pixels: one encoder, one set of chunks, and a chosen size."""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PADDING = b"paDd"  # ancillary, private, safe to copy: every reader skips it
CHUNK = 12  # bytes around a chunk's content: length, name, checksum


def encode(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 sRGB to a PNG of exactly three chunks: IHDR, one IDAT, IEND."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png", compress_level=9)
    parts = list(chunks(file.getvalue()))
    data = b"".join(content for name, content in parts if name == b"IDAT")
    return SIGNATURE + _chunk(*parts[0]) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def padded(png: bytes, size: int, seed: bytes) -> bytes:
    """The PNG with a fourth chunk, before the last, that brings it to `size` bytes.

    The filling looks random, so that compression on the way cannot bring the difference back.
    """
    room = size - len(png) - CHUNK
    if room < 0:
        raise ValueError(f"a PNG of {len(png)} bytes cannot be padded to {size}: the chunk itself takes {CHUNK}")
    return png[:-CHUNK] + _chunk(PADDING, hashlib.shake_256(seed).digest(room)) + png[-CHUNK:]


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of every chunk."""
    place = len(SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + CHUNK


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
