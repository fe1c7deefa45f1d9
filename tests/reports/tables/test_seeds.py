"""Several trainings of a network: the table of training noise, and how all other tables show such a method."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from pipeline.settings import paths
from pipeline.settings.params import Params
from reports.build import build
from reports.inputs.scores import Dataset, read_datasets
from reports.statistics.paired import compare_columns
from reports.statistics.seeds import between_seeds
from reports.tables.differences import paired_table
from reports.tables.metrics import metrics_table
from reports.tables.over_trainings import estimate, wide_of
from tests.reports.conftest import IDS, METHODS, ORIGIN, PAPERS

RUNS = {method: [method, f"{method}@1", f"{method}@2"] for method in PAPERS}


def scores_of(params: Params) -> pd.DataFrame:
    """PSNR by photograph, a column per training."""
    return wide_of(read_datasets(params)[0].repeated.scores, "psnr_rgb")


def test_one_seed_changes_nothing(built: Path) -> None:
    assert not (built / "tables" / "seeds.csv").exists()
    assert "Between trainings" not in (built / "index.html").read_text()


def test_spread_between_seeds_by_hand() -> None:
    spread = between_seeds([22.0, 22.2, 22.7])
    theirs = scipy.stats.ttest_1samp([22.0, 22.2, 22.7], 0).confidence_interval()
    deviation = np.std([22.0, 22.2, 22.7], ddof=1)
    assert tuple(vars(spread).values()) == pytest.approx((3, 22.3, deviation, 22.0, 22.7, *theirs))
    with pytest.raises(ValueError, match="at least two seeds"):
        between_seeds([22.0])


def test_trainings_have_a_table_and_their_copies_stay_out_of_the_others(repeated: Params) -> None:
    build(repeated, ORIGIN)
    tables = {path.stem: pd.read_csv(path) for path in (paths.BUILD / "tables").glob("*.csv")}
    for name, table in tables.items():
        assert not table.astype(str).apply(lambda column: column.str.contains("@")).any(axis=None), name
    assert list(tables["table1"]["method"]) == [*METHODS][:4]
    psnr = tables["seeds"][tables["seeds"]["metric"] == "psnr_rgb"].set_index("of")
    # JBU works on the same weights: its difference is not about trainings.
    assert psnr["seeds"].to_dict() == dict.fromkeys([*PAPERS, "semantics - no_semantics"], 3)
    columns = ["ci_low", "ci_high"]
    first = tables["table1"].set_index("method").loc["semantics", ["psnr_mean", *columns]]
    assert psnr.loc["semantics", ["value", *columns]].tolist() == pytest.approx(first.tolist())
    pair = tables["paired"].query("metric == 'psnr_rgb' and method_b == 'no_semantics'").iloc[0]
    mine = psnr.loc["semantics - no_semantics", ["value", *columns]]
    assert mine.tolist() == pytest.approx(pair[["mean_difference", *columns]].tolist())
    assert "Between trainings" in (paths.BUILD / "index.html").read_text()
    assert not list((paths.BUILD / "metrics").rglob("*@*"))


def test_scores_are_means_over_trainings(repeated: Params) -> None:
    dataset, wide = read_datasets(repeated)[0], scores_of(repeated)
    for method in PAPERS:
        found, n = estimate(dataset, wide, method, 0)
        assert n == len(IDS) and found.mean == pytest.approx(wide[RUNS[method]].to_numpy().mean())
    table = metrics_table([dataset], list(METHODS), 0).set_index(["method", "metric"])["value"]
    assert table["semantics", "psnr_rgb"] == pytest.approx(wide[RUNS["semantics"]].to_numpy().mean())
    assert table["gray", "psnr_rgb"] == pytest.approx(wide["gray"][np.isfinite(wide["gray"])].mean())


def test_a_pair_on_the_same_weights_keeps_the_photographs_interval_paired_by_seed(repeated: Params) -> None:
    dataset, wide = read_datasets(repeated)[0], scores_of(repeated)
    row = paired_table([dataset], 0).query("metric == 'psnr_rgb' and method_a == 'semantics_jbu'").iloc[0]
    pairs = zip(RUNS["semantics_jbu"], RUNS["semantics"], strict=True)
    seeds = np.mean([(wide[a] - wide[b]).to_numpy() for a, b in pairs], axis=0)
    alone = compare_columns(seeds[:, None], 0)[0]
    assert (row["trainings"], row["trainings_half"]) == (0, 0)
    assert row[["mean_difference", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [alone.mean, alone.low, alone.high], rel=1e-3
    )


def test_a_pair_of_two_trainings_has_an_interval_of_both_sources(repeated: Params) -> None:
    dataset, wide = read_datasets(repeated)[0], scores_of(repeated)
    row = paired_table([dataset], 0).query("metric == 'psnr_rgb' and method_b == 'no_semantics'").iloc[0]
    a, b = (wide[RUNS[method]] for method in ("semantics", "no_semantics"))
    alone = compare_columns((a.mean(axis=1) - b.mean(axis=1)).to_numpy()[:, None], 0)[0]
    theirs = scipy.stats.ttest_ind(a.mean(), b.mean(), equal_var=False).confidence_interval()
    trainings = (theirs.high - theirs.low) / 2
    assert row["trainings"] == 3 and row["trainings_half"] == pytest.approx(trainings)
    assert row["mean_difference"] - row["ci_low"] == pytest.approx(
        np.hypot(alone.mean - alone.low, trainings), rel=1e-3
    )
    assert row["ci_high"] - row["mean_difference"] == pytest.approx(
        np.hypot(alone.high - alone.mean, trainings), rel=1e-3
    )


def test_one_training_is_as_before(dataset: Dataset) -> None:
    row = paired_table([dataset], 0).iloc[0]
    assert (row["trainings"], row["trainings_half"]) == (1, 0)
    assert dataset.repeated is dataset and dataset.trainings_apart("semantics", "semantics_jbu") == []


def test_beside_grey_and_original_the_trained_side_counts_alone(repeated: Params) -> None:
    dataset = read_datasets(repeated)[0]
    assert dataset.trainings_apart("semantics", "gray") == [tuple(RUNS["semantics"])]
    assert dataset.trainings_apart("original", "gray") == []
    assert dataset.as_they_are("semantics", "gray", "original") == []
