"""The photographs that the report shows: which, and what every method made of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.inputs.scores import Dataset, read_pictures

RULE = (
    "The photographs are not chosen by hand: they lie evenly spaced in the list of validation photographs sorted by id."
)
ABREAST = 8  # pictures of a photograph in a row: more would be too small to judge


@dataclass(frozen=True)
class Examples:
    """`pictures[method][id]`: (H, W, 3) uint8 sRGB, in the report's order: the grey image first, the original last."""

    ids: list[str]
    pictures: dict[str, dict[str, np.ndarray]]


def evenly_spaced(ids: Sequence[str], amount: int) -> list[str]:
    """The middles of `amount` equal parts of the sorted ids; all of them where there are fewer."""
    ordered = sorted(set(ids))
    amount = min(amount, len(ordered))
    return [ordered[(2 * place + 1) * len(ordered) // (2 * amount)] for place in range(amount)]


def read_examples(dataset: Dataset, methods: Sequence[str], amount: int = 5) -> Examples:
    """Every method's pictures of the photographs that the rule picks."""
    ids = evenly_spaced(list(dataset.scores["id"]), amount)
    return Examples(ids, {method: read_pictures(dataset.name, method, ids) for method in methods})
