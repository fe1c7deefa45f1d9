"""The crossed bootstrap: raters and photographs are resampled with replacement, independently of each other.

Owen 2007 (Annals of Applied Statistics 1:386) calls it the pigeonhole bootstrap. The weight of a vote is the count of
its rater times the count of its photograph. It needs no model and its intervals are rather too wide than too narrow.
So it is the cross-check of the clustered estimates.
"""

import numpy as np
from numpy.typing import NDArray

from reports.statistics.means import BLOCK, RESAMPLES


def crossed_means(
    values: NDArray[np.float64],
    *,
    methods: NDArray[np.int64],
    raters: NDArray[np.int64],
    photographs: NDArray[np.int64],
    count: int,
    seed: int,
    resamples: int = RESAMPLES,
) -> NDArray[np.float64]:
    """Resampled means (resamples, criteria, count) of answers `values` (N, criteria).

    `methods`, `raters`, `photographs`: the codes of each answer, (N,) each, as in `clustered.fit`; `count`: of methods.
    All methods and criteria share their resamples, so differences between them are paired. NaN where no vote on a
    method is in a resample.
    """
    people, pictures = int(raters.max()) + 1, int(photographs.max()) + 1
    tables = np.zeros((count, values.shape[1] + 1, people, pictures))  # the last table of a method counts its votes
    np.add.at(tables[:, -1], (methods, raters, photographs), 1)
    for criterion, column in enumerate(values.T):
        np.add.at(tables[:, criterion], (methods, raters, photographs), column)
    generator = np.random.default_rng(seed)
    blocks = []
    for start in range(0, resamples, BLOCK):
        rows = min(BLOCK, resamples - start)
        of_rater, of_picture = (
            generator.multinomial(size, np.full(size, 1 / size), rows).astype(np.float64) for size in (people, pictures)
        )
        sums = np.stack([[_weighted(table, of_rater, of_picture) for table in method] for method in tables])
        with np.errstate(invalid="ignore"):
            blocks.append((sums[:, :-1] / sums[:, -1:]).transpose(2, 1, 0))
    return np.concatenate(blocks)


def _weighted(table: NDArray[np.float64], raters: NDArray[np.float64], photographs: NDArray[np.float64]) -> np.ndarray:
    """Sums (B,) of a table (raters, photographs) by the weights of each resample."""
    weighted: np.ndarray = ((raters @ table) * photographs).sum(axis=1)
    return weighted


def share_beyond_zero(differences: NDArray[np.float64]) -> float:
    """A two-sided p of resampled differences (B,): twice the smaller share on one side of zero, zeros included."""
    finite = differences[np.isfinite(differences)]
    tail = min((finite <= 0).sum(), (finite >= 0).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(finite) + 1)))
