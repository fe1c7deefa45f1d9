"""How the report words numbers and intervals."""

import math
from collections.abc import Mapping

CONVENTIONS = {
    "MB": "size of the file of weights, decimal: 1,000,000 bytes",
    "Sees": "the resolution at which the method is given the photograph",
}
# What there is to say of methods without anything to state.
REFERENCES = {
    "gray": "the photograph without its colours; nothing is learned",
    "original": "the photograph itself; nothing is learned",
}
JOINED = "; where a network has several trainings, joined with Student's t over these"


def interval_convention(resamples: int, seed: int) -> str:
    """What the brackets hold."""
    return f"{photographs_convention(resamples, seed)}{JOINED}"


def photographs_convention(resamples: int, seed: int) -> str:
    """What the brackets hold where one training is shown."""
    return f"95 % percentile bootstrap over photographs ({resamples:,} paired resamples, seed {seed})"


def paired_convention(resamples: int, seed: int, test: str, family: str, first: str) -> str:
    """What a row of paired differences holds. `test`: what p is of; `family`: what Holm's adjustment is over.

    `first`: minus the second.
    """
    return (
        f"Brackets: 95 % BCa bootstrap over photographs, widened where these are few ({resamples:,} resamples, "
        f"seed {seed}). p: {test}, by Holm over {family}. Higher on: share of "
        f"photographs on which the {first} scores higher. r: matched-pairs rank-biserial correlation. d_z: mean "
        "over standard deviation of the differences"
    )


def number(value: float | None, digits: int = 2) -> str:
    """A number for people; a dash where there is none."""
    if value is None or math.isnan(value):
        return "-"
    return "∞" if math.isinf(value) else f"{value:.{digits}f}"


def integer(value: int | None) -> str:
    """`32,230,393`; a dash where there is none."""
    return "-" if value is None else f"{value:,}"


def with_interval(mean: float, low: float, high: float, digits: int = 2) -> str:
    """`22.31 [22.05, 22.58]`; a mean that is infinite has no interval."""
    shown = number(mean, digits)
    return f"{shown} [{number(low, digits)}, {number(high, digits)}]" if math.isfinite(mean) else shown


def signed(value: float, digits: int = 2) -> str:
    """`+0.12`; a dash where there is no number."""
    return "-" if math.isnan(value) else f"{value:+.{digits}f}"


def signed_with_interval(mean: float, low: float, high: float, digits: int = 2) -> str:
    """`+0.12 [0.05, 0.19]`; a dash where there is no difference to state."""
    if math.isnan(mean):
        return "-"
    return f"{signed(mean, digits)} [{number(low, digits)}, {number(high, digits)}]"


def p_value(value: float) -> str:
    """`0.012`, `< 0.001`; a dash where nothing was tested."""
    if math.isnan(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def count(amount: int, noun: str) -> str:
    """`1 photograph`, `1,449 photographs`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def some_of(n: int, left_out: int) -> str:
    """`8`, or `5 of 8` where a number is not about all photographs."""
    return f"{n:,} of {n + left_out:,}" if left_out else f"{n:,}"


def of_fewer(n: int, whole: int) -> str:
    """` (n = 4)` behind a value that is about fewer photographs than its table says; "" behind the others."""
    return "" if n == whole else f" (n = {n:,})"


def listed(values: Mapping[str, object]) -> str:
    """`lambda_color 1.0, rebalancing normalized`."""
    return ", ".join(f"{key} {value}" for key, value in values.items())
