"""One style for all figures: one style, and one place, colour and marker per method."""

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
class MethodStyle:
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
    "gray": MethodStyle(GREY, "8"),
    "mean_ab": MethodStyle(GREY, "p"),
    "class_mean": MethodStyle(GREY, "P"),
    "zhang": MethodStyle("#0072b2", "^"),
    "zhang_jbu": MethodStyle("#0072b2", "^", hollow=True),
    "siggraph17": MethodStyle("#56b4e9", "v"),
    "iizuka": MethodStyle("#009e73", "<"),
    "larsson": MethodStyle("#826ffb", ">"),
    "no_semantics": MethodStyle("#e69f00", "s"),
    "no_semantics_jbu": MethodStyle("#e69f00", "s", hollow=True),
    "semantics": MethodStyle("#d55e00", "o"),
    "semantics_jbu": MethodStyle("#d55e00", "o", hollow=True),
    "original": MethodStyle(INK, "*"),
}
# What is left for methods that this file does not know, in the order in which they get it.
FREE = [
    MethodStyle(color, marker, hollow)
    for hollow, marker, color in product((False, True), ("X", "d", "h", "P", "p"), ("#cc79a7", "#885c2f"))
]


def method_styles(methods: Iterable[str]) -> dict[str, MethodStyle]:
    """Each method's style: a fixed one for those we know, for others the next free one in the order given."""
    styles = dict(KNOWN)
    for place, method in enumerate(name for name in methods if name not in KNOWN):
        styles[method] = FREE[place % len(FREE)]
    return styles


def model_styles(methods: Mapping[str, Mapping[str, Any]]) -> dict[str, MethodStyle]:
    """Each model's style: that of the first method that uses it. `methods`: the blocks of `params.yaml`."""
    styles = method_styles(methods)
    models: dict[str, MethodStyle] = {}
    for name in in_order(methods):
        if "model" in methods[name]:
            models.setdefault(methods[name]["model"], styles[name])
    return models


def columns(amount: int, most: int) -> int:
    """How many of `amount` panels stand side by side, at most `most`, so that the rows are about equally long."""
    return math.ceil(amount / math.ceil(amount / most))
