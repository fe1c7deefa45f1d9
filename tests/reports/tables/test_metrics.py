"""The table of all metrics: from rows to figures, and what it says of those that it cannot have."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from reports.inputs.scores import Dataset
from reports.page.html import metric_rows
from reports.plan.agreement import load_agreements
from reports.plan.measures import MEASURES
from reports.statistics.means import bootstrap_weighted_mean
from reports.tables.metrics import METRICS, metrics_document, metrics_table
from reports.tables.writers import csv_text, latex, markdown
from tests.reports.conftest import IDS, METHODS


def table_of(dataset: Dataset, methods: list[str] | None = None):
    return metrics_table([dataset], methods or list(METHODS), seed=0).set_index(["method", "metric"])


def test_every_method_has_every_metric_once_with_its_convention_and_an_interval_that_holds_it(dataset: Dataset) -> None:
    table = table_of(dataset)
    assert list(table.index) == [(method, metric.key) for method in METHODS for metric in METRICS]
    assert list(table.columns) == ["dataset", "value", "ci_low", "ci_high", "n", "convention", "note"]
    assert table["convention"].str.len().min() > 20
    measured = table.loc["semantics"].dropna(subset="value")
    assert np.isnan(measured.loc["fid", "ci_low"])
    measured = measured.drop(index="fid")
    assert measured["value"].between(measured["ci_low"] - 1e-9, measured["ci_high"] + 1e-9).all()


def test_values_are_what_their_conventions_say_and_equal_weights_give_the_plain_mean(dataset: Dataset) -> None:
    value = table_of(dataset)["value"]["semantics"]
    rows, originals = (dataset.scores[dataset.scores["method"] == m] for m in ("semantics", "original"))
    gaps = rows["colorfulness_absolute"].to_numpy() - originals["colorfulness_absolute"].to_numpy()
    assert value["psnr_rgb_pooled"] == pytest.approx(10 * np.log10(255**2 / rows["mse_rgb"].mean()))
    assert value["ciede2000"] == pytest.approx(rows["ciede2000"].mean())
    assert value["delta_cf_of_means_absolute"] == pytest.approx(gaps.mean())
    assert value["delta_cf_per_image_absolute"] == pytest.approx(np.abs(gaps).mean())
    assert value["auc_balanced"] == pytest.approx(np.average(rows["auc_balanced"], weights=rows["auc_weight"]))
    assert value["lpips_alex"] == pytest.approx(0.155) and value["fid"] == 12.5
    values = np.random.default_rng(0).uniform(size=30)
    interval = bootstrap_weighted_mean(values, np.full(30, 2.0), seed=0)
    assert interval.mean == pytest.approx(values.mean()) and interval.low < interval.mean < interval.high


def test_what_is_not_available_is_empty_and_says_why_in_every_format(dataset: Dataset) -> None:
    document = metrics_document([dataset], list(METHODS), seed=0)
    row = next(row for row in csv.DictReader(io.StringIO(csv_text(document.rows))) if row["metric"] == "recognized")
    assert (row["value"], row["n"], row["note"]) == ("", "0", "weights not available")
    for text in (markdown(document), latex(document)):
        assert "weights not available" in text and "scenes (synthetic), n = 12" in text


def test_each_metric_says_how_far_it_agrees_with_people(dataset: Dataset) -> None:
    document = metrics_document([dataset], list(METHODS), seed=0)
    shown = document.shown.set_index("Metric")["Agrees with people"]
    assert set(shown["PSNR"]) == {"0.43 [0.35, 0.51]"} and set(shown["FID"]) == {"-"}
    assert set(load_agreements().measures) <= set(MEASURES)
    rows = {row["Metric"]: row for row in metric_rows(document, dataset.title)}
    assert rows["SSIM"]["Agrees with people"] == "0.48 [0.42, 0.54]" and "gray" in rows["SSIM"]


def test_exact_photographs_are_left_out_of_psnr_and_counted(dataset: Dataset) -> None:
    table = table_of(dataset)
    assert table.loc[("gray", "psnr_rgb"), "n"] == len(IDS) - 1
    assert table.loc[("gray", "psnr_rgb"), "note"] == "1 without a finite value left out"
    assert table.loc[("original", "psnr_rgb"), "value"] == np.inf


def test_without_the_originals_delta_cf_says_what_it_needs(dataset: Dataset) -> None:
    without = replace(dataset, scores=dataset.scores[dataset.scores["method"] != "original"])
    row = table_of(without, ["gray"]).loc[("gray", "delta_cf_of_means_signed")]
    assert np.isnan(row["value"]) and row["note"] == "needs the method original in params.yaml"
