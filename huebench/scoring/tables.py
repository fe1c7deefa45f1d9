"""Tables of folders that were scored: means, paired differences, and answers of which each photograph has several."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from huebench.scoring.measures import DIVERSITY
from huebench.scoring.rows import Row
from huebench.scoring.sets import SetValues
from reports.plan.comparisons import FEWEST
from reports.plan.measures import Measure, sentence
from reports.statistics.means import RESAMPLES, finite_mean
from reports.statistics.paired import Comparison, compare_columns, difference, holm
from reports.tables.documents import Table
from reports.tables.wording import (
    number,
    p_value,
    paired_convention,
    photographs_convention,
    signed,
    signed_with_interval,
    with_interval,
)

SEED = 0  # of the bootstrap
UNBIASED = 5_000  # pictures from which on FID is published as it is


def values_of(rows: Sequence[Row], key: str) -> pd.DataFrame:
    """A measure by photograph (rows) and method (columns): the mean over a photograph's answers, NaN where none is."""
    found = [(row.id, row.method, row.values[key]) for row in rows if key in row.values]
    long = pd.DataFrame(found, columns=["id", "method", "value"])
    return long.pivot_table(index="id", columns="method", values="value", aggfunc="mean", dropna=False, sort=False)


def scores_table(rows: Sequence[Row], measures: Sequence[Measure], sets: SetValues) -> Table:
    """Means over photographs with their intervals: in `rows` a line for each method and measure, shown one a method.

    `sets`: the values of measures that single pictures have none of.
    """
    methods = list(dict.fromkeys(row.method for row in rows))
    numbers = [line for measure in measures for line in score_lines(rows, measure.key, methods, sets)]
    table = pd.DataFrame(numbers, columns=["method", "measure", "value", "ci_low", "ci_high", "n"])
    shown = []
    for method in methods:
        own = {line["measure"]: line for line in numbers if line["method"] == method}
        cells = {measure.label: shown_value(own[measure.key], measure) for measure in measures}
        shown.append({"Method": method, **cells, "n": f"{max(line['n'] for line in own.values()):,}"})
    caption = (
        f"Means over photographs (n). Brackets: {photographs_convention(RESAMPLES, SEED)}. "
        f"{' '.join(map(sentence, measures))}"
    )
    notes = (*cautions(table), *set_cautions(sets))
    return Table("scores", table, pd.DataFrame(shown), caption, notes, ("Method",))


def score_lines(rows: Sequence[Row], key: str, methods: Sequence[str], sets: SetValues) -> Iterator[dict[str, Any]]:
    """The mean of one measure for each method; with one photograph, or of a whole set, a value without an interval."""
    values = values_of(rows, key)
    for method in methods:
        column = values[method].dropna().to_numpy(dtype=float) if method in values else np.zeros(0)
        line = {"method": method, "measure": key, "value": np.nan, "ci_low": np.nan, "ci_high": np.nan, "n": 0}
        if method in sets.get(key, {}):
            found = sets[key][method]
            line |= {"value": found.value, "ci_low": found.low, "ci_high": found.high, "n": found.n}
        elif len(column):
            mean, n = finite_mean(column, SEED)
            ends = {"ci_low": mean.low, "ci_high": mean.high} if n > 1 else {}
            line |= {"value": mean.mean, "n": n, **ends}
        yield line


def shown_value(line: Mapping[str, Any], measure: Measure) -> str:
    """`22.31 [22.05, 22.58]`, or the value alone."""
    if np.isnan(line["ci_low"]):
        return number(line["value"], measure.digits)
    return with_interval(line["value"], line["ci_low"], line["ci_high"], measure.digits)


def cautions(table: pd.DataFrame) -> Iterator[str]:
    """What keeps means from saying what a reader may take them for."""
    counts = table[table["value"].notna()].groupby("measure")["n"].agg(["min", "max"])
    if (counts["min"] < counts["max"]).any():
        yield "Some means are over fewer photographs than others: compare methods by their differences, not by these."
    if 1 < counts["max"].max() < FEWEST:
        yield f"Fewer than {FEWEST} photographs are few: intervals come out too narrow."
    elif counts["max"].max() == 1:
        yield "One photograph: values without intervals, which say nothing of other photographs."


def set_cautions(sets: SetValues) -> Iterator[str]:
    """The same for measures of sets."""
    counts = [value.n for value in sets.get("fid", {}).values()]
    if counts and min(counts) < UNBIASED:
        yield (
            f"FID of few pictures is too high: of {min(counts):,} it compares with no published value, and methods "
            "compare only on equally many."
        )


def differences_table(rows: Sequence[Row], measures: Sequence[Measure]) -> Table | None:
    """Every pair of methods on the photographs that both have; None for one method or one photograph."""
    methods = list(dict.fromkeys(row.method for row in rows))
    compared = [measure for measure in measures if measure.better]
    lines = [line for measure in compared for line in difference_lines(rows, measure, methods)]
    if not lines:
        return None
    table = pd.DataFrame(lines)
    table["p_holm"] = holm(table["p"])
    by_key = {measure.key: measure for measure in compared}
    shown = pd.DataFrame([shown_difference(line, by_key[line["measure"]]) for line in table.to_dict("records")])
    convention = paired_convention(RESAMPLES, SEED, "Wilcoxon's signed-rank test", "all rows", "first method")
    caption = f"First method minus second, on the photographs that both have. {convention}."
    return Table("differences", table, shown, caption, (), ("Methods", "Measure"))


def difference_lines(rows: Sequence[Row], measure: Measure, methods: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The paired differences of one measure for all pairs of methods with two photographs in common or more."""
    values = values_of(rows, measure.key)
    pairs = [pair for pair in combinations(methods, 2) if set(pair) <= set(values)]
    for a, b in pairs:
        both = values[[a, b]].dropna()
        if len(both) > 1:
            found = compare_columns(difference(both[a].to_numpy(), both[b].to_numpy())[:, None], SEED)[0]
            yield {"method_a": a, "method_b": b, "measure": measure.key, **numbers_of(found)}


def numbers_of(found: Comparison) -> dict[str, float]:
    """The columns of a comparison."""
    return {
        "difference": found.mean,
        "ci_low": found.low,
        "ci_high": found.high,
        "n": found.n,
        "p": found.p,
        "positive": found.positive,
        "d_z": found.d_z,
    }


def shown_difference(line: dict[Any, Any], measure: Measure) -> dict[str, str]:
    """The same for people."""
    digits = measure.digits_of_difference
    return {
        "Methods": f"{line['method_a']} - {line['method_b']}",
        "Measure": measure.label,
        "Difference [95 % interval]": signed_with_interval(line["difference"], line["ci_low"], line["ci_high"], digits),
        "p (Holm)": p_value(line["p_holm"]),
        "Higher on": f"{100 * line['positive']:.0f} %",
        "d_z": signed(line["d_z"]),
        "n": f"{line['n']:,}",
    }


def answers_table(rows: Sequence[Row], measures: Sequence[Measure]) -> Table | None:
    """For methods with several answers a photograph: the mean answer, the best one, and how far answers differ."""
    several = list(dict.fromkeys(row.method for row in rows if row.answer > 0))
    lines = [line for method in several for line in answer_lines(rows, method, measures)]
    if not lines:
        return None
    table = pd.DataFrame(lines)
    by_key = {measure.key: measure for measure in (*measures, DIVERSITY)}
    shown = pd.DataFrame(
        [
            {
                "Method": line["method"],
                "Measure": by_key[line["measure"]].label,
                "Mean answer": number(line["mean"], by_key[line["measure"]].digits),
                "Best answer": number(line["best"], by_key[line["measure"]].digits),
                "Answers": f"{line['answers']:g}",
                "n": f"{line['n']:,}",
            }
            for line in lines
        ]
    )
    caption = (
        "Several answers for each photograph: the mean over photographs of their mean answer and of their best one, "
        f"which gains by their number alone. {sentence(DIVERSITY)}"
    )
    return Table("answers", table, shown, caption, (), ("Method", "Measure"))


def answer_lines(rows: Sequence[Row], method: str, measures: Sequence[Measure]) -> Iterator[dict[str, Any]]:
    """The measures that have a better side, and the diversity, of one method."""
    own = [row for row in rows if row.method == method]
    for measure in (*(measure for measure in measures if measure.better), DIVERSITY):
        found = [(row.id, row.values[measure.key]) for row in own if measure.key in row.values]
        if not found:
            continue
        by_photograph = pd.DataFrame(found, columns=["id", "value"]).groupby("id")["value"]
        best = {"higher": by_photograph.max(), "lower": by_photograph.min()}.get(measure.better)
        yield {
            "method": method,
            "measure": measure.key,
            "mean": float(by_photograph.mean().mean()),
            "best": np.nan if best is None else float(best.mean()),
            "answers": float(pd.Series([row.id for row in own if not row.problem]).value_counts().mean()),
            "n": len(by_photograph),
        }
