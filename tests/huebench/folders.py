"""Small folders of photographs and of what methods made of them."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

HEIGHT, WIDTH = 48, 64


def photographs(count: int) -> dict[str, np.ndarray]:
    """Parts of scikit-image's photographs by name, (48, 64, 3) uint8 each, all different."""
    sources = [data.astronaut(), data.coffee(), data.chelsea()]
    found = {}
    for number in range(count):
        source = sources[number % len(sources)]
        row, column = 40 + 31 * (number // 3) % 180, 30 + 53 * (number // 3) % 300
        found[f"photo{number:02d}"] = source[row : row + 2 * HEIGHT : 2, column : column + 2 * WIDTH : 2].copy()
    return found


def noisy(picture: np.ndarray, by: float, seed: int = 0) -> np.ndarray:
    """A colorization that is off by noise in its colours."""
    noise = np.random.default_rng(seed).normal(0, by, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def grey(picture: np.ndarray) -> np.ndarray:
    """One without colours."""
    return np.repeat(np.uint8(picture.mean(axis=-1, keepdims=True).round()), 3, axis=2)


def save(folder: Path, pictures: dict[str, np.ndarray], suffix: str = ".png") -> Path:
    """Write pictures, whose names may hold folders."""
    for name, picture in pictures.items():
        path = folder / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    return folder


def save_zip(path: Path, pictures: dict[str, np.ndarray]) -> Path:
    """The same as a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, picture in pictures.items():
            content = io.BytesIO()
            Image.fromarray(picture).save(content, "PNG")
            archive.writestr(f"{name}.png", content.getvalue())
    return path
