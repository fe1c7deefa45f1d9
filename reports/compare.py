"""Two states of the results: is anything better, worse, or not shown to differ?

    python -m reports.compare HEAD~1 HEAD
    python -m reports.compare ../then . --out reports/build/compare

Each of the two is a folder with scores/<dataset>/<method>.csv in it, a git revision whose scores lie in DVC's cache,
or a DVC experiment. Photograph by photograph, the second less the first, for every dataset, method and measure in both.
Writes differences.csv, differences.md and differences.png, and prints the Markdown.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.errors import UserError, run_stage
from pipeline.files import write_whole
from pipeline.layout import BUILD
from pipeline.params import load_params
from reports.differences import by_photograph
from reports.documents import Table
from reports.family import MEASURES
from reports.figures import Plot, save
from reports.forest import forest_panel
from reports.paired import Comparison, compare_columns, difference, holm
from reports.revisions import read_results
from reports.statistics import RESAMPLES
from reports.theme import in_order, method_looks, styled
from reports.wording import count, listed, number, p_value, paired_convention, signed_with_interval
from reports.writers import csv_text, markdown

LEVEL = 0.05
RULE = (
    "better or worse: the 95 % interval of the mean difference holds no zero, and the signed-rank test, adjusted by "
    f"Holm over all rows that differ, has p < {LEVEL:g}; no difference shown: anything else, which is not the same as "
    "equal; identical: no photograph differs"
)
ONE_RUN = (
    "Intervals are about photographs. A change of the random seed alone moves scores as well: compare two seeds of one "
    "revision before crediting a change of the code."
)
HEADINGS = ("Dataset", "Method", "Measure", "n", "Mean [95 % interval]", "p (Holm)", "Higher on", "d_z", "Verdict")
RULES = (f"Verdicts: {RULE}.", ONE_RUN)


@dataclass(frozen=True)
class Change:
    """How one measure of one method moved, the second state less the first. `p_holm`: over all rows that differ."""

    dataset: str
    method: str
    metric: str
    comparison: Comparison
    p_holm: float = np.nan

    @property
    def verdict(self) -> str:
        """By `RULE`."""
        one = self.comparison
        if one.identical:
            return "identical"
        if not (one.low > 0 or one.high < 0) or not self.p_holm < LEVEL:
            return "no difference shown"
        return "better" if (one.mean > 0) == MEASURES[self.metric].higher_is_better else "worse"


def main() -> None:
    """Compare two states and leave a table and a plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=f"Verdicts: {RULE}.")
    parser.add_argument("first", metavar="A", help="a folder with scores/ in it, a git revision, or a DVC experiment")
    parser.add_argument("second", metavar="B", help="the same; every difference is B less A")
    parser.add_argument("--out", type=Path, default=BUILD / "compare", help="the folder to write (%(default)s)")
    arguments = parser.parse_args()
    names, seed = (arguments.first, arguments.second), load_params().seed
    first, second = (read_results(name) for name in names)
    changes = compare(first, second, seed)
    if not changes:
        raise UserError(f"{names[0]} and {names[1]} have no dataset, method and measure in common.")
    table = document(changes, names, (*RULES, *apart(first, second, names)), seed)
    write_whole(arguments.out / "differences.csv", csv_text(table.rows))
    write_whole(arguments.out / "differences.md", markdown(table))
    save(plot(changes, names), arguments.out)
    print(f"{markdown(table)}\nplot: {arguments.out / 'differences.png'}")


def compare(first: Mapping[str, pd.DataFrame], second: Mapping[str, pd.DataFrame], seed: int) -> list[Change]:
    """All changes, in the report's order of methods; of photographs that only one state has, none."""
    changes = [
        change
        for dataset in first
        if dataset in second
        for change in _changes(dataset, first[dataset], second[dataset], seed)
    ]
    differs = [one.comparison.n > 0 and not one.comparison.identical for one in changes]
    adjusted = np.full(len(changes), np.nan)
    adjusted[differs] = holm([one.comparison.p for one, differ in zip(changes, differs, strict=True) if differ])
    return [replace(change, p_holm=float(p)) for change, p in zip(changes, adjusted, strict=True)]


def _changes(dataset: str, first: pd.DataFrame, second: pd.DataFrame, seed: int) -> list[Change]:
    """One dataset's changes, not yet adjusted."""
    before, after = by_photograph(first), by_photograph(second)
    cells, differences = [], []
    for measure in (measure for measure in MEASURES if measure in before and measure in after):
        old, new = before[measure].align(after[measure], join="inner")
        for method in in_order(str(name) for name in old.columns):
            cells.append((method, measure))
            differences.append(difference(new[method].to_numpy(), old[method].to_numpy()))
    compared = compare_columns(np.stack(differences, axis=1), seed) if cells else []
    return [Change(dataset, *cell, one) for cell, one in zip(cells, compared, strict=True)]


def apart(first: Mapping[str, pd.DataFrame], second: Mapping[str, pd.DataFrame], names: tuple[str, str]) -> list[str]:
    """What only one of the two has, and so was not compared."""
    told = []
    for name, mine, others in ((names[0], first, second), (names[1], second, first)):
        for dataset, scores in mine.items():
            if dataset not in others:
                told.append(f"Only {name} has {dataset}.")
                continue
            methods = in_order(set(scores["method"]) - set(others[dataset]["method"]))
            photographs = set(scores["id"]) - set(others[dataset]["id"])
            told += [f"{dataset}: only {name} has {', '.join(methods)}."] if methods else []
            told += [f"{dataset}: only {name} has {count(len(photographs), 'photograph')} more."] if photographs else []
    return told


def document(changes: list[Change], names: tuple[str, str], notes: tuple[str, ...], seed: int) -> Table:
    """The changes as numbers and as people read them."""
    rows = [
        {
            "dataset": change.dataset,
            "method": change.method,
            "metric": change.metric,
            "n": change.comparison.n,
            "left_out": change.comparison.left_out,
            "mean_difference": change.comparison.mean,
            "ci_low": change.comparison.low,
            "ci_high": change.comparison.high,
            "p": change.comparison.p,
            "p_holm": change.p_holm,
            "rank_biserial": change.comparison.rank_biserial,
            "d_z": change.comparison.d_z,
            "share_higher": change.comparison.positive,
            "verdict": change.verdict,
        }
        for change in changes
    ]
    verdicts = [change.verdict for change in changes]
    tally = listed({verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)})
    convention = paired_convention(RESAMPLES, seed, "all rows that differ", "second state")
    caption = (
        f"{names[1]} less {names[0]}, on the same photographs: {tally}. {convention}. Rows without a difference stand "
        "in differences.csv alone."
    )
    shown = pd.DataFrame([_shown(one) for one in changes if not one.comparison.identical], columns=list(HEADINGS))
    return Table("differences", pd.DataFrame(rows), shown, caption, notes, ("Dataset", "Method", "Measure", "Verdict"))


def _shown(change: Change) -> dict[str, str]:
    one, measure = change.comparison, MEASURES[change.metric]
    cells = (
        change.dataset,
        change.method,
        measure.name,
        f"{one.n:,}",
        signed_with_interval(one.mean, one.low, one.high, measure.digits),
        p_value(change.p_holm),
        f"{number(100 * one.positive, 0)} %",
        number(one.d_z),
        change.verdict,
    )
    return dict(zip(HEADINGS, cells, strict=True))


@styled()
def plot(changes: list[Change], names: tuple[str, str]) -> Plot:
    """A row of panels per dataset, a panel per measure, a line per method that differs; all where none does."""
    datasets = list(dict.fromkeys(change.dataset for change in changes))
    measures = list(dict.fromkeys(change.metric for change in changes))
    differing = [change.method for change in changes if not change.comparison.identical]
    methods = in_order(dict.fromkeys(differing or [change.method for change in changes]))
    looks = method_looks(methods)
    size = (1.8 + 1.95 * len(measures), len(datasets) * (1.0 + 0.28 * len(methods)) + 0.2)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(datasets), len(measures), sharey=True, squeeze=False)
    for across, dataset in zip(panels, datasets, strict=True):
        for axes, measure in zip(across, measures, strict=True):
            found = {one.method: one.comparison for one in changes if (one.dataset, one.metric) == (dataset, measure)}
            ends = [
                (found[method].low, found[method].mean, found[method].high) if method in found else (np.nan,) * 3
                for method in methods
            ]
            forest_panel(axes, ends, [looks[method] for method in methods], measure, "second")
        across[0].set_yticks(range(len(methods)), methods)
        across[0].set_ylabel(dataset)
    title = f"{names[1]} less {names[0]}"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    caption = f"{title}, mean differences on the same photographs with their 95 % intervals."
    return Plot("differences", caption, caption, figure)


if __name__ == "__main__":
    run_stage(main)
