"""Colorize any photograph at its own size; if it has colours, they are ignored.

python -m pipeline.colorize_photo photo.jpg -o out.png --model models/scenes/semantics/weights.safetensors
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.methods.colorizer import JBU, make_upsampling, predict_chroma, upsample_and_compose
from pipeline.methods.method import lightness_of
from pipeline.networks.weights import load_weights
from pipeline.packs.decode import decode_image
from pipeline.runtime.device import choose_device
from pipeline.settings.errors import UserError, run_stage, suggestion
from pipeline.settings.files import whole_file

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP"}


def main() -> None:
    """Read one photograph, write its colorization."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, help="a picture of any common format")
    parser.add_argument("-o", "--output", type=Path, required=True, help=f"one of {', '.join(FORMATS)}")
    parser.add_argument("--model", type=Path, required=True, help="a weights.safetensors that pipeline.train wrote")
    parser.add_argument("--no-jbu", action="store_true", help="bilinear upsampling, which lets colours cross edges")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; by default a GPU if there is one")
    arguments = parser.parse_args()
    suffix = arguments.output.suffix.lower()
    if suffix not in FORMATS:
        raise UserError(f"cannot write {arguments.output}: {suggestion(suffix, list(FORMATS))}")
    if arguments.output.exists() and arguments.photo.exists() and arguments.output.samefile(arguments.photo):
        raise UserError(f"{arguments.output} is the photograph itself; name another file, so that it is not lost.")
    lightness = lightness_of(read_photo(arguments.photo))  # nothing else of it is kept, as it may be large
    device = choose_device(arguments.device)
    network, about = load_weights(arguments.model, device)
    chroma = predict_chroma(network, (about.size, about.size), [lightness], device)
    upsampling = make_upsampling("bilinear" if arguments.no_jbu else JBU).to(device)
    picture = Image.fromarray(upsample_and_compose(lightness, chroma[0], upsampling))
    with whole_file(arguments.output) as temporary:
        picture.save(temporary, FORMATS[suffix], quality=95, subsampling=0)
    print(f"{arguments.output}: {picture.width} x {picture.height}")


def read_photo(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 sRGB of a picture file."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"there is no picture {path}.") from None
    return decode_image(content, str(path))


if __name__ == "__main__":
    run_stage(main)
