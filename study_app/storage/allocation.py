"""Gives out the places of the Latin square, so that its cells fill evenly.

A slot's *load* counts its sessions that are completed or active. A new session takes the slot with the least load. A
session that is silent for too long *lapses*: it loses its place. If it returns, it gets the place back only while the
loads stay within one of each other. The study's row is locked meanwhile, so that places change one at a time.
"""

from sqlalchemy import Connection, Row, func, select, update

from study_app.design import assignment
from study_app.design.assignment import Slot
from study_app.design.study import Study
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import sessions, studies


def lock_study(connection: Connection, study_id: int) -> Row[tuple[int | None]]:
    """Wait for others that change places; returns the study's `closed_at`. SQLite's writers queue anyway.

    `key_share`: a withdrawal refers to the study's row by its line in the log, and does not wait. It holds a session's
    row, which the search for silent sessions may need: without `key_share` each would wait for the other.
    """
    query = select(studies.c.closed_at).where(studies.c.id == study_id)
    return connection.execute(query.with_for_update(key_share=True)).one()


def lapse(connection: Connection, study: Study, study_id: int, simulated: bool, now: int) -> None:
    """Give back the places of sessions that are silent for too long."""
    connection.execute(
        update(sessions)
        .where(
            sessions.c.study_id == study_id,
            sessions.c.simulated == simulated,
            sessions.c.lapsed.is_(False),
            sessions.c.seen_at < now - study.abandoned_after_minutes * 60_000,
            sessions.c.completed_at.is_(None),
            sessions.c.withdrawn_at.is_(None),
        )
        .values(lapsed=True)
    )


def loads(connection: Connection, study: Study, study_id: int, simulated: bool) -> dict[Slot, int]:
    """Completed and active sessions of every slot, in the order by which ties are broken."""
    counts = connection.execute(
        select(sessions.c.block, sessions.c.row, func.count())
        .where(
            sessions.c.study_id == study_id,
            sessions.c.simulated == simulated,
            sessions.c.lapsed.is_(False),
            sessions.c.withdrawn_at.is_(None),
        )
        .group_by(sessions.c.block, sessions.c.row)
    )
    counted = {Slot(block, row): count for block, row, count in counts}
    return {slot: counted.get(slot, 0) for slot in assignment.slots(study)}


def next_number(connection: Connection, study_id: int, simulated: bool) -> int:
    """The number of the next session, counted from 1."""
    mine = (sessions.c.study_id == study_id, sessions.c.simulated == simulated)
    return (connection.execute(select(func.max(sessions.c.number)).where(*mine)).scalar() or 0) + 1


def has_room(loads: dict[Slot, int], votes_per_cell: int) -> bool:
    """Whether any slot is left for a new session."""
    return min(loads.values()) < votes_per_cell


def free_slot(loads: dict[Slot, int], votes_per_cell: int) -> Slot:
    """The slot for a new session; raises `RefusedError` if all are taken."""
    if not has_room(loads, votes_per_cell):
        raise RefusedError(503, "full", "The study is full at the moment; please come back later.", retry_after=600)
    return min(loads, key=lambda slot: loads[slot])


def may_return(loads: dict[Slot, int], slot: Slot, votes_per_cell: int) -> bool:
    """Whether a lapsed session of `slot` may go on: the loads stay within one, and within what is wanted."""
    return loads[slot] == min(loads.values()) and loads[slot] < votes_per_cell
