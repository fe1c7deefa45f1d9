"""Prepares the pictures that volunteers see: same format, same dimensions, same file size whatever the method.

    python -m study_app.stimuli [study.yaml] [--pictures FOLDER]

Reads `study.yaml` and `results/colorized/<dataset>/<method>.zip`. FOLDER holds finished pictures instead: a folder (or
such a zip) for each method and one called `original`; a picture has its photograph's name, whatever its format. Writes
`stimuli/<digest of the study>/` with `pictures/` (a PNG for each stimulus, named by an opaque token) and
`manifest.json`. `stimuli/secret` is made once. Tokens come from it, so the same study, pictures and secret give the
same folder. Keep it private: with it anybody can find out which method made a picture.

If the methods' pictures have changed since, the earlier folder is kept under another name.

The length of a file follows from the dimensions of its picture alone. What a browser gets is this file with a mark of
its own for every showing (`addresses`).
"""

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.records.rows import json_text, write_json
from pipeline.settings import paths
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import PRIVATE_FILE, PRIVATE_FOLDER, private_folder, whole_folder, write_whole
from study_app.design.assignment import Cast, cast_photographs, generator, spoilt
from study_app.design.pairs import practice_looks
from study_app.design.study import ORIGINAL, STUDY_FILE, Study, load_study
from study_app.design.tokens import new_secret, opaque_name
from study_app.stimuli.faults import FAULTS
from study_app.stimuli.manifest import MANIFEST, PICTURES, STIMULI, Manifest, Stimulus
from study_app.stimuli.png import encode
from study_app.stimuli.sources import Source, open_sources, shared_photographs

FORMAT = 3  # of the pictures; in 1 a chunk filled them up to one length, in 2 those that come again had two files
Look = tuple[str, str]  # method and fault


def main() -> None:
    """Read the study and the archives, write the stimuli."""
    parser = argparse.ArgumentParser(description="Prepare the pictures of the human study.")
    parser.add_argument("study", nargs="?", type=Path, default=STUDY_FILE)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="with a folder of pictures for each method")
    arguments = parser.parse_args()
    folder = prepare(load_study(arguments.study), arguments.pictures)
    print(f"{len(list((folder / PICTURES).iterdir()))} pictures in {folder}")


def prepare(study: Study, pictures: Path | None = None, root: Path = STIMULI) -> Path:
    """Write the stimuli of `study` below `root` and return their folder; `pictures` replaces colorized/<dataset>."""
    sources = open_sources(pictures or paths.archive(study.dataset, ORIGINAL).parent, study.sources)
    cast = cast_photographs(study, shared_photographs(sources))
    secret = secret_of(root)
    folder = root / study.digest
    with whole_folder(folder, PRIVATE_FOLDER) as temporary:
        pictures_folder = private_folder(temporary / PICTURES)
        stimuli: list[Stimulus] = []
        for photograph, looks in sorted(looks_of(study, cast).items()):
            shown = _pictures(study, sources, photograph, looks)
            for stimulus, content in _encoded(photograph, shown, study.digest, secret):
                path = pictures_folder / f"{stimulus.token}.png"
                path.touch(PRIVATE_FILE)
                path.write_bytes(content)
                stimuli.append(stimulus)
        # In the order of tokens, so that not even the order of this file says anything.
        manifest = Manifest(study.digest, cast, tuple(sorted(stimuli, key=lambda one: one.token)), FORMAT)
        write_json(temporary / MANIFEST, asdict(manifest), PRIVATE_FILE)
        _keep(folder, manifest)
    return folder


def _keep(folder: Path, manifest: Manifest) -> None:
    """Move other pictures of the same study aside: there may be answers about them, and nothing makes them again."""
    path = folder / MANIFEST
    if not path.exists() or path.read_text(encoding="utf-8") == json_text(asdict(manifest)):
        return
    named = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    aside = folder.with_name(f"{folder.name}.{named}")
    folder.rename(aside)
    print(f"the methods' pictures have changed; the earlier ones are now in {aside}")


def secret_of(root: Path) -> bytes:
    """The secret kept in the stimuli folder, made if there is none; both readable by their owner only."""
    path = private_folder(root) / "secret"
    if not path.exists():
        write_whole(path, new_secret(), PRIVATE_FILE)
    return path.read_bytes()


def looks_of(study: Study, cast: Cast) -> dict[str, list[Look]]:
    """Every (method, fault) in which a photograph is shown."""
    looks: dict[str, list[Look]] = defaultdict(list)
    for photograph in cast.main:
        looks[photograph] += [(method, "") for method in study.methods]
    for photograph in cast.broken:
        looks[photograph] += [(ORIGINAL, fault) for fault in spoilt(study)]
    for photograph in cast.originals:
        looks[photograph].append((ORIGINAL, ""))
    for photograph, fault in practice_looks(study, cast):
        looks[photograph].append((ORIGINAL, fault))
    for photograph, of_one in looks.items():
        if study.protocol == "pairs" or (study.is_paired and photograph not in cast.main):
            of_one.append((ORIGINAL, ""))
    return looks


def shrunk(picture: np.ndarray, longest_side: int) -> np.ndarray:
    """(H, W, 3) uint8 sRGB, made smaller (Lanczos) until its longer side fits; never larger."""
    height, width = picture.shape[:2]
    if max(height, width) <= longest_side:
        return picture
    scale = longest_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _pictures(
    study: Study, sources: Mapping[str, Source], photograph: str, looks: list[Look]
) -> dict[Look, np.ndarray]:
    """All looks of a photograph at the size of the study; raises `UserError` if a method changed its dimensions."""
    original = sources[ORIGINAL][photograph]
    pictures = {}
    for method, fault in looks:
        picture = sources[method][photograph]
        if picture.shape != original.shape:
            raise UserError(
                f"{sources[method].path}: {photograph} has {picture.shape[1]} x {picture.shape[0]} pixels, but the "
                f"original {original.shape[1]} x {original.shape[0]}; its size would give the method away."
            )
        picture = shrunk(picture, study.longest_side)
        if fault:
            kind, numbered, number = fault.partition("_")
            another = (number,) if numbered else ()
            picture = FAULTS[kind](picture, generator(study.seed, "fault", photograph, *another))
        pictures[method, fault] = picture
    return pictures


def _encoded(
    photograph: str, pictures: dict[Look, np.ndarray], study: str, secret: bytes
) -> Iterator[tuple[Stimulus, bytes]]:
    """Every look of a photograph as a PNG."""
    for (method, fault), picture in pictures.items():
        height, width = picture.shape[:2]
        content = encode(picture)
        token = opaque_name(secret, "stimulus", study, photograph, method, fault)
        digest = hashlib.sha256(content).hexdigest()
        yield Stimulus(token, photograph, method, fault, digest, width, height, len(content)), content


if __name__ == "__main__":
    run_stage(main)
