"""The photographs that a protocol names: lists of ImageNet's numbers, and what of them is there or missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

FOLDER = Path(__file__).parent / "lists"
SHOWN = 3


@dataclass(frozen=True)
class Listed:
    """`names`: the photographs' names without suffix. `about`: what they are and who names them."""

    names: frozenset[str]
    about: str


@cache
def listed(name: str) -> Listed:
    """A list by its file's name: a line that says what it is, the names' pattern, and numbers or ranges of numbers."""
    about, pattern, *numbers = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    ranges = (word.partition("-") for line in numbers for word in line.split())
    every = (number for first, _, last in ranges for number in range(int(first), int(last or first) + 1))
    return Listed(frozenset(pattern.format(number) for number in every), about)


def sentence(protocol: str, name: str, ids: Iterable[str]) -> str:
    """Which photographs of a protocol's list are missing, and how many others are there; "" where all is right."""
    wanted, there = listed(name).names, {PurePosixPath(id).name for id in ids}
    missing, others = sorted(wanted - there), len(there - wanted)
    if not missing and not others:
        return ""
    parts = []
    if missing:
        more = f" and {len(missing) - SHOWN:,} more" if len(missing) > SHOWN else ""
        parts.append(f"{len(missing):,} of them are missing ({', '.join(missing[:SHOWN])}{more})")
    if others:
        parts.append(f"{others:,} of yours are others")
    text = f"{protocol} names {len(wanted):,} photographs ({name}): {', '.join(parts)}"
    return f"{text}; published numbers are of all of them and of no others."
