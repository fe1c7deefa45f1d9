"""Gives out the places of the Latin square, so that its cells fill evenly.

A slot's *load* counts its sessions that are completed or active. A new session takes the slot with the least load. A
session *lapses* and loses its place if it is silent for too long, or if it has not answered anything yet and somebody
else asks for a place: a place is held firmly only from the first answer on, so that nobody can take all of them by
asking alone. If it returns, it gets the place back while the loads stay within one of each other. If not, it goes on
without a place as long as the study has any, and counts again once it is completed. Sessions that the researcher has
set aside hold no place. The study's row is locked meanwhile, so that places change one at a time.
"""

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from study_app.design import assignment
from study_app.design.assignment import Slot
from study_app.design.study import Study
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import sessions, studies

# Before the first answer others may have the place of a session after so much silence, or if no browser has shown
# itself for so long: what the slowest page before the trials takes, and what fetching the first of them takes.
LOOSE_MS = 90_000
ARRIVING_MS = 10_000


def lock_study(connection: Connection, study_id: int) -> Row[tuple[int | None]]:
    """Wait for others that change places; returns the study's `closed_at`. SQLite's writers queue anyway.

    `key_share`: a withdrawal refers to the study's row by its line in the log, and does not wait. It holds a session's
    row, which the search for silent sessions may need: without `key_share` each would wait for the other.
    """
    query = select(studies.c.closed_at).where(studies.c.id == study_id)
    return connection.execute(query.with_for_update(key_share=True)).one()


def holding(study_id: int, simulated: bool) -> tuple[ColumnElement[bool], ...]:
    """The sessions that hold a place. Completed ones do, also if their place had been given to somebody else."""
    gone = (sessions.c.withdrawn_at.is_(None), sessions.c.set_aside_at.is_(None))
    there = or_(sessions.c.lapsed.is_(False), sessions.c.completed_at.is_not(None))
    return (sessions.c.study_id == study_id, sessions.c.simulated == simulated, there, *gone)


def lapse(connection: Connection, study: Study, study_id: int, simulated: bool, now: int) -> None:
    """Give back the places of sessions that are silent for too long."""
    connection.execute(
        update(sessions)
        .where(
            *holding(study_id, simulated),
            sessions.c.seen_at < now - study.abandoned_after_minutes * 60_000,
            sessions.c.completed_at.is_(None),
        )
        .values(lapsed=True)
    )


def loads(connection: Connection, study: Study, study_id: int, simulated: bool) -> dict[Slot, int]:
    """Completed and active sessions of every slot, in the order by which ties are broken."""
    counts = connection.execute(
        select(sessions.c.block, sessions.c.row, func.count())
        .where(*holding(study_id, simulated))
        .group_by(sessions.c.block, sessions.c.row)
    )
    counted = {Slot(block, row): count for block, row, count in counts}
    return {slot: counted.get(slot, 0) for slot in assignment.slots(study)}


def next_number(connection: Connection, study_id: int, simulated: bool) -> int:
    """The number of the next session, counted from 1."""
    mine = (sessions.c.study_id == study_id, sessions.c.simulated == simulated)
    return (connection.execute(select(func.max(sessions.c.number)).where(*mine)).scalar() or 0) + 1


def has_room(connection: Connection, study: Study, study_id: int, simulated: bool, now: int) -> bool:
    """Whether a new session would get a place, as far as one can tell without changing anything."""
    if min(loads(connection, study, study_id, simulated).values()) < study.votes_per_cell:
        return True
    loose = select(sessions.c.id).where(*_loose(study_id, simulated, now)).limit(1)
    return connection.execute(loose).first() is not None


def free_slot(connection: Connection, study: Study, study_id: int, simulated: bool, now: int) -> Slot:
    """The slot for a new session; raises `RefusedError` if all are taken."""
    lapse(connection, study, study_id, simulated, now)
    counts = loads(connection, study, study_id, simulated)
    slot = min(counts, key=lambda one: counts[one])
    if counts[slot] < study.votes_per_cell:
        return slot
    taken = _take_over(connection, *_loose(study_id, simulated, now))
    if taken is None:
        raise RefusedError(503, "full", "The study is full at the moment; please come back later.", retry_after=600)
    return taken


def take_back(connection: Connection, study: Study, study_id: int, session: Row[tuple[object, ...]], now: int) -> bool:
    """Whether a lapsed session may go on. It gets its place back if that is free; without it, it may if any is."""
    if has_own_place(connection, study, study_id, session, now):
        connection.execute(update(sessions).where(sessions.c.id == session.id).values(lapsed=False))
        return True
    return has_room(connection, study, study_id, bool(session.simulated), now)


def has_own_place(
    connection: Connection, study: Study, study_id: int, session: Row[tuple[object, ...]], now: int
) -> bool:
    """Whether the place of a lapsed session is free: the loads stay within one, and within what is wanted."""
    simulated, slot = bool(session.simulated), Slot(session.block, session.row)
    lapse(connection, study, study_id, simulated, now)
    counts = loads(connection, study, study_id, simulated)
    if counts[slot] == min(counts.values()) and counts[slot] < study.votes_per_cell:
        return True
    beside = (sessions.c.block == slot.block, sessions.c.row == slot.row)
    return _take_over(connection, *_loose(study_id, simulated, now), *beside) is not None


def _loose(study_id: int, simulated: bool, now: int) -> tuple[ColumnElement[bool], ...]:
    """Sessions whose place others may have: nothing is answered, and no browser has shown itself, lately or ever."""
    never = and_(sessions.c.tab.is_(None), sessions.c.begun_at < now - ARRIVING_MS)
    unseen = or_(never, sessions.c.seen_at < now - LOOSE_MS)
    return (*holding(study_id, simulated), sessions.c.answered == 0, unseen)


def _take_over(connection: Connection, *loose: ColumnElement[bool]) -> Slot | None:
    """End the longest silent of these sessions, and return its slot. One that is answering just now is left alone."""
    longest = select(sessions.c.id, sessions.c.block, sessions.c.row).where(*loose)
    longest = longest.order_by(sessions.c.seen_at, sessions.c.id).limit(1).with_for_update(skip_locked=True)
    found = connection.execute(longest).first()
    if found is None:
        return None
    connection.execute(update(sessions).where(sessions.c.id == found.id).values(lapsed=True))
    return Slot(found.block, found.row)
