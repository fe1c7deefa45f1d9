"""Figures: one style per method, a fixed choice of examples, files without dates."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from skimage.color import rgb2lab

from pipeline.settings.params import Params
from reports.figures.drawing import Plot, examples_strip, inline_svg, save, swatch, table1_plot, training_curves
from reports.figures.theme import FREE, INK, KNOWN, columns, method_styles, model_styles
from reports.inputs.examples import evenly_spaced, read_examples
from reports.inputs.scores import Dataset
from reports.plan.order import in_order
from reports.plan.published import load_published
from reports.tables.table1 import table1_document
from tests.reports.conftest import METHODS

# Machado, Oliveira and Fernandes 2009, severity 1.0: linear RGB to what people without one kind of cone see of it.
VISIONS = {
    "trichromacy": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def all_plots(dataset: Dataset, params: Params) -> list[Plot]:
    rows = table1_document([dataset], list(METHODS), load_published().table1, seed=0).rows
    styles = method_styles(METHODS)
    return [
        table1_plot(dataset, rows, styles),
        training_curves(dataset, model_styles(METHODS)),
        examples_strip(dataset, read_examples(dataset, list(METHODS))),
    ]


def test_known_methods_differ_without_colour_in_markers_and_swatches() -> None:
    assert len(set(method_styles([f"method_{place}" for place in range(20)]).values())) == len(KNOWN) + 20
    assert len({(style.marker, style.hollow) for style in KNOWN.values()}) == len(KNOWN)
    assert "D" not in {style.marker for style in [*KNOWN.values(), *FREE]}  # stands for published values
    for method in (name for name in KNOWN if name.endswith("_jbu")):
        assert KNOWN[method] == replace(KNOWN[method.removesuffix("_jbu")], hollow=True)
    assert swatch(KNOWN["zhang"]).count("L") == 2 and 'fill="#0072b2"' in swatch(KNOWN["zhang"])
    assert 'fill="none" stroke="#0072b2"' in swatch(KNOWN["zhang_jbu"])
    assert "currentColor" in swatch(KNOWN["original"]) and INK not in swatch(KNOWN["original"])


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_stay_apart_in_every_vision(vision: str) -> None:
    colors = np.array(sorted({to_rgb(style.color) for style in [*KNOWN.values(), *FREE]}))
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    seen = (linear @ np.array(VISIONS[vision]).T).clip(0, 1)
    seen = rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)[None])[0]
    distances = [np.linalg.norm(one - other) for one, other in combinations(seen, 2)]
    assert min(distances) > 9  # CIE76; about 2 is the least that anybody sees side by side


@pytest.mark.parametrize(("amount", "side_by_side"), [(1, 1), (8, 8), (9, 5), (14, 7), (17, 6)])
def test_rows_of_panels_are_about_equally_long(amount: int, side_by_side: int) -> None:
    assert columns(amount, 8) == side_by_side


def test_figures_of_many_methods_wrap(dataset: Dataset) -> None:
    examples = read_examples(dataset, list(METHODS))
    pictures = {f"{method}_{copy}": shown for copy in range(3) for method, shown in examples.pictures.items()}
    history = pd.DataFrame({"epoch": [1], **{f"loss_{part}": [1.0] for part in range(9)}})
    training = replace(dataset.trainings["semantics"], history=history)
    many = replace(dataset, trainings={"semantics": training})
    strip = examples_strip(dataset, replace(examples, pictures=pictures)).figure
    curves = training_curves(many, model_styles(METHODS)).figure
    assert strip.get_figwidth() < 13 and curves.get_figwidth() < 13
    assert sum(bool(axes.get_title("left")) for axes in curves.axes) == 9


def test_order_styles_and_examples_follow_fixed_rules() -> None:
    given = ["original", "theirs", "semantics", "zhang_jbu", "zhang", "gray", "another"]
    assert in_order(given) == ["gray", "zhang", "zhang_jbu", "semantics", "theirs", "another", "original"]
    assert method_styles(["theirs", "gray", "more"]) == method_styles(["zhang", "theirs", "more"])
    before, after = method_styles(METHODS), method_styles([*METHODS, "new"])
    assert all(after[method] == before[method] for method in METHODS)
    # Models have the style of the first method that uses them.
    assert model_styles(METHODS) == {model: before[model] for model in ("no_semantics", "semantics")}
    ids = [f"{number:02d}" for number in range(20)]
    assert evenly_spaced(ids[::-1], 5) == ["02", "06", "10", "14", "18"]
    assert evenly_spaced(["b", "a"], 5) == ["a", "b"]


def test_figures_saved_twice_are_the_same_bytes_with_their_fonts_and_caption(
    dataset: Dataset, params: Params, tmp_path: Path
) -> None:
    for run in ("first", "second"):
        for plot in all_plots(dataset, params):
            save(plot, tmp_path / run)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert len(files) == 6
    for name in files:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    pdf = (tmp_path / "first" / "examples_scenes.pdf").read_bytes()
    assert b"/FontFile2" in pdf and b"CreationDate" not in pdf
    caption = Image.open(tmp_path / "first" / "examples_scenes.png").info["Description"]
    assert "synthetic" in caption and "not chosen by hand" in caption


def test_inline_svg_takes_the_pages_ink_and_nothing_of_the_users_settings(dataset: Dataset, params: Params) -> None:
    svg = inline_svg(all_plots(dataset, params)[0])
    assert svg.startswith('<svg role="img" aria-label="Dot plot of mean PSNR')
    assert "currentColor" in svg and INK not in svg and "<metadata>" not in svg
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False}):
        assert inline_svg(all_plots(dataset, params)[0]) == svg
