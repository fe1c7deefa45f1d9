"""What YAML files say, as the types that a record or a class declares; an unknown key is an error with a suggestion."""

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.ranges import Limit

YAML_TYPES = (bool, int, float, str, list, tuple, dict)
Record = TypeVar("Record")


def checked_options(
    called: Callable[..., Any], options: Mapping[str, Any], where: str, skip: int = 1
) -> dict[str, Any]:
    """`options` as the keywords of `called` want them; its first `skip` parameters are no options.

    Raises `UserError`, beginning with `where`, for an unknown option, a missing one, and a value of another type or out
    of its declared range (`pipeline.settings.ranges`).
    """
    every = list(inspect.signature(called).parameters.values())[skip:]
    parameters = {one.name: one for one in every if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}
    takes_any = any(one.kind is one.VAR_KEYWORD for one in every)
    for option in options:
        if option not in parameters and not takes_any:
            known = suggestion(str(option), list(parameters)) if parameters else "there are none."
            raise UserError(f"{where}: unknown option {option!r}; {known}")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in options:
            raise UserError(f"{where}: the option {name!r} is missing.")
    hints = _hints(called)
    return {name: typed_value(hints.get(name, Any), value, f"{where}: {name}") for name, value in options.items()}


def parse_record(record: type[Record], content: object, where: str) -> Record:
    """Make the dataclass `record` from a mapping, checking every key and every value's type."""
    if not isinstance(content, Mapping):
        raise UserError(f"{where} should hold keys and values, but is {content!r}.")
    known = {one.name: one for one in fields(typing.cast(Any, record))}
    for key in content:
        if key not in known:
            raise UserError(f"{where}: unknown parameter {key!r}; {suggestion(str(key), list(known))}")
    for name, one in known.items():
        if name not in content and one.default is MISSING and one.default_factory is MISSING:
            raise UserError(f"{where}: the parameter {name!r} is missing.")
    hints = typing.get_type_hints(record, include_extras=True)
    return record(**{key: typed_value(hints[key], value, f"{where}: {key}") for key, value in content.items()})


def typed_value(hint: Any, value: Any, where: str) -> Any:
    """`value` as the type `hint` wants it, lists as tuples and whole numbers as floats.

    Raises `UserError`, beginning with `where`, for another type and for a number out of the range that an `Annotated`
    declares. Types that no YAML file can hold are taken as they are.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        value = typed_value(arguments[0], value, where)
        for limit in arguments[1:]:
            typing.cast(Limit, limit).check(value, where)
        return value
    if is_dataclass(hint):
        return parse_record(typing.cast(type, hint), value, where)
    if origin is Literal:
        if value not in arguments or isinstance(value, bool):
            raise UserError(f"{where} is {value!r}; {suggestion(str(value), [str(choice) for choice in arguments])}")
        return value
    if origin in (tuple, list, Sequence):
        if not isinstance(value, list | tuple):
            raise UserError(f"{where} is {value!r}, but should be a list, such as [a, b].")
        items = [typed_value(arguments[0], item, where) for item in value]
        return tuple(items) if origin is tuple else items
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        return {str(key): typed_value(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin in (types.UnionType, typing.Union):
        return _first_that_fits(arguments, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = dict if origin is Mapping else origin or hint
    if wanted not in YAML_TYPES:
        return value
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise UserError(f"{where} is {value!r}, but should be of type {wanted.__name__}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{where} is {value!r}, but should be a finite number.")
    return value


def _first_that_fits(hints: Sequence[Any], value: Any, where: str) -> Any:
    """`value` as the first of several types that takes it."""
    if value is None and type(None) in hints:
        return None
    possible = [hint for hint in hints if hint is not type(None)]
    if len(possible) == 1:
        return typed_value(possible[0], value, where)
    for hint in possible:
        with suppress(UserError):
            return typed_value(hint, value, where)
    wanted = " or ".join(map(_described, possible))
    raise UserError(f"{where} is {value!r}, but should be {wanted}.")


def _described(hint: Any) -> str:
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is Annotated:
        return " ".join([_described(arguments[0]), *map(str, arguments[1:])])
    if typing.get_origin(hint) is Literal:
        return " or ".join(map(repr, arguments))
    return f"of type {(typing.get_origin(hint) or hint).__name__}"


def _hints(called: Callable[..., Any]) -> dict[str, Any]:
    """The declared types; none where a stranger's name what is imported for type checkers alone."""
    try:
        return typing.get_type_hints(called.__init__ if inspect.isclass(called) else called, include_extras=True)
    except (NameError, AttributeError, TypeError):
        return {}
