"""Decodes pictures, masks and Matlab files to arrays; an error names the damaged file."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from pipeline.packs.jpeg import check_whole
from pipeline.packs.masks import MaskHeader
from pipeline.packs.samples import WHITE_IS_ZERO, check_samples, gamma_table, tiff_samples
from pipeline.settings.errors import UserError

# The formats that are read, with their suffixes. Pillow also opens formats that start other programs (EPS, WMF) or
# hold films and tables.
FORMATS = {
    "AVIF": (".avif",), "BMP": (".bmp",), "GIF": (".gif",), "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "JPEG2000": (".jp2", ".j2k"), "PNG": (".png",), "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "TIFF": (".tif", ".tiff"), "WEBP": (".webp",),
}  # fmt: skip
SMALLEST_SIDE = 31  # pixels; of less LPIPS's AlexNet has no features, and no edge has two sides
EXIF_ORIENTATION = 0x0112
PNG_BIT_DEPTH = 24  # its place in the file: 8 bytes signature, 8 of chunk header, width, height


def decode_image(content: bytes, name: str, known_whole: bool = False) -> np.ndarray:
    """(H, W, 3) uint8 sRGB of an encoded picture, upright; the first frame where there are several.

    `known_whole`: it has been decoded before without an error, so that a JPEG need not be looked at for missing data.
    """
    image = _loaded(content, name)
    check_samples(image, content, name)
    if image.format in ("JPEG", "MPO") and not known_whole:
        check_whole(image, content, name)
    try:
        colours = _composited(_curved(_eight_bit(image, content, name), gamma_table(image, content)))
    except (OSError, ValueError) as error:
        raise UserError(f"{name}: {image.mode} colours cannot be read ({error}); save it as an RGB picture.") from error
    orientation = _orientation(image)
    del image  # a large photograph takes much memory
    pixels = np.array(colours)
    return pixels if orientation == 1 else np.ascontiguousarray(upright(pixels, orientation))


def decode_mask(content: bytes, name: str) -> np.ndarray:
    """(H, W) uint8 values of a mask: the palette index of a palette PNG, or the value of an 8-bit grey one.

    A mask with an EXIF orientation of its own is turned upright by it, as its photograph is.
    """
    image = _loaded(content, name)
    if image.format != "PNG":
        raise UserError(f"the mask {name} is a {image.format}; it must be a palette PNG or an 8-bit grey PNG.")
    depth = content[PNG_BIT_DEPTH]
    # Pillow stretches 1-, 2- and 4-bit grey to 0..255, which would turn class 3 into another; palette indices it keeps.
    if image.mode != "P" and (image.mode, depth) != ("L", 8):
        raise UserError(
            f"the mask {name} is a {depth}-bit {image.mode} PNG; it must be one with palette, or 8-bit grey."
        )
    return np.array(upright(np.asarray(image), _orientation(image)))


def mask_header(content: bytes, name: str) -> MaskHeader:
    """What the file of a mask says besides its pixels, which are not decoded."""
    image = _opened(content, name)
    palette = np.array(image.getpalette("RGB") if image.mode == "P" else [], int).reshape(-1, 3).tolist()
    colors = {value: (red, green, blue) for value, (red, green, blue) in enumerate(palette)}
    return MaskHeader(colors, _orientation(image))


def orientation_of(content: bytes, name: str) -> int:
    """The EXIF orientation of an encoded picture, 1 to 8; 1 where it has none or a broken one."""
    return _orientation(_opened(content, name))


def decode_matlab(content: bytes, variable: str, name: str) -> np.ndarray:
    """The array `variable` of a Matlab file (version 4 to 7.2)."""
    from scipy.io import loadmat

    try:
        array = loadmat(io.BytesIO(content), variable_names=[variable])[variable]
    except KeyError:
        raise UserError(f"{name} has no variable {variable!r}; it is not an annotation of this dataset.") from None
    except MemoryError:
        raise
    except Exception as error:  # a damaged file trips scipy in many ways: ValueError, TypeError, zlib.error, ...
        raise UserError(f"{name} is not a readable Matlab file ({error}); fetch the dataset again.") from error
    return np.asarray(array)


@cache
def _formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]  # AVIF came with Pillow 11.3


def _loaded(content: bytes, name: str) -> Image.Image:
    image = _opened(content, name)
    with _damage_named(name):
        image.load()
    return image


def _opened(content: bytes, name: str) -> Image.Image:
    """The picture with its header read, and its pixels not yet."""
    if not content:
        raise UserError(f"{name} is empty (0 bytes); replace it or take it out of the dataset.")
    samples = tiff_samples(content)
    if samples is not None and not samples.is_read:
        raise UserError(samples.sentence(name))
    with _damage_named(name):
        return Image.open(io.BytesIO(content), formats=_formats())


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    """Turn all that Pillow raises for a damaged or foreign picture into a sentence."""
    try:
        yield
    except UnidentifiedImageError:
        raise UserError(f"{name} is no picture in a known format ({', '.join(FORMATS)}); replace it.") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"{name} has too many pixels ({error}); scale it down.") from None
    except MemoryError:
        raise
    except Exception as error:  # damaged data trips Pillow in many ways: OSError, SyntaxError, struct.error, ...
        raise UserError(f"{name} is damaged ({error}); replace it or take it out of the dataset.") from error


def _eight_bit(image: Image.Image, content: bytes, name: str) -> Image.Image:
    """Deep grey scaled to 8 bits, where Pillow's `convert` would clip at 255; deep RGB comes as high bytes already."""
    if not image.mode.startswith("I"):
        return image
    deep = np.asarray(image).astype(np.int64)
    if deep.min() < 0 or deep.max() > 65535:
        raise UserError(f"{name} has 32-bit values without a known white; save it with 8 or 16 bits.")
    samples = tiff_samples(content)
    if samples is not None and samples.photometric == WHITE_IS_ZERO:  # Pillow turns it over for fewer bits only
        deep = 65535 - deep
    scaled = Image.fromarray(((deep + 128) // 257).astype(np.uint8))  # round(value * 255 / 65535)
    scaled.info = {key: value for key, value in image.info.items() if key == "icc_profile"}
    return scaled


def _curved(image: Image.Image, table: np.ndarray | None) -> Image.Image:
    """The picture with every colour channel, and the palette's, sent through a (256,) `table`."""
    if table is None:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA").point([*table.tolist() * 3, *range(256)])
    return image.convert("RGB").point(table.tolist() * 3)


def _composited(image: Image.Image) -> Image.Image:
    """RGB in sRGB over white.

    A page shows a transparent picture on white. The colours stored under alpha 0 are arbitrary, mostly black.
    """
    image = image.convert("LA") if image.mode == "La" else image
    mode = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    base = image if image.mode == mode else image.convert(mode)  # `convert` copies in any case
    colours = _by_profile(base, image.info.get("icc_profile")) or (base if mode == "RGB" else base.convert("RGB"))
    if not image.has_transparency_data:
        return colours
    alpha = image.convert("RGBA").getchannel("A")
    return Image.composite(colours, Image.new("RGB", image.size, "white"), alpha)


def _by_profile(base: Image.Image, embedded: bytes | None) -> Image.Image | None:
    """`base` in sRGB by its embedded ICC profile; None where that is sRGB already, broken, or of other channels."""
    if not embedded:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        description = ImageCms.getProfileDescription(profile).lower()
        if "srgb" in description and "linear" not in description:
            return None  # recognised by name: converting would change values by rounding
        return ImageCms.profileToProfile(
            base,
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None  # browsers ignore such a profile too


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation. After loading that of a TIFF is 1, for Pillow has then turned it by itself."""
    try:
        orientation = int(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # broken EXIF trips Pillow in many ways, and the pixels are good all the same
        return 1
    return orientation if orientation in range(1, 9) else 1


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """(H, W, ...) pixels turned and mirrored as EXIF says; H and W change places for orientations 5 to 8."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
