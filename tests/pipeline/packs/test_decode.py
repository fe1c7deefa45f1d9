"""Every kind of picture that a stranger's folder may hold, made here and decoded."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from scipy.io import savemat

from pipeline.packs import decode
from pipeline.packs.decode import decode_image, decode_mask, decode_matlab
from pipeline.settings.errors import UserError

RNG = np.random.default_rng(0)
SMOOTH = np.stack(np.broadcast_arrays(*np.ogrid[0:240:24j, 0:240:32j], 90.0), axis=-1).astype(np.uint8)  # (24, 32, 3)

NOISE = Image.fromarray(RNG.integers(0, 256, (40, 40, 3), np.uint8))


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png(values: np.ndarray, depth: int, color_type: int) -> bytes:
    """A PNG of any depth, which Pillow cannot write: `values` (H, W) or (H, W, C), 8 or 16 bits, or packed rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = values.astype(f">u{max(depth // 8, 1)}").reshape(len(values), -1)
    width = values.shape[1] * 8 // depth if depth < 8 else values.shape[1]
    header = struct.pack(">IIBBBBB", width, len(values), depth, color_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def profile(space: str) -> bytes:
    """An ICC profile that is not sRGB: Pillow's sRGB primaries with the red and the blue column exchanged, or Lab."""
    if space == "Lab":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    content = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        content.replace(b"rXYZ", b"????")
        .replace(b"bXYZ", b"rXYZ")
        .replace(b"????", b"bXYZ")
        .replace(b"s\0R\0G", b"X\0R\0G")
    )


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "WEBP", "JPEG2000"])
def test_lossless_rgb_comes_back_exactly(format: str) -> None:
    content = encoded(Image.fromarray(SMOOTH), format, **({"lossless": True} if format == "WEBP" else {}))
    decoded = decode_image(content, "a")
    assert decoded.dtype == np.uint8 and decoded.flags.writeable
    np.testing.assert_array_equal(decoded, SMOOTH)


def test_rgb_and_grey_jpegs_are_decoded() -> None:
    np.testing.assert_allclose(decode_image(encoded(Image.fromarray(SMOOTH), "JPEG", quality=98), "a"), SMOOTH, atol=8)
    grey = decode_image(encoded(Image.fromarray(SMOOTH[..., 0]), "JPEG", quality=98), "a")
    np.testing.assert_allclose(grey, np.repeat(SMOOTH[..., :1], 3, axis=2), atol=3)


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_jpegs_are_not_negatives(adobe: bool) -> None:
    content = encoded(Image.fromarray(SMOOTH).convert("CMYK"), "JPEG", quality=98, subsampling=0)
    marker = content.index(b"\xff\xee")  # Adobe's segment: its values are stored inverted
    assert content[marker + 4 : marker + 9] == b"Adobe"
    if not adobe:
        content = content[:marker] + content[marker + 2 + struct.unpack(">H", content[marker + 2 : marker + 4])[0] :]
    np.testing.assert_allclose(decode_image(content, "a"), SMOOTH, atol=8)


DEEP = np.array([[0, 128, 129, 255, 256], [32767, 32768, 65278, 65406, 65535]], np.uint16)
GREY = {
    "PNG": png(DEEP, 16, 0),
    "TIFF": encoded(Image.fromarray(DEEP), "TIFF"),
    "PGM": b"P5 5 2 65535\n" + DEEP.astype(">u2").tobytes(),
}


@pytest.mark.parametrize("content", GREY.values(), ids=GREY)
def test_16_bit_grey_is_scaled_and_not_clipped(content: bytes) -> None:
    expected = np.repeat(np.round(DEEP / 257).astype(np.uint8)[..., None], 3, axis=2)
    np.testing.assert_array_equal(decode_image(content, "a"), expected)


@pytest.mark.parametrize(("color_type", "channels"), [(2, 3), (6, 4), (4, 2)])
def test_16_bit_colour_and_alpha_are_scaled(color_type: int, channels: int) -> None:
    deep = RNG.integers(0, 65536, (6, 7, channels), dtype=np.uint16)
    if channels != 3:
        deep[..., -1] = 65535
    colours = deep[..., :3] if channels > 2 else np.repeat(deep[..., :1], 3, axis=2)
    np.testing.assert_allclose(decode_image(png(deep, 16, color_type), "a"), colours / 257, atol=1)


def test_numbers_without_a_known_white_are_refused() -> None:
    with pytest.raises(UserError, match=r"a\.tif is a TIFF of 1 signed samples of 32 bits \(grey\).*8 or 16"):
        decode_image(encoded(Image.fromarray(np.array([[0, 1 << 20]], np.int32)), "TIFF"), "a.tif")


def test_palettes_and_1_bit_pictures_become_colours() -> None:
    np.testing.assert_array_equal(decode_image(encoded(Image.new("P", (3, 2), 1).convert("P")), "a").shape, (2, 3, 3))
    palette = Image.frombytes("P", (2, 1), bytes([0, 1]))
    palette.putpalette([10, 20, 30, 200, 150, 100])
    np.testing.assert_array_equal(decode_image(encoded(palette), "a")[0], [[10, 20, 30], [200, 150, 100]])
    bits = np.array([[True, False]])
    np.testing.assert_array_equal(decode_image(encoded(Image.fromarray(bits)), "a")[0], [[255] * 3, [0] * 3])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str) -> None:
    image = Image.new("RGBA", (2, 1), (100, 100, 100, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    if mode == "P":
        image = Image.frombytes("P", (2, 1), bytes([0, 1]))
        image.putpalette([100, 100, 100, 0, 0, 0])
    content = encoded(image if mode == "P" else image.convert(mode), transparency=1) if mode == "P" else b""
    decoded = decode_image(content or encoded(image.convert(mode)), "a")
    np.testing.assert_array_equal(decoded[0], [[100] * 3, [255] * 3])


def test_half_transparent_is_mixed_with_white() -> None:
    assert decode_image(encoded(Image.new("RGBA", (1, 1), (0, 100, 200, 128))), "a")[0, 0].tolist() == [127, 177, 227]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_turns_every_picture_upright(orientation: int, format: str) -> None:
    upright = Image.fromarray(SMOOTH)
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[decode.EXIF_ORIENTATION] = orientation
    qualities: dict[str, dict[str, Any]] = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}
    decoded = decode_image(encoded(stored, format, exif=exif, **qualities.get(format, {})), "a")
    np.testing.assert_allclose(decoded, SMOOTH, atol=4)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_cost_the_picture() -> None:
    content = encoded(Image.fromarray(SMOOTH), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert decode_image(content, "a").shape == SMOOTH.shape


def test_an_embedded_profile_is_converted_to_srgb() -> None:
    image = Image.new("RGB", (4, 4), (220, 40, 90))
    np.testing.assert_allclose(
        decode_image(encoded(image, icc_profile=profile("RGB")), "a")[0, 0], [90, 40, 220], atol=2
    )


def test_a_picture_already_in_srgb_is_left_as_it_is() -> None:
    content = encoded(
        Image.fromarray(SMOOTH), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    np.testing.assert_array_equal(decode_image(content, "a"), SMOOTH)


@pytest.mark.parametrize("broken", [b"no profile", profile("RGB")[:200], profile("Lab")])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_broken_or_foreign_profile_is_ignored(broken: bytes, mode: str) -> None:
    image = Image.fromarray(SMOOTH).convert(mode)
    decoded = decode_image(encoded(image, icc_profile=broken), "a")
    np.testing.assert_array_equal(decoded, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_counts(format: str) -> None:
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "lime")]
    content = encoded(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
    np.testing.assert_allclose(decode_image(content, "a")[0, 0], [255, 0, 0], atol=1)


def test_a_single_pixel_is_a_picture() -> None:
    assert decode_image(encoded(Image.new("RGB", (1, 1), "red"), "PNG"), "a").tolist() == [[[255, 0, 0]]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<html>not found</html>", "no picture in a known format"),
        (encoded(Image.fromarray(SMOOTH), "JPEG")[:400], "is damaged|no picture"),
        (encoded(NOISE, "JPEG")[:-500], "is damaged"),
        (encoded(NOISE, "PNG")[:-500], "is damaged"),
        (encoded(Image.fromarray(SMOOTH), "PNG")[:20], "is damaged|no picture"),
    ],
)
def test_what_is_no_whole_picture_is_named_in_the_error(content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=rf"photos/a\.jpg.*({said})"):
        decode_image(content, "photos/a.jpg")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_random_damage_ends_in_an_array_or_in_a_sentence(format: str) -> None:
    content = encoded(Image.fromarray(SMOOTH), format)
    for _ in range(60):
        damaged = bytearray(content)
        for place in RNG.integers(0, len(content), 4):
            damaged[place] = RNG.integers(256)
        try:
            assert decode_image(bytes(damaged), "a").ndim == 3
        except UserError as error:
            assert str(error).startswith("a")


def test_a_decompression_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(UserError, match="too many pixels"):
        decode_image(encoded(Image.fromarray(SMOOTH)), "a")


def test_a_mask_is_the_palette_index_or_the_grey_value() -> None:
    indices = np.array([[0, 1, 20, 255]], np.uint8)
    palette = Image.frombytes("P", (4, 1), indices.tobytes())
    palette.putpalette(RNG.integers(0, 256, 768, np.uint8).tobytes())
    for content in (encoded(palette), png(indices, 8, 0)):
        decoded = decode_mask(content, "a")
        assert decoded.dtype == np.uint8
        np.testing.assert_array_equal(decoded, indices)


def test_a_small_palette_is_stored_in_few_bits_and_keeps_its_indices() -> None:
    palette = Image.frombytes("P", (4, 1), bytes([0, 1, 2, 3]))
    palette.putpalette([0] * 12)
    content = encoded(palette, bits=2)
    assert content[decode.PNG_BIT_DEPTH] == 2
    np.testing.assert_array_equal(decode_mask(content, "a"), [[0, 1, 2, 3]])


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.fromarray(SMOOTH)),
        encoded(Image.fromarray(SMOOTH[..., 0]), "JPEG"),
        encoded(Image.fromarray(SMOOTH[..., 0]), "PPM"),
        encoded(Image.fromarray(SMOOTH[..., 0]).convert("LA")),
        encoded(Image.fromarray(SMOOTH[..., 0]).convert("1")),
        png(np.array([[0, 65535]], np.uint16), 16, 0),
        png(np.array([[0b00_01_10_11]], np.uint8), 2, 0),
    ],
    ids=["RGB", "JPEG", "PPM", "alpha", "1 bit", "16 bit", "2 bit grey"],
)
def test_any_other_picture_is_no_mask(content: bytes) -> None:
    with pytest.raises(UserError, match=r"the mask m\.png"):
        decode_mask(content, "m.png")


def matlab(**variables: Any) -> bytes:
    file = io.BytesIO()
    savemat(file, variables)
    return file.getvalue()


def test_a_matlab_array_is_read() -> None:
    np.testing.assert_array_equal(decode_matlab(matlab(S=np.eye(3), other=np.ones(2)), "S", "a"), np.eye(3))


def test_a_matlab_file_that_is_damaged_or_another_is_named_in_the_error() -> None:
    whole = matlab(S=RNG.integers(0, 9, (50, 50)))
    for content, said in ((b"", "not a readable"), (whole[:500], "not a readable"), (matlab(T=1), "no variable 'S'")):
        with pytest.raises(UserError, match=rf"a\.mat.*{said}"):
            decode_matlab(content, "S", "a.mat")
