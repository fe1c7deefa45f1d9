"""What a study that stops by itself knows of its contrast: whose answers count, and the interval after each of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from sqlalchemy import Row

from pipeline.records.ratings import Participant, PreferenceRating, Rating
from reports.statistics.stopping import Contrast, looks
from study_app.design.stops import Answered, Stops, contrast
from study_app.design.study import Study
from study_app.export.codebook import LookLine


@dataclass(frozen=True)
class Vote:
    """A volunteer's answer to one picture, or to two; `value`: a share of the scale."""

    photograph: str
    method: str
    other: str
    value: float


def votes(stops: Stops, ratings: Iterable[Rating]) -> list[Vote]:
    """A volunteer's answers on the criterion of the rule, or the means of all criteria, that count as votes."""
    values: dict[tuple[int, str, str, str], list[float]] = defaultdict(list)
    for one in ratings:
        if one.kind == "main" and stops.criterion in ("", one.criterion):
            other = one.other if isinstance(one, PreferenceRating) else ""
            values[one.trial, one.photograph, one.method, other].append(one.value / one.maximum)
    return [Vote(*key[1:], fmean(found)) for key, found in values.items()]


def when_finished(session: Row[Any]) -> tuple[int, int]:
    """By what those who have finished are put in order."""
    return session.completed_at, session.number


def counting(
    stops: Stops, ratings: Iterable[Rating], people: Iterable[Participant], finished: Iterable[int]
) -> list[list[Vote]]:
    """The votes of all who broke no rule, of those who have `finished`, in this order."""
    given: dict[int, list[Rating]] = defaultdict(list)
    for rating in ratings:
        given[rating.participant].append(rating)
    kept = {one.participant for one in people if not one.flags}
    return [votes(stops, given[number]) for number in finished if number in kept]


def contrast_of(study: Study, stops: Stops, given: Sequence[Sequence[Vote]]) -> Contrast:
    """The contrast of these volunteers' votes, in the order in which they finished."""
    rows = [(rater, vote) for rater, one in enumerate(given) for vote in one]
    photographs = {name: code for code, name in enumerate(sorted({vote.photograph for _, vote in rows}))}
    paired = study.protocol == "preference"
    others = [study.methods.index(vote.other) for _, vote in rows] if paired else []
    answered = Answered(
        methods=np.array([study.methods.index(vote.method) for _, vote in rows], np.int64),
        others=np.array(others, np.int64) if paired else None,
        values=np.array([vote.value for _, vote in rows], np.float64),
        raters=np.array([rater for rater, _ in rows], np.int64),
        photographs=np.array([photographs[vote.photograph] for _, vote in rows], np.int64),
    )
    return contrast(stops, study, answered)


def look_lines(study: Study, stops: Stops, simulated: bool, given: Sequence[Sequence[Vote]]) -> list[LookLine]:
    """A row of stopping.csv for each look. `given`: the votes of all who count, in the order in which they finished."""
    rows = []
    for found in looks(contrast_of(study, stops, given), stops.rule):
        low, high = stops.rule.interval(found)
        value, low, high = (round(100 * share, 6) for share in (found.value, low, high))
        own = (study.digest, study.version, simulated, found.raters)
        rows.append(LookLine(*own, value, low, high, stops.rule.decision(found)))
    return rows
