"""Measures on trial: how far each agrees with people, which agrees better than which, and where each is blind."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from reports.agreement.evidence import Evidence
from reports.plan.measures import Measure
from reports.statistics.agreement import RESAMPLES, SCOPES, Agreement, agreement, reliability, spearmans
from reports.statistics.means import Interval
from reports.statistics.paired import holm
from reports.tables.documents import Table, ends
from reports.tables.wording import number, p_value, signed_with_interval, with_interval

TELLS, LITTLE, NOTHING, WRONG = (
    "tells better from worse colours",
    "says little",
    "says nothing",
    "points the wrong way",
)
SHARE = 0.5  # of the noise ceiling, which both intervals must lie above for `TELLS`
RULE = (
    f'"{TELLS}": the 95 % intervals pooled and within photographs both lie above {SHARE:g} of the noise ceiling. '
    f'"{LITTLE}": one of them at least lies above 0. "{WRONG}": one of them lies below 0, none above. "{NOTHING}": '
    "both hold 0. A measure without a better side is taken as if more were better. The threshold is ours"
)
INTERVALS = "95 % intervals by a bootstrap over photographs and raters, moved to the estimate"
WORDS = ("Measure", "Measures", "Where", "Verdict", "Sentence")


@dataclass(frozen=True)
class Trial:
    """The verdicts on all measures of some evidence.

    `ceiling`: how far another crowd of the same size agrees with this one, by `SCOPES`. `signs` (K,): 1 where more is
    better, -1 where less is.
    """

    evidence: Evidence
    agreement: Agreement
    ceiling: tuple[Interval, Interval]
    signs: np.ndarray

    @property
    def measures(self) -> list[Measure]:
        """In the order of the agreement's columns."""
        return self.evidence.measures

    @property
    def order(self) -> list[int]:
        """The measures' places, the best first by their mean over both scopes."""
        found = (self.signs[:, None] * self.agreement.spearman).mean(axis=1)
        return [int(place) for place in np.argsort(-found, kind="stable")]

    def interval(self, measure: int, scope: int) -> Interval:
        """Spearman's correlation in the direction in which the measure should point: 1 is perfect."""
        found, sign = self.agreement.interval(measure, scope), self.signs[measure]
        low, high = sorted((sign * found.low, sign * found.high))
        return Interval(float(sign * found.mean), float(low), float(high))

    def verdict(self, measure: int) -> str:
        """By `RULE`."""
        found = [self.interval(measure, scope) for scope in range(len(SCOPES))]
        if all(one.low > SHARE * top.mean for one, top in zip(found, self.ceiling, strict=True)):
            return TELLS
        if any(one.low > 0 for one in found):
            return LITTLE
        return WRONG if any(one.high < 0 for one in found) else NOTHING

    def sentence(self, measure: int) -> str:
        """The verdict with its numbers."""
        pooled, within = (with_interval(*_ends(self.interval(measure, scope))) for scope in range(len(SCOPES)))
        return f"{self.measures[measure].name} {self.verdict(measure)}: {pooled} pooled, {within} within photographs."


def try_measures(evidence: Evidence, seed: int, resamples: int = RESAMPLES) -> Trial:
    """Compute everything that tables and figures show."""
    measures = evidence.measures
    signs = np.array([-1.0 if measure.better == "lower" else 1.0 for measure in measures])
    columns = evidence.scores[[measure.key for measure in measures]].to_numpy(np.float64)
    found = agreement(evidence.rated, columns, seed, resamples)
    return Trial(evidence, found, reliability(evidence.rated, seed), signs)


def agreement_table(trial: Trial, resamples: int = RESAMPLES) -> Table:
    """A row for each measure, the best first."""
    rows, shown = [], []
    for place in trial.order:
        measure, kendall = trial.measures[place], trial.signs[place] * trial.agreement.kendall[place]
        pooled, within = (trial.interval(place, scope) for scope in range(len(SCOPES)))
        taus = dict(zip(("kendall_pooled", "kendall_within"), kendall, strict=True))
        numbers = {**ends(pooled, "pooled", prefix="pooled_"), **ends(within, "within", prefix="within_"), **taus}
        rows.append({"measure": measure.key, "better": measure.better, **numbers, "verdict": trial.verdict(place)})
        cells = [with_interval(*_ends(pooled)), with_interval(*_ends(within)), *(number(tau) for tau in kendall)]
        names = ("Pooled [95 % interval]", "Within [95 % interval]", "Kendall, pooled", "Kendall, within")
        shown.append({"Measure": measure.name, **dict(zip(names, cells, strict=True)), "Verdict": trial.verdict(place)})
    evidence, (pooled, within) = trial.evidence, trial.ceiling
    rated = evidence.rated
    caption = (
        f"{evidence.title}: {len(rated.scenes):,} pictures, {len(rated.values):,} ratings by "
        f"{rated.raters.max() + 1:,} raters. Spearman's rank correlation of each measure with the pictures' mean "
        f"rating (of a measure of which less is better, with its sign turned): over all pictures, and the mean "
        f"within photographs. {INTERVALS} "
        f"({resamples:,} resamples). Noise ceiling, how far another crowd of the same size would agree: "
        f"{with_interval(*_ends(pooled))} pooled, {with_interval(*_ends(within))} within (split halves, stepped up by "
        f"Spearman and Brown); a measure without any noise of its own could reach its root, {pooled.mean**0.5:.2f} and "
        f"{within.mean**0.5:.2f}. {RULE}."
    )
    people = ("The raters are programs: this tests the software and says nothing of measures.",)
    notes = (*(people if evidence.simulated else ()), *evidence.notes)
    return Table("court_agreement", pd.DataFrame(rows), pd.DataFrame(shown), caption, notes, WORDS)


def differences_table(trial: Trial) -> Table | None:
    """Every pair of measures that have a better side, the better first; None for fewer than two."""
    chosen = [place for place in trial.order if trial.measures[place].better]
    if len(chosen) < 2:
        return None
    rows = []
    for scope, where in enumerate(SCOPES):
        for a, b in combinations(chosen, 2):
            found, p = trial.agreement.difference(a, b, scope, trial.signs)
            pair = {"measure_a": trial.measures[a].key, "measure_b": trial.measures[b].key, "scope": where}
            rows.append({**pair, **ends(found, "difference"), "p": p})
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"])
    names = {measure.key: measure.name for measure in trial.measures}
    shown = pd.DataFrame(
        {
            "Measures": f"{names[row['measure_a']]} - {names[row['measure_b']]}",
            "Where": row["scope"],
            "Difference [95 % interval]": signed_with_interval(row["difference"], row["ci_low"], row["ci_high"], 3),
            "p (Holm)": p_value(row["p_holm"]),
        }
        for row in table.to_dict("records")
    )
    caption = (
        f"{trial.evidence.title}: how much better the first measure agrees with people than the second (difference of "
        f"Spearman's correlations). {INTERVALS}; p by the normal law with the bootstrap's standard error, Holm over "
        "all rows."
    )
    return Table("court_differences", table, shown, caption, (), WORDS)


def kinds_table(trial: Trial) -> Table | None:
    """The mean correlation within photographs among pictures of one kind of recolouring; None without kinds."""
    if trial.evidence.kinds is None:
        return None
    found = {}
    for kind in dict.fromkeys(sorted(set(trial.evidence.kinds))):
        values = within_kind(trial, kind)
        if values is not None:
            found[kind] = values
    names = [trial.measures[place].name for place in trial.order]
    keys = [trial.measures[place].key for place in trial.order]
    rows = pd.DataFrame({"measure": keys, **{kind: values[trial.order] for kind, values in found.items()}})
    shown = pd.DataFrame(
        {"Measure": names, **{kind: [number(v) for v in values[trial.order]] for kind, values in found.items()}}
    )
    caption = (
        f"{trial.evidence.title}: Spearman's correlation with people among pictures of one kind of recolouring, "
        "mean within photographs (sign turned where less is better). Low where a measure is blind, or where people see "
        "no difference either: kinds differ in how much their pictures differ."
    )
    return Table("court_kinds", rows, shown, caption, (), WORDS)


def within_kind(trial: Trial, kind: str) -> np.ndarray | None:
    """(K,) for one kind; None where no photograph has three pictures of it."""
    evidence, means = trial.evidence, trial.evidence.rated.means()
    own = np.array([one == kind for one in evidence.kinds or ()])
    columns = evidence.scores[[measure.key for measure in trial.measures]].to_numpy(np.float64)
    groups = [rows[own[rows]] for rows in evidence.rated.members]
    found = [spearmans(columns[rows], means[rows]) for rows in groups if len(rows) > 2]
    return trial.signs * np.mean(found, axis=0) if found else None


def verdicts(trial: Trial) -> Sequence[str]:
    """A sentence for each measure, the best first."""
    return [trial.sentence(place) for place in trial.order]


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.mean, interval.low, interval.high
