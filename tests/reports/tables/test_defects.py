"""The tables of the two defects beside plain arithmetic on the same rows."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from pipeline.metrics.confusion import COLORS, class_distances
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports.figures.defect_plots import boundary_plot, confusion_plot
from reports.figures.theme import method_styles
from reports.inputs.scores import Dataset, read_datasets
from reports.tables.defects import confusion_differences_document, confusion_rows, context_confusion, defects_document
from tests.reports.conftest import IDS, METHODS


@pytest.fixture(scope="module")
def table(loaded: Dataset) -> pd.DataFrame:
    document = defects_document([loaded], [context_confusion(loaded, seed=0)], seed=0)
    return document.rows.set_index(["method", "metric"])


def test_means_are_over_the_photographs_that_have_the_number(table: pd.DataFrame) -> None:
    flat = table.loc[("semantics", "bleeding_flat")]
    assert flat["value"] == pytest.approx(0.5 - 0.1 + 0.01 * np.mean(range(len(IDS)))) and flat["n"] == len(IDS)
    assert flat["ci_low"] < flat["value"] < flat["ci_high"]
    assert np.isnan(table.loc[("gray", "bleeding_flat")]["value"]) and table.loc[("gray", "bleeding_flat")]["n"] == 0
    assert table.loc[("gray", "boundary_contrast")]["value"] == 0


def test_confusion_is_that_of_all_photographs_at_once(table: pd.DataFrame, dataset: Dataset) -> None:
    for method, lines in dataset.defects.colors.items():
        expected = np.mean(list(class_distances(lines).values()))
        assert table.loc[(method, "color_distance")]["value"] == pytest.approx(expected)
    # The first class is always guessed; the other rightly on three photographs more for each method.
    accuracies = [table.loc[(method, "balanced_accuracy")]["value"] for method in METHODS]
    assert accuracies == pytest.approx([0.5 + 0.5 * 3 * place / len(IDS) for place in range(len(METHODS))])


def test_resampled_distances_are_those_of_the_photographs_drawn(dataset: Dataset) -> None:
    """Against a loop that copies the lines of every photograph drawn."""
    one = context_confusion(dataset, seed=0)["semantics"]
    generator, lines = np.random.default_rng(0), dataset.defects.colors["semantics"]
    picks = generator.integers(len(IDS), size=(3, len(IDS)))
    for pick, value in zip(picks, one.distances, strict=False):
        copied = np.concatenate([lines[lines["photograph"] == number] for number in pick])
        assert np.mean(list(class_distances(copied).values())) == pytest.approx(value)


def test_differences_are_paired_and_matrices_count_every_object(dataset: Dataset) -> None:
    rows = confusion_differences_document([dataset], [context_confusion(dataset, seed=0)], seed=0).rows
    step = rows[(rows["metric"] == "color_distance") & (rows["method_b"] == "semantics")].iloc[0]
    # 150 of 600 pixels by 10 units, along 32 directions.
    assert step[["difference", "ci_low", "ci_high"]].tolist() == pytest.approx([-2.5] * 3, rel=1e-3)
    rows = confusion_rows([dataset])
    assert rows.groupby("method")["objects"].sum().tolist() == [2 * len(IDS)] * len(METHODS)
    assert rows.set_index(["method", "class", "guess"]).loc[("semantics", "tree", "sky"), "objects"] == 6


def test_grey_has_no_line_at_boundaries_but_a_matrix(dataset: Dataset) -> None:
    lines = boundary_plot(dataset, method_styles(METHODS))
    names = [text.get_text() for text in lines.figure.legends[0].get_texts()]
    assert names == [method for method in METHODS if method != "gray"]
    matrices = confusion_plot(dataset, list(METHODS))
    shares = matrices.figure.axes[0].images[0].get_array()
    assert shares is not None and shares.tolist() == [[1, 0], [1, 0]]  # grey is always taken for the first class


STRANGE = io.BytesIO()
np.save(STRANGE, np.array([(99, 0, 0, 0, 1, 1)], COLORS))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (STRANGE.getvalue(), "holds other counts than 12 photographs"),
        *((damaged, "is not whole") for damaged in (b"", b"\x93NUMPY\x01\x00rubbish", b"PK\x03\x04")),
    ],
)
def test_strange_or_damaged_counts_end_in_one_sentence(
    results: Path, params: Params, content: bytes, error: str
) -> None:
    paths.object_colors("scenes", "semantics").write_bytes(content)
    with pytest.raises(UserError, match=rf"semantics.colors.npy {error}"):
        read_datasets(params)


def test_without_masks_there_is_no_confusion_to_context_confusion(dataset: Dataset) -> None:
    bare = replace(dataset.defects, objects=dataset.defects.objects.iloc[:0])
    assert context_confusion(replace(dataset, defects=bare), seed=0) == {}


def test_over_trainings_confusion_is_their_mean_and_its_differences_are_welchs(repeated: Params) -> None:
    dataset = read_datasets(repeated)[0]
    confusion = context_confusion(dataset, seed=0)
    assert list(confusion) == list(METHODS)
    rows = confusion_differences_document([dataset], [confusion], seed=0).rows
    rows = rows[rows["metric"] == "color_distance"].set_index(["method_a", "method_b"])
    sides = [confusion[method].by_training["color_distance"] for method in ("semantics", "no_semantics")]
    theirs = ttest_ind(*sides, equal_var=False)
    row = rows.loc[("semantics", "no_semantics")]
    assert row["difference"] == pytest.approx(np.mean(sides[0]) - np.mean(sides[1])) and row["trainings"] == 3
    ends = theirs.confidence_interval()
    assert row["trainings_half"] == pytest.approx((ends.high - ends.low) / 2)
    assert row["ci_low"] <= ends.low + 1e-9 and row["ci_high"] >= ends.high - 1e-9
    assert rows.loc[("semantics_jbu", "semantics"), ["trainings", "trainings_half"]].tolist() == [0, 0]
