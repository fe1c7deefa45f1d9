"""The report's tables as numbers: one row per dataset and method."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reports.plan.published import PublishedTable1
from reports.statistics.means import Interval, bootstrap_mean, pooled_psnr

ORIGINAL = "original"
SUMMARISED = ("psnr_rgb", "psnr_ab", "ssim_rgb", "colorfulness")


def finite_mean(values: pd.Series, seed: int) -> Interval:
    """Mean and interval of the finite values; a picture reproduced exactly has an infinite PSNR."""
    finite = values[np.isfinite(values)]
    return bootstrap_mean(finite, seed) if len(finite) else Interval(np.inf, np.inf, np.inf)


def table1(
    scores: pd.DataFrame, titles: Mapping[str, str], methods: Sequence[str], published: PublishedTable1, seed: int
) -> pd.DataFrame:
    """Table 1: mean PSNR of each dataset and method with its interval, beside the published value.

    `titles` maps datasets to their names in tables; rows come in its order and, within it, in that of `methods`.
    `n` counts the photographs in the mean, `psnr_pooled` is over all of them. NaN where nothing was published.
    """
    rows = []
    for dataset, title in titles.items():
        for method in methods:
            if method == ORIGINAL:
                continue
            group = _group(scores, dataset, method)
            psnr = finite_mean(group["psnr_rgb"], seed)
            rows.append(
                {
                    "dataset": title,
                    "method": method,
                    "n": int(np.isfinite(group["psnr_rgb"]).sum()),
                    "psnr_mean": psnr.mean,
                    "ci_low": psnr.low,
                    "ci_high": psnr.high,
                    "psnr_pooled": pooled_psnr(group["mse_rgb"]),
                    "published": published.rows[method].psnr if method in published.rows else np.nan,
                }
            )
    return pd.DataFrame(rows)


def scores_summary(scores: pd.DataFrame, titles: Mapping[str, str], methods: Sequence[str], seed: int) -> pd.DataFrame:
    """Every score's mean and interval for each dataset and method, the original included."""
    rows = []
    for dataset, title in titles.items():
        for method in methods:
            group = _group(scores, dataset, method)
            row: dict[str, object] = {"dataset": title, "method": method, "n": len(group)}
            for column in SUMMARISED:
                score = finite_mean(group[column], seed)
                row |= {f"{column}_mean": score.mean, f"{column}_low": score.low, f"{column}_high": score.high}
            rows.append(row)
    return pd.DataFrame(rows)


def _group(scores: pd.DataFrame, dataset: str, method: str) -> pd.DataFrame:
    """One method's rows by id: the bootstrap's pairs must not depend on the order of rows in a file."""
    return scores[(scores["dataset"] == dataset) & (scores["method"] == method)].sort_values("id")
