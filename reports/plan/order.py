"""The one order of methods in all tables and figures."""

import math
from collections.abc import Iterable

FIRST = (
    "gray",
    "mean_ab",
    "class_mean",
    "zhang",
    "zhang_jbu",
    "siggraph17",
    "iizuka",
    "larsson",
    "no_semantics",
    "no_semantics_jbu",
    "semantics",
    "semantics_jbu",
)
LAST = "original"


def in_order(methods: Iterable[str]) -> list[str]:
    """References, baselines, ours, then any others as given, and the original."""
    places: dict[str, float] = {method: place for place, method in enumerate(FIRST)}
    places[LAST] = math.inf
    return sorted(methods, key=lambda method: places.get(method, len(FIRST)))
