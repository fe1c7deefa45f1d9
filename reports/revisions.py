"""Scores of another time or place: a folder of results, or a git revision whose scores lie in DVC's cache."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml

from pipeline.errors import UserError

LOCK = "dvc.lock"
EXPERIMENTS = "refs/exps/"  # where `dvc exp run` keeps its commits, which git does not know by their names alone


def read_results(name: str) -> dict[str, pd.DataFrame]:
    """All scores of `name`, by dataset: rows as `ScoreRow`, with the columns that they had then.

    `name`: a folder that holds scores/<dataset>/<method>.csv, a git revision, or a DVC experiment. Raises `UserError`
    where it is none of these, where it has no scores, or where DVC's cache lacks them.
    """
    folder = Path(name)
    files = _in_folder(folder) if (folder / "scores").is_dir() else _in_revision(name)
    scores: dict[str, list[pd.DataFrame]] = {}
    for dataset, path in files:
        scores.setdefault(dataset, []).append(_read(path))
    if not scores:
        raise UserError(f"{name} holds no scores/<dataset>/<method>.csv; `dvc repro` makes them.")
    return {dataset: pd.concat(frames, ignore_index=True) for dataset, frames in scores.items()}


def _in_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    return ((path.parent.name, path) for path in sorted((folder / "scores").glob("*/*.csv")))


def _in_revision(name: str) -> Iterator[tuple[str, Path]]:
    """The files in DVC's cache that a revision's dvc.lock names as its scores."""
    commit = _commit(name)
    lock = yaml.safe_load(_run(["git", "show", f"{commit}:./{LOCK}"], f"{name} has no {LOCK}, so no scores to compare"))
    cache = Path(_run([sys.executable, "-m", "dvc", "cache", "dir"], "this is no DVC repository").strip())
    for stage in lock["stages"].values():
        for out in stage.get("outs", []):
            path = Path(out["path"])
            if path.parts[0] == "scores" and path.suffix == ".csv":
                yield path.parent.name, _cached(cache, out["md5"], name, path)


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


def _read(path: Path) -> pd.DataFrame:
    try:
        scores = pd.read_csv(io.BytesIO(path.read_bytes()), dtype={"dataset": str, "method": str, "id": str})
    except ValueError as error:  # not text, or no table
        raise UserError(f"{path} is no table of scores ({error}).") from None
    missing = sorted({"dataset", "method", "id"} - set(scores.columns))
    if missing:
        raise UserError(f"{path} is no table of scores: it has no column {missing[0]!r}.")
    if scores.duplicated(["method", "id"]).any():
        raise UserError(f"{path} scores a photograph twice; `dvc repro --force` makes it anew.")
    return scores


def _run(command: list[str], said: str) -> str:
    """What a command prints; a `UserError` that begins with `said` where it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", "") or "").strip().splitlines()
        raise UserError(f"{said}{f' ({reason[-1]})' if reason else ''}.") from None
