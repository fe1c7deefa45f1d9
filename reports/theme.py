"""One look for all figures: one style, and one colour and marker per method."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib

INK = "#1f2328"
GRID = "#9a9a9a44"  # see-through, so that it suits light and dark pages

# Okabe and Ito's colour-blind-safe palette without its yellow, which white paper swallows; black is kept for the
# original. Neighbours are a dark and a light tone, as methods often come in pairs without and with JBU.
COLORS = ("#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7")
MARKERS = ("o", "s", "^", "D", "v", "P")
RESERVED = {"gray": "#8a8a8a", "original": INK}

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
    """A method's colour and marker; no two methods share both."""

    color: str
    marker: str


def method_looks(methods: Iterable[str]) -> dict[str, Look]:
    """Each method's look, by its place in `params.yaml`; the grey image and the original have their own."""
    looks = {name: Look(color, "o") for name, color in RESERVED.items()}
    for place, method in enumerate(name for name in methods if name not in RESERVED):
        looks[method] = Look(COLORS[place % len(COLORS)], MARKERS[place // len(COLORS) % len(MARKERS)])
    return looks


def model_looks(methods: Mapping[str, Mapping[str, Any]]) -> dict[str, Look]:
    """Each model's look: that of the first method that uses it. `methods`: the blocks of `params.yaml`."""
    looks = method_looks(methods)
    models: dict[str, Look] = {}
    for name, block in methods.items():
        if "model" in block:
            models.setdefault(block["model"], looks[name])
    return models
