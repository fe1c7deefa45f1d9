"""The methods that this report knows by name, and the one order of methods in all tables and figures."""

import math
from collections.abc import Iterable

GRAY, ORIGINAL = "gray", "original"
BEFORE_JBU, OURS = "semantics", "semantics_jbu"  # the paper's own method: `OURS` is the whole of it
FIRST = (
    GRAY,
    "mean_ab",
    "class_mean",
    "zhang",
    "zhang_jbu",
    "siggraph17",
    "iizuka",
    "larsson",
    "no_semantics",
    "no_semantics_jbu",
    BEFORE_JBU,
    OURS,
)


def in_order(methods: Iterable[str]) -> list[str]:
    """References, baselines, ours, then any others as given, and the original."""
    places: dict[str, float] = {method: place for place, method in enumerate(FIRST)}
    places[ORIGINAL] = math.inf
    return sorted(methods, key=lambda method: places.get(method, len(FIRST)))
