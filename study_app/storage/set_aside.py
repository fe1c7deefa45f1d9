"""Sets sessions aside: they are kept, and every export marks them, but they hold no place and count as no vote."""

from collections.abc import Collection

from sqlalchemy import Connection, Row, select, update

from pipeline.settings.errors import UserError
from study_app.storage.database import Database
from study_app.storage.opening import write_log
from study_app.storage.schema import sessions

REASON_LETTERS = 300
MOST = 10_000  # participants in one range


def set_aside(
    database: Database, study_id: int, numbers: Collection[int], reason: str, simulated: bool, now: int
) -> list[int]:
    """Set participants aside, and log why; returns those that were not before. Whoever still answers is not told.

    Raises `UserError`, and changes nothing, without a reason or for a number that nobody has.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= REASON_LETTERS:
        raise UserError(f"say why, in at most {REASON_LETTERS} letters: the reason is part of every export.")
    with database.writing() as connection:
        new = [row for row in _found(connection, study_id, numbers, simulated) if row.set_aside_at is None]
        for row in new:
            change = update(sessions).where(sessions.c.id == row.id)
            connection.execute(change.values(set_aside_at=now, set_aside=reason))
            detail = {"participant": row.number, "reason": reason}
            write_log(connection, study_id, simulated, now, "set aside", detail)
    return [row.number for row in new]


def bring_back(database: Database, study_id: int, numbers: Collection[int], simulated: bool, now: int) -> list[int]:
    """Undo it; returns those that were set aside. Who has not finished goes on if there still is a place."""
    with database.writing() as connection:
        aside = [row for row in _found(connection, study_id, numbers, simulated) if row.set_aside_at is not None]
        for row in aside:
            change = update(sessions).where(sessions.c.id == row.id)
            values = {"set_aside_at": None, "set_aside": None, "lapsed": row.completed_at is None}
            connection.execute(change.values(**values))
            write_log(connection, study_id, simulated, now, "brought back", {"participant": row.number})
    return [row.number for row in aside]


def parse_numbers(texts: Collection[str]) -> list[int]:
    """Participants' numbers from texts such as `7` and `12-31`, in order; raises `UserError` for others."""
    found = set[int]()
    for text in texts:
        first, dash, last = text.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UserError(f"{text!r} is no participant's number; write 7, or 12-31 for several.")
        if int(last or first) - int(first) >= MOST:
            raise UserError(f"{text!r} are more than {MOST} participants; write fewer at once.")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)


def _found(connection: Connection, study_id: int, numbers: Collection[int], simulated: bool) -> list[Row[tuple[int]]]:
    query = select(sessions).where(sessions.c.study_id == study_id, sessions.c.simulated == simulated)
    query = query.where(sessions.c.number.in_(numbers), sessions.c.withdrawn_at.is_(None)).order_by(sessions.c.number)
    rows = list(connection.execute(query.with_for_update()))
    if missing := sorted(set(numbers) - {row.number for row in rows}):
        raise UserError(f"there is no participant {missing[0]}; `participants.csv` of an export has their numbers.")
    return rows
