"""Two states of the results: is anything better, worse, or not shown to differ?

    python -m reports.compare HEAD~1 HEAD
    python -m reports.compare ../then . --out results/report/compare

A state is a folder with scores/<dataset>/<method>.csv in it, a git revision whose scores lie in DVC's cache, or a DVC
experiment. Differences are second state minus first, photograph by photograph, for every dataset, method and measure
that both states have. Where both were segmented, mIoU is compared too, over all photographs at once.
Writes differences.csv, differences.md and differences.png, and prints the Markdown.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import write_whole
from pipeline.settings.params import load_params
from pipeline.settings.paths import BUILD
from reports.figures.drawing import Plot, save
from reports.figures.forest import forest_panel
from reports.figures.theme import method_styles, styled
from reports.inputs.revisions import Results, read_results
from reports.plan.measures import COMPARED, MEASURES, Measure, miou_of
from reports.plan.order import in_order
from reports.statistics.means import RESAMPLES
from reports.statistics.miou import class_ratios, mean_difference
from reports.statistics.paired import Comparison, compare_columns, difference, holm, untested
from reports.tables.differences import by_photograph, columns
from reports.tables.documents import Table
from reports.tables.wording import count, listed, number, p_value, paired_convention, signed_with_interval, some_of
from reports.tables.writers import csv_text, markdown

LEVEL = 0.05
RULE = (
    "better or worse: the 95 % interval of the mean difference holds no zero, and the signed-rank test, adjusted by "
    f"Holm over all rows that differ, has p < {LEVEL:g} (mIoU, which has no value by photograph to test: the interval "
    "alone); photographs that one state alone reproduces exactly are in the test alone, and must not point the other "
    "way; no difference shown: anything else, which is not the same as equal; identical: no photograph differs"
)
ONE_RUN = (
    "Intervals are about photographs. A change of the random seed alone moves scores as well: compare two seeds of one "
    "revision before crediting a change of the code."
)
HEADINGS = ("Dataset", "Method", "Measure", "n", "Mean [95 % interval]", "p (Holm)", "Higher on", "d_z", "Verdict")
KEYS = ("method", "id")
RULES = (f"Verdicts: {RULE}.", ONE_RUN)


@dataclass(frozen=True)
class Change:
    """How one measure of one method moved, second state minus first.

    `differing`: the photographs whose values differ at all; `infinite`: those that the first state alone, and the
    second alone, gives an infinite value. `p_holm`: over all rows that differ.
    """

    dataset: str
    method: str
    measure: Measure
    comparison: Comparison
    differing: int
    infinite: tuple[int, int] = (0, 0)
    p_holm: float = np.nan

    @property
    def identical(self) -> bool:
        """Whether no photograph differs, those without a finite difference included."""
        return not self.differing

    @property
    def tested(self) -> bool:
        """Whether there is anything to test: a test, and a photograph that differs."""
        return not self.identical and not np.isnan(self.comparison.p)

    @property
    def direction(self) -> int:
        """1 where all that is known points up, -1 where it points down, else 0: the mean, and infinite values."""
        found, (first, second) = self.comparison, self.infinite
        signs = {sign for sign, amount in ((-1, first), (1, second)) if amount}
        if found.n > found.ties:
            signs.add(1 if found.low > 0 else -1 if found.high < 0 else 0)
        return signs.pop() if len(signs) == 1 else 0

    @property
    def verdict(self) -> str:
        """By `RULE`."""
        if self.identical:
            return "identical"
        if not self.direction or (self.tested and not self.p_holm < LEVEL):
            return "no difference shown"
        return "better" if (self.direction > 0) == (self.measure.better == "higher") else "worse"


def main() -> None:
    """Compare two states and leave a table and a plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=f"Verdicts: {RULE}.")
    parser.add_argument("first", metavar="A", help="a folder with scores/ in it, a git revision, or a DVC experiment")
    parser.add_argument("second", metavar="B", help="the same; every difference is B minus A")
    parser.add_argument("--out", type=Path, default=BUILD / "compare", help="the folder to write (%(default)s)")
    arguments = parser.parse_args()
    names, seed = (arguments.first, arguments.second), load_params().seed
    first, second = (read_results(name) for name in names)
    changes = compare(first, second, seed)
    if not changes:
        raise UserError(f"{names[0]} and {names[1]} have no dataset, method and measure in common.")
    table = document(
        changes, names, (*RULES, *infinite_notes(changes, names), *only_in_one(first, second, names)), seed
    )
    write_whole(arguments.out / "differences.csv", csv_text(table.rows))
    write_whole(arguments.out / "differences.md", markdown(table))
    save(plot(changes, names), arguments.out)
    print(f"{markdown(table)}\nplot: {arguments.out / 'differences.png'}")


def compare(first: Results, second: Results, seed: int) -> list[Change]:
    """All changes, in the report's order of methods, over the photographs that both states have."""
    before, after = first.photographs, second.photographs
    changes: list[Change] = []
    for dataset in (name for name in before if name in after):
        changes += _changes(dataset, before[dataset], after[dataset], seed)
        for key in (key for key in first.segmented if key in second.segmented and key[0] == dataset):
            changes += _miou_changes(*key, first.segmented[key], second.segmented[key], seed)
    adjusted = holm([change.comparison.p if change.tested else np.nan for change in changes])
    return [replace(change, p_holm=float(p)) for change, p in zip(changes, adjusted, strict=True)]


def _changes(dataset: str, first: pd.DataFrame, second: pd.DataFrame, seed: int) -> list[Change]:
    """One dataset's changes, not yet adjusted."""
    before, after = by_photograph(first), by_photograph(second)
    cells, pairs = [], []
    for measure in (measure for measure in COMPARED if measure in before and measure in after):
        old, new = before[measure].align(after[measure], join="inner")
        for method in in_order(str(name) for name in old.columns):
            cells.append((method, measure))
            pairs.append((old[method].to_numpy(), new[method].to_numpy()))
    differences = [difference(new, old) for old, new in pairs]
    compared = compare_columns(np.stack(differences, axis=1), seed) if cells else []
    return [
        Change(dataset, method, MEASURES[measure], comparison, _differing(*pair), _infinite(*pair))
        for (method, measure), pair, comparison in zip(cells, pairs, compared, strict=True)
    ]


def _differing(old: np.ndarray, new: np.ndarray) -> int:
    """How many photographs have another value, or a value in one state alone."""
    return int((~((old == new) | (np.isnan(old) & np.isnan(new)))).sum())


def _infinite(old: np.ndarray, new: np.ndarray) -> tuple[int, int]:
    """How many photographs have an infinite value in the first state alone, and in the second alone."""
    return int((np.isinf(old) & ~np.isinf(new)).sum()), int((np.isinf(new) & ~np.isinf(old)).sum())


def _miou_changes(dataset: str, segmenter: str, first: pd.DataFrame, second: pd.DataFrame, seed: int) -> list[Change]:
    """One segmenter's changes of mIoU, in per cent, of the photographs that it has seen both times."""
    changes = []
    for method in in_order(set(first["method"]) & set(second["method"])):
        old, new = (frame[frame["method"] == method] for frame in (first, second))
        ids = sorted(set(old["id"]) & set(new["id"]))
        classes = range(1 + max(old["label"].max(), new["label"].max()))
        before, after = (_counts(frame, ids, classes) for frame in (old, new))
        found = mean_difference(*(class_ratios(counts[0], counts[1], seed) for counts in (after, before)))
        ties = int((before == after).all(axis=(0, 2)).sum())
        comparison = untested(found, len(ids), ties, factor=100)
        changes.append(Change(dataset, method, miou_of(segmenter), comparison, len(ids) - ties))
    return changes


def _counts(rows: pd.DataFrame, ids: Sequence[str], classes: range) -> np.ndarray:
    """(2, ids, classes) intersections and unions."""
    wide = (rows.pivot(index="id", columns="label", values=name) for name in ("intersection", "union"))
    return np.stack([table.reindex(index=pd.Index(ids), columns=classes).fillna(0).to_numpy() for table in wide])


def infinite_notes(changes: Sequence[Change], names: tuple[str, str]) -> list[str]:
    """Where a state alone reproduces photographs exactly, which no mean can show."""
    return [
        f"{change.dataset}, {change.method}, {change.measure.name}: {name} alone reproduces "
        f"{count(amount, 'photograph')} exactly. Mean and interval leave them out; p and `Higher on` count them."
        for change in changes
        for name, amount in zip(names, change.infinite, strict=True)
        if amount
    ]


def only_in_one(first: Results, second: Results, names: tuple[str, str]) -> list[str]:
    """What only one state has, and so was not compared."""
    notes = []
    sides = ((names[0], first, second), (names[1], second, first))
    for name, state, other in sides:
        for dataset, scores in state.photographs.items():
            if dataset not in other.photographs:
                notes.append(f"Only {name} has {dataset}.")
                continue
            missing = {column: set(scores[column]) - set(other.photographs[dataset][column]) for column in KEYS}
            if missing["method"]:
                notes.append(f"{dataset}: only {name} has {', '.join(in_order(missing['method']))}.")
            if missing["id"]:
                notes.append(f"{dataset}: only {name} has {count(len(missing['id']), 'photograph')} more.")
    return notes


def document(changes: list[Change], names: tuple[str, str], notes: tuple[str, ...], seed: int) -> Table:
    """The changes as numbers and as people read them."""
    rows = [
        {
            "dataset": change.dataset,
            "method": change.method,
            "metric": change.measure.key,
            **columns(change.comparison),
            "differing": change.differing,
            "p_holm": change.p_holm,
            "verdict": change.verdict,
        }
        for change in changes
    ]
    verdicts = [change.verdict for change in changes]
    tally = listed({verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)})
    convention = paired_convention(
        RESAMPLES, seed, "Wilcoxon's signed-rank test", "all rows that differ", "second state"
    )
    caption = (
        f"{names[1]} minus {names[0]}, on the same photographs: {tally}. {convention}. Rows without a difference stand "
        "in differences.csv alone."
    )
    shown = pd.DataFrame([_shown(change) for change in changes if not change.identical], columns=list(HEADINGS))
    return Table("differences", pd.DataFrame(rows), shown, caption, notes, ("Dataset", "Method", "Measure", "Verdict"))


def _shown(change: Change) -> dict[str, str]:
    found, measure = change.comparison, change.measure
    cells = (
        change.dataset,
        change.method,
        measure.label,
        some_of(found.n, found.left_out),
        signed_with_interval(found.mean, found.low, found.high, measure.digits_of_difference),
        p_value(change.p_holm),
        "-" if np.isnan(found.positive) else f"{number(100 * found.positive, 0)} %",
        number(found.d_z),
        change.verdict,
    )
    return dict(zip(HEADINGS, cells, strict=True))


@styled()
def plot(changes: list[Change], names: tuple[str, str]) -> Plot:
    """A row of panels per dataset, a panel per measure, a line per method that differs; all where none does."""
    datasets = list(dict.fromkeys(change.dataset for change in changes))
    measures = {change.measure.key: change.measure for change in changes}
    differing = [change.method for change in changes if not change.identical]
    methods = in_order(dict.fromkeys(differing or [change.method for change in changes]))
    styles = method_styles(methods)
    size = (1.8 + 1.95 * len(measures), len(datasets) * (1.0 + 0.28 * len(methods)) + 0.2)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(datasets), len(measures), sharey=True, squeeze=False)
    for across, dataset in zip(panels, datasets, strict=True):
        for axes, (metric, measure) in zip(across, measures.items(), strict=True):
            found = {
                change.method: change.comparison
                for change in changes
                if (change.dataset, change.measure.key) == (dataset, metric)
            }
            ends = [
                (found[method].low, found[method].mean, found[method].high) if method in found else (np.nan,) * 3
                for method in methods
            ]
            forest_panel(axes, ends, [styles[method] for method in methods], measure, "second")
        across[0].set_yticks(range(len(methods)), methods)
        across[0].set_ylabel(dataset)
    title = f"{names[1]} minus {names[0]}"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    caption = f"{title}, mean differences on the same photographs with their 95 % intervals."
    return Plot("differences", caption, caption, figure)


if __name__ == "__main__":
    run_stage(main)
