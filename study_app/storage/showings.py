"""Counts on the server how often a picture was begun to be shown.

A page asks before each showing, and shows nothing before the reply. So whatever ends a showing, a reload, a crash or
another tab, it is known that it had begun. A showing that follows an answer at once is counted with the answer
(`AnswerMessage.next_key`): one transaction for each picture, as if nothing were counted.
"""

from functools import partial

from sqlalchemy import Connection, func, insert, select

from study_app.storage.messages import ShowingMessage
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import showings
from study_app.storage.store import Store

MOST = 1000  # of a trial; more are not counted


def note_showing(store: Store, token: str, message: ShowingMessage) -> None:
    """Note that the picture of the session's next trial is about to be shown; sending it again changes nothing.

    Raises `RefusedError` 409 for any other trial: the page has been overtaken by another one.
    """
    store.together.write(partial(_note, store, token, message))


def _note(store: Store, token: str, message: ShowingMessage, connection: Connection) -> None:
    session = store.present(connection, token)
    if message.trial != session.answered or message.trial >= session.trials:
        raise RefusedError(409, "order", f"Trial {session.answered} comes next.")
    mine = showings.c.session_id == session.id
    known = connection.execute(select(showings.c.id).where(mine, showings.c.key == message.key)).first()
    count = select(func.count()).select_from(showings).where(mine, showings.c.trial == message.trial)
    if known is None and connection.execute(count).scalar_one() < MOST:
        row = {"session_id": session.id, **vars(message), "begun_at": store.clock()}
        connection.execute(insert(showings), row)
    store.change(connection, session)
