"""The tests by which the power is computed: of two methods, and of one against 50 %, where nobody can tell.

Both are clustered by observers and by photographs at once.

The same as statsmodels' GLM (binomial on 0/1, Gaussian on graded answers) of two methods' answers with
`cov_type="cluster"` on two columns of groups. Its estimates are plain means here, so that no fit is needed and tens of
thousands of simulated studies take seconds. Student's t has the degrees of freedom of the study's own analysis
(`reports.statistics.clustered`), those of the variance if answers were independent.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

Indices = NDArray[np.int64]


def p_value(second: NDArray[np.bool_], values: NDArray[np.float64], observers: Indices, photographs: Indices) -> float:
    """Two-sided p of "both methods are rated equally", by Student's t.

    All (N,): whether the answer is of the second method, the answer in [0, 1], who gave it, on what. The difference is
    of logits where all answers are 0 or 1, else of means. 1 where a method has one answer only throughout: nothing can
    be said about its spread.
    """
    difference, variance, degrees = effect(second, values, observers, photographs)
    if not variance > 0:
        return 1.0
    return float(2 * t.sf(abs(difference) / np.sqrt(variance), degrees))


def effect(
    second: NDArray[np.bool_], values: NDArray[np.float64], observers: Indices, photographs: Indices
) -> tuple[float, float, float]:
    """The difference, its two-way cluster-robust variance, and the degrees of freedom of the variance."""
    means = np.array([values[~second].mean(), values[second].mean()])
    slopes = np.ones(2)
    estimates = means
    if np.isin(values, (0, 1)).all():
        if ((means == 0) | (means == 1)).any():
            return 0.0, 0.0, 0.0
        slopes = 1 / (means * (1 - means))
        estimates = np.log(means / (1 - means))
    side = second.astype(int)
    counts = np.bincount(side, minlength=2)
    # What each answer adds to the difference (its influence): summed over a cluster, squared, summed over clusters.
    influence = (2 * side - 1) * (values - means[side]) * slopes[side] / counts[side]
    independent = (np.bincount(side, influence**2, minlength=2) / counts)[side]  # its variance, clusters or not
    variance, pairs, groups = _two_way(influence, independent, observers, photographs, estimated=2)
    degrees = min(groups - 1, independent.sum() ** 2 / pairs) if pairs > 0 else groups - 1
    return float(estimates[1] - estimates[0]), variance, float(degrees)


def chance_p_value(values: NDArray[np.float64], observers: Indices, photographs: Indices) -> float:
    """Two-sided p of "half of these answers are 1", by Student's t on the logit, as `reports.study.pairs.rates` has it.

    `values`: (N,) 0 or 1. Where all are alike, an observer counts as one answer: what is between the answers of one
    cannot be seen.
    """
    mean = values.mean()
    if mean in (0, 1):
        return min(1.0, 2 * 0.5 ** len(np.unique(observers)))
    influence = (values - mean) / (mean * (1 - mean) * len(values))
    independent = np.full(len(values), (influence**2).mean())
    variance, pairs, groups = _two_way(influence, independent, observers, photographs, estimated=1)
    if not variance > 0 or groups < 2:
        return 1.0
    degrees = min(groups - 1, independent.sum() ** 2 / pairs)
    return float(2 * t.sf(abs(np.log(mean / (1 - mean))) / np.sqrt(variance), degrees))


def _two_way(
    influence: NDArray[np.float64],
    independent: NDArray[np.float64],
    observers: Indices,
    photographs: Indices,
    estimated: int,
) -> tuple[float, float, int]:
    """The variance of a sum of influences, the spread of that variance if answers were independent, the clusters.

    `independent`: the variance of each influence, clusters or not; `estimated`: how many means were.
    """
    clusterings = [observers, photographs, observers * (photographs.max() + 1) + photographs]
    parts = [_between(influence, independent, clusters, estimated) for clusters in clusterings]
    (variance, pairs), groups = (parts[0] + parts[1] - parts[2])[:2], min(parts[0][2], parts[1][2])
    if variance <= 0:  # can happen by chance with few clusters; the larger one-way variance is on the safe side
        variance = max(parts[0][0], parts[1][0])
    return float(variance), float(pairs), int(groups)


def _between(
    influence: NDArray[np.float64], independent: NDArray[np.float64], clusters: Indices, estimated: int
) -> NDArray[np.float64]:
    """One clustering's variance with statsmodels' correction, its spread if answers were independent, its clusters."""
    _, places = np.unique(clusters, return_inverse=True)
    sums, expected = np.bincount(places, weights=influence), np.bincount(places, weights=independent)
    groups, answers = len(sums), len(influence)
    correction = groups / (groups - 1) * (answers - 1) / (answers - estimated) if groups > 1 else 0.0
    return np.array([(sums**2).sum() * correction, (expected**2).sum(), groups])
