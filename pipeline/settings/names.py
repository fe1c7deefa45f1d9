"""Names of datasets, networks and methods: DVC makes stages of them, and every stage files and folders."""

import re
from collections.abc import Iterable, Mapping
from itertools import product

from pipeline.settings.errors import UserError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
ALLOWED = "a letter first, then letters without accents, digits, _ and -, at most 60 in all"
BLOCKS = ("data", "models", "segmenters", "published", "methods", "kinds")
# In the folders of methods, `left_out.json` says which are not made at all.
TAKEN = {"methods": ("left_out",)}
# The stages of dvc.yaml that are named by a dataset and one more name, joined by a hyphen.
JOINED = ("segmenters", "published")


def check_names(content: object, where: str) -> None:
    """Raise `UserError` for a name in params that is no name for DVC or a file, or that means two things.

    `content`: as the file has it, before anything is filled in.
    """
    if not isinstance(content, Mapping):
        return
    blocks = {key: list(content[key]) for key in BLOCKS if isinstance(content.get(key), Mapping)}
    for key, names in blocks.items():
        _check_spelling(names, f"{where}: {key}", TAKEN.get(key, ()))
    for key in ("datasets", "methods"):
        if key in content and not content[key]:
            raise UserError(f"{where}: {key} names none; name at least one.")
    for key in ("datasets", "sizes"):
        _check_once(content.get(key), f"{where}: {key}")
    datasets = content.get("datasets")
    if isinstance(datasets, list):
        for key in JOINED:
            _check_joined(map(str, datasets), blocks.get(key, []), f"{where}: {key}")


def _check_spelling(names: Iterable[object], where: str, taken: tuple[str, ...]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if not isinstance(name, str):
            raise UserError(f"{where} has the name {name!r}, which YAML reads as no text; choose another, {ALLOWED}.")
        if not NAME.fullmatch(name):
            raise UserError(f"{where} has the name {name!r}; allowed are {ALLOWED}.")
        if name in taken:
            raise UserError(f"{where} has the name {name!r}, which is a file of a stage; choose another.")
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            raise UserError(
                f"{where} has {twin!r} and {name!r}, which are one file where capitals make no difference; rename one."
            )


def _check_once(names: object, where: str) -> None:
    values = names if isinstance(names, list) else []
    for number, name in enumerate(values):
        if name in values[:number]:
            raise UserError(f"{where} names {name!r} twice, so its photographs would count twice; remove one.")


def _check_joined(datasets: Iterable[str], names: Iterable[str], where: str) -> None:
    """One stage must not stand for two: `my` with `set-gray` and `my-set` with `gray` are both `my-set-gray`."""
    seen: dict[str, tuple[str, str]] = {}
    for pair in product(datasets, names):
        other = seen.setdefault("-".join(pair), pair)
        if other != pair:
            raise UserError(
                f"{where}: {other[1]!r} on the dataset {other[0]!r} and {pair[1]!r} on {pair[0]!r} would both be the "
                f"stage {'-'.join(pair)!r}; rename one, with _ in place of -."
            )
