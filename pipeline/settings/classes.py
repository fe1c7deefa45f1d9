"""Objects that a block of params.yaml describes: a class found by its import path, called with its options."""

import importlib
import inspect
from typing import Any

from pipeline.settings.errors import UserError, suggestion


def make(block: dict[str, Any], where: str, first: object) -> Any:
    """Make the object that a block of params.yaml describes: its `class` called with `first` and the other keys.

    Raises `UserError`, beginning with `where`, for a class that cannot be imported and for an unknown option.
    """
    options = dict(block)
    made_of = load_class(options.pop("class", ""), where)
    known = list(inspect.signature(made_of).parameters)[1:]
    for option in options:
        if option not in known:
            raise UserError(f"{where}: unknown option {option!r}; {suggestion(option, known)}")
    return made_of(first, **options)


def settings(block: dict[str, Any], where: str) -> dict[str, Any]:
    """All options of the class that a block names: as the block gives them, else their defaults."""
    parameters = list(inspect.signature(load_class(block["class"], where)).parameters.values())[1:]
    return {option.name: block.get(option.name, option.default) for option in parameters}


def load_class(path: str, where: str) -> type:
    """Import `package.module:Class`."""
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{where}: the class {path!r} cannot be imported ({error}).") from None
