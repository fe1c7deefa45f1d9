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

# What to call these methods before somebody who has not read the paper.
NAMES = {
    GRAY: "Grey, as given",
    "mean_ab": "One colour for all",
    "class_mean": "Mean colour of the true class",
    "zhang": "Zhang et al. 2016",
    "zhang_jbu": "Zhang et al. 2016 with JBU",
    "siggraph17": "Zhang et al. 2017",
    "iizuka": "Iizuka et al. 2016",
    "larsson": "Larsson et al. 2016",
    "no_semantics": "Without semantics",
    "no_semantics_jbu": "Without semantics, with JBU",
    BEFORE_JBU: "Without JBU",
    OURS: "The paper's method",
    ORIGINAL: "Original",
}
# Where not all methods have room: these before all others, strangers to this file before the second row.
SHOWN_FIRST, SHOWN_NEXT = (
    (ORIGINAL, GRAY, OURS),
    ("no_semantics", "zhang", "iizuka", "larsson", "siggraph17", BEFORE_JBU),
)


def main_methods(methods: Iterable[str], most: int) -> list[str]:
    """At most so many methods to show at first, in the one order: grey, the original, and those most asked about."""
    ordered = in_order(methods)
    own = [method for method in ordered if method not in NAMES]
    wanted = [method for method in (*SHOWN_FIRST, *own, *SHOWN_NEXT) if method in ordered]
    return in_order([*wanted, *(method for method in ordered if method not in wanted)][:most])


def in_order(methods: Iterable[str]) -> list[str]:
    """References, baselines, ours, then any others as given, and the original."""
    places: dict[str, float] = {method: place for place, method in enumerate(FIRST)}
    places[ORIGINAL] = math.inf
    return sorted(methods, key=lambda method: places.get(method, len(FIRST)))
