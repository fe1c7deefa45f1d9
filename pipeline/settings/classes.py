"""Objects that a block of params.yaml describes: a class found by its import path, called with its options."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from pipeline.settings.errors import UserError
from pipeline.settings.options import checked_options
from pipeline.settings.params import Params


def make(block: dict[str, Any], where: str, first: object) -> Any:
    """Make the object that a block of params.yaml describes: its `class` called with `first` and the other keys.

    Raises `UserError`, beginning with `where`, for a class that cannot be imported and for a wrong option.
    """
    made_of, options = check_block(block, where)
    return made_of(first, **options)


def check_block(block: Mapping[str, Any], where: str) -> tuple[type, dict[str, Any]]:
    """The class that a block names and its options; errors as in `make`, without making anything."""
    made_of = load_class(block.get("class"), where)
    return made_of, checked_options(made_of, {key: block[key] for key in block if key != "class"}, where)


def check_blocks(params: Params) -> None:
    """Check the class and the options of every network and method before the first of them works.

    Raises `UserError` naming the block and the option that is wrong.
    """
    for name in params.methods:
        check_block(params.method(name), f"methods.{name}")
    for key in ("models", "segmenters"):
        for name in getattr(params, key):
            made_of, _ = check_block(params.network(name), f"{key}.{name}")
            _check_sides(params, made_of, f"{key}.{name}")
    for name, block in params.published.items():
        load_class(block.get("class"), f"published.{name}")
        load_class(block.get("reader"), f"published.{name}: reader")


def _check_sides(params: Params, made_of: type, where: str) -> None:
    """A network that halves its input more often than others needs a square whose side divides further."""
    multiple = getattr(made_of, "multiple", 1)
    for dataset in params.datasets:
        size = params.dataset(dataset).pack.size
        if size % multiple:
            wanted = f"{where} needs a multiple of {multiple}; change the size, or remove that network"
            raise UserError(f"data.{dataset}.pack: size is {size}, but {wanted}.")


def settings(block: dict[str, Any], where: str) -> dict[str, Any]:
    """All options of the class that a block names: as the block gives them, else their defaults."""
    parameters = list(inspect.signature(load_class(block["class"], where)).parameters.values())[1:]
    return {option.name: block.get(option.name, option.default) for option in parameters}


def load_class(path: object, where: str) -> type:
    """Import `package.module:Class`."""
    if not isinstance(path, str) or not path:
        raise UserError(f"{where}: `class` is {path!r}, but should be an import path such as package.module:Class.")
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{where}: the class {path!r} cannot be imported ({error}).") from None
