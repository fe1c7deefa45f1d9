"""Stands for DeOldify's class: its arguments, its weights, its watermark."""

from pathlib import Path

from PIL import Image
from stand_in import read, tinted

from deoldify import device

assert device.current is not None, "the device comes first"


class Visualizer:
    """Without a network."""

    def __init__(self, results_dir: str) -> None:
        Path(results_dir).mkdir(parents=True, exist_ok=True)

    def get_transformed_image(
        self, path: Path, render_factor: int | None = None, post_process: bool = True, watermarked: bool = True
    ) -> Image.Image:
        """A picture of the photograph's own size."""
        picture = tinted(read(path))
        assert render_factor == 35 and post_process and not watermarked
        return picture


def get_image_colorizer(root_folder: Path = Path("./"), render_factor: int = 35, artistic: bool = True) -> Visualizer:
    """The one of the two for images."""
    (root_folder / "models" / f"Colorize{'Artistic' if artistic else 'Stable'}_gen.pth").read_bytes()
    return Visualizer("result_images")
