"""The researcher's view of a running study: places, cells, drop-outs, flags, and the time to completion."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import Row, select

from study_app.design import assignment
from study_app.design.assignment import Slot
from study_app.export.tables import gather
from study_app.storage.schema import sessions, studies
from study_app.storage.store import Store

HOUR_MS = 3_600_000
STATES = ("active", "completed", "lapsed", "withdrawn", "set_aside")


@dataclass(frozen=True)
class Overview:
    """One look at a running study.

    `states`: sessions by each of `STATES`. `cells`: (completed, active) votes of every photograph and method.
    `left_at`: where lapsed sessions stopped, answered trials -> how many. `flags`: completed participants who broke
    each screening rule. `hours_left`: until all are complete, at the pace since the first began; None before the first
    is complete.
    """

    is_open: bool
    wanted: int
    states: dict[str, int]
    cells: dict[tuple[str, str], tuple[int, int]]
    left_at: dict[int, int]
    flags: dict[str, int]
    median_minutes: float | None
    hours_left: float | None


def overview(store: Store) -> Overview:
    """Read and count."""
    now = store.clock()
    silent_before = now - store.study.abandoned_after_minutes * 60_000
    with store.database.reading() as connection:
        closed_at = connection.execute(select(studies.c.closed_at).where(studies.c.id == store.study_id)).scalar_one()
        mine = (sessions.c.study_id == store.study_id, sessions.c.simulated == store.simulated)
        rows = connection.execute(select(sessions).where(*mine)).all()
    states = {row.id: _state(row, silent_before) for row in rows}
    completed = [row for row in rows if states[row.id] == "completed"]
    minutes = [(row.completed_at - row.begun_at) / 60_000 for row in completed]
    people = gather(store.database, store.study, store.simulated).participants
    return Overview(
        is_open=closed_at is None,
        wanted=store.study.sessions,
        states={name: list(states.values()).count(name) for name in STATES},
        cells=_cells(store, rows, states),
        left_at=dict(sorted(Counter(row.answered for row in rows if states[row.id] == "lapsed").items())),
        flags=dict(Counter(flag for person in people if person.completed for flag in person.flags.split(";") if flag)),
        median_minutes=median(minutes) if minutes else None,
        hours_left=_hours_left(store, rows, len(completed), now),
    )


def _state(session: Row[Any], silent_before: float) -> str:
    if session.withdrawn_at is not None:
        return "withdrawn"
    if session.set_aside_at is not None:
        return "set_aside"
    if session.completed_at is not None:
        return "completed"
    return "lapsed" if session.lapsed or session.seen_at < silent_before else "active"


def _cells(store: Store, rows: Sequence[Row[Any]], states: dict[int, str]) -> dict[tuple[str, str], tuple[int, int]]:
    counts = Counter((Slot(row.block, row.row), states[row.id]) for row in rows)
    cells: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for slot in sorted(assignment.slots(store.study)):
        for picture in assignment.main_pictures(store.study, store.stimuli.manifest.cast, slot):
            completed, active = cells[picture]  # of several pictures, a method is seen in many slots
            cells[picture] = (completed + counts[slot, "completed"], active + counts[slot, "active"])
    return dict(cells)


def _hours_left(store: Store, rows: Sequence[Row[Any]], completed: int, now: int) -> float | None:
    if not completed:
        return None
    first = min(row.begun_at for row in rows if row.withdrawn_at is None)
    return max(0, store.study.sessions - completed) * (now - first) / HOUR_MS / completed
