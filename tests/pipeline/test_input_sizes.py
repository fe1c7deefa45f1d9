"""One network at several sizes: the same photographs, and at the size of its training what `colorize` makes."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from pipeline.input_sizes import STEP, sides
from pipeline.networks.contract import Setup
from pipeline.records.archive import Archive
from pipeline.records.rows import BleedingRow, read_rows
from pipeline.settings import paths
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError
from pipeline.settings.params import load_params
from tests.conftest import run_in, stage_in, write_params


def test_sides_are_those_of_the_papers_figure_1() -> None:
    assert sides(224) == [176, 224, 300]
    assert sides(64) == [52, 64, 84]


@pytest.mark.parametrize("trained", [32, 64, 96, 224])
def test_sides_are_those_that_a_network_can_take(trained: int) -> None:
    for name in ("larsson", "siggraph17", "iizuka", "zhang", "semantics"):
        network = make(load_params().network(name), name, Setup(0.01, ("a", "b"), trained)).eval()
        tried = sides(trained, max(STEP, network.multiple))
        assert len(tried) == (2 if trained == network.multiple else 3) and trained in tried
        for side in tried:
            assert network.chroma(torch.zeros(1, 1, side, side)).isfinite().all()


def test_at_the_training_size_the_pictures_are_those_of_colorize(workspace: Path) -> None:
    write_params(workspace, data__scenes__train__epochs=1, sizes=["no_semantics"])
    run_in(workspace, "pipeline.train", "scenes", "no_semantics")
    for stage, *names in (("colorize", "no_semantics"), ("score", "no_semantics"), ("input_sizes",)):
        stage_in(workspace, f"pipeline.{stage}", "scenes", *names)
    folder = paths.sizes("scenes", "no_semantics")
    assert sorted(path.name for path in folder.glob("*.zip")) == ["24.zip", "32.zip", "44.zip"]
    method, same, larger = (
        Archive(path) for path in (paths.archive("scenes", "no_semantics"), folder / "32.zip", folder / "44.zip")
    )
    assert method.ids == same.ids == larger.ids
    for id in method.ids:
        assert np.array_equal(method[id], same[id]) and not np.array_equal(method[id], larger[id])
    # Not only the pictures: what is measured of them is what the stage `score` measures.
    rows = [read_rows(path, BleedingRow) for path in (paths.defects("scenes", "no_semantics"), folder / "32.csv")]
    np.testing.assert_equal(*([row.bleeding_boundary for row in few] for few in rows))
    colors = [np.load(path) for path in (paths.object_colors("scenes", "no_semantics"), folder / "32.colors.npy")]
    assert np.array_equal(*colors)


def test_params_name_only_models_that_exist(workspace: Path) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    Path("params.yaml").write_text(yaml.safe_dump({**params, "sizes": ["zhagn"]}))
    with pytest.raises(UserError, match=r"sizes names the model 'zhagn'.*zhang"):
        load_params()
