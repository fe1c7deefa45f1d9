"""Scores of another time or place: a folder of results, or a git revision whose scores lie in DVC's cache."""

import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from pipeline.settings.errors import UserError

LOCK = "dvc.lock"
KEYS = ["dataset", "method", "id"]
PLACES = {"scores": 3, "defects": 3, "segmented": 4}  # folders of results, and how long a path in them is
EXPERIMENTS = "refs/exps/"  # where `dvc exp run` keeps its commits, which git does not know by their names alone


@dataclass(frozen=True)
class Results:
    """What a state of the results holds.

    `photographs`: by dataset a row per method and photograph, with the columns of `ScoreRow`, `PerceptualRow` and
    `BleedingRow` that it had then. `segmented`: by dataset and segmenter the rows as `SegmentationRow`.
    """

    photographs: dict[str, pd.DataFrame]
    segmented: dict[tuple[str, str], pd.DataFrame]


def read_results(name: str) -> Results:
    """The results of `name`: a folder with scores/<dataset>/<method>.csv in it, a git revision, or a DVC experiment.

    Raises `UserError` where it is none of these, where it has no scores, or where DVC's cache lacks them.
    """
    folder = Path(name)
    files = _in_folder(folder) if (folder / "scores").is_dir() else _in_revision(name)
    photographs: dict[str, dict[str, pd.DataFrame]] = {}
    segmented: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for path, file in sorted(files):
        if path.parts[0] == "segmented":
            segmented.setdefault((path.parts[1], path.parts[2]), []).append(_read(file, [*KEYS, "label"]))
        else:
            methods = photographs.setdefault(path.parts[1], {})
            method, found = path.name.split(".")[0], _read(file, KEYS)
            methods[method] = _joined(methods[method], found) if method in methods else found
    if not any("psnr_rgb" in frame for methods in photographs.values() for frame in methods.values()):
        raise UserError(f"{name} holds no scores/<dataset>/<method>.csv; `dvc repro` makes them.")
    return Results(
        {dataset: pd.concat(methods.values(), ignore_index=True) for dataset, methods in photographs.items()},
        {key: pd.concat(frames, ignore_index=True) for key, frames in segmented.items()},
    )


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Two tables of one method's photographs side by side; what both know stands once."""
    new = [column for column in second if column not in first]
    return first.merge(second[[*KEYS, *new]], on=KEYS, how="outer")


def _is_result(path: Path) -> bool:
    """A table with a row per photograph, or per photograph and class; `path` is relative to the folder of results."""
    depth = PLACES.get(path.parts[0])
    return len(path.parts) == depth and path.suffix == ".csv" and not path.name.endswith(".objects.csv")


def _in_folder(folder: Path) -> Iterator[tuple[Path, Path]]:
    found = ((file.relative_to(folder), file) for place in PLACES for file in (folder / place).rglob("*.csv"))
    return ((path, file) for path, file in found if _is_result(path))


def _in_revision(name: str) -> Iterator[tuple[Path, Path]]:
    """The files in DVC's cache that a revision's dvc.lock names as its results."""
    commit = _commit(name)
    lock = yaml.safe_load(_run(["git", "show", f"{commit}:./{LOCK}"], f"{name} has no {LOCK}, so no scores to compare"))
    cache = Path(_run([sys.executable, "-m", "dvc", "cache", "dir"], "this is no DVC repository").strip())
    for stage in lock["stages"].values():
        for out in stage.get("outs", []):
            path = Path(out["path"])
            if _is_result(path):
                yield path, _cached(cache, out["md5"], name, path)


def _commit(name: str) -> str:
    """The commit that a revision or an experiment means."""
    experiments = _run(["git", "for-each-ref", "--format=%(refname)", EXPERIMENTS], "this is no git repository").split()
    named = [reference for reference in experiments if reference.endswith(f"/{name}")]
    said = f"{name} is neither a folder with scores/ in it, nor a git revision, nor a DVC experiment"
    return _run(["git", "rev-parse", "--verify", "--quiet", f"{(named or [name])[0]}^{{commit}}"], said).strip()


def _cached(cache: Path, md5: str, name: str, path: Path) -> Path:
    """Where DVC's cache keeps a file: named by its content, in folders of its first two digits."""
    file = cache / "files" / "md5" / md5[:2] / md5[2:]
    if not file.is_file():
        raise UserError(
            f"DVC's cache does not hold {path} of {name} (md5 {md5}); `dvc fetch --all-commits` gets it from a remote. "
            f"Without one, `git worktree add ../then {name}`, `make repro` in that folder, and compare with it."
        )
    return file


def _read(path: Path, keys: Sequence[str]) -> pd.DataFrame:
    """A table whose rows `keys` tell apart."""
    try:
        scores = pd.read_csv(io.BytesIO(path.read_bytes()), dtype=dict.fromkeys(KEYS, str))
    except ValueError as error:  # not text, or no table
        raise UserError(f"{path} is no table of scores ({error}).") from None
    missing = sorted(set(keys) - set(scores.columns))
    if missing:
        raise UserError(f"{path} is no table of scores: it has no column {missing[0]!r}.")
    if scores.duplicated(list(keys)).any():
        raise UserError(f"{path} scores a photograph twice; `dvc repro --force` makes it anew.")
    return scores


def _run(command: list[str], said: str) -> str:
    """What a command prints; a `UserError` that begins with `said` where it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", "") or "").strip().splitlines()
        raise UserError(f"{said}{f' ({reason[-1]})' if reason else ''}.") from None
