"""The table of all metrics: one row per dataset, method and metric, each with its convention and what it lacks."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.records.rows import PerceptualSummary
from reports.inputs.scores import Dataset
from reports.statistics.means import CONFIDENCE, RESAMPLES, Interval, bootstrap_mean, pooled_psnr
from reports.tables.documents import Table, sizes
from reports.tables.numbers import ORIGINAL
from reports.tables.wording import interval_convention, number, with_interval

COLORFULNESS = {"signed": "colorfulness", "absolute": "colorfulness_absolute"}
NETS = {"alex": "AlexNet", "vgg": "VGG-16", "squeeze": "SqueezeNet 1.1"}


@dataclass(frozen=True)
class Group:
    """What there is of one method: its rows and those of the originals, both sorted by id, and its summary."""

    rows: pd.DataFrame
    originals: pd.DataFrame
    summary: PerceptualSummary
    seed: int


@dataclass(frozen=True)
class Figure:
    """A value with its interval (NaN where it has none), and over how many photographs it is."""

    interval: Interval
    n: int


@dataclass(frozen=True)
class Metric:
    """A figure of a method. `needs`: the score of `PerceptualSummary` behind it, "" where it needs no weights."""

    name: str
    digits: int
    figure: Callable[[Group], Figure]
    convention: str
    needs: str = ""
    compares: bool = False  # with the rows of the method `original`


def mean_of(column: str) -> Callable[[Group], Figure]:
    """The mean over photographs of a column's finite values; infinite where a method reproduces all of them."""

    def figure(group: Group) -> Figure:
        values = group.rows[column].astype(float)
        finite = values[np.isfinite(values)]
        if finite.empty:
            whole = values.mean()
            return Figure(Interval(whole, whole, whole), 0)
        return Figure(bootstrap_mean(finite, group.seed), len(finite))

    return figure


def pooled(group: Group) -> Figure:
    """PSNR of the mean error over photographs; the ends of the error's interval are those of the PSNR's, reversed."""
    error = bootstrap_mean(group.rows["mse_rgb"], group.seed)
    return Figure(Interval(*(pooled_psnr([end]) for end in (error.mean, error.high, error.low))), len(group.rows))


def difference_of_means(column: str) -> Callable[[Group], Figure]:
    """Mean of a column less the originals' mean; a photograph and its original are resampled together."""
    return lambda group: Figure(bootstrap_mean(_differences(group, column), group.seed), len(group.rows))


def mean_of_differences(column: str) -> Callable[[Group], Figure]:
    """Mean over photographs of the absolute difference from the original."""
    return lambda group: Figure(bootstrap_mean(np.abs(_differences(group, column)), group.seed), len(group.rows))


def balanced_auc(group: Group) -> Figure:
    """All photographs' pixels in one weighted curve: their AuC averaged by the mean weight of their pixels."""
    weights = group.rows["auc_weight"].to_numpy()
    return Figure(bootstrap_weighted_mean(group.rows["auc_balanced"].to_numpy(), weights, group.seed), len(weights))


def fid(group: Group) -> Figure:
    """FID is of the whole set, and no mean: it has no interval here."""
    return Figure(Interval(group.summary.fid or 0.0, np.nan, np.nan), group.summary.photographs)


def bootstrap_weighted_mean(values: np.ndarray, weights: np.ndarray, seed: int) -> Interval:
    """Weighted mean of one value per photograph, with its 95 % percentile-bootstrap interval over photographs."""
    generator = np.random.default_rng(seed)
    picks = (generator.integers(len(values), size=len(values)) for _ in range(RESAMPLES))
    means = [np.average(values[pick], weights=weights[pick]) for pick in picks]
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(np.average(values, weights=weights)), float(low), float(high))


def _differences(group: Group, column: str) -> np.ndarray:
    return group.rows[column].to_numpy() - group.originals[column].to_numpy()


METRICS = (
    Metric(
        "psnr_rgb",
        2,
        mean_of("psnr_rgb"),
        "mean over photographs of the per-image PSNR in dB, sRGB channels, peak 255",
    ),
    Metric(
        "psnr_rgb_pooled",
        2,
        pooled,
        "PSNR in dB of the mean squared error over all photographs, sRGB channels, peak 255",
    ),
    Metric(
        "psnr_ab",
        2,
        mean_of("psnr_ab"),
        "mean over photographs of the per-image PSNR in dB, a and b of CIE Lab, peak 255",
    ),
    Metric(
        "ssim",
        3,
        mean_of("ssim_rgb"),
        "mean over photographs and sRGB channels of SSIM on 0..255, Gaussian window of 11 x 11 with sigma 1.5",
    ),
    Metric(
        "ciede2000",
        2,
        mean_of("ciede2000"),
        "mean over photographs of the mean CIEDE2000 of their pixels, kL = kC = kH = 1; lower is better",
    ),
    *(
        Metric(
            f"colorfulness_{kind}",
            1,
            mean_of(column),
            f"mean over photographs of Hasler and Suesstrunk's M3, {kind} opponent channels; closer to the originals' "
            "is better",
        )
        for kind, column in COLORFULNESS.items()
    ),
    *(
        Metric(
            f"delta_cf_of_means_{kind}",
            2,
            difference_of_means(column),
            f"mean colorfulness_{kind} less the originals' mean; often published without its sign; 0 is best",
            compares=True,
        )
        for kind, column in COLORFULNESS.items()
    ),
    *(
        Metric(
            f"delta_cf_per_image_{kind}",
            2,
            mean_of_differences(column),
            f"mean over photographs of the absolute difference in colorfulness_{kind} from the original; 0 is best",
            compares=True,
        )
        for kind, column in COLORFULNESS.items()
    ),
    Metric(
        "auc",
        4,
        mean_of("auc"),
        "area under the share of pixels whose ab is within t of the original's, t = 0..150, by trapezoids, over 150; "
        "mean over photographs (Zhang et al. 2016, section 3.1, who print per cent)",
    ),
    Metric(
        "auc_balanced",
        4,
        balanced_auc,
        "the same with pixels weighted by 1 / p of their original colour's bin (their eq. 4, lambda = 0), p the "
        "smoothed prior of this dataset's training split; photographs weigh as much as their mean pixel",
    ),
    *(
        Metric(
            f"lpips_{net}",
            4,
            mean_of(f"lpips_{net}"),
            f"mean over photographs of LPIPS 0.1 (lpips package, {backbone}) at the photograph's own size, sRGB on "
            "[-1, 1]; lower is better",
            needs=f"lpips_{net}",
        )
        for net, backbone in NETS.items()
    ),
    Metric(
        "recognized",
        3,
        mean_of("recognized"),
        "share of photographs of which torchvision's VGG-16 (IMAGENET1K_V1 and its own transform) gives the "
        "colorization the same top-1 class as the original",
        needs="recognized",
    ),
    Metric(
        "fid",
        2,
        fid,
        "Frechet distance of Inception features (torch-fidelity's copy of the original network) from the originals of "
        "the same photographs (identical set), resized to 299 x 299 as TensorFlow 1 does; lower is better",
        needs="fid",
    ),
)


def metrics_table(datasets: Sequence[Dataset], methods: Sequence[str], seed: int) -> pd.DataFrame:
    """Value, interval, n, convention and note of every metric; NaN where there is no value, and the note says why."""
    rows = []
    for dataset in datasets:
        scores = dataset.scores.merge(dataset.perceptual, on=["dataset", "method", "id"])
        for method in methods:
            mine, originals = (_of(scores, name) for name in (method, ORIGINAL))
            group = Group(mine, originals, dataset.perceptual_summaries[method], seed)
            for metric in METRICS:
                named = {"dataset": dataset.title, "method": method, "metric": metric.name}
                rows.append(named | _measured(metric, group))
    return pd.DataFrame(rows)


def metrics_document(datasets: Sequence[Dataset], methods: Sequence[str], seed: int) -> Table:
    """The table for people: each convention stands once, below it."""
    rows = metrics_table(datasets, methods, seed)
    digits = {metric.name: metric.digits for metric in METRICS}
    shown = pd.DataFrame(
        {
            "Dataset": rows["dataset"],
            "Method": rows["method"],
            "Metric": rows["metric"],
            "Value [95 % interval]": [_shown(row, digits[row["metric"]]) for row in rows.to_dict("records")],
            "n": rows["n"].map(str),
            "Note": rows["note"],
        }
    )
    caption = f"All metrics of {sizes(datasets)}. Brackets: {interval_convention(RESAMPLES, seed)}."
    notes = tuple(f"{metric.name}: {metric.convention}." for metric in METRICS)
    return Table("metrics", rows, shown, caption, notes, words=("Dataset", "Method", "Metric", "Note"))


def _measured(metric: Metric, group: Group) -> dict[str, Any]:
    """The columns of one row after its name."""
    lacks = group.summary.missing.get(metric.needs, "")
    if metric.compares and group.originals.empty:
        lacks = f"needs the method {ORIGINAL} in params.yaml"
    figure = Figure(Interval(np.nan, np.nan, np.nan), 0) if lacks else metric.figure(group)
    interval = figure.interval
    return {
        "value": interval.mean,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "n": figure.n,
        "convention": metric.convention,
        "note": lacks or _note(len(group.rows) - figure.n),
    }


def _note(left_out: int) -> str:
    return f"{left_out} without a finite value left out" if left_out else ""


def _shown(row: Mapping[Hashable, Any], digits: int) -> str:
    if np.isnan(row["ci_low"]):
        return number(row["value"], digits)
    return with_interval(row["value"], row["ci_low"], row["ci_high"], digits)


def _of(scores: pd.DataFrame, method: str) -> pd.DataFrame:
    """One method's rows by id, so that they stand beside the originals', and the bootstrap picks the same ones."""
    return scores[scores["method"] == method].sort_values("id")
