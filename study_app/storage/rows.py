"""The rows that answers and events become."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from study_app.design.study import Study
from study_app.storage.messages import AnswerMessage, EventMessage

Session = Row[Any]  # of the table of sessions
NewRow = dict[str, object]


@dataclass(frozen=True)
class Begun:
    """What a new volunteer gets: the token of the session, and the code that withdraws its answers."""

    token: str
    code: str


def answer_rows(session: Session, study: Study, message: AnswerMessage, now: int) -> list[NewRow]:
    """A row for each criterion."""
    shared = {**_shared(session, study, now), **vars(message.timing)}
    shared |= {"trial": message.trial, "key": message.key, "tab": message.tab}
    if message.seen is not None:
        width, height = message.seen.width, message.seen.height
        shared |= {"picture_width": width, "picture_height": height, "zoom": message.seen.zoom}
    return [
        {**shared, "criterion": name, "value": value, "response_ms": message.timing.response_ms[name]}
        for name, value in message.values.items()
    ]


def event_rows(session: Session, study: Study, messages: Iterable[EventMessage], now: int) -> list[NewRow]:
    """A row for each event."""
    shared = _shared(session, study, now)
    return [{**shared, **vars(message), "detail": json.dumps(message.detail, sort_keys=True)} for message in messages]


def _shared(session: Session, study: Study, now: int) -> NewRow:
    return {"study": study.digest, "simulated": session.simulated, "session_id": session.id, "received_at": now}
