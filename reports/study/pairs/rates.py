"""Fooling rates and their comparison with 50 %, the rate of pictures that nobody can tell from photographs.

In each pair one of two pictures is the photograph. Who cannot tell them apart guesses, and takes the photograph for the
fake in half of the pairs. So a perfect colorization has a rate of 50 %, and a rate above it means that people find the
colorization more real than the photograph.

Guesses depend neither on who guesses nor on the photograph. The two-way clustered variance of such answers is unsteady:
with t of the smaller number of raters and photographs minus one, 50 % was refuted too often in simulated studies in
which all guess. Intervals and p therefore have the degrees of freedom that this variance has over independent answers
(docs/results/pairs_statistics.md).
"""

import numpy as np
import pandas as pd

from reports.statistics.crossed import share_beyond_zero
from reports.statistics.paired import holm
from reports.study.export import FOOLED
from reports.study.votes import Answers, means

CHANCE = 0.5


def fooling_rates(answers: Answers) -> pd.DataFrame:
    """`means` of each method, as shares, with `p` of the hypothesis that the rate is 50 %.

    `p_holm`: by Holm over methods. `p_bootstrap`: of the crossed bootstrap, as a cross-check; NaN where all answers are
    alike.
    """
    table = means(answers)
    if table.empty:
        return table.assign(p=[], p_holm=[], p_bootstrap=[])
    fitted, resampled = answers.fits[FOOLED], answers.resampled[FOOLED]
    places = range(len(answers.methods))
    p = [fitted.against(place, CHANCE, answers.degrees(FOOLED, place)) for place in places]
    bootstrap = [np.nan if fitted.alike(place) else share_beyond_zero(resampled[:, place] - CHANCE) for place in places]
    return table.assign(p=p, p_holm=holm(p), p_bootstrap=bootstrap)
