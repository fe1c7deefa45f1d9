"""Training noise: which methods repeat each other, and the spread between their seeds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from pipeline.records.rows import ScoreRow, write_rows
from pipeline.settings import paths
from pipeline.settings.params import Params
from reports.build import build
from reports.statistics.seeds import between_seeds
from reports.tables.seeds import repeats
from tests.reports.conftest import METHODS, ORIGIN, score_rows, write_defects, write_perceptual


@pytest.fixture
def repeated(results: Path, params: Params) -> Params:
    """Three seeds of `semantics` and two of `no_semantics`; their copies have scores and nothing else."""
    models: dict[str, dict] = {"no_semantics": {"class": "n"}, "semantics": {"class": "s"}}
    methods = dict(METHODS)
    for place, (model, seed) in enumerate([("semantics", 1), ("semantics", 2), ("no_semantics", 1)]):
        name = f"{model}_again{seed}"
        models[name] = {**models[model], "seed": seed}
        methods[name] = {**METHODS[model], "model": name}
        write_rows(paths.scores("scenes", name), ScoreRow, score_rows("scenes", name, 10 + place))
        write_perceptual("scenes", name)
        write_defects("scenes", name, 1)
    return replace(params, models=models, methods=methods)


def test_methods_whose_models_differ_in_the_seed_alone_are_repeats(repeated: Params) -> None:
    assert repeats(repeated) == {
        "no_semantics": {0: "no_semantics", 1: "no_semantics_again1"},
        # jbu has the blocks of semantics here, and its model's seed: a copy of it, not another training
        "semantics": {0: "semantics", 1: "semantics_again1", 2: "semantics_again2"},
    }


def test_one_seed_changes_nothing(built: Path, params: Params) -> None:
    assert repeats(params) == {}
    assert not (built / "tables" / "seeds.csv").exists()
    assert "Between trainings" not in (built / "index.html").read_text()


def test_spread_between_seeds_by_hand() -> None:
    spread = between_seeds([22.0, 22.2, 22.7])
    theirs = scipy.stats.ttest_1samp([22.0, 22.2, 22.7], 0).confidence_interval()
    deviation = np.std([22.0, 22.2, 22.7], ddof=1)
    assert tuple(vars(spread).values()) == pytest.approx((3, 22.3, deviation, 22.0, 22.7, *theirs))
    with pytest.raises(ValueError, match="at least two seeds"):
        between_seeds([22.0])


def test_repeats_have_a_table_and_stay_out_of_the_others(repeated: Params) -> None:
    build(repeated, ORIGIN)
    tables = {path.stem: pd.read_csv(path) for path in (paths.BUILD / "tables").glob("*.csv")}
    assert not tables["table1"]["method"].str.contains("again").any()
    psnr = tables["seeds"][tables["seeds"]["metric"] == "psnr_rgb"].set_index("of")
    assert psnr["seeds"].to_dict() == {"no_semantics": 2, "semantics": 3, "semantics - no_semantics": 2}
    first = tables["table1"].set_index("method").loc["semantics"]
    assert psnr.loc["semantics", ["first", "ci_low", "ci_high"]].tolist() == pytest.approx(
        first[["psnr_mean", "ci_low", "ci_high"]].tolist()
    )
    assert "Between trainings" in (paths.BUILD / "index.html").read_text()
