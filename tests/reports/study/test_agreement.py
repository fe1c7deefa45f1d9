"""Agreement: the published example, and an interval whose alpha is the library's."""

import krippendorff
import numpy as np
import pandas as pd
import pytest

from reports.study import agreement
from reports.study.export import answer_to
from reports.study.votes import Answers


def answers(values: np.ndarray, graded: bool = False) -> Answers:
    """Everybody rates every picture; `values` (raters, photographs), NaN where somebody did not."""
    votes = pd.DataFrame(values).melt(ignore_index=False, var_name="photograph", value_name=answer_to("x")).dropna()
    votes = votes.rename_axis("participant").reset_index().assign(method="a")
    return Answers(("a",), ("x", "mean"), graded, votes.assign(**{answer_to("mean"): votes[answer_to("x")]}), seed=0)


N = np.nan
# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C: 4 observers, 12 units, missing values.
EXAMPLE = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
)


def test_published_example() -> None:
    assert agreement.agreement(answers(EXAMPLE)).iloc[0]["alpha"] == pytest.approx(0.743, abs=5e-4)
    assert agreement.agreement(answers(EXAMPLE, graded=True)).iloc[0]["alpha"] == pytest.approx(0.849, abs=5e-4)


@pytest.mark.parametrize("graded", [False, True])
def test_resampled_alphas_are_the_librarys(graded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One photograph a picture; each resample of photographs is given to the library as data of its own."""
    values = np.random.default_rng(0).choice([0.0, 0.5, 1.0], (5, 9), p=[0.2, 0.2, 0.6])
    drawn = np.array([[2, 0, 1, 1, 3, 0, 1, 1, 0], [1, 1, 1, 0, 0, 2, 2, 1, 1]])

    monkeypatch.setattr(agreement, "resampled_sums", lambda sums, seed, resamples: drawn @ sums)
    row = agreement.agreement(answers(values, graded)).iloc[0]
    level = "interval" if graded else "nominal"
    wanted = [
        krippendorff.alpha(reliability_data=np.repeat(values, times, axis=1), level_of_measurement=level)
        for times in drawn
    ]
    ends = np.quantile(wanted, [0.025, 0.975])
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(ends))


def test_raters_who_copy_each_other_agree_fully_and_coins_by_chance() -> None:
    rng = np.random.default_rng(1)
    column = rng.integers(0, 2, 60).astype(float)
    same = agreement.agreement(answers(np.tile(column, (4, 1)))).iloc[0]
    assert same["alpha"] == pytest.approx(1) and same["agree"] == 1
    coins = agreement.agreement(answers(rng.integers(0, 2, (6, 80)).astype(float))).iloc[0]
    assert coins["ci_low"] < 0 < coins["ci_high"] and coins["agree"] == pytest.approx(0.5, abs=0.06)


def test_one_answer_alone_has_no_alpha_and_pictures_with_one_vote_do_not_count() -> None:
    row = agreement.agreement(answers(np.ones((3, 5)))).iloc[0]
    assert np.isnan(row["alpha"]) and np.isnan(row["ci_low"]) and row["agree"] == 1
    values = np.full((3, 6), np.nan)
    values[:2, :4], values[0, 4] = [[1, 0, 1, 0], [1, 1, 1, 0]], 1.0
    row = agreement.agreement(answers(values)).iloc[0]
    assert (row["n_pictures"], row["n_votes"]) == (4, 8)
