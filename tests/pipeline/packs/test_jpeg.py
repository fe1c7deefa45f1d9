"""JPEGs that lack a part are refused, and no whole one is."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.packs.decode import decode_image
from pipeline.settings.errors import UserError

RNG = np.random.default_rng(0)
PICTURE = Image.fromarray(RNG.integers(0, 256, (20, 30, 3), np.uint8)).resize((240, 160), Image.Resampling.BICUBIC)
FRAMED = Image.new("RGB", (256, 176), "white")
FRAMED.paste(PICTURE, (8, 8))
KINDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "all colours": {"subsampling": 0},
    "progressive": {"progressive": True},
    "optimized": {"optimize": True},
    "restarts": {"restart_marker_blocks": 7},
    "many restarts": {"restart_marker_blocks": 1},
    "restarts in rows": {"restart_marker_rows": 1, "progressive": True},
}


def jpeg(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_whole_jpegs_are_read(options: dict[str, Any], mode: str) -> None:
    for image in (
        PICTURE,
        FRAMED,
        FRAMED.crop((0, 0, 249, 169)),
        Image.new("RGB", (40, 30), "gray"),
        PICTURE.crop((0, 0, 1, 1)),
    ):
        content = jpeg(image.convert(mode), **options)
        for padded in (content, content + bytes(50), content[:-2] + b"\xff" * 3 + content[-2:]):
            assert decode_image(padded, "a").shape[:2] == image.size[::-1]


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("share", [0.03, 0.2, 0.5])
def test_a_jpeg_without_its_middle_is_refused(options: dict[str, Any], share: float) -> None:
    for image in (PICTURE, FRAMED, PICTURE.convert("L")):
        content = jpeg(image, **options)
        start = len(content) // 3
        with pytest.raises(UserError, match=r"a\.jpg is damaged"):
            decode_image(content[:start] + content[start + int(share * len(content)) :], "a.jpg")


def test_a_jpeg_with_a_hole_of_zeros_is_refused() -> None:
    content = jpeg(PICTURE)
    third = len(content) // 3
    with pytest.raises(UserError, match="is damaged"):
        decode_image(content[:third] + bytes(third) + content[2 * third :], "a.jpg")
