"""Figures: one look per method, a fixed choice of examples, files without dates."""

from pathlib import Path

import matplotlib
from PIL import Image

from pipeline.params import Params
from reports.examples import evenly_spaced, read_examples
from reports.figures import Plot, examples_strip, inline_svg, save, table1_plot, training_curves
from reports.inputs import Dataset
from reports.published import load_published
from reports.tables import table1
from reports.theme import INK, method_looks, model_looks
from tests.reports.conftest import METHODS


def all_plots(dataset: Dataset, params: Params) -> list[Plot]:
    rows = table1(dataset.scores, {"scenes": dataset.title}, list(METHODS), load_published().table1, seed=0)
    looks = method_looks(METHODS)
    return [
        table1_plot(dataset, rows, looks),
        training_curves(dataset, model_looks(METHODS)),
        examples_strip(dataset, read_examples(dataset, list(METHODS))),
    ]


def test_no_two_methods_look_the_same() -> None:
    looks = method_looks(["gray", *(f"method_{place}" for place in range(20)), "original"])
    assert len(set(looks.values())) == 22


def test_a_method_added_at_the_end_leaves_the_others_their_looks() -> None:
    before, after = method_looks(METHODS), method_looks([*METHODS, "new"])
    assert {method: after[method] for method in METHODS} == {method: before[method] for method in METHODS}


def test_models_look_like_the_first_method_that_uses_them() -> None:
    methods, models = method_looks(METHODS), model_looks(METHODS)
    assert models == {"no_semantics": methods["no_semantics"], "semantics": methods["semantics"]}


def test_examples_are_evenly_spaced_over_the_sorted_ids() -> None:
    ids = [f"{number:02d}" for number in range(20)]
    assert evenly_spaced(ids[::-1], 5) == ["02", "06", "10", "14", "18"]
    assert evenly_spaced(["b", "a"], 5) == ["a", "b"]


def test_examples_go_from_grey_to_the_original(dataset: Dataset) -> None:
    examples = read_examples(dataset, ["original", "semantics", "gray"])
    assert list(examples.pictures) == ["gray", "semantics", "original"]


def test_figures_saved_twice_are_the_same_bytes(dataset: Dataset, params: Params, tmp_path: Path) -> None:
    for run in ("first", "second"):
        for plot in all_plots(dataset, params):
            save(plot, tmp_path / run)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert len(files) == 6
    for name in files:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_saved_figures_embed_their_fonts_and_carry_their_caption(
    dataset: Dataset, params: Params, tmp_path: Path
) -> None:
    plot = all_plots(dataset, params)[2]
    save(plot, tmp_path)
    pdf = (tmp_path / f"{plot.name}.pdf").read_bytes()
    assert b"/FontFile2" in pdf and b"CreationDate" not in pdf
    caption = Image.open(tmp_path / f"{plot.name}.png").info["Description"]
    assert "synthetic" in caption and "not chosen by hand" in caption


def test_users_matplotlib_settings_change_nothing(dataset: Dataset, params: Params) -> None:
    first = inline_svg(all_plots(dataset, params)[0])
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False}):
        assert inline_svg(all_plots(dataset, params)[0]) == first


def test_inline_svg_takes_the_pages_ink(dataset: Dataset, params: Params) -> None:
    svg = inline_svg(all_plots(dataset, params)[0])
    assert svg.startswith('<svg role="img" aria-label="Dot plot of mean PSNR')
    assert "currentColor" in svg and INK not in svg and "<metadata>" not in svg
