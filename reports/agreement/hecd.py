"""HECD, the Human Evaluated Colourisation Dataset (Mullery and Whelan 2022, arXiv 2204.05200), read and checked.

Its users download it themselves; it has no licence file. ROOT holds

    images/               <scene>_gt.jpg, the original, and <scene><kind>_<n>.jpg (the authors call it HECDImages)
    ratings.csv           rater, file, score: a row for each rating of one picture
    recolourings.csv      "File Name", "Global details": what was done to each picture
"""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.settings.errors import UserError
from reports.statistics.agreement import Rated

FOLDERS = ("images", "HECDImages")
ORIGINAL = re.compile(r"(\d+)_gt\.jpe?g")
# What the words of `recolourings.csv` begin with -> the kind of recolouring, in the order of figures.
KINDS = {
    "mean chroma shift": "chroma, whole picture",
    "sd chroma": "spread of chroma, whole picture",
    "derigistration": "colours shifted sideways",
    "changing segment hue": "hue of a segment",
    "changing segment chroma": "chroma of a segment",
    "colourised": "colorized by a method",
    "white balance": "white balance",
}


@dataclass(frozen=True)
class Hecd:
    """Recoloured pictures in the order of their names: `files`, their `scenes` and `kinds` (P,), and their ratings."""

    folder: Path
    files: tuple[str, ...]
    scenes: tuple[str, ...]
    kinds: tuple[str, ...]
    rated: Rated

    def original(self, scene: str) -> Path:
        """The photograph of a scene."""
        return self.folder / f"{scene}_gt.jpg"


def read_hecd(root: Path) -> Hecd:
    """Read ROOT; raises `UserError` for a missing file or column. Pictures without a rating are left out."""
    folder = next((root / name for name in FOLDERS if (root / name).is_dir()), None)
    if folder is None:
        raise UserError(f"{root} has no folder {FOLDERS[0]}; download HECD, and see docs/court.md for its layout.")
    ratings = sheet(root / "ratings.csv", ("rater", "file", "score"))
    details = sheet(root / "recolourings.csv", ("File Name", "Global details"))
    done = dict(zip(details["File Name"], details["Global details"].fillna(""), strict=True))
    originals = {match[1] for file in folder.iterdir() if (match := ORIGINAL.fullmatch(file.name))}
    rated = set(ratings["file"])
    files = tuple(sorted(name for name in done if name in rated and (folder / name).exists()))
    scenes = tuple(scene_of(name, originals, folder) for name in files)
    if len(set(scenes)) < 2:
        raise UserError(f"{root} has rated recolourings of {len(set(scenes))} scenes; agreement needs two or more.")
    return Hecd(folder, files, scenes, tuple(kind_of(done[name]) for name in files), of_ratings(ratings, files, scenes))


def sheet(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """The columns of a CSV as text; lines of HECD end in a comma."""
    try:
        table = pd.read_csv(path, dtype=str, index_col=False)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; see docs/court.md for the layout of HECD.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no CSV ({error}).") from error
    lacking = [name for name in columns if name not in table]
    if lacking:
        raise UserError(f"{path} has no column {lacking[0]!r}; it has {', '.join(map(str, table.columns))}.")
    return table[list(columns)]


def scene_of(name: str, originals: set[str], folder: Path) -> str:
    """The scene whose original a recolouring is compared with."""
    scene = "".join(takewhile(str.isdigit, name))
    if scene not in originals:
        raise UserError(f"{folder / name}: its original {scene}_gt.jpg is missing.")
    return scene


def kind_of(details: str) -> str:
    """The kind of a recolouring by the authors' words; "other" for words that are not known."""
    words = details.strip().lower()
    return next((kind for start, kind in KINDS.items() if words.startswith(start)), "other")


def of_ratings(ratings: pd.DataFrame, files: tuple[str, ...], scenes: tuple[str, ...]) -> Rated:
    """The ratings of these pictures; raises `UserError` for a score that is no number."""
    own = ratings[ratings["file"].isin(set(files))]
    scores = pd.to_numeric(own["score"], errors="coerce")
    if scores.isna().any():
        line = int(scores.index[scores.isna()][0]) + 2
        raise UserError(f"ratings.csv, line {line}: the score {own['score'][line - 2]!r} is no number.")
    places = {name: place for place, name in enumerate(files)}
    return Rated(
        pd.factorize(np.array(scenes), sort=True)[0].astype(np.int64),
        np.array([places[name] for name in own["file"]], np.int64),
        pd.factorize(own["rater"], sort=True)[0].astype(np.int64),
        scores.to_numpy(np.float64),
    )
