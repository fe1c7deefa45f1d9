"""How far raters agree: Krippendorff's alpha with a bootstrap interval, and the share of pairs that agree."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.statistics.means import RESAMPLES, percentile_ends, resampled_sums
from reports.study.export import answer_to
from reports.study.votes import Answers


def agreement(answers: Answers, resamples: int = RESAMPLES) -> pd.DataFrame:
    """A row per criterion: alpha with its interval, over pictures with two or more votes.

    A picture is what a method made of a photograph; where it made several of one, each of these.

    The level is nominal for yes/no answers, and interval for graded answers and for naturalness, which has more than
    two values. Photographs are resampled with all their pictures. `agree`: the share of equal pairs among the pairs of
    votes on one picture.
    """
    rows = []
    for criterion in answers.criteria:
        nominal = not answers.graded and criterion != answers.mean
        counts, values, photographs = value_counts(answers.votes, criterion)
        low, high = interval(counts, values, photographs, nominal, answers.seed, resamples)
        pairs = (counts.sum(axis=1) * (counts.sum(axis=1) - 1)).sum()
        rows.append(
            {
                "criterion": criterion,
                "level": "nominal" if nominal else "interval",
                "alpha": alpha(counts, values, nominal),
                "ci_low": low,
                "ci_high": high,
                "agree": (counts * (counts - 1)).sum() / pairs if pairs else np.nan,
                "n_pictures": len(counts),
                "n_votes": int(counts.sum()),
            }
        )
    return pd.DataFrame(rows)


def value_counts(
    votes: pd.DataFrame, criterion: str
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """The counts of each value for each picture (pictures, values), the values, and the photograph of each picture."""
    rounded = votes.assign(value=votes[answer_to(criterion)].round(9))
    of_picture = ["photograph", "method", *(["picture"] if "picture" in votes else [])]
    table = rounded.groupby([*of_picture, "value"]).size().unstack(fill_value=0)
    table = table[table.sum(axis=1) > 1]
    table = table.loc[:, table.sum() > 0]
    photographs = pd.factorize(table.index.get_level_values("photograph"))[0]
    return table.to_numpy(np.int64), table.columns.to_numpy(np.float64), photographs.astype(np.int64)


def alpha(counts: NDArray[np.int64], values: NDArray[np.float64], nominal: bool) -> float:
    """Krippendorff's alpha; NaN where all votes are equal, as chance agreement is then complete."""
    import krippendorff

    if len(values) < 2:
        return float("nan")
    return float(
        krippendorff.alpha(
            value_counts=counts, value_domain=values, level_of_measurement="nominal" if nominal else "interval"
        )
    )


def interval(
    counts: NDArray[np.int64],
    values: NDArray[np.float64],
    photographs: NDArray[np.int64],
    nominal: bool,
    seed: int,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """The 95 % percentile interval of alpha over photographs.

    Alpha is 1 - observed / expected disagreement. Both follow from sums over pictures, so a resample needs only the
    sums of each photograph: of n, x and x^2 for squared differences, and of the counts for nominal values.
    """
    if len(values) < 2:
        return float("nan"), float("nan")
    votes = counts.sum(axis=1, keepdims=True)
    if nominal:
        disagreement = (votes**2 - np.square(counts).sum(axis=1, keepdims=True)) / (votes - 1)
        columns = np.hstack([disagreement, counts])
    else:
        moments = counts @ np.column_stack([values, values**2])
        disagreement = 2 * (votes[:, 0] * moments[:, 1] - moments[:, 0] ** 2) / (votes[:, 0] - 1)
        columns = np.column_stack([disagreement, votes, moments])
    sums = np.zeros((photographs.max() + 1, columns.shape[1]))
    np.add.at(sums, photographs, columns)
    drawn = resampled_sums(sums, seed, resamples)
    observed, rest = drawn[:, 0], drawn[:, 1:]
    if nominal:
        total = rest.sum(axis=1)
        expected = total**2 - np.square(rest).sum(axis=1)
    else:
        total = rest[:, 0]
        expected = 2 * (total * rest[:, 2] - rest[:, 1] ** 2)
    varied = expected > 1e-9
    if not varied.any():
        return float("nan"), float("nan")
    alphas = 1 - (total[varied] - 1) * observed[varied] / expected[varied]
    (low,), (high,) = percentile_ends(alphas[:, None])
    return float(low), float(high)
