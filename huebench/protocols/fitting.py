"""Pictures as a protocol sees them: cropped, resized, and saved as its authors save them."""

import io

import numpy as np
from PIL import Image

from huebench.protocols.protocol import Protocol

PILLOW = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}  # both with antialiasing


def fitted(protocol: Protocol, rgb: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 as the protocol wants it: itself, or (size, size, 3) uint8."""
    if protocol.size is None:
        return rgb
    if protocol.crop != "none":
        rgb = middle(rgb, rounded=protocol.crop == "centre_rounded")
    if rgb.shape[:2] == (protocol.size, protocol.size):
        return rgb
    if protocol.filter in PILLOW:
        size = (protocol.size, protocol.size)
        return np.array(Image.fromarray(rgb).resize(size, PILLOW[protocol.filter]))
    weights = {"area": area_weights, "linear": linear_weights}[protocol.filter]
    rows, columns = (weights(side, protocol.size) for side in rgb.shape[:2])
    planes = rows @ rgb.transpose(2, 0, 1).astype(np.float64) @ columns.T
    return np.ascontiguousarray(np.clip(np.rint(planes), 0, 255).astype(np.uint8).transpose(1, 2, 0))


def middle(rgb: np.ndarray, rounded: bool) -> np.ndarray:
    """The largest square in the middle. Where an odd number of pixels is cut off, fewer are at the top or left.

    `rounded`: of those, half the number is rounded to an even one, as torchvision's `CenterCrop` does.
    """
    side = min(rgb.shape[:2])
    halves = ((length - side) / 2 for length in rgb.shape[:2])
    top, left = (round(half) if rounded else int(half) for half in halves)
    return np.ascontiguousarray(rgb[top : top + side, left : left + side])


def area_weights(old: int, new: int) -> np.ndarray:
    """(new, old): what of each old pixel lies in a new one; TensorFlow's `area`, OpenCV's `INTER_AREA` when smaller."""
    edges = np.arange(new + 1) * (old / new)
    first, last = edges[:-1, None], edges[1:, None]
    pixels = np.arange(old)
    return np.clip(np.minimum(last, pixels + 1) - np.maximum(first, pixels), 0, None) * (new / old)


def linear_weights(old: int, new: int) -> np.ndarray:
    """(new, old): the two nearest old pixels' shares, however many there are; OpenCV's `INTER_LINEAR`."""
    places = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, old - 1)
    return np.clip(1 - abs(places[:, None] - np.arange(old)), 0, None)


def saved(protocol: Protocol, rgb: np.ndarray, lossy: bool) -> np.ndarray:
    """A picture as it comes back from the file that the protocol's authors keep it in; `lossy` ones have been there."""
    if protocol.jpeg_quality is None or lossy:
        return rgb
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=protocol.jpeg_quality)
    with Image.open(file) as image:
        return np.array(image)
