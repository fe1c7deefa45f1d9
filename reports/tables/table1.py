"""Table 1, the PSNR of every method, and the table of all mean scores."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from reports.inputs.scores import Dataset
from reports.plan.measures import MEASURES, measured_in, sentence
from reports.plan.order import ORIGINAL
from reports.plan.published import PublishedTable1
from reports.statistics.means import RESAMPLES, pooled_psnr
from reports.tables.documents import Table, ends, sizes, titled
from reports.tables.over_trainings import estimate, mean_over, wide_of
from reports.tables.wording import count, interval_convention, listed, number, of_fewer, with_interval

PSNR, POOLED = MEASURES["psnr_rgb"], MEASURES["psnr_rgb_pooled"]
SAME = "PSNR on the same photographs"
MEANS = [measure for measure in measured_in("scores") if measure.summary == "mean"]


def table1_document(
    datasets: Sequence[Dataset], methods: Sequence[str], published: PublishedTable1, seed: int
) -> Table:
    """Mean PSNR of each dataset and method with its interval, beside the published value.

    `n` counts the photographs in the mean, `psnr_pooled` is over all of them, and `psnr_same` over those `n_same` that
    are in the mean of every method: where a method reproduces some exactly, these alone compare it with others. NaN
    where nothing was published.
    """
    rows = pd.DataFrame([row for dataset in datasets for row in _table1_rows(dataset, methods, published, seed)])
    same = zip(rows["psnr_same"], rows["n_same"], strict=True)
    columns = {
        "Dataset": rows["dataset"],
        "Method": rows["method"],
        "n": rows["n"].map(str),
        "PSNR [95 % interval]": _intervals(rows, ("psnr_mean", "ci_low", "ci_high"), PSNR.digits),
        SAME: [f"{number(psnr)} (n = {n:,})" for psnr, n in same],
        POOLED.name: rows["psnr_pooled"].map(number),
        f"Published, {published.data}": [number(value, 1) for value in rows["published"]],
    }
    if ((rows["n"] == rows["n_same"]) | (rows["n_same"] == 0)).all():
        del columns[SAME]
    shown = pd.DataFrame(columns)
    caption = (
        f"PSNR in dB of {sizes(datasets)}. {sentence(PSNR)} {sentence(POOLED)} Brackets: "
        f"{interval_convention(RESAMPLES, seed)}. Published: {published.where}, for {published.holds_for}."
    )
    return Table("table1", rows, shown, caption, titled(datasets, notes_on))


def _table1_rows(
    dataset: Dataset, methods: Sequence[str], published: PublishedTable1, seed: int
) -> Iterator[dict[str, object]]:
    psnrs, errors = (wide_of(dataset.repeated.scores, measure.of_rows) for measure in (PSNR, POOLED))
    compared = [method for method in methods if method in dataset.runs and method != ORIGINAL]
    means = pd.DataFrame({method: mean_over(psnrs, dataset.runs[method]) for method in compared})
    same = means[np.isfinite(means).all(axis=1)]
    for method in compared:
        psnr, n = estimate(dataset, psnrs, method, seed)
        yield {
            "dataset": dataset.title,
            "method": method,
            "n": n,
            **ends(psnr, "psnr_mean"),
            "trainings": len(dataset.trained(method)),
            "psnr_pooled": float(np.mean([pooled_psnr(errors[run]) for run in dataset.runs[method]])),
            "psnr_same": float(same[method].mean()),
            "n_same": len(same),
            "published": published.rows[method].psnr if method in published.rows else np.nan,
        }


def scores_document(datasets: Sequence[Dataset], methods: Sequence[str], seed: int) -> Table:
    """Every mean score of each dataset and method, the original included."""
    rows = pd.DataFrame([row for dataset in datasets for row in _scores_rows(dataset, methods, seed)])
    columns = {
        measure.name: [
            f"{text}{of_fewer(n, whole)}"
            for text, n, whole in zip(
                _intervals(rows, tuple(f"{measure.key}_{end}" for end in ("mean", "low", "high")), measure.digits),
                rows[f"{measure.key}_n"],
                rows["n"],
                strict=True,
            )
        ]
        for measure in MEANS
    }
    shown = pd.DataFrame({"Dataset": rows["dataset"], "Method": rows["method"], "n": rows["n"].map(str), **columns})
    caption = (
        f"All mean scores of {sizes(datasets)}. {' '.join(map(sentence, MEANS))} Brackets: "
        f"{interval_convention(RESAMPLES, seed)}."
    )
    return Table("scores", rows, shown, caption, titled(datasets, _exact_notes))


def _scores_rows(dataset: Dataset, methods: Sequence[str], seed: int) -> Iterator[dict[str, object]]:
    wide = {measure.key: wide_of(dataset.repeated.scores, measure.of_rows) for measure in MEANS}
    for method in (method for method in methods if method in dataset.runs):
        row: dict[str, object] = {"dataset": dataset.title, "method": method, "n": len(dataset.of(method))}
        for measure in MEANS:
            mean, n = estimate(dataset, wide[measure.key], method, seed)
            row |= {f"{measure.key}_{end}": getattr(mean, end) for end in ("mean", "low", "high")}
            row[f"{measure.key}_n"] = n
        yield row


def _intervals(rows: pd.DataFrame, columns: Sequence[str], digits: int) -> list[str]:
    return [with_interval(mean, low, high, digits) for mean, low, high in rows[list(columns)].to_numpy()]


def notes_on(dataset: Dataset) -> list[str]:
    """What a reader of a dataset's PSNRs must know: colourless originals, exact copies, skipped photographs."""
    return [_colorless_note(dataset), *_exact_notes(dataset), *_skipped_notes(dataset), *_left_out_notes(dataset)]


def _colorless_note(dataset: Dataset) -> str:
    note = (
        f"{dataset.val.colorless:,} of {dataset.val.photographs:,} originals are colourless "
        "(no |a| or |b| over 5 in any fourth pixel)"
    )
    scores = dataset.scores[~dataset.scores["colorless"] & (dataset.scores["method"] != ORIGINAL)]
    wide = wide_of(scores, PSNR.of_rows)
    same = wide[np.isfinite(wide).all(axis=1)]
    if dataset.val.colorless == 0 or same.empty:
        return f"{note}."
    without = listed({method: number(same[method].mean()) for method in dict.fromkeys(map(str, scores["method"]))})
    about = f"PSNR without them, on the same {count(len(same), 'photograph')}"
    return f"{note}. They stay in the table, as the paper names no exception. {about}: {without}."


def _exact_notes(dataset: Dataset) -> list[str]:
    """An infinite PSNR has no mean, so a photograph that a method reproduces exactly cannot be part of one."""
    exact = dataset.scores[np.isinf(dataset.scores["psnr_rgb"]) & (dataset.scores["method"] != ORIGINAL)]
    return [
        f"{method} reproduces {count(len(group), 'photograph')} exactly, with an infinite PSNR. The mean and its "
        "interval leave them out, the pooled PSNR does not. Compare it with others on the same photographs alone."
        for method, group in exact.groupby("method", sort=False)
    ]


def _skipped_notes(dataset: Dataset) -> list[str]:
    skipped = len(dataset.train.skipped) + len(dataset.val.skipped)
    if dataset.on_bad_image != "skip" and not skipped:
        return []
    return [
        f"{count(len(dataset.val.skipped), 'photograph')} of val and {len(dataset.train.skipped):,} of train cannot be "
        f"used and are left out (on_bad_image: {dataset.on_bad_image})."
    ]


def _left_out_notes(dataset: Dataset) -> list[str]:
    names = dataset.left_out.names()
    return [f"There are no class masks, so what needs them is left out: {', '.join(names)}."] if names else []
