"""The stage of the two defects: its rows, its counts, the same bytes again, and datasets without masks."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline import score
from pipeline.metrics import confusion, edges
from pipeline.packs.pack import Pack
from pipeline.records.archive import write_archive
from pipeline.records.rows import BleedingRow, ObjectColorRow, read_rows
from pipeline.scoring import defects
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import load_params
from tests.conftest import stage_in

METHODS = ("original", "gray", "class_mean")


@pytest.fixture
def examined(workspace: Path) -> Path:
    """A workspace whose reference methods are colorized and examined."""
    for method in METHODS:
        stage_in(workspace, "pipeline.colorize", "scenes", method, "--device", "cpu")
        stage_in(workspace, "pipeline.score", "scenes", method)
    return workspace


def rows(method: str) -> list[BleedingRow]:
    return read_rows(paths.defects("scenes", method), BleedingRow)


def objects(method: str) -> list[ObjectColorRow]:
    return read_rows(paths.objects("scenes", method), ObjectColorRow)


def test_every_photograph_has_a_row_and_every_object_a_guess(examined):
    pack = Pack(paths.pack("scenes", "val"))
    for method in METHODS:
        assert [row.id for row in rows(method)] == sorted(entry.id for entry in pack.index)
        for entry in pack.index:
            mask = pack.original_mask(entry)
            labels, pixels = np.unique(mask[mask < len(pack.classes)], return_counts=True)
            own = [row for row in objects(method) if row.id == entry.id]
            assert [(row.label, row.pixels) for row in own] == list(zip(labels, pixels, strict=True))


def test_the_original_is_the_ceiling_and_grey_is_not_defined_or_worst(examined):
    for row in rows("original"):
        assert 0 <= row.bleeding_flat <= 1 and 0 < row.flat_area < 1
        assert row.transects == 0 or math.isclose(row.boundary_contrast, 1, rel_tol=1e-5)
    for row in rows("gray"):
        assert math.isnan(row.bleeding_flat) and math.isnan(row.bleeding_boundary)
        assert row.transects == 0 or row.boundary_contrast < 1e-3
    assert any(row.transects for row in rows("original"))
    assert all(row.guess == row.guess_original for row in objects("original"))
    assert len({row.guess for row in objects("gray")}) == 1


def test_the_file_of_counts_holds_all_pixels_and_gives_the_distances(examined):
    distance = {}
    for method in METHODS:
        lines = np.load(paths.object_colors("scenes", method), allow_pickle=False)
        assert lines.dtype == confusion.COLORS
        pixels = sum(row.pixels for row in objects(method))
        assert lines["original"].sum() == lines["picture"].sum() == pixels
        distance[method] = np.mean(list(confusion.class_distances(lines).values()))
    assert distance["original"] == 0 < distance["class_mean"] < distance["gray"]


def test_the_same_pictures_give_the_same_bytes(examined):
    files = [path("scenes", "class_mean") for path in (paths.defects, paths.objects, paths.object_colors)]
    before = [file.read_bytes() for file in files]
    stage_in(examined, "pipeline.score", "scenes", "class_mean")
    assert before == [file.read_bytes() for file in files]


def test_methods_that_are_examined_together_have_the_rows_of_each_alone(examined):
    files = [path("scenes", name) for name in METHODS for path in (paths.defects, paths.objects, paths.object_colors)]
    alone = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    defects.run("scenes", METHODS)
    assert alone == [file.read_bytes() for file in files]


def test_what_is_found_is_not_looked_for_again_after_a_run_that_ended_too_early(examined, monkeypatch):
    asked = []
    monkeypatch.setattr(score.defects, "run", lambda dataset, methods: asked.append(list(methods)))
    monkeypatch.setattr(score.pixels, "run", lambda dataset, method: (_ for _ in ()).throw(KeyboardInterrupt))
    for method in METHODS:
        (paths.scores("scenes", method)).unlink()
        for file in paths.scores("scenes", "*").parent.glob(f"{method}.defects.key.json"):
            file.unlink()
    methods = {name: dict(block) for name, block in load_params().methods.items() if name in METHODS}
    params = replace(load_params(), methods=methods)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            score.run(params, "scenes", [], "cpu")
    assert asked == [list(methods)]


def test_without_masks_bleeding_away_from_edges_is_all_and_it_is_said(examined, capsys):
    for split in ("train", "val"):
        folder = paths.pack("scenes", split)
        summary = json.loads((folder / "summary.json").read_text())
        (folder / "summary.json").write_text(json.dumps(summary | {"classes": []}))
    with_masks = rows("class_mean")
    lines = (paths.pack("scenes", "val") / "index.csv").read_text().splitlines()
    bare = [lines[0]] + [",".join((*line.split(",")[:-2], "-1", "-1")) for line in lines[1:]]
    (paths.pack("scenes", "val") / "index.csv").write_text("\n".join(bare) + "\n")
    stage_in(examined, "pipeline.score", "scenes", "class_mean")
    assert "scenes has no masks" in capsys.readouterr().out
    assert [row.bleeding_flat for row in rows("class_mean")] == [row.bleeding_flat for row in with_masks]
    assert all(row.transects == 0 and math.isnan(row.boundary_contrast) for row in rows("class_mean"))
    assert objects("class_mean") == [] and len(np.load(paths.object_colors("scenes", "class_mean"))) == 0


def test_a_picture_of_another_size_is_refused_by_name(examined):
    entries = Pack(paths.pack("scenes", "val")).index
    pictures = [(entry.id, np.zeros((4, 5, 3), np.uint8)) for entry in entries]
    write_archive(paths.archive("scenes", "gray"), pictures)
    with pytest.raises(UserError, match=f"gray's picture of {min(entry.id for entry in entries)}"):
        stage_in(examined, "pipeline.score", "scenes", "gray")


def test_the_classifier_learns_from_coloured_photographs_of_the_training_split(packed):
    pack = Pack(packed / paths.pack("scenes", "train"))
    likelihoods = defects.class_likelihoods(pack)
    assert likelihoods.shape == (len(pack.classes), 313)
    present = set(np.unique(pack.masks[:, ::4, ::4])) - {255}
    assert {label for label, one in enumerate(likelihoods) if np.isfinite(one).all()} == present
    assert np.allclose(np.exp(likelihoods[sorted(present)]).sum(axis=1), 1)


def test_recorded_distances_are_those_that_are_measured():
    names = [name for name in BleedingRow.__dataclass_fields__ if name.startswith("kept_")]
    assert [int(name.removeprefix("kept_")) for name in names] == [1, 2, 3, 5, 7, 9]
    assert all(int(name.removeprefix("kept_")) in edges.DISTANCES for name in names)
