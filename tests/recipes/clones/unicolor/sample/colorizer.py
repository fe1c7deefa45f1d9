"""Stands for UniColor's class: its arguments, its weights, the folder that it changes to, the size of its pictures."""

import os
from pathlib import Path

from PIL import Image
from stand_in import tinted


class Colorizer:
    """Without a network."""

    def __init__(
        self, ckpt_file: str, device: str, img_size: list[int], load_clip: bool = False, load_warper: bool = False
    ) -> None:
        checkpoint = Path(ckpt_file).absolute()
        checkpoint.read_bytes()
        assert device.startswith("cuda:") and img_size == [256, 256] and not load_clip and not load_warper
        os.chdir(checkpoint.parents[2])

    def sample(self, image: Image.Image, strokes: list[dict], topk: int) -> Image.Image:
        """A picture of the photograph's own size."""
        assert strokes == [] and topk == 100
        return tinted(image.convert("L").convert("RGB"))
