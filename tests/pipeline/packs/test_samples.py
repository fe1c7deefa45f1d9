"""Every meaning that the samples of a file can have: read as the table of docs/datasets.md says, or refused."""

import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from pipeline.packs import decode, samples
from pipeline.packs.decode import decode_image
from pipeline.settings.errors import UserError
from tests.pipeline.packs.test_decode import encoded

RAMP = np.tile(np.linspace(0, 1, 16), (16, 1))  # (16, 16) in [0, 1]
GREY = np.repeat(RAMP[..., None], 3, axis=2)
COLOR = np.stack([RAMP, RAMP.T, np.full_like(RAMP, 0.25)], axis=-1)
WHOLE: dict[int, Any] = {8: np.uint8, 16: np.uint16, 32: np.uint32}


def tiff(values: np.ndarray, dtype: Any, **options: Any) -> bytes:
    """`values` in [0, 1] as a TIFF of a type; whole numbers fill its positive range."""
    top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    file = io.BytesIO()
    tifffile.imwrite(file, (values * top).round().astype(dtype) if top > 1 else values.astype(dtype), **options)
    return file.getvalue()


def with_alpha(values: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.concatenate([values, np.full_like(values[..., :1], alpha)], axis=-1)


RIGHT = {
    "grey 8": (tiff(RAMP, np.uint8, photometric="minisblack"), GREY),
    "grey 16": (tiff(RAMP, np.uint16, photometric="minisblack"), GREY),
    "grey 16 big-endian": (tiff(RAMP, np.uint16, photometric="minisblack", byteorder=">"), GREY),
    "white is zero 8": (tiff(1 - RAMP, np.uint8, photometric="miniswhite"), GREY),
    "white is zero 16": (tiff(1 - RAMP, np.uint16, photometric="miniswhite"), GREY),
    "white is zero 16 deflated": (tiff(1 - RAMP, np.uint16, photometric="miniswhite", compression="zlib"), GREY),
    "big TIFF": (tiff(COLOR, np.uint16, photometric="rgb", bigtiff=True), COLOR),
    "RGB 8 in planes": (tiff(np.moveaxis(COLOR, -1, 0), np.uint8, photometric="rgb", planarconfig="separate"), COLOR),
    "RGB 16": (tiff(COLOR, np.uint16, photometric="rgb", byteorder=">"), COLOR),
    "alpha": (tiff(with_alpha(COLOR, 0.5), np.uint16, photometric="rgb", extrasamples=[2]), (COLOR + 1) / 2),
    "premultiplied": (tiff(with_alpha(COLOR / 2, 0.5), np.uint8, photometric="rgb", extrasamples=[1]), (COLOR + 1) / 2),
    "extra, no alpha": (tiff(with_alpha(COLOR, 0.5), np.uint8, photometric="rgb", extrasamples=[0]), COLOR),
    "grey, alpha": (
        tiff(with_alpha(GREY[..., :1], 0.5), np.uint8, photometric="minisblack", extrasamples=[2]),
        (GREY + 1) / 2,
    ),
    "CMYK 16": (tiff(with_alpha(1 - COLOR, 0.0), np.uint16, photometric="separated"), COLOR),
}


@pytest.mark.parametrize(("content", "expected"), RIGHT.values(), ids=RIGHT)
def test_tiffs_of_known_samples_are_read_right(content: bytes, expected: np.ndarray) -> None:
    np.testing.assert_allclose(decode_image(content, "a"), expected * 255, atol=1.6)


def test_a_neutral_cie_lab_tiff_is_grey() -> None:
    lab = np.zeros((16, 16, 3))
    lab[..., 0] = RAMP
    decoded = decode_image(tiff(lab, np.uint8, photometric="cielab"), "a").astype(int)
    assert np.ptp(decoded, axis=2).max() <= 3 and decoded[0, 8, 1] == pytest.approx(126, abs=4)  # L = 53


WRONG = {
    **{
        f"{name} {photometric}": tiff(RAMP, dtype, photometric=photometric)
        for name, dtype in (
            ("signed 8", np.int8), ("signed 16", np.int16), ("signed 32", np.int32), ("unsigned 32", np.uint32),
            ("floating-point 16", np.float16), ("floating-point 32", np.float32), ("floating-point 64", np.float64),
        )
        for photometric in ("minisblack", "miniswhite")
    },
    "unsigned 16 MM": tiff(RAMP, np.uint16, photometric="miniswhite", byteorder=">"),
    "floating-point 32 RGB": tiff(COLOR, np.float32, photometric="rgb"),
    "signed 16 RGB": tiff(COLOR, np.int16, photometric="rgb"),
    "unsigned 16 in planes": tiff(np.moveaxis(COLOR, -1, 0), np.uint16, photometric="rgb", planarconfig="separate"),
    "unsigned 16 with alpha": tiff(COLOR[..., :2], np.uint16, photometric="minisblack", planarconfig="contig"),
    "unsigned 16 camera raw": tiff(RAMP, np.uint16, photometric="cfa"),
    "unsigned 8 ICC Lab": tiff(COLOR, np.uint8, photometric="icclab"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_tiffs_of_other_samples_are_refused_with_what_they_are(name: str) -> None:
    kind, bits, *_ = name.split()
    with pytest.raises(UserError, match=rf"^a\.tif is a TIFF of \d {kind} samples of {bits} bits .*is not read"):
        decode_image(WRONG[name], "a.tif")


def test_floating_point_values_of_other_formats_are_refused() -> None:
    with pytest.raises(UserError, match="floating-point"):
        decode_image(b"Pf\n16 16\n-1.0\n" + RAMP.astype("<f4").tobytes(), "a")


def png(values: np.ndarray, depth: int, chunks: dict[bytes, bytes]) -> bytes:
    """A PNG of RGB values with chunks before the pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (values * (2**depth - 1)).round().astype(f">u{depth // 8}").reshape(len(values), -1)
    header = struct.pack(">IIBBBBB", values.shape[1], len(values), depth, 2, 0, 0, 0)
    before = b"".join(chunk(kind, data) for kind, data in chunks.items())
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return samples.PNG_SIGNATURE + chunk(b"IHDR", header) + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gamma(value: float) -> dict[bytes, bytes]:
    return {b"gAMA": struct.pack(">I", round(value * 100_000))}


P3 = {b"cHRM": struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)}
LINEAR = np.where(COLOR <= 0.04045, COLOR / 12.92, ((COLOR + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize(
    ("content", "atol"),
    [
        (png(COLOR, 8, gamma(0.45455)), 0),
        (png(COLOR, 8, {**gamma(1.0), b"sRGB": b"\0"}), 0),
        (png(COLOR, 8, {**P3, b"sRGB": b"\0"}), 0),
        (png(COLOR, 8, {b"cICP": bytes([1, 13, 0, 1])}), 0),
        (png(COLOR, 16, gamma(0.45455)), 1),
        (png(LINEAR, 8, gamma(1.0)), 7),  # 8 bits of light are coarse in the dark
    ],
    ids=["sRGB's gamma", "sRGB, before gamma", "sRGB, before primaries", "sRGB by code", "16 bits", "linear"],
)
def test_gamma_of_a_png_counts_where_it_is_not_said_to_be_srgb(content: bytes, atol: int) -> None:
    np.testing.assert_allclose(decode_image(content, "a"), np.round(COLOR * 255), atol=atol)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (png(LINEAR, 16, gamma(1.0)), "16-bit values of gamma 1"),
        (png(COLOR, 8, gamma(0.0)), "gamma 0"),
        (png(COLOR, 8, P3), "its cHRM chunk"),
        (png(COLOR, 8, {b"cICP": bytes([9, 16, 0, 1])}), "primaries 9 and the transfer curve 16"),
        (png(COLOR, 8, {b"cICP": bytes([12, 13, 0, 1])}), "primaries 12"),
    ],
    ids=["linear 16", "gamma 0", "P3", "HDR", "P3 by code"],
)
def test_pngs_of_other_spaces_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        decode_image(content, "a.png")


def test_an_avif_or_jpeg_2000_of_another_space_is_refused() -> None:
    picture = Image.fromarray(np.uint8(COLOR * 255))
    if "AVIF" in decode._formats():
        content = encoded(picture, "AVIF")
        at = content.index(b"nclx") + 4
        assert decode_image(content, "a").shape == COLOR.shape
        with pytest.raises(UserError, match="transfer curve 16"):
            decode_image(content[:at] + struct.pack(">HH", 9, 16) + content[at + 4 :], "a")
    content = encoded(picture, "JPEG2000")
    at = content.index(b"colr\x01") + 7
    assert decode_image(content, "a").shape == COLOR.shape
    with pytest.raises(UserError, match="colour space 20"):
        decode_image(content[:at] + struct.pack(">I", 20) + content[at + 4 :], "a")


def test_the_table_in_the_docs_names_every_kind_of_tiff() -> None:
    text = (Path(samples.__file__).parents[2] / "docs/datasets.md").read_text(encoding="utf-8")
    for name, _, depths in samples.TIFF_READ.values():
        (row,) = re.findall(rf"^\| TIFF, {re.escape(name)} \|.*$", text, re.MULTILINE)
        assert ", ".join(str(depth) for depth in depths) in row
