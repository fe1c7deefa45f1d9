"""Finds and downloads the pretrained networks that perceptual metrics need; none comes with this project."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.settings.errors import UserError, suggestion


@dataclass(frozen=True)
class Backbone:
    """A published file of weights, whose name ends with the start of its SHA-256, as PyTorch's do."""

    url: str

    @property
    def file(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]

    @property
    def sha256_start(self) -> str:
        """The first digits of its SHA-256."""
        return self.file.removesuffix(".pth").rpartition("-")[2]


BACKBONES = {
    "alexnet": Backbone("https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"),
    "vgg16": Backbone("https://download.pytorch.org/models/vgg16-397923af.pth"),
    "squeezenet1_1": Backbone("https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"),
    "inception": Backbone(
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
    ),
    # The file of CT2's and DDColor's FID; torchvision has a newer one of the same layers.
    "inception_torchvision": Backbone("https://download.pytorch.org/models/inception_v3_google-1a9a5a14.pth"),
}


def find(name: str, given: Mapping[str, str]) -> Path | None:
    """The file of a backbone: the path `given` under its name, else in PyTorch's cache; None if it is missing.

    Raises `UserError` for a given path without a file, and for an unknown name.
    """
    for other in given:
        if other not in BACKBONES:
            raise UserError(f"params.yaml: weights.{other}: {suggestion(other, list(BACKBONES))}")
    path = Path(given[name]) if name in given else cache() / BACKBONES[name].file
    if name in given and not path.is_file():
        raise UserError(f"params.yaml: there is no file {path}, which weights.{name} names.")
    return path if path.is_file() else None


def describe(name: str, path: Path) -> str:
    """A file's name, its SHA-256, and whether it is the published file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    published = "" if digest.startswith(BACKBONES[name].sha256_start) else ", not the published file"
    return f"{path.name}, SHA-256 {digest}{published}"


def missing(name: str) -> str:
    """A sentence for a score whose weights are missing, with the command that gets them."""
    return (
        f"weights not available: `python -m pipeline.score --download` gets {BACKBONES[name].file}, "
        "then `dvc repro -f perceptual`"
    )


def cache() -> Path:
    """PyTorch's folder for downloaded weights, found as `torch.hub` does, but without loading PyTorch."""
    home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{home}/torch")).expanduser() / "hub" / "checkpoints"


def download() -> None:
    """Download every missing backbone to PyTorch's cache and check its digest."""
    import torch

    cache().mkdir(parents=True, exist_ok=True)
    for backbone in BACKBONES.values():
        path = cache() / backbone.file
        if not path.is_file():
            try:
                torch.hub.download_url_to_file(backbone.url, str(path), hash_prefix=backbone.sha256_start)
            except (OSError, RuntimeError) as error:
                raise UserError(
                    f"{backbone.url} cannot be downloaded ({error}); download it by hand to {path}."
                ) from None
