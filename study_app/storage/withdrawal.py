"""Withdrawal: a volunteer's answers are deleted. The log says that, but not who the volunteer was."""

from sqlalchemy import delete, select, update

from study_app.design.tokens import digest, plain_code
from study_app.storage.opening import write_log
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import answers, events, sessions, showings, trials
from study_app.storage.store import Store

# What is left of a session: its number, and that its code was used.
GONE = {"language": "", "begun_at": 0, "seen_at": 0} | dict.fromkeys(
    ("tab", "ready_at", "completed_at", "set_aside_at", "set_aside")
)


def withdraw(store: Store, code: str) -> int:
    """Delete all that was stored under a withdrawal code; returns how many answers. Doing it twice is no error."""
    with store.database.writing() as connection:
        query = select(sessions).where(sessions.c.code_hash == digest(plain_code(code))).with_for_update()
        session = connection.execute(query).first()
        if session is None or session.simulated != store.simulated:
            raise RefusedError(404, "unknown_code", "No answers are stored under this code.")
        if session.withdrawn_at is not None:
            return 0
        removed = connection.execute(delete(answers).where(answers.c.session_id == session.id)).rowcount
        for table in (events, showings, trials):
            connection.execute(delete(table).where(table.c.session_id == session.id))
        now = store.clock()
        connection.execute(update(sessions).where(sessions.c.id == session.id).values(**GONE, withdrawn_at=now))
        detail = {"participant": session.number, "answers": removed}
        write_log(connection, session.study_id, session.simulated, now, "withdrawal", detail)
    return removed
