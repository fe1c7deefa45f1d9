"""Opens a study on a database: migrates, registers the version, refuses a changed one, closes and reopens."""

import json
from dataclasses import asdict

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.settings.errors import UserError
from study_app.design.study import Study
from study_app.storage.database import Database
from study_app.storage.schema import answers, log, sessions, studies


def open_study(database: Database, study: Study, pictures: str, now: int) -> int:
    """The row of this study, made if it is new.

    Raises `UserError` if the database has answers to another design or to other pictures of the same version.
    """
    with database.writing() as connection:
        _register(connection, database.is_sqlite, study, pictures, now)
        rows = connection.execute(select(studies).order_by(studies.c.id)).all()
        own = next(row for row in rows if row.digest == study.digest)
        for row in rows:
            count = _answers(connection, row)
            if row.id != own.id and row.version >= study.version and count:
                raise UserError(
                    f"study.yaml has changed, but the database holds {count} answers to version {row.version} of it; "
                    f"undo the change, or set `version: {row.version + 1}` to begin anew beside them."
                )
        if own.pictures != pictures:
            if count := _answers(connection, own):
                raise UserError(
                    f"the pictures have changed, but the database holds {count} answers about earlier ones; restore "
                    f"`stimuli/` and `results/colorized/`, or set `version: {own.version + 1}` in study.yaml."
                )
            connection.execute(update(studies).where(studies.c.id == own.id).values(pictures=pictures))
        return int(own.id)


def registered(connection: Connection, study: Study) -> Row[tuple[int]]:
    """The row of this study; raises `UserError` if the database does not know it."""
    known = connection.execute(select(studies).where(studies.c.digest == study.digest)).first()
    if known is None:
        raise UserError("the database has no study of this study.yaml; for an older version, name its own file.")
    return known


def set_open(database: Database, study_id: int, is_open: bool, simulated: bool, now: int) -> None:
    """Close the study to new volunteers (those who have begun may finish), or open it again."""
    with database.writing() as connection:
        unchanged = studies.c.closed_at.isnot(None) if is_open else studies.c.closed_at.is_(None)
        change = update(studies).where(studies.c.id == study_id, unchanged).values(closed_at=None if is_open else now)
        if connection.execute(change).rowcount:
            write_log(connection, study_id, simulated, now, "reopened" if is_open else "closed", {})


def check_writing(database: Database, study_id: int) -> None:
    """Write to the database and change nothing; raises what an answer would meet, say on a full disk."""
    with database.writing() as connection:
        for change in (1, -1):  # SQLite does not write a row that stays as it is
            row = update(studies).where(studies.c.id == study_id)
            connection.execute(row.values(opened_at=studies.c.opened_at + change))


def write_log(connection: Connection, study_id: int, simulated: bool, now: int, what: str, detail: object) -> None:
    """Add a line to the study's log, which goes out with every export."""
    connection.execute(
        insert(log).values(
            study_id=study_id, simulated=simulated, at=now, what=what, detail=json.dumps(detail, sort_keys=True)
        )
    )


def _register(connection: Connection, is_sqlite: bool, study: Study, pictures: str, now: int) -> None:
    """Insert the study's row if it is new; several processes may start at once."""
    values = {
        "digest": study.digest,
        "version": study.version,
        "pictures": pictures,
        "content": json.dumps(asdict(study), sort_keys=True, ensure_ascii=False),
        "opened_at": now,
    }
    statement = (sqlite.insert if is_sqlite else postgresql.insert)(studies).values(values)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["digest"]))


def _answers(connection: Connection, study: Row[tuple[object, ...]]) -> int:
    belongs = answers.c.session_id.in_(select(sessions.c.id).where(sessions.c.study_id == study.id))
    return connection.execute(select(func.count()).select_from(answers).where(belongs)).scalar_one()
