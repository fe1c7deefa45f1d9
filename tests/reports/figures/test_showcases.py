"""Figures 1, 4, 6 and 7: photographs and windows are chosen by rule, and the caption says which."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.settings.params import Params
from reports.figures.crops import SHARE, Box, bleeding_map, change_map, confusion_map, strongest
from reports.figures.gallery import favourites, figure7, worst
from reports.figures.showcases import by_change, figure1, figure4, most_moved
from reports.inputs.per_image import column, values_by_photograph
from reports.inputs.scores import Dataset
from reports.tables.input_sizes import read_input_sizes
from tests.reports.conftest import IDS

EDGE = 20


def halves(left: tuple[int, int, int], right: tuple[int, int, int], edge: int = EDGE) -> np.ndarray:
    """(40, 60, 3) picture of two colours."""
    picture = np.empty((40, 60, 3), np.uint8)
    picture[:, :edge], picture[:, edge:] = left, right
    return picture


def test_the_window_lies_where_the_harm_is() -> None:
    harm = np.zeros((50, 80))
    harm[30:40, 60:70] = 1
    box = strongest(harm)
    assert box.side == round(SHARE * 50) and box.of(harm).sum() == 100
    harm[5, 5] = 0.5
    second = strongest(harm, [box])
    assert second.of(harm).sum() == 0.5
    apart = abs(second.top - box.top) >= box.side or abs(second.left - box.left) >= box.side
    assert apart and second.of(harm).shape == (box.side, box.side)
    assert strongest(np.zeros((40, 60))) == Box(0, 0, round(SHARE * 40))  # no harm: still inside


def test_bleeding_and_confusion_have_maps_of_their_own() -> None:
    original = halves((200, 60, 60), (60, 60, 200))
    bled = halves((200, 60, 60), (60, 60, 200), edge=EDGE + 14)  # red goes over the edge
    confused = halves((60, 200, 60), (60, 60, 200))  # the left thing in another's colour, sharp
    assert bleeding_map(original, bled).sum() > 20 * bleeding_map(original, confused).sum()
    assert confusion_map(original, confused)[:, :10].mean() > 50 > confusion_map(original, original).max()
    box = strongest(bleeding_map(original, bled))
    assert box.left <= EDGE + 14 <= box.left + box.side
    assert change_map(original, original).max() == 0


def test_figure_1_shows_the_photograph_that_changes_most(dataset: Dataset, params: Params) -> None:
    (sizes,) = read_input_sizes([dataset], params)
    ids = dataset.defects.ids
    worse = sizes.bleeding[52].copy()
    worse.loc[worse["id"] == ids[4], "bleeding_boundary"] = 0.95
    moved = replace(sizes, bleeding={**sizes.bleeding, 52: worse})
    assert most_moved(moved) == ids[4]
    plot = figure1(moved)
    assert plot and f"photograph {ids[4]} by no_semantics" in plot.caption and "Chosen by rule" in plot.caption
    assert "52, 64 and 84 pixels" in plot.caption


def test_figure_4_shows_most_middling_and_least(dataset: Dataset) -> None:
    values = values_by_photograph(dataset)
    for place, id in enumerate(IDS):
        values.loc[("semantics_jbu", id), "bleeding_flat"] = (
            values.loc[("semantics", id), "bleeding_flat"] - place / 100
        )
    chosen = by_change(values)
    assert chosen == {"most": IDS[11], "middling": IDS[5], "least": IDS[0]}
    plot = figure4(dataset, values)
    assert plot and all(f"{name}: {id}" in plot.caption for name, id in chosen.items())


def test_figure_6_shows_each_method_at_its_best_once() -> None:
    errors = {("a", "x"): 1.0, ("b", "x"): 5.0, ("a", "y"): 9.0, ("b", "y"): 2.0, ("a", "z"): 4.0, ("b", "z"): 4.0}
    series = pd.Series(errors).rename_axis(["method", "id"])
    assert favourites(series, ["a", "b"]) == {"a": "x", "b": "y"}


def test_figure_7_names_the_worst_and_why(dataset: Dataset) -> None:
    values = values_by_photograph(dataset)
    values.loc[("semantics_jbu", IDS[7]), "bleeding_boundary"] = 0.97
    values.loc[("semantics_jbu", IDS[3]), "colorfulness"] = 2
    failures = {one.kind: one for one in worst(dataset, values, "semantics_jbu")}
    bled, dull, confused = (
        failures[kind]
        for kind in ("Colours bleed across boundaries", "Not enough colours", "A thing in another's colours")
    )
    assert (bled.id, bled.reason) == (IDS[7], "97% of its own contrast is missing beside them")
    assert (dull.id, dull.reason) == (IDS[3], "colorfulness 2, the original's 24")
    assert confused.reason.startswith("tree (50.0% of the picture) has colours like sky")
    plot = figure7(dataset, values)
    assert plot and all(one.reason in plot.caption for one in failures.values())


def test_values_of_a_photograph_are_those_of_the_stages(dataset: Dataset) -> None:
    values = values_by_photograph(dataset)
    assert set(column(values, "original", "object_accuracy").values()) == {100.0}
    assert np.isfinite(list(column(values, "gray", "psnr_rgb").values())[1:]).all()
    assert np.isnan(list(column(values, "gray", "bleeding_flat").values())).all()
    assert max(column(values, "original", "color_distance").values()) >= 0


@pytest.mark.parametrize("method", ["semantics_jbu", "original"])
def test_without_the_methods_there_is_no_figure(dataset: Dataset, params: Params, method: str) -> None:
    cards = {name: card for name, card in dataset.cards.items() if name != method}
    fewer = replace(dataset, cards=cards)
    values = values_by_photograph(dataset)
    assert figure4(fewer, values) is None and figure7(fewer, values) is None
