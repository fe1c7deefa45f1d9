"""What conventions do to a comparison: measures by every protocol, and the pairs of methods that they turn round."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from huebench.protocols.protocol import OF_SETS
from huebench.scoring.measures import Evaluator
from huebench.scoring.run import Scored
from huebench.scoring.tables import SEED, score_lines, shown_value, values_of
from reports.plan.measures import MEASURES, Measure
from reports.statistics.paired import compare_columns, difference
from reports.tables.documents import Table
from reports.tables.wording import signed, signed_with_interval

# Measures that papers print under one name.
FAMILIES = {
    "psnr_rgb": ("psnr_rgb", "psnr_ab"),
    "ssim_rgb": ("ssim_rgb",),
    "lpips_alex": ("lpips_alex", "lpips_vgg", "lpips_squeeze"),
    "colorfulness": ("colorfulness", "colorfulness_absolute"),
    "auc": ("auc",),
    "fid": ("fid",),
}
SPREAD = ("spread", "flips")  # the tables' names
FEWEST = 2  # photographs that two methods are compared on
NAMES = {"lpips_alex": "LPIPS"}  # of a family whose first measure is called otherwise


@dataclass(frozen=True)
class Variant:
    """A measure as one protocol has it. `family`: its name in papers, `key`: of its values in rows."""

    family: str
    protocol: str
    key: str
    measure: Measure

    @property
    def label(self) -> str:
        """`PSNR ab, dB (ipol26)`."""
        return f"{self.measure.label} ({self.protocol})"


@dataclass(frozen=True)
class Gap:
    """How far the first of two methods is above the second: `mean`, of `differences` (N,), None for whole sets."""

    variant: Variant
    mean: float
    differences: np.ndarray | None

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The 95 % interval of the mean; NaN for whole sets."""
        if self.differences is None:
            return np.nan, np.nan
        found = compare_columns(self.differences[:, None], SEED)[0]
        return found.low, found.high

    @property
    def sure(self) -> bool:
        """Whether the interval leaves no doubt which is higher."""
        return self.ends[0] > 0 or self.ends[1] < 0

    @property
    def words(self) -> str:
        """`PSNR ab, dB (ipol26) +0.12 [0.05, 0.19]`."""
        digits = self.variant.measure.digits_of_difference
        if self.differences is None:
            return f"{self.variant.label} {signed(self.mean, digits)}"
        return f"{self.variant.label} {signed_with_interval(self.mean, *self.ends, digits)}"


def spread_tables(scored: Scored) -> list[Table]:
    """None where one protocol alone was asked for."""
    if not scored.task.others:
        return []
    families = list(variants(scored))
    return [values_table(scored, families), flips_table(scored, families)]


def variants(scored: Scored) -> Iterator[list[Variant]]:
    """By family all variants that have values."""
    task = scored.task
    there = {key for row in scored.rows for key in row.values} | set(scored.sets)

    def of(family: str, evaluator: Evaluator) -> Iterator[Variant]:
        measures = {measure.key: measure for measure in evaluator.measures}
        for key in FAMILIES[family]:
            if key in measures and (own := task.key_of(evaluator, key)) in there:
                yield Variant(NAMES.get(family, MEASURES[family].name), evaluator.protocol.name, own, measures[key])

    for family in FAMILIES:
        if found := [variant for evaluator in task.evaluators for variant in of(family, evaluator)]:
            yield found


def values_table(scored: Scored, families: list[list[Variant]]) -> Table:
    """Each method's value by every variant, with its rank among the methods; 1 is the best, or the highest."""
    methods = list(scored.task.methods)
    numbers, shown = [], []
    for variant in (variant for family in families for variant in family):
        lines = list(score_lines(scored.rows, variant.key, methods, scored.sets))
        ranks = pd.Series([line["value"] for line in lines]).rank(
            ascending=variant.measure.better == "lower", method="min"
        )
        own = {"measure": variant.family, "variant": variant.measure.key, "protocol": variant.protocol}
        cells = {}
        for line, rank in zip(lines, ranks, strict=True):
            numbers.append(
                {**own, **{key: line[key] for key in ("method", "value", "ci_low", "ci_high", "n")}, "rank": rank}
            )
            place = "" if np.isnan(rank) else f" ({rank:.0f})"
            cells[line["method"]] = shown_value(line, variant.measure) + place
        shown.append({"Measure": variant.measure.label, "Protocol": variant.protocol, **cells})
    caption = (
        "The same pictures by every protocol (`huebench protocols` says how they differ); in round brackets the "
        "method's rank, 1 the best. Colourfulness has no better side; as papers do, the highest is ranked first."
    )
    return Table("spread", pd.DataFrame(numbers), pd.DataFrame(shown), caption, (), ("Measure", "Protocol"))


def flips_table(scored: Scored, families: list[list[Variant]]) -> Table:
    """Every pair of methods that variants of one measure rank otherwise; empty where there is none."""
    pairs = list(combinations(scored.task.methods, 2))
    found = []
    for family in families:
        values = {variant.key: values_of(scored.rows, variant.key) for variant in family}
        found += [flip for pair in pairs for flip in flips(scored, family, values, *pair)]
    numbers = pd.DataFrame(found, columns=["measure", "method_a", "method_b", "a_better", "b_better", "sure"])
    shown = pd.DataFrame(
        {
            "Measure": numbers["measure"],
            "Methods": [f"{row.method_a}, {row.method_b}" for row in numbers.itertuples()],
            "First is better": numbers["a_better"],
            "Second is better": numbers["b_better"],
            "Beyond chance": numbers["sure"],
        },
        dtype=str,
    )
    compared = len(pairs) * sum(len(family) > 1 for family in families)
    caption = (
        f"Pairs of methods that change places when one measure is taken by another protocol: {len(found)} of "
        f"{compared} pairs and measures that more than one variant has. In brackets first minus second. Beyond chance: "
        "on each side there is a variant whose 95 % interval over the same photographs leaves out 0."
    )
    notes = () if found else ("No ranking changes with the protocol on these pictures.",)
    return Table("flips", numbers, shown, caption, notes, tuple(shown.columns))


def flips(
    scored: Scored, family: Sequence[Variant], values: Mapping[str, pd.DataFrame], a: str, b: str
) -> Iterator[dict[str, Any]]:
    """One line if some variants prefer the first method and some the second; `values`: `values_of` by variant."""
    gaps = [gap for variant in family if (gap := gap_of(scored, variant, values[variant.key], a, b)) is not None]
    first, second = (
        [gap for gap in gaps if gap.mean and (gap.mean > 0) == (side == (gap.variant.measure.better != "lower"))]
        for side in (True, False)
    )
    if first and second:
        sure = all(any(gap.sure for gap in side) for side in (first, second))
        yield {
            "measure": family[0].family,
            "method_a": a,
            "method_b": b,
            "a_better": "; ".join(gap.words for gap in first),
            "b_better": "; ".join(gap.words for gap in second),
            "sure": "yes" if sure else "no",
        }


def gap_of(scored: Scored, variant: Variant, values: pd.DataFrame, a: str, b: str) -> Gap | None:
    """By how much the first method is above the second on the photographs that both have; None without any."""
    if variant.measure.key in OF_SETS:
        of = scored.sets.get(variant.key, {})
        return Gap(variant, of[a].value - of[b].value, None) if a in of and b in of else None
    if not {a, b} <= set(values):
        return None
    both = values[[a, b]].dropna()
    if len(both) < FEWEST or not np.isfinite(both).all(axis=None):  # an exact picture has an infinite PSNR
        return None
    differences = difference(both[a].to_numpy(), both[b].to_numpy())
    return Gap(variant, float(differences.mean()), differences)


def in_lines(table: Table) -> str:
    """The flips for a terminal, where their columns would be too wide."""
    return "\n".join(
        f"- {row.measure}: {row.method_a} is above {row.method_b} by {row.a_better}; below by "
        f"{row.b_better}; beyond chance: {row.sure}"
        for row in table.rows.itertuples()
    )
