"""What a value may be besides its type: declared beside it, as `Annotated[int, Range(1, 100)]`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from pipeline.settings.errors import UserError


class Limit(Protocol):
    """A condition on a value of a type."""

    def check(self, value: object, where: str) -> None:
        """Raise `UserError`, beginning with `where`, for a value that cannot be."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; whole multiples of `multiple_of`, if that is given."""

    low: float
    high: float = math.inf
    multiple_of: int = 0

    def check(self, value: object, where: str) -> None:
        """See `Limit`; null stays null, and of an option that takes words as well, words are no numbers."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        if not self.low <= value <= self.high or (self.multiple_of and value % self.multiple_of):
            raise UserError(f"{where} is {value!r}, but should be {self}.")

    def __str__(self) -> str:
        what = f"a multiple of {self.multiple_of} " if self.multiple_of else ""
        return what + (f"at least {self.low:,}" if self.high == math.inf else f"from {self.low:,} to {self.high:,}")


@dataclass(frozen=True)
class Distinct:
    """A list without the same value twice and without an empty text."""

    def check(self, value: object, where: str) -> None:
        """See `Limit`."""
        values = list(value) if isinstance(value, list | tuple) else []
        twice = [one for number, one in enumerate(values) if one in values[:number]]
        if twice:
            raise UserError(f"{where} names {twice[0]!r} twice; each counts once.")
        if any(isinstance(one, str) and not one.strip() for one in values):
            raise UserError(f"{where} holds an empty name; give each a name.")


@dataclass(frozen=True)
class Ascending:
    """A list of exactly two numbers, the lower first."""

    def check(self, value: object, where: str) -> None:
        """See `Limit`."""
        if not (isinstance(value, list | tuple) and len(value) == 2 and value[0] <= value[1]):
            raise UserError(f"{where} is {value!r}, but should be two numbers, the lower first.")


# NumPy and PyTorch both take these.
Seed = Annotated[int, Range(0, 2**32 - 1)]
Seeds = Annotated[tuple[Seed, ...], Distinct()]
# Of any optimiser: larger steps leave no network that can be trained.
LearningRate = Annotated[float, Range(1e-8, 10)]
Weight = Annotated[float, Range(0, 1e6)]  # of a part of a loss
Share = Annotated[float, Range(0, 1)]
Channels = Annotated[int, Range(1, 8192)]  # of a layer
Temperature = Annotated[float, Range(0.01, 100)]  # of an annealed mean: 1 is the mean, near 0 the mode
Scales = Annotated[Sequence[Annotated[float, Range(0.1, 10)]], Ascending()]  # of random resizing
