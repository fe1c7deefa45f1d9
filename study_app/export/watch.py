"""Looks, after every volunteer who has finished, whether a study with a stopping rule is decided."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from reports.statistics.stopping import Estimate, decided, looks
from study_app.design.stops import Stops
from study_app.export.stopping import Vote, contrast_of, votes, when_finished
from study_app.export.tables import people_of
from study_app.storage.opening import note_outcome, outcome
from study_app.storage.schema import sessions
from study_app.storage.store import Store


@dataclass(frozen=True)
class Standing:
    """What is known of the contrast. `volunteers`: how many count; `looks`: so far, the last is of now.

    `ended`: the look that decided; `noted`: what the log says of the end, None while it says nothing.
    """

    stops: Stops
    volunteers: int
    looks: Sequence[Estimate]
    ended: Estimate | None
    noted: dict[str, Any] | None


class Watch:
    """Keeps what it has read: a look costs the answers of who has finished since, and one estimate for each of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._votes: dict[int, list[Vote] | None] = {}  # by session; None of those whom a screening rule flags
        self._order: list[int] = []
        self._looks: list[Estimate] = []

    def act(self) -> None:
        """Close the study, or say so in the log, if its rule has come to an end. Never for simulated raters."""
        stops = self._store.study.stops
        if stops is None or self._store.simulated:
            return
        standing = self.standing(stops)
        is_over = standing.ended is not None or standing.volunteers >= stops.largest
        if standing.noted is not None or not is_over or not standing.looks:
            return
        last = standing.ended or standing.looks[-1]
        what = "decided" if standing.ended else "undecided"
        store, closes = self._store, stops.act == "close"
        note_outcome(store.database, store.study_id, store.simulated, store.clock(), what, detail(stops, last), closes)

    def standing(self, stops: Stops) -> Standing:
        """Read what is new, and look."""
        with self._lock:
            with self._store.database.reading() as connection:
                order = self._read(connection, stops)
                noted = outcome(connection, self._store.study_id, self._store.simulated)
            self._look(order[: stops.largest], stops)
            return Standing(stops, len(order), tuple(self._looks), decided(self._looks, stops.rule), noted)

    def _read(self, connection: Connection, stops: Stops) -> list[int]:
        """The sessions that count, in the order in which they finished."""
        store = self._store
        mine = (sessions.c.study_id == store.study_id, sessions.c.simulated == store.simulated)
        done = (sessions.c.completed_at.is_not(None), sessions.c.withdrawn_at.is_(None))
        rows = connection.execute(select(sessions).where(*mine, *done)).all()
        new = [row.id for row in rows if row.id not in self._votes]
        which = sessions.c.id.in_(new)
        for one in people_of(connection, store.study, store.study_id, store.simulated, which) if new else ():
            broken = set(one.participant.flags.split(";")) - {"", "set_aside"}
            self._votes[one.session.id] = None if broken else votes(stops, one.ratings)
        counting = [row for row in rows if row.set_aside_at is None and self._votes[row.id] is not None]
        return [row.id for row in sorted(counting, key=when_finished)]

    def _look(self, order: list[int], stops: Stops) -> None:
        """Add a look for everybody new; all of them anew if somebody who counted has gone, or has come in between."""
        if order == self._order:
            return
        if order[: len(self._order)] != self._order:
            self._order, self._looks = [], []
        contrast = contrast_of(self._store.study, stops, [self._votes[one] or [] for one in order])
        self._looks += looks(contrast, stops.rule, len(self._order) + 1)
        self._order = order


def detail(stops: Stops, found: Estimate) -> dict[str, object]:
    """A look as the log has it, in points."""
    low, high = stops.rule.interval(found)
    ends = {name: round(100 * value, 2) for name, value in (("contrast", found.value), ("low", low), ("high", high))}
    return {"volunteers": found.raters, **ends, "decision": stops.rule.decision(found)}
