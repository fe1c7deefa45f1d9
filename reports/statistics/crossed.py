"""The crossed bootstrap: raters and photographs are drawn anew, each with replacement, and their answers with them.

Owen 2007 (Annals of Applied Statistics 1:386) calls it the pigeonhole bootstrap: a vote counts as often as its rater
times as often as its photograph. It asks for no model and errs on the wide side, which is why it is the cross-check.
"""

import numpy as np
from numpy.typing import NDArray

from reports.statistics.means import BLOCK, RESAMPLES


def crossed_means(
    values: NDArray[np.float64],
    methods: NDArray[np.int64],
    raters: NDArray[np.int64],
    photographs: NDArray[np.int64],
    count: int,
    seed: int,
    resamples: int = RESAMPLES,
) -> NDArray[np.float64]:
    """Resampled means (resamples, criteria, count) of answers `values` (N, criteria); the rest as in `clustered.fit`.

    All methods and criteria share their resamples, so differences between columns are paired. NaN where a method lost
    all its votes.
    """
    people, pictures = int(raters.max()) + 1, int(photographs.max()) + 1
    tables = np.zeros((count, values.shape[1] + 1, people, pictures))  # the last of them counts votes
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
    """A two-sided p of resampled differences (B,): twice the smaller share on one side of zero, that at it included."""
    finite = differences[np.isfinite(differences)]
    tail = min((finite <= 0).sum(), (finite >= 0).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(finite) + 1)))
