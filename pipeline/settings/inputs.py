"""What a stage began with, compared with what is there when it ends.

DVC notes params, code and data after a stage has ended. What is edited in between, for the next experiment or by a
pull, would be taken for what made the result, and the next run would find nothing to do.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.settings import recipes
from pipeline.settings.errors import UserError
from pipeline.settings.params import PARAMS_FILE
from pipeline.settings.provenance import code_digest


@dataclass(frozen=True)
class Inputs:
    """`params`: the leaves of params.yaml below some keys, by their path; `files`: size and time of each file."""

    params: dict[str, Any]
    files: dict[Path, tuple[int, int]]
    code: str


@contextmanager
def inputs_unchanged(modules: Iterable[str], keys: Iterable[str], places: Iterable[Path] = ()) -> Iterator[None]:
    """Raise `UserError` at the end if anything was edited since the beginning, naming what it was and is.

    `modules`: whose code counts, with all that they import; `keys`: of params.yaml, with dots, `methods` with their
    recipes; `places`: files and folders that are read.
    """
    modules, keys, places = list(modules), list(keys), list(places)
    if "methods" in keys:
        places.append(recipes.FOLDER)
    before = _inputs(modules, keys, places)
    yield
    now = _inputs(modules, keys, places)
    again = "run the same command again, which makes anew what depends on it."
    for where in [*before.params, *now.params]:
        old, new = before.params.get(where), now.params.get(where)
        if old != new:
            raise UserError(f"{PARAMS_FILE}: {where} was {old!r} when this began and is {new!r} now; {again}")
    for file in [*before.files, *now.files]:
        if before.files.get(file) != now.files.get(file):
            raise UserError(f"{file} changed while this ran; {again}")
    if before.code != now.code:
        raise UserError(f"the code of {modules[0]} changed while it ran; {again}")


def flat(where: str, value: Any) -> dict[str, Any]:
    """The leaves of nested mappings, by their path with dots."""
    if not isinstance(value, Mapping):
        return {where: value}
    inner = ((f"{where}.{key}" if where else str(key), item) for key, item in value.items())
    return {path: leaf for at, item in inner for path, leaf in flat(at, item).items()}


def _inputs(modules: list[str], keys: list[str], places: list[Path]) -> Inputs:
    content = yaml.safe_load(PARAMS_FILE.read_text(encoding="utf-8"))
    params = {path: leaf for key in keys for path, leaf in flat(key, _at(content, key)).items()}
    found = [path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*")))]
    files = {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in found if path.is_file()}
    return Inputs(params, files, code_digest(modules))


def _at(content: Any, key: str) -> Any:
    for part in key.split("."):
        content = content.get(part) if isinstance(content, Mapping) else None
    return content
