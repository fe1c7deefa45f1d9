"""The crossed bootstrap: raters and photographs are resampled with replacement, independently of each other.

Owen 2007 (Annals of Applied Statistics 1:386) calls it the pigeonhole bootstrap. The weight of a vote is the count of
its rater times the count of its photograph. It needs no model and its intervals are rather too wide than too narrow.
So it is the cross-check of the clustered estimates.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from reports.statistics.means import BLOCK, RESAMPLES

LARGEST = 20_000_000  # sums of one block of resamples, so that thousands of photographs need megabytes, not gigabytes


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
    """Resampled means (resamples, criteria, count) of answers `values` (N, criteria), NaN where one was not asked.

    `methods`, `raters`, `photographs`: the codes of each answer, (N,) each, as in `clustered.fit`; `count`: of methods.
    All methods and criteria share their resamples, so differences between them are paired. NaN where no vote on a
    method is in a resample.
    """
    people, pictures, criteria = int(raters.max()) + 1, int(photographs.max()) + 1, values.shape[1]
    asked = ~np.isnan(values)
    counted = asked[:, :1] if asked.all() else asked  # one count of votes serves all criteria where all were asked
    added = np.hstack([np.nan_to_num(values), counted])  # (N, criteria + counts): what each answer adds to its cell
    tables = _table(added, methods, raters, photographs, count)
    generator = np.random.default_rng(seed)
    blocks, most = [], max(1, min(BLOCK, LARGEST // tables.shape[1]))
    for start in range(0, resamples, most):
        rows = min(most, resamples - start)
        of_rater, of_picture = (
            generator.multinomial(size, np.full(size, 1 / size), rows).astype(np.float64) for size in (people, pictures)
        )
        by_picture = (of_rater @ tables).reshape(rows, count, added.shape[1], pictures)
        sums = np.einsum("bmkp,bp->bmk", by_picture, of_picture)
        with np.errstate(invalid="ignore"):
            blocks.append((sums[:, :, :criteria] / sums[:, :, criteria:]).transpose(0, 2, 1))
    return np.concatenate(blocks)


def _table(
    added: NDArray[np.float64],
    methods: NDArray[np.int64],
    raters: NDArray[np.int64],
    photographs: NDArray[np.int64],
    count: int,
) -> csr_array:
    """Sums by rater, method, column of `added` and photograph: (raters, methods x columns x photographs).

    Sparse, since of many raters and photographs few meet.
    """
    columns, pictures = added.shape[1], int(photographs.max()) + 1
    places = (methods[:, None] * columns + np.arange(columns)) * pictures + photographs[:, None]
    shape = (int(raters.max()) + 1, count * columns * pictures)
    table = csr_array(coo_array((added.ravel(), (np.repeat(raters, columns), places.ravel())), shape))
    table.eliminate_zeros()  # most of it, where not everybody was asked everything
    return table


def share_beyond_zero(differences: NDArray[np.float64]) -> float:
    """A two-sided p of resampled differences (B,): twice the smaller share on one side of zero, zeros included."""
    finite = differences[np.isfinite(differences)]
    tail = min((finite <= 0).sum(), (finite >= 0).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(finite) + 1)))
