"""Figure 3 from the counts of photographs, beside arithmetic by hand; and what is said of counts that do not fit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_ind

from pipeline.records.rows import SegmentationRow, read_rows, write_json, write_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports.figures.bars import figure3_plot
from reports.figures.theme import method_styles
from reports.inputs.files import read_json
from reports.inputs.scores import Dataset, read_datasets
from reports.plan.published import load_published
from reports.tables.segmentation import (
    SegmenterScores,
    class_iou_document,
    figure3_document,
    miou_differences_document,
    score_segmenters,
)
from tests.reports.conftest import IDS, METHODS

PUBLISHED = load_published().figure3
SEEN = len(IDS) - 1  # photographs with a labelled pixel


@pytest.fixture(scope="module")
def segmented(loaded: Dataset) -> list[SegmenterScores]:
    return score_segmenters([loaded], seed=0)


def test_figure3_has_the_promised_columns_and_the_values_of_sums(segmented: list[SegmenterScores]) -> None:
    table = figure3_document(segmented, PUBLISHED, seed=0).rows
    assert list(table) == ["dataset", "method", "miou", "ci_low", "ci_high", "n", "segmenter", "published"]
    assert list(table["method"]) == list(METHODS)
    # Both classes of every photograph have 100 pixels in their union and 40 + 5 * method + photograph in common.
    for place, row in enumerate(table.to_dict("records")):
        assert row["miou"] == pytest.approx(40 + 5 * place + np.mean(range(SEEN)))
        assert row["ci_low"] < row["miou"] < row["ci_high"] and row["n"] == SEEN and row["segmenter"] == "small"
    published = table.set_index("method")["published"]
    assert published[["gray", "semantics_jbu", "original"]].tolist() == [79, 81, 86] and published.isna().sum() == 2


def test_every_table_says_which_network_segmented(segmented: list[SegmenterScores]) -> None:
    notes = " ".join(figure3_document(segmented, PUBLISHED, seed=0).notes)
    learned = "learned from the training split of scenes (synthetic)"
    for promise in (learned, "Its own mIoU, on the originals: 65.0 [", "0c0c0c0c0c0c", "a <b>"):
        assert promise in notes
    assert "1 photograph without a labelled pixel" in notes


def test_differences_are_paired(segmented: list[SegmenterScores]) -> None:
    table = miou_differences_document(segmented, seed=0).rows.set_index(["method_a", "method_b"])
    _, *others = METHODS
    wanted = {("semantics", "no_semantics"), ("semantics_jbu", "semantics"), *((method, "gray") for method in others)}
    assert set(table.index) == wanted | {("original", method) for method in others[:-1]}
    # On each photograph every method is better than the one before by the same amount, so nothing is left to chance.
    step = table.loc[("semantics", "no_semantics"), ["difference", "ci_low", "ci_high"]]
    assert step.tolist() == pytest.approx([5, 5, 5])


def test_classes_have_rows_of_their_own_with_the_change_from_grey(segmented: list[SegmenterScores]) -> None:
    document = class_iou_document(segmented, seed=0)
    row = document.rows.set_index(["class", "method"]).loc[("tree", "original")]
    assert row[["iou", "change", "n"]].tolist() == pytest.approx([65, 20, SEEN])
    assert document.shown.iloc[0][["original", "gray"]].tolist() == ["65.0 (+20.0)", "45.0"]
    plot = figure3_plot(segmented, PUBLISHED, method_styles(METHODS))
    assert [bar.get_width() for bar in plot.figure.axes[0].patches] == pytest.approx([45, 50, 55, 60, 65])
    assert "original 65.0" in plot.alt


def test_a_card_of_another_network_or_one_that_is_cut_ends_in_one_sentence(results: Path, params: Params) -> None:
    path = paths.segmentation("scenes", "small", "semantics")
    write_json(path, {**read_json(path), "weights_sha256": "ff" * 32})
    with pytest.raises(UserError, match=r"semantics.json and .*gray.json are not of one network"):
        read_datasets(params)
    path.write_text("{")
    with pytest.raises(UserError, match=r"semantics.json is not whole"):
        read_datasets(params)


@pytest.mark.parametrize("change", [{"id": "elsewhere"}, {"label": 2}, {}])  # the last: a photograph counted twice
def test_rows_of_nothing_known_end_in_one_sentence(results: Path, params: Params, change: dict[str, Any]) -> None:
    path = paths.segmented("scenes", "small", "semantics")
    rows = read_rows(path, SegmentationRow)
    write_rows(path, SegmentationRow, [*rows, replace(rows[0], **change)])
    with pytest.raises(UserError, match=r"semantics.csv has a row of .* too many"):
        read_datasets(params)


def test_over_trainings_the_miou_is_their_mean_and_differences_are_welchs(repeated: Params) -> None:
    scores = score_segmenters(read_datasets(repeated), seed=0)
    ours, others = ([40 + 5 * (place + seed) + 5 for seed in range(3)] for place in (2, 1))
    figure = figure3_document(scores, PUBLISHED, seed=0).rows.set_index("method")
    assert list(figure.index) == list(METHODS) and figure.loc["semantics", "miou"] == pytest.approx(np.mean(ours))
    differences = miou_differences_document(scores, seed=0).rows.set_index(["method_a", "method_b"])
    row, theirs = differences.loc[("semantics", "no_semantics")], ttest_ind(ours, others, equal_var=False)
    # Fabricated photographs differ by the same between methods: of them there is no chance.
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(theirs.confidence_interval()))
    assert row["trainings"] == 3 and row["trainings_half"] == pytest.approx((row["ci_high"] - row["ci_low"]) / 2)
    assert differences.loc[("semantics_jbu", "semantics"), ["trainings", "trainings_half"]].tolist() == [0, 0]


def test_over_trainings_a_class_has_both_sources_too(repeated: Params) -> None:
    scores = score_segmenters(read_datasets(repeated), seed=0)
    row = class_iou_document(scores, seed=0).rows.set_index(["class", "method"]).loc[("sky", "semantics")]
    theirs = ttest_1samp([10.0, 15.0, 20.0], 0).confidence_interval()  # more than in the grey photographs
    assert row["change"] == pytest.approx(15) and row["change_ci_high"] == pytest.approx(theirs.high)
    assert row["iou"] == pytest.approx(60) and row["ci_high"] - row["ci_low"] > theirs.high - theirs.low
