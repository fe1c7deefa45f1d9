"""What is stored of an answer to a pair: whether the volunteer was fooled."""

from dataclasses import replace

from sqlalchemy import Connection, select

from study_app.design.study import FAKE
from study_app.storage.messages import AnswerMessage
from study_app.storage.schema import trials


def judged(connection: Connection, session_id: int, message: AnswerMessage) -> AnswerMessage:
    """The message with the side that it names turned into whether the volunteer was fooled."""
    mine = (trials.c.session_id == session_id, trials.c.position == message.trial)
    place = connection.execute(select(trials.c.fake_place).where(*mine)).scalar()
    if place is None:  # not a trial of this session: refused as such
        return message
    return replace(message, values={FAKE: int(message.values[FAKE] != place)})
