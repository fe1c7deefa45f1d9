"""Tables: their numbers, their order, their notes and their three formats."""

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.records.rows import ScoreRow, write_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports.inputs.scores import Dataset, read_datasets
from reports.plan.published import load_published
from reports.tables.documents import Table
from reports.tables.table1 import scores_document, table1_document
from reports.tables.writers import csv_text, escape_latex, latex, markdown
from tests.reports.conftest import IDS, METHODS, fabricate, score_rows


def table1_of(dataset: Dataset) -> Table:
    return table1_document([dataset], list(METHODS), load_published().table1, seed=0)


def test_table1_has_its_columns_and_a_row_for_every_method_but_the_original(dataset: Dataset) -> None:
    table = table1_of(dataset).rows
    columns = ["dataset", "method", "n", "psnr_mean", "ci_low", "ci_high", "psnr_pooled", "published"]
    assert list(table.columns) == columns
    assert list(table["method"]) == ["gray", "no_semantics", "semantics", "semantics_jbu"]


def test_published_values_stand_beside_the_methods_they_belong_to(dataset: Dataset) -> None:
    published = table1_of(dataset).rows.set_index("method")["published"].dropna().to_dict()
    assert published == {"no_semantics": 22.7, "semantics": 22.3, "semantics_jbu": 22.0}


def test_means_are_means_of_the_rows(dataset: Dataset) -> None:
    row = table1_of(dataset).rows.set_index("method").loc["semantics"]
    scores = dataset.scores[dataset.scores["method"] == "semantics"]
    assert row["psnr_mean"] == pytest.approx(scores["psnr_rgb"].mean())
    assert row["psnr_pooled"] == pytest.approx(10 * np.log10(255**2 / scores["mse_rgb"].mean()))
    assert row["ci_low"] < row["psnr_mean"] < row["ci_high"]


def test_order_of_rows_in_the_scores_does_not_matter(dataset: Dataset) -> None:
    shuffled = replace(dataset, scores=dataset.scores.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(table1_of(shuffled).rows, table1_of(dataset).rows)


def test_exact_photographs_are_in_no_mean_and_the_note_says_so(dataset: Dataset) -> None:
    document = table1_of(dataset)
    gray = document.rows.set_index("method").loc["gray"]
    assert gray["n"] == len(IDS) - 1 and np.isfinite(gray["psnr_mean"])
    assert any("gray reproduces 1 photograph exactly" in note for note in document.notes)


def test_notes_count_colourless_and_skipped_pictures(dataset: Dataset) -> None:
    notes = " ".join(table1_of(dataset).notes)
    colored = dataset.scores[(dataset.scores["method"] == "semantics") & ~dataset.scores["colorless"]]
    assert "1 of 12 originals are colourless" in notes
    assert f"semantics {colored['psnr_rgb'].mean():.2f}" in notes
    assert "1 damaged photograph of val and 0 of train left out (on_bad_image: skip)" in notes


def test_scores_summary_includes_the_original_with_its_infinite_psnr(dataset: Dataset) -> None:
    original = scores_document([dataset], list(METHODS), seed=0).rows.set_index("method").loc["original"]
    assert original["psnr_rgb_mean"] == np.inf and original["n"] == len(IDS)
    assert original["colorfulness_mean"] == pytest.approx(24.0)


def test_csv_holds_raw_numbers_with_six_decimals(dataset: Dataset) -> None:
    document = table1_of(dataset)
    rows = list(csv.DictReader(io.StringIO(csv_text(document.rows))))
    assert float(rows[1]["psnr_mean"]) == pytest.approx(document.rows["psnr_mean"][1], abs=1e-6)
    assert rows[0]["published"] == "" and rows[1]["published"] == "22.700000"


def test_every_format_says_synthetic_n_and_the_convention(dataset: Dataset) -> None:
    tables = [
        table1_of(dataset),
        scores_document([dataset], list(METHODS), seed=0),
    ]
    for table in tables:
        for text in (markdown(table), latex(table)):
            assert "scenes (synthetic), n = 12" in text and "percentile bootstrap over photographs" in text
        assert "synthetic" in csv_text(table.rows)


def test_latex_sees_no_command_in_names() -> None:
    assert escape_latex(r"a_b & 5% #1 {x} \y ~^$") == (
        r"a\_b \& 5\% \#1 \{x\} \textbackslash{}y \textasciitilde{}\textasciicircum{}\$"
    )


def test_markdown_cells_cannot_break_the_table() -> None:
    rows = pd.DataFrame({"Method": ["a|b_c"], "n": ["1"]})
    lines = markdown(Table("t", rows, rows, "caption", ())).splitlines()
    assert lines[2:] == ["| Method | n |", "| --- | ---: |", r"| a\|b\_c | 1 |"]


def test_two_datasets_of_one_title_are_told_apart(results: object, params: Params) -> None:
    fabricate("voc2012", "scenes (synthetic)")
    datasets = read_datasets(replace(params, datasets=("scenes", "voc2012")))
    assert [dataset.title for dataset in datasets] == ["scenes (synthetic), scenes", "scenes (synthetic), voc2012"]


def test_missing_scores_end_in_one_sentence(results: object, params: Params) -> None:
    paths.scores("scenes", "semantics").unlink()
    with pytest.raises(UserError, match=r"results/scores/scenes/semantics.csv is missing; `dvc repro` makes it"):
        read_datasets(params)


@pytest.mark.parametrize("ids", [IDS[1:], [*IDS, IDS[0]], []], ids=["one less", "one twice", "none"])
def test_scores_of_other_photographs_are_refused(results: object, params: Params, ids: list[str]) -> None:
    write_rows(paths.scores("scenes", "semantics"), ScoreRow, score_rows("scenes", "semantics", 2, ids))
    with pytest.raises(UserError, match="does not hold the same 12 photographs"):
        read_datasets(params)
