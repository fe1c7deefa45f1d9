"""Recipes: how the systems of others are installed and run, one file each in `recipes/`, for use under `methods`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.options import parse_record, typed_value
from pipeline.settings.yaml_file import read_yaml

FOLDER = Path("recipes")


@dataclass(frozen=True)
class Code:
    """A system's public code. `files`: those that the recipe's facts are from, as they are at `commit`."""

    repository: str
    commit: str
    date: str
    licence: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """How to install and run one system, and what must be known of its pictures.

    `install`: commands for a shell. `size`: of its pictures in pixels, or "own" for the photograph's. `lightness`: what
    its pictures keep of the photograph: its L ("own"), its luma while L follows the colours ("luma"), its grey level in
    the place of L ("gray level"), its L at the network's size ("resized"), or no more than its own network does
    ("generated"). `untried`: what could not be tried.

    `pictures`: the options of a method that hold for its pictures, wherever they were made. `command`: those of
    `pipeline.methods.command` that make them.
    """

    system: str
    code: Code
    weights: str
    install: str
    size: str
    lightness: Literal["own", "luma", "gray level", "resized", "generated"]
    untried: str
    command: dict[str, Any]
    pictures: dict[str, Any]


def read_recipe(name: str, where: str) -> Recipe:
    """The recipe `name`; raises `UserError`, beginning with `where`, for one that is not there or not whole."""
    known = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    if name not in known:
        hint = suggestion(name, known) if known else f"{FOLDER} has none."
        raise UserError(f"{where}: there is no recipe {name!r} in {FOLDER}; {hint}")
    path = FOLDER / f"{name}.yaml"
    return parse_record(Recipe, read_yaml(path, ""), str(path))


def with_recipe(block: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A method's block with what its `recipe` says filled in; a block without one as it is.

    A block with a `path` takes finished pictures from there. Any other needs a `cwd`, the folder of the system's code,
    and runs the recipe's command. Own keys replace those of the recipe; those of a mapping, such as `card`, one by one.
    """
    own = {key: value for key, value in block.items() if key != "recipe"}
    if "recipe" not in block:
        return own
    for key in ("class", "kind"):
        if key in own:
            raise UserError(f"{where} has a recipe, which decides on its {key}; remove `{key}` or `recipe`.")
    name: str = typed_value(str, block["recipe"], f"{where}: recipe")
    recipe = read_recipe(name, where)
    if "path" in own:
        filled = {"kind": "folder", **recipe.pictures}
    elif "cwd" in own:
        filled = {"kind": "command", **recipe.command, **recipe.pictures}
    else:
        raise UserError(
            f"{where}: the recipe {name!r} needs `cwd`, the folder of the system's code ({FOLDER / name}.yaml says how "
            "to install it), or `path`, a folder of finished pictures."
        )
    for key, value in own.items():
        both = isinstance(value, Mapping) and isinstance(filled.get(key), Mapping)
        filled[key] = {**filled[key], **value} if both else value
    return filled
