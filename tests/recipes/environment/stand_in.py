"""What the stand-ins for other programs share: how they read a photograph, and the colours that they give it."""

from pathlib import Path

from PIL import Image


def read(file: str | Path) -> Image.Image:
    """A photograph as the suite hands it over: a picture of three channels that are all the same."""
    image = Image.open(file)
    assert image.mode == "RGB" and len({channel.tobytes() for channel in image.split()}) == 1, f"{file} is not grey"
    return image


def tinted(gray: Image.Image) -> Image.Image:
    """The grey photograph in yellow: half of its level for blue."""
    level = gray.getchannel(0)
    return Image.merge("RGB", (level, level, level.point(lambda value: value // 2)))
