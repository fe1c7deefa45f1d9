"""How raters behaved: screening and its effect on the means, response times, effects of order."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from reports.statistics.clustered import ALPHA, two_way
from reports.study.export import answer_to
from reports.study.votes import Analysis, Answers, means

RULES = {
    "catch": ("catch_wrong", "at least {} catch items wrong"),
    "fast": ("fastest_median_ms", "median response under {} ms"),
    "straight_lining": ("straight_lining", "one answer has a share of {} or more"),
    "inconsistent": ("repeat_agreement", "a share under {} of repeated answers agrees"),
    "pace": ("fastest_median_ms", "by the server's clock, faster than with {} ms for each answer"),
    "timing": ("timing", "more than a tenth of the trials have times that the server's clock contradicts"),
    "color_vision": ("plates_right", "a share under {} of the colour-vision plates read"),
    "set_aside": ("set_aside", "set aside by the researcher; log.csv says why"),
}
AGREE_WITHIN = 0.2  # graded answers agree if they differ by at most this share of the scale, as in study_app
PARTS = 8  # of a session, in the curves of learning and fatigue


def screening(study: Analysis) -> pd.DataFrame:
    """A row per rule, then any of them: how many raters it flags. Empty without participants.csv.

    All rules of study.yaml; of somebody else's ratings, those that were applied.
    """
    participants = study.ratings.participants
    if participants is None:
        return pd.DataFrame(columns=["rule", "meaning", "flagged", "participants", "left_out"])
    flags = participants["flags"].str.split(";")
    rows = []
    for rule, (key, meaning) in RULES.items():
        threshold = study.ratings.rules.get(key)
        if threshold is None and study.ratings.protocol == "other":
            continue
        meaning = meaning.format("?" if threshold is None else f"{threshold:g}")
        flagged = participants["participant"][flags.map(lambda broken, rule=rule: rule in broken)]
        rows.append({"rule": rule, "meaning": meaning, "flagged": len(flagged), "left_out": _listed(flagged)})
    flagged = participants["participant"][participants["flags"] != ""]
    rows.append({"rule": "any", "meaning": "left out", "flagged": len(flagged), "left_out": _listed(flagged)})
    return pd.DataFrame(rows).assign(participants=len(participants))


def _listed(numbers: pd.Series) -> str:
    return " ".join(map(str, numbers))


def sensitivity(study: Analysis) -> pd.DataFrame:
    """Means with and without the flagged raters, a row per method and criterion; numbers as shares of the scale."""
    columns = ["mean", "ci_low", "ci_high", "n_raters", "n_votes"]
    without, everyone = (
        means(answers).set_index(["method", "criterion"])[columns] for answers in (study.kept, study.everyone)
    )
    joined = without.reindex(everyone.index).join(everyone.add_suffix("_everyone")).reset_index()
    counts = ["n_raters", "n_votes"]  # of a method that none but flagged raters have rated: 0
    return joined.assign(**{name: joined[name].fillna(0).astype(int) for name in counts})


def response_times(answers: Answers) -> pd.DataFrame:
    """Quartiles in ms by method. The response time of a vote is the median over its criteria."""
    quartiles = answers.votes.groupby("method")["response_ms"].quantile(np.array([0.25, 0.5, 0.75])).unstack()
    quartiles = quartiles.reindex(list(answers.methods))
    quartiles.columns = pd.Index(["q25_ms", "median_ms", "q75_ms"])
    return quartiles.assign(n_votes=answers.votes.groupby("method").size()).reset_index()


def curves(study: Analysis) -> pd.DataFrame:
    """Learning and fatigue: mean naturalness and response time in each part of the session, with intervals over raters.

    `natural`: as a share, adjusted for methods: minus the mean of its method, plus the mean of all votes. Otherwise a
    method that is by chance shown more often early would appear as learning. `response_ms`: geometric mean over raters
    of their medians; NaN where times are not known.
    """
    votes, overall = _with_place(study), answer_to(study.kept.overall)
    by_method = votes.groupby("method")[overall].transform("mean")
    votes["natural"] = votes[overall] - by_method + votes[overall].mean()
    votes["part"] = np.minimum((votes["place"] * PARTS).astype(int), PARTS - 1)
    rows = []
    for part, group in votes.groupby("part"):
        raters = group.groupby("participant")
        natural = _mean_over_raters(raters["natural"].mean().to_numpy())
        quick = np.exp(_mean_over_raters(np.log(raters["response_ms"].median().clip(lower=1).to_numpy())))
        ends = {f"natural{end}": value for end, value in zip(("", "_low", "_high"), natural, strict=True)}
        ends |= {f"response_ms{end}": value for end, value in zip(("", "_low", "_high"), quick, strict=True)}
        rows.append({"part": int(str(part)) + 1, **ends, "n_votes": len(group)})
    return pd.DataFrame(rows)


def order_effects(study: Analysis) -> pd.DataFrame:
    """Effects of the order of showing, with intervals and p; no rows where the order is not known.

    `position`: change of the mean answer from the first trial to the last, methods held fixed, in points of per cent.
    `speed`: change of the response time, in per cent. `side`, in pairs: change of the mean answer from fakes on the
    left (or shown first) to fakes on the right, in points of per cent. `repeat`: second showing minus first, in points
    of per cent. `agreement`: share of second answers that agree with the first, in per cent. The last two are clustered
    by raters, the others by raters and photographs.
    """
    rows = []
    if study.ratings.ordered:
        votes = _with_place(study)
        rows += [_change("position", votes, criterion, "place") for criterion in study.kept.criteria]
        if study.ratings.timed:
            rows.append(_speed(votes))
    if "fake_place" in study.kept.votes:
        rows += [_change("side", study.kept.votes, criterion, "fake_place") for criterion in study.kept.criteria]
    return pd.DataFrame([*rows, *_repeated(study)])


def _change(name: str, votes: pd.DataFrame, criterion: str, along: str) -> dict[str, object]:
    """The change of the mean answer from 0 to 1 of a column, in points of per cent."""
    asked = votes[votes[answer_to(criterion)].notna()]
    slope, error = _slope(asked, asked[answer_to(criterion)], along)
    return _effect(name, criterion, 100 * slope, 100 * error, asked)


def _speed(votes: pd.DataFrame) -> dict[str, object]:
    slope, error = _slope(votes, np.log(votes["response_ms"].clip(lower=1)), "place")
    speed: dict[str, Any] = _effect("speed", "response time", slope, error, votes)
    return speed | {name: 100 * np.expm1(speed[name]) for name in ("estimate", "ci_low", "ci_high")}


def _repeated(study: Analysis) -> list[dict[str, object]]:
    """The rows `repeat` and `agreement`; `repeat` only where it is known which showing was the first."""
    again, rows = _repeats(study), []
    for criterion in study.kept.criteria if len(again) else ():
        both = again[[answer_to(criterion), f"{answer_to(criterion)}_first"]].notna().all(axis=1)
        asked = again[both]
        second, first = asked[answer_to(criterion)], asked[f"{answer_to(criterion)}_first"]
        differences = {"repeat": second - first} if study.ratings.ordered else {}
        for name, values in {**differences, "agreement": (second - first).abs() <= AGREE_WITHIN + 1e-9}.items():
            by_rater = (100 * values.astype(float)).groupby(asked["participant"])
            per_rater = np.asarray(by_rater.mean(), np.float64)
            center, low, high = _mean_over_raters(per_rater)
            error = (high - low) / 2 / t.ppf(1 - ALPHA / 2, max(1, len(per_rater) - 1))
            p = np.nan if name == "agreement" else _p(center, error, len(per_rater) - 1)
            rows.append(
                {"effect": name, "criterion": criterion, "estimate": center, "ci_low": low, "ci_high": high, "p": p}
                | {"n_raters": len(per_rater), "n_votes": len(asked)}
            )
    return rows


def _with_place(study: Analysis) -> pd.DataFrame:
    """The kept votes with their place in the session: 0 is the first trial, 1 the last that any rater reached."""
    last = max(1, int(study.ratings.answers["trial"].max()))
    return study.kept.votes.assign(place=study.kept.votes["trial"] / last)


def _slope(votes: pd.DataFrame, values: pd.Series, along: str) -> tuple[float, float]:
    """Change while the column `along` goes from 0 to 1, and its standard error, with a level for each method."""
    levels = pd.get_dummies(votes["method"]).to_numpy(np.float64)
    design = np.column_stack([levels, votes[along]])
    groups = np.column_stack([pd.factorize(votes[column])[0] for column in ("participant", "photograph")])
    if values.nunique() < 2 or groups.max(axis=0).min() < 1 or votes[along].nunique() < 2:
        return float("nan"), float("nan")
    estimates, covariance = two_way(values.to_numpy(np.float64), design, groups.astype(np.int64), graded=True)
    return float(estimates[-1]), float(np.sqrt(covariance[-1, -1]))


def _effect(name: str, criterion: str, estimate: float, error: float, votes: pd.DataFrame) -> dict[str, Any]:
    degrees = int(votes[["participant", "photograph"]].nunique().min()) - 1
    half = t.ppf(1 - ALPHA / 2, max(1, degrees)) * error
    return {
        "effect": name,
        "criterion": criterion,
        "estimate": estimate,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "p": _p(estimate, error, degrees),
        "n_raters": int(votes["participant"].nunique()),
        "n_votes": len(votes),
    }


def _p(estimate: float, error: float, degrees: int) -> float:
    if degrees < 1 or not np.isfinite(error):
        return float("nan")
    return 1.0 if error == 0 and estimate == 0 else float(2 * t.sf(abs(estimate) / max(error, 1e-300), degrees))


def _repeats(study: Analysis) -> pd.DataFrame:
    """Second showings of the kept raters, joined with the first; columns of the first end in `_first`."""
    again = study.ratings.votes(("repeat",), study.ratings.flagged)
    if again.empty:
        return again
    again = again.assign(repeat_of=again["repeat_of"].astype(int))
    first = study.kept.votes[["participant", "trial", *map(answer_to, study.kept.criteria)]]
    return again.merge(
        first, left_on=["participant", "repeat_of"], right_on=["participant", "trial"], suffixes=("", "_first")
    )


def _mean_over_raters(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean, low and high end of its interval by Student's t, raters being the units."""
    if len(values) < 2:
        return np.array([values.mean() if len(values) else np.nan, np.nan, np.nan])
    half = t.ppf(1 - ALPHA / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return np.array([values.mean(), values.mean() - half, values.mean() + half])
