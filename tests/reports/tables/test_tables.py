"""Tables: their numbers, their order, their notes and their three formats."""

import csv
import io
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from pipeline.records.rows import ScoreRow, write_json, write_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.masks import LeftOut
from pipeline.settings.params import Params
from reports.inputs.scores import Dataset, read_datasets
from reports.plan.published import load_published
from reports.tables.documents import Table
from reports.tables.metrics import metrics_document
from reports.tables.table1 import scores_document, table1_document
from reports.tables.writers import csv_text, escape_latex, latex, markdown
from tests.reports.conftest import IDS, METHODS, fabricate, score_rows


def table1_of(dataset: Dataset) -> Table:
    return table1_document([dataset], list(METHODS), load_published().table1, seed=0)


def test_table1_has_the_means_of_the_rows_beside_the_published_values(dataset: Dataset) -> None:
    table = table1_of(dataset).rows
    columns = ["dataset", "method", "n", "psnr_mean", "ci_low", "ci_high", "trainings", "psnr_pooled"]
    columns += ["psnr_same", "n_same", "published"]
    assert list(table.columns) == columns
    assert list(table["method"]) == ["gray", "no_semantics", "semantics", "semantics_jbu"]  # not the original
    by_method = table.set_index("method")
    published = by_method["published"].dropna().to_dict()
    assert published == {"no_semantics": 22.7, "semantics": 22.3, "semantics_jbu": 22.0}
    row, scores = by_method.loc["semantics"], dataset.scores[dataset.scores["method"] == "semantics"]
    assert row["psnr_mean"] == pytest.approx(scores["psnr_rgb"].mean())
    assert row["psnr_pooled"] == pytest.approx(10 * np.log10(255**2 / scores["mse_rgb"].mean()))
    assert row["ci_low"] < row["psnr_mean"] < row["ci_high"]
    shuffled = replace(dataset, scores=dataset.scores.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(table1_of(shuffled).rows, table)


def test_notes_count_exact_colourless_and_skipped_photographs(dataset: Dataset) -> None:
    document = table1_of(dataset)
    gray, notes = document.rows.set_index("method").loc["gray"], " ".join(document.notes)
    assert gray["n"] == len(IDS) - 1 and np.isfinite(gray["psnr_mean"])  # an infinite PSNR is in no mean
    means = dataset.scores[~dataset.scores["colorless"]].groupby("method")["psnr_rgb"].mean()
    for note in (
        "gray reproduces 1 photograph exactly",
        "1 of 12 originals are colourless",
        f"on the same 11 photographs: gray {means['gray']:.2f}, no_semantics {means['no_semantics']:.2f}, semantics",
        "1 photograph of val and 0 of train cannot be used and are left out (on_bad_image: skip)",
    ):
        assert note in notes


def test_where_a_method_is_exact_all_methods_are_also_compared_on_the_same_photographs(dataset: Dataset) -> None:
    scores = dataset.scores.copy()
    scores.loc[(scores["method"] == "gray") & scores["id"].isin(IDS[:5]), "psnr_rgb"] = np.inf
    document = table1_of(replace(dataset, scores=scores))
    rows = document.rows.set_index("method")
    assert (rows["n_same"] == 7).all() and rows.loc[["gray", "semantics"], "n"].tolist() == [7, 12]
    own = scores[(scores["method"] == "semantics") & ~scores["id"].isin(IDS[:5])]["psnr_rgb"].mean()
    assert rows.loc["semantics", "psnr_same"] == pytest.approx(own) != rows.loc["semantics", "psnr_mean"]
    assert rows.loc["gray", "psnr_same"] == rows.loc["gray", "psnr_mean"]
    assert f"{own:.2f} (n = 7)" in markdown(document)
    finite = replace(dataset, scores=scores.assign(psnr_rgb=scores["psnr_rgb"].replace(np.inf, 30.0)))
    assert "same photographs" not in markdown(table1_of(finite))


def test_n_stands_beside_a_mean_of_fewer_photographs_than_its_row(dataset: Dataset) -> None:
    scores = dataset.scores.copy()
    scores.loc[(scores["method"] == "semantics") & scores["id"].isin(IDS[:3]), "ssim_rgb"] = np.nan
    document = scores_document([replace(dataset, scores=scores)], list(METHODS), seed=0)
    shown = document.shown.set_index("Method")
    assert shown.loc["semantics", "SSIM"].endswith("] (n = 9)") and shown.loc["gray", "PSNR"].endswith("] (n = 11)")
    assert "n =" not in shown.loc["semantics", "PSNR"]
    assert document.rows.set_index("method").loc["semantics", ["n", "ssim_rgb_n", "psnr_rgb_n"]].tolist() == [12, 9, 12]


def test_scores_summary_includes_the_original_and_csv_holds_raw_numbers_with_six_decimals(dataset: Dataset) -> None:
    original = scores_document([dataset], list(METHODS), seed=0).rows.set_index("method").loc["original"]
    wanted = {"psnr_rgb_mean": np.inf, "n": len(IDS), "colorfulness_mean": 24.0}
    assert original[list(wanted)].to_dict() == pytest.approx(wanted)
    table = table1_of(dataset)
    rows = list(csv.DictReader(io.StringIO(csv_text(table.rows))))
    assert float(rows[1]["psnr_mean"]) == pytest.approx(table.rows["psnr_mean"][1], abs=1e-6)
    assert [row["published"] for row in rows[:2]] == ["", "22.700000"]


def test_every_format_says_synthetic_n_and_the_convention(dataset: Dataset) -> None:
    for table in (table1_of(dataset), scores_document([dataset], list(METHODS), seed=0)):
        for text in (markdown(table), latex(table)):
            assert "scenes (synthetic), n = 12" in text and "percentile bootstrap over photographs" in text
        assert "synthetic" in csv_text(table.rows)


def test_names_cannot_break_latex_or_markdown() -> None:
    assert escape_latex(r"a_b & 5% #1 {x} \y ~^$") == (
        r"a\_b \& 5\% \#1 \{x\} \textbackslash{}y \textasciitilde{}\textasciicircum{}\$"
    )
    rows = pd.DataFrame({"Method": ["a|b_c"], "n": ["1"]})
    lines = markdown(Table("t", rows, rows, "caption", ())).splitlines()
    assert lines[2:] == ["| Method | n |", "| --- | ---: |", r"| a\|b\_c | 1 |"]


def test_two_datasets_of_one_title_are_told_apart(results: object, params: Params) -> None:
    fabricate("voc2012", "scenes (synthetic)")
    datasets = read_datasets(replace(params, datasets=("scenes", "voc2012")))
    assert [dataset.title for dataset in datasets] == ["scenes (synthetic), scenes", "scenes (synthetic), voc2012"]


def test_of_two_datasets_the_one_without_masks_lacks_what_needs_them(results: object, params: Params) -> None:
    fabricate("voc2012", "VOC2012")
    without = LeftOut(("semantics",), ("small",), ("semantics", "semantics_jbu"))
    write_json(paths.left_out("voc2012"), asdict(without))
    for method in without.methods:
        paths.scores("voc2012", method).unlink()
    datasets = read_datasets(replace(params, datasets=("scenes", "voc2012")))
    published, methods = load_published().table1, list(METHODS)
    document = table1_document(datasets, methods, published, 0)
    rows = document.rows.groupby("dataset")["method"].agg(list)
    assert rows["VOC2012"] == ["gray", "no_semantics"] and len(rows["scenes (synthetic)"]) == 4
    assert any("left out: semantics, semantics_jbu, small." in note for note in document.notes)
    assert [list(dataset.segmentations) for dataset in datasets] == [["small"], []]
    for table in (scores_document(datasets, methods, 0), metrics_document(datasets, methods, 0)):
        assert set(table.rows.query("dataset == 'VOC2012'")["method"]) == {"gray", "no_semantics", "original"}


@pytest.mark.parametrize("ids", [None, IDS[1:], [*IDS, IDS[0]], []], ids=["missing", "one less", "one twice", "none"])
def test_missing_scores_or_those_of_other_photographs_are_refused(
    results: object, params: Params, ids: list[str] | None
) -> None:
    path, error = paths.scores("scenes", "semantics"), "does not hold the same 12 photographs"
    if ids is None:
        path.unlink()
        error = "results/scores/scenes/semantics.csv is missing; `dvc repro` makes it"
    else:
        write_rows(path, ScoreRow, score_rows("scenes", "semantics", 2, ids))
    with pytest.raises(UserError, match=error):
        read_datasets(params)
