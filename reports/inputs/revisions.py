"""Results of another time or place: a folder, a git revision, or a DVC experiment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Any

import pandas as pd

from pipeline.settings.errors import UserError

KEYS = ["dataset", "method", "id"]
PLACES = {"scores": 3, "segmented": 4}  # folders of results, and how long a path in them is
CSV = dict.fromkeys(KEYS, str)


@dataclass(frozen=True)
class Results:
    """What a state of the results holds.

    `photographs`: by dataset a row per method and photograph, with the columns of `ScoreRow`, `PerceptualRow` and
    `BleedingRow` that it had then. `segmented`: by dataset and segmenter the rows as `SegmentationRow`.
    """

    photographs: dict[str, pd.DataFrame]
    segmented: dict[tuple[str, str], pd.DataFrame]


def read_results(name: str) -> Results:
    """The results of `name`: a folder that holds results/scores/, a git revision, or a DVC experiment.

    Raises `UserError` where it is none of these, where it has no scores, or where DVC's cache lacks them.
    """
    photographs: dict[str, dict[str, pd.DataFrame]] = {}
    segmented: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for path, table in _tables(name):
        if path.parts[0] == "segmented":
            segmented.setdefault((path.parts[1], path.parts[2]), []).append(_checked(path, table, [*KEYS, "label"]))
        else:
            methods, method = photographs.setdefault(path.parts[1], {}), path.name.split(".")[0]
            found = _checked(path, table, KEYS)
            methods[method] = _joined(methods[method], found) if method in methods else found
    if not any("psnr_rgb" in frame for methods in photographs.values() for frame in methods.values()):
        raise UserError(f"{name} holds no results/scores/<dataset>/<method>.csv; `dvc repro` makes them.")
    return Results(
        {dataset: pd.concat(methods.values(), ignore_index=True) for dataset, methods in photographs.items()},
        {key: pd.concat(frames, ignore_index=True) for key, frames in segmented.items()},
    )


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Two tables of one method's photographs side by side; what both know stands once."""
    new = [column for column in second if column not in first]
    return first.merge(second[[*KEYS, *new]], on=KEYS, how="outer")


def _tables(name: str) -> Iterator[tuple[PurePath, pd.DataFrame]]:
    """Every table with a row per photograph, or per photograph and class, by its path below results/."""
    if (Path(name) / "results" / "scores").is_dir():
        root = Path(name) / "results"
        for file in sorted(root.rglob("*.csv")):
            if _is_result(file.relative_to(root)):
                with file.open("rb") as content:
                    yield file.relative_to(root), _parsed(file, content)
        return
    yield from _of_revision(name)


def _of_revision(name: str) -> Iterator[tuple[PurePath, pd.DataFrame]]:
    """The tables of a revision, whose content DVC's cache holds."""
    from dvc.api import DVCFileSystem  # takes seconds, which a folder need not pay
    from dvc.exceptions import DvcException
    from dvc_data.index import DataIndexDirError

    files: Any = DVCFileSystem(".", rev=_commit(name))
    place = "results"
    try:
        for place in sorted(file for folder in PLACES for file in files.find(f"/results/{folder}")):
            path = PurePath(place).relative_to("/results")
            if _is_result(path):
                with files.open(place, "rb") as content:
                    yield path, _parsed(path, content)
    except (DataIndexDirError, DvcException, OSError):
        raise UserError(
            f"DVC's cache does not hold {place.strip('/')} of {name}; `dvc fetch --all-commits` gets it from a remote. "
            f"Without one, `git worktree add ../then {name}`, `make repro` there, and compare with that folder."
        ) from None


def _commit(name: str) -> str:
    """The commit that a revision or an experiment means."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.repo.experiments.refs import ExpRefInfo
    from dvc.repo.experiments.utils import resolve_name
    from scmrepo.exceptions import SCMError

    try:
        scm = Repo(".").scm
        experiment: ExpRefInfo | None = resolve_name(scm, [name])[name]
        return str(scm.resolve_rev(str(experiment) if experiment else name))
    except (DvcException, SCMError) as error:
        raise UserError(
            f"{name} is neither a folder with results/scores in it, nor a git revision, nor a DVC experiment ({error})."
        ) from None


def _is_result(path: PurePath) -> bool:
    """Whether it holds a row per photograph, or per photograph and class; `path` is relative to results/."""
    depth = PLACES.get(path.parts[0])
    return len(path.parts) == depth and path.suffix == ".csv" and not path.name.endswith(".objects.csv")


def _parsed(path: PurePath, content: IO[bytes]) -> pd.DataFrame:
    try:
        return pd.read_csv(content, dtype=CSV)
    except ValueError as error:  # not text, or no table
        raise UserError(f"{path} is no table of scores ({error}).") from None


def _checked(path: PurePath, scores: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """A table whose rows `keys` tell apart."""
    missing = sorted(set(keys) - set(scores.columns))
    if missing:
        raise UserError(f"{path} is no table of scores: it has no column {missing[0]!r}.")
    if scores.duplicated(list(keys)).any():
        raise UserError(f"{path} scores a photograph twice; `dvc repro --force` makes it anew.")
    return scores
