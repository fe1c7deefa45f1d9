"""The votes of a study as estimates: means, differences between methods, percentages of each photograph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from reports.plan.order import ORIGINAL, OURS
from reports.statistics.clustered import Fit, fit
from reports.statistics.crossed import crossed_means, share_beyond_zero
from reports.statistics.means import RESAMPLES, percentile_ends
from reports.statistics.paired import holm
from reports.study.export import Ratings, answer_to

PRIMARY, OVERALL, EXPLORATORY = "primary", "overall", "exploratory"
INTERVALS = ("ci_low", "ci_high", "bootstrap_low", "bootstrap_high")
COUNTS = ("n_raters", "n_images", "n_votes")
MEANS = ["method", "criterion", "mean", *INTERVALS, *COUNTS, "alike"]
COMPARED = ["criterion", "family", "method_a", "method_b", "difference", "ci_low", "ci_high", "p", "odds_ratio"]
COMPARED += ["cohens_h", "cohens_d", "bootstrap_low", "bootstrap_high", "p_bootstrap", *COUNTS]


@dataclass(frozen=True)
class Answers:
    """The votes of some raters, and the estimates from them.

    `methods`: those with votes. `criteria`: with the mean of all as the last, which is called `mean`; "" where there is
    one criterion alone, or no vote on all of them. `votes`: as `Ratings.votes`; `seed`: of resampling; `reference`: as
    `Ratings.reference`. `guessed`: answers may be mere guesses, which depend on neither rater nor photograph.
    """

    methods: tuple[str, ...]
    criteria: tuple[str, ...]
    graded: bool
    votes: pd.DataFrame
    seed: int
    mean: str = ""
    reference: str = ""
    guessed: bool = False

    @property
    def overall(self) -> str:
        """The mean of all criteria, or the last criterion where there is none."""
        return self.criteria[-1]

    def degrees(self, criterion: str, place: int) -> float | None:
        """The degrees of freedom of a method's mean, None for its own."""
        return self.fits[criterion].degrees_if_independent(place) if self.guessed else None

    @property
    def first(self) -> str:
        """The method that the primary family compares all others with; "" without methods."""
        if self.reference in self.methods:
            return self.reference
        return compared_with(self.methods) if self.methods else ""

    @property
    def raters(self) -> int:
        """How many raters gave at least one vote."""
        return int(self.votes["participant"].nunique())

    @cached_property
    def codes(self) -> dict[str, NDArray[np.int64]]:
        """Method, rater and photograph of each vote as numbers, (N,) each."""
        places = {method: place for place, method in enumerate(self.methods)}
        return {
            "methods": np.array([places[method] for method in self.votes["method"]], np.int64),
            "raters": pd.factorize(self.votes["participant"], sort=True)[0].astype(np.int64),
            "photographs": pd.factorize(self.votes["photograph"], sort=True)[0].astype(np.int64),
        }

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The answers as shares of the scale, (N, criteria); NaN where a criterion was not asked."""
        values: NDArray[np.float64] = self.votes[list(map(answer_to, self.criteria))].to_numpy(np.float64)
        return values

    @cached_property
    def fits(self) -> dict[str, Fit]:
        """The primary estimates of each criterion and of the mean of all."""
        fitted = {}
        for criterion, column in zip(self.criteria, self.values.T, strict=True):
            asked = ~np.isnan(column)
            codes = {name: code[asked] for name, code in self.codes.items()}
            fitted[criterion] = fit(column[asked], count=len(self.methods), graded=self.graded, **codes)
        return fitted

    @cached_property
    def resampled(self) -> dict[str, NDArray[np.float64]]:
        """Means by the crossed bootstrap, (resamples, methods) of each criterion."""
        means = crossed_means(self.values, **self.codes, count=len(self.methods), seed=self.seed, resamples=RESAMPLES)
        return {criterion: means[:, place] for place, criterion in enumerate(self.criteria)}


@dataclass(frozen=True)
class Analysis:
    """The analysis of one study. `dataset`: its title in tables; `kept`: without flagged raters."""

    ratings: Ratings
    dataset: str
    kept: Answers
    everyone: Answers

    @property
    def unrated(self) -> tuple[str, ...]:
        """Methods that none but flagged raters have rated so far."""
        return tuple(method for method in self.everyone.methods if method not in self.kept.methods)

    @property
    def simulated(self) -> bool:
        """Whether the raters are programs: a test of the software, never evidence."""
        return self.ratings.simulated


def analyse(ratings: Ratings, titles: Mapping[str, str], seed: int) -> Analysis:
    """The votes with and without flagged raters; estimates are computed when they are first used."""
    votes = ratings.votes()
    judged = tuple(criterion for criterion in ratings.judged if votes[answer_to(criterion)].notna().any())
    mean = ratings.overall if len(ratings.criteria) > 1 and ratings.overall in judged else ""
    everyone = Answers(
        ratings.methods,
        judged,
        ratings.graded,
        votes,
        seed,
        mean,
        ratings.reference,
        guessed=ratings.protocol == "pairs",
    )
    kept = votes[~votes["participant"].isin(ratings.flagged)]
    left = tuple(method for method in ratings.methods if method in set(kept["method"]))
    dataset = titles.get(ratings.dataset, ratings.dataset)
    return Analysis(ratings, dataset, replace(everyone, methods=left, votes=kept), everyone)


def compared_with(methods: Sequence[str]) -> str:
    """The method that the primary family compares all others with: the paper's, or the original without it."""
    return OURS if OURS in methods else ORIGINAL if ORIGINAL in methods else methods[-1]


def contrasts(answers: Answers) -> pd.DataFrame:
    """All differences between two methods on each criterion; numbers as shares of the scale.

    `family`: `primary`, the first method minus each other method on each criterion, with Holm over all of them;
    `overall`, the same on naturalness, with Holm over these; `exploratory`, all other pairs, with Benjamini and
    Hochberg's `p_fdr` and no family-wise control. `p_holm` and `p_fdr` are NaN outside of their families. No rows
    where there are fewer than two methods.
    """
    ours = answers.first
    pairs = [(ours, other) for other in answers.methods if other != ours]
    rest = [pair for pair in combinations(answers.methods, 2) if ours not in pair]
    rows = []
    for criterion in answers.criteria:
        family = OVERALL if criterion == answers.mean else PRIMARY
        for a, b in pairs:
            rows.append(_contrast(answers, criterion, a, b, family))
        for a, b in rest:
            rows.append(_contrast(answers, criterion, a, b, EXPLORATORY))
    table = pd.DataFrame(rows, columns=COMPARED)
    table["p_holm"] = table["p_fdr"] = np.nan
    for family, column in ((PRIMARY, "p_holm"), (OVERALL, "p_holm"), (EXPLORATORY, "p_fdr")):
        chosen = (table["family"] == family) & table["p"].notna()
        if chosen.any():
            p = table.loc[chosen, "p"].to_numpy()
            table.loc[chosen, column] = holm(p) if column == "p_holm" else false_discovery_control(p)
    return table


def _contrast(answers: Answers, criterion: str, a: str, b: str, family: str) -> dict[str, object]:
    fitted, places = answers.fits[criterion], [answers.methods.index(method) for method in (a, b)]
    contrast = fitted.contrast(*places)
    resampled = answers.resampled[criterion][:, places[0]] - answers.resampled[criterion][:, places[1]]
    known = not any(fitted.alike(place) for place in places)
    low, high = _ends(resampled) if known else (np.nan, np.nan)
    return {
        "criterion": criterion,
        "family": family,
        "method_a": a,
        "method_b": b,
        "difference": contrast.difference,
        "ci_low": contrast.low,
        "ci_high": contrast.high,
        "p": contrast.p,
        "odds_ratio": contrast.odds_ratio,
        "cohens_h": contrast.cohens_h,
        "cohens_d": contrast.cohens_d,
        "bootstrap_low": low,
        "bootstrap_high": high,
        "p_bootstrap": share_beyond_zero(resampled) if known else np.nan,
        "n_raters": int(fitted.raters[places].min()),
        "n_images": int(fitted.photographs[places].min()),
        "n_votes": int(fitted.votes[places].sum()),
    }


def means(answers: Answers) -> pd.DataFrame:
    """Mean answers of each method and criterion as shares of the scale, with both intervals.

    `alike`: all answers are the same. Resamples of equal answers do not vary, so the bootstrap has no interval of such
    a mean, nor of differences from it.
    """
    places = range(len(answers.methods))
    rows = [_mean(answers, criterion, place) for criterion in answers.criteria for place in places]
    return pd.DataFrame(rows, columns=MEANS)


def _mean(answers: Answers, criterion: str, place: int) -> dict[str, object]:
    fitted = answers.fits[criterion]
    ends, alike = fitted.interval(place, degrees=answers.degrees(criterion, place)), fitted.alike(place)
    resampled = (np.nan, np.nan) if alike else _ends(answers.resampled[criterion][:, place])
    return {
        "method": answers.methods[place],
        "criterion": criterion,
        "mean": fitted.means[place],
        "ci_low": ends[0],
        "ci_high": ends[1],
        "bootstrap_low": resampled[0],
        "bootstrap_high": resampled[1],
        "n_raters": fitted.raters[place],
        "n_images": fitted.photographs[place],
        "n_votes": fitted.votes[place],
        "alike": alike,
    }


def _ends(resampled: NDArray[np.float64]) -> tuple[float, float]:
    """The percentile interval of resampled values (B,), without those of resamples in which a method had no votes."""
    (low,), (high,) = percentile_ends(resampled[np.isfinite(resampled)][:, None])
    return float(low), float(high)


def per_image(answers: Answers) -> pd.DataFrame:
    """Mean answers (`answer_to`) and the number of votes for each photograph and method: the paper's percentages.

    For each picture, where a method made several of a photograph.
    """
    keys = ["method", "photograph", *(["picture"] if "picture" in answers.votes else [])]
    grouped = answers.votes.groupby(keys)
    table = grouped[list(map(answer_to, answers.criteria))].mean()
    table.insert(0, "votes", grouped.size())
    places = {method: place for place, method in enumerate(answers.methods)}
    return table.reset_index().sort_values(
        "method", key=lambda names: names.map(places), kind="stable", ignore_index=True
    )
