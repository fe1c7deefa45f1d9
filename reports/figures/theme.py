"""One look for all figures: one style, and one place, colour and marker per method."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

import matplotlib

from reports.plan.order import in_order

INK = "#1f2328"
GRID = "#9a9a9a44"  # see-through, so that it suits light and dark pages

STYLE: Any = {  # matplotlib's stubs want a literal of its 300 names as keys
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs, and so the same bytes, everywhere
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "pdf.fonttype": 42,  # TrueType, embedded: text stays text, as publishers ask
    "svg.hashsalt": "huebench",
    "savefig.dpi": 150,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save in the one style, whatever the user's own matplotlib settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


@dataclass(frozen=True)
class Look:
    """A method's colour and marker, filled or hollow; no two methods share all three."""

    color: str
    marker: str
    hollow: bool = False

    @property
    def face(self) -> str:
        """What the marker is filled with."""
        return "none" if self.hollow else self.color


# Colour-blind-safe by family, mostly Okabe and Ito's colours: references grey, published baselines cool, ours warm.
# All that we know differ in shape as well, for prints without colour. JBU makes a method's marker hollow and keeps the
# rest. Diamonds are left to published values.
GREY = "#808080"
KNOWN = {
    "gray": Look(GREY, "8"),
    "mean_ab": Look(GREY, "p"),
    "class_mean": Look(GREY, "P"),
    "zhang": Look("#0072b2", "^"),
    "zhang_jbu": Look("#0072b2", "^", hollow=True),
    "siggraph17": Look("#56b4e9", "v"),
    "iizuka": Look("#009e73", "<"),
    "larsson": Look("#826ffb", ">"),
    "no_semantics": Look("#e69f00", "s"),
    "no_semantics_jbu": Look("#e69f00", "s", hollow=True),
    "semantics": Look("#d55e00", "o"),
    "semantics_jbu": Look("#d55e00", "o", hollow=True),
    "original": Look(INK, "*"),
}
# What is left for methods that this file does not know, in the order in which they get it.
FREE = [
    Look(color, marker, hollow)
    for hollow, marker, color in product((False, True), ("X", "d", "h", "P", "p"), ("#cc79a7", "#885c2f"))
]


def method_looks(methods: Iterable[str]) -> dict[str, Look]:
    """Each method's look: a fixed one for those we know, for others the next free one in the order given."""
    looks = dict(KNOWN)
    for place, method in enumerate(name for name in methods if name not in KNOWN):
        looks[method] = FREE[place % len(FREE)]
    return looks


def model_looks(methods: Mapping[str, Mapping[str, Any]]) -> dict[str, Look]:
    """Each model's look: that of the first method that uses it. `methods`: the blocks of `params.yaml`."""
    looks = method_looks(methods)
    models: dict[str, Look] = {}
    for name in in_order(methods):
        if "model" in methods[name]:
            models.setdefault(methods[name]["model"], looks[name])
    return models


def columns(amount: int, most: int) -> int:
    """How many of `amount` panels stand side by side, at most `most`, so that the rows are about equally long."""
    return math.ceil(amount / math.ceil(amount / most))
