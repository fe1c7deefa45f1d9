"""Which methods are compared with which: stated here, before any result is seen (by what: `measures.py`)."""

from collections.abc import Collection
from dataclasses import dataclass

# Photographs: with fewer, simulated intervals of skewed differences cover the truth in under 90 of 100 cases.
FEWEST = 50
# Photographs that people rated: with so many, their intervals hold (docs/results/human_statistics.md).
FEWEST_RATED = 30


@dataclass(frozen=True)
class Pair:
    """A comparison of method `a` with method `b`, and the question that it answers."""

    a: str
    b: str
    asks: str

    @property
    def title(self) -> str:
        """How plots and tables name the difference."""
        return f"{self.a} - {self.b}"


# Each question that the paper asks of its own method, once: the fewer the pairs, the less Holm's adjustment takes.
# Pairs of baselines, and methods that somebody adds, are not part of the paper's claims.
PAIRS = (
    Pair("semantics", "no_semantics", "what the semantic branch adds (Table 1)"),
    Pair("semantics_jbu", "semantics", "what JBU adds to it (Table 1)"),
    Pair("no_semantics_jbu", "no_semantics", "what JBU adds alone"),
    Pair("semantics_jbu", "zhang", "the whole method beside Zhang et al. 2016 (Table 2)"),
    Pair("semantics_jbu", "iizuka", "the same beside Iizuka et al. 2016 (Table 2)"),
    Pair("semantics_jbu", "larsson", "the same beside Larsson et al. 2016 (Table 2)"),
    Pair("semantics_jbu", "siggraph17", "the same beside Zhang et al. 2017"),
)


def pairs_of(methods: Collection[str]) -> list[Pair]:
    """The pairs of which both methods are there."""
    return [pair for pair in PAIRS if pair.a in methods and pair.b in methods]
