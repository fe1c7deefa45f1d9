"""The table of paired differences: its rows, its family, and what it says of exact and colourless photographs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.figures.forest import paired_plot
from reports.figures.theme import KNOWN, method_styles
from reports.inputs.scores import Dataset
from reports.plan.comparisons import PAIRS, pairs_of
from reports.plan.measures import COMPARED
from reports.tables.differences import paired_document, paired_table
from reports.tables.writers import latex, markdown
from tests.reports.conftest import IDS, METHODS

COLUMNS = (
    "dataset,metric,family,method_a,method_b,n,left_out,mean_difference,ci_low,ci_high,percentile_low,percentile_high,"
    "p,rank_biserial,d_z,share_higher,"
    "trainings,trainings_half,p_holm,mean_difference_colored"
)


def with_exact(dataset: Dataset, methods: tuple[str, ...], ids: list[str]) -> Dataset:
    scores = dataset.scores.copy()
    scores.loc[scores["method"].isin(methods) & scores["id"].isin(ids), "psnr_rgb"] = np.inf
    return replace(dataset, scores=scores)


def test_family_names_methods_that_the_suite_knows_each_pair_once() -> None:
    assert {method for pair in PAIRS for method in (pair.a, pair.b)} <= set(KNOWN)
    assert len({frozenset((pair.a, pair.b)) for pair in PAIRS}) == len(PAIRS)


def test_rows_are_every_measure_of_every_pair_there_is_in_the_promised_columns(built: Path, dataset: Dataset) -> None:
    assert (built / "tables" / "paired.csv").read_text().splitlines()[0] == COLUMNS
    table = paired_table([dataset], seed=0)
    assert len(table) == len(COMPARED) * len(pairs_of(METHODS)) == 16
    assert list(table["family"]) == ["primary"] * 2 + ["descriptive"] * 14 and table["p_holm"].notna().sum() == 2
    shuffled = replace(dataset, scores=dataset.scores.sample(frac=1, random_state=0))
    assert paired_table([shuffled], seed=0).equals(table)


def test_mean_difference_is_the_difference_of_the_means(dataset: Dataset) -> None:
    table = paired_table([dataset], seed=0)
    row, means = table.iloc[0], dataset.scores.groupby("method")["psnr_rgb"].mean()
    assert row["mean_difference"] == pytest.approx(means["semantics"] - means["no_semantics"])
    assert row["ci_low"] < row["mean_difference"] < row["ci_high"]
    gap = table.query("metric == 'colorfulness_gap'").iloc[0]  # by its distance from the original's
    assert gap["mean_difference"] == pytest.approx(-1)  # 22 and 21 beside the original's 24


def test_a_photograph_that_one_method_reproduces_exactly_is_left_out_and_said(dataset: Dataset) -> None:
    document = paired_document([with_exact(dataset, ("semantics",), IDS[:2])], seed=0)
    row = document.rows.iloc[0]
    assert (row["n"], row["left_out"]) == (len(IDS) - 2, 2) and np.isfinite(row["mean_difference"])
    notes = " ".join(document.notes)
    assert "semantics or no_semantics, not both, reproduces 2 photographs exactly" in notes
    both = paired_table([with_exact(dataset, ("semantics", "no_semantics"), IDS[:2])], seed=0).iloc[0]
    assert (both["n"], both["left_out"]) == (len(IDS), 0)  # no difference there


def test_colourless_photographs_stay_in_and_the_note_gives_the_difference_without(dataset: Dataset) -> None:
    document = paired_document([dataset], seed=0)
    colored = dataset.scores[~dataset.scores["colorless"]].groupby("method")["psnr_rgb"].mean()
    without = colored["semantics"] - colored["no_semantics"]
    assert document.rows.iloc[0]["mean_difference_colored"] == pytest.approx(without)
    assert any(f"Without: semantics - no_semantics {without:+.2f} dB" in note for note in document.notes)


def test_reader_is_warned_and_methods_of_no_pair_make_an_empty_table(dataset: Dataset) -> None:
    lone = replace(dataset, scores=dataset.scores[dataset.scores["method"].isin(["gray", "original"])])
    assert paired_document([lone], seed=0).rows.empty
    warnings = ("it says nothing of another training", "12 photographs are few", "Only PSNR is tested")
    document = paired_document([dataset], seed=0)
    for text in (markdown(document), latex(document)):
        assert all(warning in text for warning in (*warnings, "Holm's family: 2 comparisons"))


def test_forest_plot_has_a_panel_a_measure_and_says_who_is_better(dataset: Dataset) -> None:
    plot = paired_plot(dataset, paired_table([dataset], seed=0), method_styles(METHODS))
    titles = [axes.get_title("left") for axes in plot.figure.axes]
    assert titles == [measure.short_label for measure in COMPARED.values()]
    assert [axes.get_xlabel()[0] for axes in plot.figure.axes] == ["f"] * 3 + ["←"] * 5
    assert "semantics - no_semantics" in plot.alt
