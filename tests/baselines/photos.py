"""A few photographs in memory, as methods get them."""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from pipeline.methods.method import Method, Photo, Photos

SIZE = (24, 32)


class FewPhotos(Photos):
    """Crops of an astronaut under the given ids, (24, 32, 3) each."""

    def __init__(self, *ids: str) -> None:
        self.ids = list(ids)

    def __getitem__(self, index: int) -> Photo:
        """See `Photos`."""
        top = 20 * index
        return Photo(self.ids[index], data.astronaut()[top : top + SIZE[0], 200 : 200 + SIZE[1]])


def save(path: Path, picture: np.ndarray, **options: object) -> None:
    """Write a picture with its folders, in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **options)


def colorized_all(method: Method, photos: Photos) -> list[np.ndarray]:
    """What the stage does with a method, in batches of two."""
    method.prepare(photos)
    batches = [list(range(start, min(start + 2, len(photos.ids)))) for start in range(0, len(photos.ids), 2)]
    return [picture for batch in batches for picture in method.colorize([photos[index] for index in batch])]
