"""The test of two methods by which the power is computed: clustered by observers and by photographs at once.

The same as statsmodels' GLM (binomial on 0/1, Gaussian on graded answers) of two methods' answers with
`cov_type="cluster"` on two columns of groups. Its estimates are plain means here, so that no fit is needed and tens of
thousands of simulated studies take seconds.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

Indices = NDArray[np.int64]


def p_value(second: NDArray[np.bool_], values: NDArray[np.float64], observers: Indices, photographs: Indices) -> float:
    """Two-sided p of "both methods are judged equally", by t(min(groups) - 1).

    All (N,): whether the answer is of the second method, the answer in [0, 1], who gave it, on what. The difference is
    of logits where all answers are 0 or 1, else of means. 1 where a method has one answer only throughout: nothing can
    be said about its spread.
    """
    difference, variance, groups = effect(second, values, observers, photographs)
    if not variance > 0:
        return 1.0
    return float(2 * t.sf(abs(difference) / np.sqrt(variance), groups - 1))


def effect(
    second: NDArray[np.bool_], values: NDArray[np.float64], observers: Indices, photographs: Indices
) -> tuple[float, float, int]:
    """The difference, its two-way cluster-robust variance, and the smaller number of clusters."""
    means = np.array([values[~second].mean(), values[second].mean()])
    slopes = np.ones(2)
    estimates = means
    if np.isin(values, (0, 1)).all():
        if ((means == 0) | (means == 1)).any():
            return 0.0, 0.0, 0
        slopes = 1 / (means * (1 - means))
        estimates = np.log(means / (1 - means))
    side = second.astype(int)
    counts = np.bincount(side, minlength=2)
    # What each answer adds to the difference (its influence): summed over a cluster, squared, summed over clusters.
    influence = (2 * side - 1) * (values - means[side]) * slopes[side] / counts[side]
    both = observers * (photographs.max() + 1) + photographs
    parts = [_between(influence, clusters) for clusters in (observers, photographs, both)]
    variance = parts[0][0] + parts[1][0] - parts[2][0]
    if variance <= 0:  # can happen by chance with few clusters; the larger one-way variance is on the safe side
        variance = max(parts[0][0], parts[1][0])
    return float(estimates[1] - estimates[0]), float(variance), min(parts[0][1], parts[1][1])


def _between(influence: NDArray[np.float64], clusters: Indices) -> tuple[float, int]:
    """One clustering's variance with statsmodels' correction for few clusters, and the number of clusters."""
    _, places = np.unique(clusters, return_inverse=True)
    sums = np.bincount(places, weights=influence)
    groups, answers = len(sums), len(influence)
    if groups < 2:
        return 0.0, groups
    return float((sums**2).sum() * groups / (groups - 1) * (answers - 1) / (answers - 2)), groups
