"""Stands for ChromaGAN's program: whole batches, names with a PSNR, and pictures that are lost without a folder."""

import os
from pathlib import Path

import config
from PIL import Image
from stand_in import read, tinted


def sample_images(concatenate: bool = True) -> None:
    """Colorize the photographs of `config`."""
    Path(config.MODEL_DIR, config.PRETRAINED).read_bytes()
    folder = Path(config.DATA_DIR, config.TEST_DIR)
    names = os.listdir(folder)  # noqa: PTH208 (as the original does)
    assert len(names) >= config.BATCH_SIZE
    for name in names[: len(names) // config.BATCH_SIZE * config.BATCH_SIZE]:
        gray = read(folder / name)
        picture = tinted(gray)
        if concatenate:
            both = Image.new("RGB", (gray.width, 2 * gray.height))
            both.paste(picture)
            both.paste(gray, (0, gray.height))
            picture = both
        if Path(config.OUT_DIR).is_dir():
            picture.save(Path(config.OUT_DIR, f"23.45678901_{name[:-4]}psnr_reconstructed.jpg"), quality=95)
