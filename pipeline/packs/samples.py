"""What the samples of a picture file mean, where Pillow does not look: docs/datasets.md has it as a table.

A file that says something else than what is read is refused, so that no picture is read as black, as a negative, or
in the colours of another space without a word.
"""

import io
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image, TiffImagePlugin

from pipeline.settings.errors import UserError

TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
BIG_TIFF = b"+"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SRGB_GAMMA = 0.45455  # what a gAMA chunk says of sRGB
GAMMA_TOLERANCE = 0.01
SRGB_CHROMATICITIES = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # white, red, green and blue x and y
CHROMATICITY_TOLERANCE = 0.01

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, SEPARATED, YCBCR, CIELAB = 0, 1, 2, 3, 5, 6, 8
# TIFF's photometric interpretation -> its name, its samples without extra ones, and the depths that are read.
TIFF_READ = {
    WHITE_IS_ZERO: ("grey with white as zero", 1, (1, 2, 4, 8, 16)),
    BLACK_IS_ZERO: ("grey", 1, (1, 2, 4, 8, 16)),
    RGB: ("RGB", 3, (8, 16)),
    PALETTE: ("palette", 1, (1, 2, 4, 8)),
    SEPARATED: ("CMYK", 4, (8, 16)),
    YCBCR: ("YCbCr", 3, (8,)),
    CIELAB: ("CIE Lab", 3, (8,)),
}
OTHER_TIFFS = {4: "transparency mask", 9: "ICC Lab", 10: "ITU Lab", 32803: "camera raw", 34892: "linear raw"}
SAMPLE_FORMATS = {1: "unsigned", 2: "signed", 3: "floating-point", 4: "undefined", 5: "complex", 6: "complex float"}
BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANES, INK_SET = 258, 259, 262, 277, 284, 332
EXTRA_SAMPLES, SAMPLE_FORMAT, SUBSAMPLING = 338, 339, 530
JPEG_COMPRESSIONS = (6, 7)

# CICP codes of primaries and transfer curves whose pictures look right as sRGB: BT.709, unspecified, BT.601, sRGB.
LIKE_SRGB_PRIMARIES, LIKE_SRGB_TRANSFERS = (1, 2, 5, 6, 7), (1, 2, 6, 13, 14, 15)
JPEG2000_SPACES = (12, 16, 17, 18)  # CMYK, sRGB, grey, sYCC


class TiffSamples:
    """The tags of a TIFF that say what its samples are."""

    def __init__(self, content: bytes) -> None:
        self.tags = TiffImagePlugin.ImageFileDirectory_v2(content[: 16 if BIG_TIFF in content[2:4] else 8])
        file = io.BytesIO(content)
        file.seek(self.tags.next)
        self.tags.load(file)
        self.big_endian = content.startswith(b"MM")
        self.photometric = self._first(PHOTOMETRIC, WHITE_IS_ZERO)
        self.count = self._first(SAMPLES, 1)
        self.bits = self._all(BITS, (1,))
        self.formats = self._all(SAMPLE_FORMAT, (1,))

    @property
    def is_read(self) -> bool:
        """Whether they are in the table of what is read."""
        if self.photometric not in TIFF_READ:
            return False
        _, samples, depths = TIFF_READ[self.photometric]
        depth, extra = self.bits[0], self.count - samples
        return (
            set(self.bits) == {depth}
            and depth in depths
            and set(self.formats) <= {1, 4}
            and self._extra_is_read(extra, depth)
            and (self._first(PLANES, 1) == 1 or self.count == 1 or depth == 8)  # Pillow mixes up planes of 16 bits
            and self._first(INK_SET, 1) == 1
            and not (self.photometric == WHITE_IS_ZERO and depth == 16 and self.big_endian)  # Pillow refuses it
            and (self.photometric != YCBCR or self._chroma_is_read())
        )

    def sentence(self, name: str) -> str:
        """Why the file is not read, and what to do."""
        kind = TIFF_READ[self.photometric][0] if self.photometric in TIFF_READ else OTHER_TIFFS.get(self.photometric)
        numbers = " and ".join(SAMPLE_FORMATS.get(one, "unknown") for one in sorted(set(self.formats)))
        depths = " and ".join(str(one) for one in sorted(set(self.bits)))
        return (
            f"{name} is a TIFF of {self.count} {numbers} samples of {depths} bits "
            f"({kind or f'photometric interpretation {self.photometric}'}), which is not read: what is white in it is "
            "not known for sure. Save it as grey or RGB with 8 or 16 unsigned bits, all samples of a pixel together."
        )

    def _extra_is_read(self, extra: int, depth: int) -> bool:
        if self.photometric == BLACK_IS_ZERO:
            return extra == 0 or (extra == 1 and depth == 8)
        return extra >= 0 if self.photometric in (RGB, SEPARATED) else extra == 0

    def _chroma_is_read(self) -> bool:
        return self._first(COMPRESSION, 1) in JPEG_COMPRESSIONS or self._all(SUBSAMPLING, (2, 2)) == (1, 1)

    def _all(self, tag: int, default: tuple[int, ...]) -> tuple[int, ...]:
        value = self.tags.get(tag, default)
        return tuple(value) if isinstance(value, tuple) else (value,)

    def _first(self, tag: int, default: int) -> int:
        return self._all(tag, (default,))[0]


def tiff_samples(content: bytes) -> TiffSamples | None:
    """The samples of a TIFF; None for another file, and for one whose tags are damaged."""
    if content[:4] not in TIFF_SIGNATURES:
        return None
    try:
        return TiffSamples(content)
    except Exception:  # damaged tags trip Pillow in many ways; it says so better when it opens the file
        return None


def check_samples(image: Image.Image, content: bytes, name: str) -> None:
    """Raise `UserError` where a file says that its values are no 8-bit or 16-bit ones in a space that is read."""
    if image.mode == "F":
        raise UserError(
            f"{name} has floating-point values; what is white in it is not known for sure. Save it with 8 or 16 bits."
        )
    if image.format == "PNG":
        _check_png(content, name)
    space = None if image.info.get("icc_profile") else _coded_space(image, content)
    if space is not None:
        primaries, transfer = space
        if primaries not in LIKE_SRGB_PRIMARIES or transfer not in LIKE_SRGB_TRANSFERS:
            raise UserError(
                f"{name} has the colour primaries {primaries} and the transfer curve {transfer} (ITU-T H.273), which "
                "are not those of sRGB, and no ICC profile; save it in sRGB."
            )
    if image.format == "JPEG2000" and (at := content.find(b"colr\x01", 0, 4096)) >= 0:
        (code,) = struct.unpack(">I", content[at + 7 : at + 11].rjust(4, b"\0"))
        if code not in JPEG2000_SPACES:
            raise UserError(f"{name} is a JPEG 2000 in the colour space {code}, which is not read; save it in sRGB.")


def gamma_table(image: Image.Image, content: bytes) -> np.ndarray | None:
    """(256,) uint8 sRGB of each value of a PNG whose gAMA chunk says another curve; else None."""
    if image.format != "PNG" or (gamma := _other_gamma(content)) is None:
        return None
    linear = (np.arange(256) / 255) ** (1 / gamma)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (255 * encoded).round().astype(np.uint8)


def _check_png(content: bytes, name: str) -> None:
    chunks = dict(png_chunks(content))
    if chunks.keys() & {b"sRGB", b"iCCP", b"cICP"}:
        return
    if len(chunks.get(b"cHRM", b"")) == 32:
        given = np.array(struct.unpack(">8I", chunks[b"cHRM"])) / 100_000
        if np.abs(given - SRGB_CHROMATICITIES).max() > CHROMATICITY_TOLERANCE:
            raise UserError(
                f"{name} has colour primaries that are not those of sRGB (its cHRM chunk), and no ICC profile; save it "
                "in sRGB, or with a profile."
            )
    gamma = _other_gamma(content)
    if gamma is not None and (not gamma or chunks[b"IHDR"][8] == 16):
        raise UserError(
            f"{name} has {chunks[b'IHDR'][8]}-bit values of gamma {gamma:g} (its gAMA chunk); save it in sRGB."
        )


def _other_gamma(content: bytes) -> float | None:
    """What a gAMA chunk says, if that counts and is not sRGB's."""
    chunks = dict(png_chunks(content))
    if chunks.keys() & {b"sRGB", b"iCCP", b"cICP"} or len(chunks.get(b"gAMA", b"")) != 4:
        return None
    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] / 100_000
    return None if abs(gamma - SRGB_GAMMA) <= GAMMA_TOLERANCE else gamma


def png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and data of each chunk before the pixels."""
    place = len(PNG_SIGNATURE)
    while place + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        if kind == b"IDAT":
            return
        yield kind, content[place + 8 : place + 8 + length]
        place += length + 12


def _coded_space(image: Image.Image, content: bytes) -> tuple[int, int] | None:
    """Primaries and transfer curve by their numbers in ITU-T H.273, where a PNG or AVIF gives them."""
    if image.format == "PNG":
        code = dict(png_chunks(content)).get(b"cICP", b"")
        return (code[0], code[1]) if len(code) == 4 else None
    at = content.find(b"nclx", 0, 65536) if image.format == "AVIF" else -1
    if at < 0 or len(content) < at + 8:
        return None
    primaries, transfer = struct.unpack(">HH", content[at + 4 : at + 8])
    return primaries, transfer
