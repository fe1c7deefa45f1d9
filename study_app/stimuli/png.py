"""PNGs that differ in nothing but their pixels: the same chunks, each with a length that follows from the dimensions.

Pixels are stored and not compressed. How well a picture compresses tells methods apart, and so does whatever would
fill the difference up: a length is the same for all only if nothing of it depends on the pixels.
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MARK = b"maRk"  # ancillary, private, safe to copy: every reader skips it
MARK_BYTES = 16
CHUNK = 12  # bytes around a chunk's content: length, name, checksum
END_BYTES = CHUNK  # of the last chunk, which is empty


def encode(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 sRGB to a PNG of exactly three chunks: IHDR, one IDAT, IEND."""
    height, width = picture.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB, not interlaced
    rows = np.pad(picture.reshape(height, 3 * width), ((0, 0), (1, 0)))  # before each row its filter: 0 = none
    data = zlib.compress(rows.tobytes(), level=0)
    parts = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(name, content) for name, content in parts)


def marked_end(mark: bytes) -> bytes:
    """What stands in place of a PNG's last `END_BYTES` to make it a file of other bytes with the same pixels.

    `mark`: `MARK_BYTES` that look random. It stands at the end, so that all before it is read and hashed once for all
    marks.
    """
    if len(mark) != MARK_BYTES:
        raise ValueError(f"a mark has {MARK_BYTES} bytes, not {len(mark)}")
    return _chunk(MARK, mark) + _chunk(b"IEND", b"")


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of every chunk."""
    place = len(SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + CHUNK


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
