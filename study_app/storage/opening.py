"""Opens a study on a database: migrates, registers the version, refuses a changed one, closes and reopens."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.settings.errors import UserError
from study_app.design.study import Study, design_digest, known_as, public_content
from study_app.storage.database import Database
from study_app.storage.schema import answers, log, sessions, studies

OUTCOMES = ("decided", "undecided")  # how a stopping rule ends


def open_study(database: Database, study: Study, pictures: str, now: int) -> Row[Any]:
    """The row of this study, made if it is new. What has changed of its `FREE` settings is logged.

    Raises `UserError` if the database has answers to another design or to other pictures of the same version.
    """
    with database.writing() as connection:
        own = _same_design(connection, study)
        if own is None:
            _register(connection, database.is_sqlite, study, pictures, now)
            own = registered(connection, study)
        own = connection.execute(select(studies).where(studies.c.id == own.id).with_for_update()).one()
        for row in connection.execute(select(studies).where(studies.c.id != own.id).order_by(studies.c.id)).all():
            count = _answers(connection, row) if row.version >= study.version else 0
            if count:
                keys = ", ".join(_changes(row, study))
                raise UserError(
                    f"study.yaml has changed ({keys}), but the database holds {count} answers to version "
                    f"{row.version} of it; undo the change, or set `version: {row.version + 1}` to begin anew beside "
                    "them."
                )
        if own.pictures != pictures:
            if count := _answers(connection, own):
                raise UserError(
                    f"the pictures have changed, but the database holds {count} answers about earlier ones; restore "
                    f"`stimuli/` and `results/colorized/`, or set `version: {own.version + 1}` in study.yaml."
                )
            connection.execute(update(studies).where(studies.c.id == own.id).values(pictures=pictures))
        if changes := _changes(own, study):
            connection.execute(update(studies).where(studies.c.id == own.id).values(content=_content(study)))
            for simulated in (False, True):  # it concerns both, whose exports are separate
                write_log(connection, own.id, simulated, now, "changed", changes)
        return own


def recognised(database: Database, study: Study) -> Study:
    """The study under the digest that the database knows it by, if it does."""
    with database.reading() as connection:
        known = _same_design(connection, study)
    return study if known is None else known_as(study, known.digest)


def registered(connection: Connection, study: Study) -> Row[Any]:
    """The row of this study; raises `UserError` if the database does not know it."""
    known = _same_design(connection, study)
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


def note_outcome(
    database: Database, study_id: int, simulated: bool, now: int, what: str, detail: Mapping[str, object], closes: bool
) -> None:
    """Log once how a study's stopping rule has ended (one of `OUTCOMES`), and close the study if it `closes`.

    Once: who opens the study again afterwards keeps it open.
    """
    with database.writing() as connection:
        query = select(studies.c.closed_at).where(studies.c.id == study_id).with_for_update(key_share=True)
        is_open = connection.execute(query).scalar_one() is None
        if outcome(connection, study_id, simulated) is not None:
            return
        if closes and is_open:
            connection.execute(update(studies).where(studies.c.id == study_id).values(closed_at=now))
        write_log(connection, study_id, simulated, now, what, {**detail, "closed": closes and is_open})


def outcome(connection: Connection, study_id: int, simulated: bool) -> dict[str, Any] | None:
    """The detail that was logged as the outcome of the stopping rule; None while there is none."""
    mine = (log.c.study_id == study_id, log.c.simulated == simulated, log.c.what.in_(OUTCOMES))
    found = connection.execute(select(log.c.detail).where(*mine).order_by(log.c.id)).scalars().first()
    return None if found is None else dict(json.loads(found))


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
        "content": _content(study),
        "opened_at": now,
    }
    statement = (sqlite.insert if is_sqlite else postgresql.insert)(studies).values(values)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["digest"]))


def _content(study: Study) -> str:
    return json.dumps(public_content(study), sort_keys=True, ensure_ascii=False)


def _same_design(connection: Connection, study: Study) -> Row[Any] | None:
    """The row of a study that differs from this one in `FREE` settings at most.

    An older version of this program made a row for each of those; then the one with answers is meant, or else the last.
    """
    rows = connection.execute(select(studies).order_by(studies.c.id)).all()
    design = design_digest(asdict(study))
    same = [row for row in rows if design_digest(json.loads(row.content)) == design]
    if len(same) < 2:
        return same[0] if same else None
    return max(same, key=lambda row: (_answers(connection, row) > 0, row.id))


def _changes(row: Row[Any], study: Study) -> dict[str, list[object]]:
    """[before, now] of every key that is not as the row has it; what the row does not know is no change."""
    before = {"stops": None, **_flat(json.loads(row.content))}  # which an older version of this program did not know
    now = _flat(json.loads(_content(study)))
    return {key: [before[key], now.get(key)] for key in sorted(before) if before[key] != now.get(key)}


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with `screening` as `screening.catch_wrong` and so on."""
    rules = {f"screening.{key}": value for key, value in content["screening"].items()}
    return {key: value for key, value in content.items() if key != "screening"} | rules


def _answers(connection: Connection, study: Row[tuple[object, ...]]) -> int:
    belongs = answers.c.session_id.in_(select(sessions.c.id).where(sessions.c.study_id == study.id))
    return connection.execute(select(func.count()).select_from(answers).where(belongs)).scalar_one()
