"""Hot loops as machine code (numba), kept on disk for the next process wherever that can be written."""

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`numba.njit` with these options and a cache on disk."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # neither beside the file nor in the user's cache folder
            return njit(**options)(function)

    return decorate
