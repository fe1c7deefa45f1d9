"""Options of a class or function as params.yaml gives them, checked against its signature."""

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.params import typed_value


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


def _hints(called: Callable[..., Any]) -> dict[str, Any]:
    """The declared types; none where a stranger's name what is imported for type checkers alone."""
    try:
        return typing.get_type_hints(called.__init__ if inspect.isclass(called) else called, include_extras=True)
    except (NameError, AttributeError, TypeError):
        return {}
