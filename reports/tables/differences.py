"""The table of paired differences: every pair of the family, by every measure, on each dataset."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from reports.inputs.scores import Dataset
from reports.plan.comparisons import FEWEST, Pair, pairs_of
from reports.plan.measures import COMPARED, MEASURES, sentence
from reports.plan.order import ORIGINAL
from reports.statistics.means import RESAMPLES, Interval
from reports.statistics.paired import Comparison, compare_columns, difference, holm
from reports.statistics.trainings import Scatter, p_of, widened
from reports.tables.documents import Table, sizes, titled
from reports.tables.over_trainings import about_trainings, mean_over, scatter_apart
from reports.tables.wording import count, number, p_value, paired_convention, signed_with_interval, some_of

HEADINGS = ("Dataset", "Measure", "Difference of", "n", "Mean [95 % interval]", "p (Holm)", "Higher on", "r", "d_z")
READING = (
    "Differences are means over trainings. Where two networks are compared, the interval holds both sources of chance: "
    "other photographs of this kind, and other trainings. Of a network that was trained once, it says nothing of "
    "another training.",
    "With many photographs even a difference that nobody can see is significant. Look at its size first, then at p.",
    "An interval that holds zero shows no difference. It does not show that there is none.",
    "p belongs to the interval: it is 0.05 where the interval just reaches zero.",
    "Only PSNR is tested. The other measures are described: of so many intervals some miss zero by chance.",
)


def paired_table(datasets: Sequence[Dataset], seed: int) -> pd.DataFrame:
    """The numbers, a row per dataset, measure and pair; Holm's family is one dataset's primary rows.

    `mean_difference`: method_a minus method_b in the measure's own units, with its BCa interval. `p` and `p_holm`: NaN
    for measures that are described, not tested. `mean_difference_colored`: without colourless originals.
    """
    rows = pd.DataFrame([row for dataset in datasets for row in _rows(dataset, seed)])
    return rows if len(rows) else pd.DataFrame(columns=["dataset", "metric", "family", "method_a", "method_b"])


def _rows(dataset: Dataset, seed: int) -> list[dict[str, object]]:
    pairs, every = pairs_of(set(dataset.scores["method"])), dataset.repeated
    wide = by_photograph(joined(every.scores, every.perceptual, every.defects.bleeding))
    cells = [(measure, pair) for measure in COMPARED if measure in wide for pair in pairs]
    if not cells:
        return []
    differences = np.stack(
        [
            difference(*(mean_over(wide[measure], dataset.runs[method]).to_numpy() for method in (pair.a, pair.b)))
            for measure, pair in cells
        ],
        axis=1,
    )
    scatters = [scatter_apart(dataset, wide[measure], pair.a, pair.b) for measure, pair in cells]
    colorless = dataset.scores.groupby("id")["colorless"].first().sort_index().to_numpy(dtype=bool)
    compared = [
        over_trainings(one, trainings)
        for one, trainings in zip(compare_columns(differences, seed), scatters, strict=True)
    ]
    tested = [MEASURES[measure].tested for measure, _ in cells]
    p = [comparison.p if test else np.nan for comparison, test in zip(compared, tested, strict=True)]
    cells_with_results = zip(cells, compared, scatters, tested, p, holm(p), differences.T, strict=True)
    return [
        {
            "dataset": dataset.title,
            "metric": measure,
            "family": "primary" if test else "descriptive",
            "method_a": pair.a,
            "method_b": pair.b,
            **columns(comparison),
            **about_trainings(dataset.trainings_apart(pair.a, pair.b), trainings),
            "p": p_alone,
            "p_holm": p_holm,
            "mean_difference_colored": _finite_mean(column[~colorless]),
        }
        for (measure, pair), comparison, trainings, test, p_alone, p_holm, column in cells_with_results
    ]


def over_trainings(compared: Comparison, trainings: Scatter) -> Comparison:
    """The same comparison with the interval and the p of other photographs and other trainings."""
    photographs = Interval(compared.mean, compared.low, compared.high)
    interval = widened(photographs, trainings)
    return replace(compared, low=interval.low, high=interval.high, p=p_of(photographs, trainings))


def columns(compared: Comparison) -> dict[str, float]:
    """A comparison as columns of a table."""
    return {
        "n": compared.n,
        "left_out": compared.left_out,
        "mean_difference": compared.mean,
        "ci_low": compared.low,
        "ci_high": compared.high,
        "percentile_low": compared.percentile_low,
        "percentile_high": compared.percentile_high,
        "p": compared.p,
        "rank_biserial": compared.rank_biserial,
        "d_z": compared.d_z,
        "share_higher": compared.positive,
    }


def joined(scores: pd.DataFrame, *others: pd.DataFrame) -> pd.DataFrame:
    """Rows by dataset, method and photograph, beside them those measures of the others that are compared."""
    keys = ["dataset", "method", "id"]
    for other in others:
        scores = scores.merge(other[[*keys, *(name for name in other if name in COMPARED)]], on=keys, how="left")
    return scores


def by_photograph(scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Of each measure a table with a row per photograph, sorted by id, and a column per method.

    `scores`: rows of one dataset. The colorfulness gap is known only beside the original's own colorfulness. A measure
    without any value, as LPIPS without its weights, is no measure.
    """
    wide = {
        name: scores.pivot(index="id", columns="method", values=name).sort_index().astype(float)
        for name in [*COMPARED, "colorfulness"]
        if name in scores and scores[name].notna().any()
    }
    colorfulness = wide.pop("colorfulness", None)
    if colorfulness is not None and ORIGINAL in colorfulness:
        wide["colorfulness_gap"] = colorfulness.sub(colorfulness[ORIGINAL], axis=0).abs()
    return wide


def convention(seed: int) -> str:
    """What a row of the table holds."""
    held = paired_convention(RESAMPLES, seed, "of the interval", "the dataset's tested pairs", "first method")
    return f"{held}. Two networks of several trainings: joined with Welch's t over these"


def paired_document(datasets: Sequence[Dataset], seed: int) -> Table:
    """The differences with their conventions, and what keeps a reader from making too much of them."""
    rows = paired_table(datasets, seed)
    shown = pd.DataFrame([_shown(row) for row in rows.to_dict("records")], columns=list(HEADINGS))
    caption = (
        f"Differences between methods on the same photographs, first minus second, of {sizes(datasets)}. "
        f"{convention(seed)}. {' '.join(map(sentence, COMPARED.values()))} Bleeding: on the photographs on which both "
        "methods have it."
    )
    notes = (*READING, *titled(datasets, lambda dataset: _notes(dataset, rows)))
    return Table("paired", rows, shown, caption, notes, ("Dataset", "Measure", "Difference of"))


def _shown(row: dict[Any, Any]) -> dict[str, str]:
    """A row of `paired_table` as people read it, under `HEADINGS`."""
    measure = MEASURES[row["metric"]]
    mean = signed_with_interval(row["mean_difference"], row["ci_low"], row["ci_high"], measure.digits_of_difference)
    cells = (
        row["dataset"],
        measure.label,
        Pair(row["method_a"], row["method_b"], "").title,
        some_of(row["n"], row["left_out"]),
        mean,
        p_value(row["p_holm"]),
        f"{number(100 * row['share_higher'], 0)} %",
        number(row["rank_biserial"]),
        number(row["d_z"]),
    )
    return dict(zip(HEADINGS, cells, strict=True))


def _notes(dataset: Dataset, rows: pd.DataFrame) -> list[str]:
    """What bears on this dataset's differences: few photographs, exact pictures, colourless originals."""
    primary = rows[(rows["dataset"] == dataset.title) & (rows["family"] == "primary")].to_dict("records")
    notes = [f"Holm's family: {count(len(primary), 'comparison')}."] if primary else []
    if primary and dataset.val.photographs < FEWEST:
        notes.append(
            f"{count(dataset.val.photographs, 'photograph')} are few: below {FEWEST}, intervals come out too narrow."
        )
    known = dataset.as_they_are(*dict.fromkeys(row[side] for row in primary for side in ("method_a", "method_b")))
    if known:
        notes.append(f"Not trained here: {', '.join(known)}. A difference from them is about these weights.")
    notes += [
        f"{row['method_a']} or {row['method_b']}, not both, reproduces {count(row['left_out'], 'photograph')} exactly. "
        "Its PSNR is infinite, which has no mean: mean, interval and p leave these photographs out, which costs the "
        "exact method. r and `Higher on` count them."
        for row in primary
        if row["left_out"]
    ]
    if dataset.val.colorless and primary:
        without = ", ".join(
            f"{Pair(row['method_a'], row['method_b'], '').title} {row['mean_difference_colored']:+.2f} dB"
            for row in primary
        )
        notes.append(
            f"{count(dataset.val.colorless, 'colourless original')} of {dataset.val.photographs:,} stay in. "
            f"Without: {without}."
        )
    return notes


def _finite_mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else np.nan
