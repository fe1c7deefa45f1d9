"""The rows that a session, its answers and its events become."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from study_app.design.assignment import Slot
from study_app.design.study import Study
from study_app.design.tokens import digest
from study_app.storage.messages import AnswerMessage, EventMessage

Session = Row[Any]  # of the table of sessions
NewRow = dict[str, object]


@dataclass(frozen=True)
class Begun:
    """What a new volunteer gets: the token that continues the session, the code that withdraws it."""

    token: str
    code: str


def session_row(
    study_id: int, simulated: bool, number: int, slot: Slot, begun: Begun, language: str, trials: int, now: int
) -> NewRow:
    """A session that begins now."""
    return {
        "study_id": study_id,
        "simulated": simulated,
        "number": number,
        "token_hash": digest(begun.token),
        "code_hash": digest(begun.code),
        "language": language,
        "block": slot.block,
        "row": slot.row,
        "trials": trials,
        "answered": 0,
        "lapsed": False,
        "begun_at": now,
        "seen_at": now,
    }


def answer_rows(session: Session, study: Study, message: AnswerMessage, now: int) -> list[NewRow]:
    """One row a criterion."""
    timing = message.timing
    shared = {
        "study": study.digest,
        "simulated": session.simulated,
        "session_id": session.id,
        "trial": message.trial,
        "key": message.key,
        "tab": message.tab,
        "received_at": now,
        "onset_ms": timing.onset_ms,
        "offset_ms": timing.offset_ms,
        "shown_ms": timing.shown_ms,
        "exposures": timing.exposures,
        "hidden": timing.hidden,
    }
    return [
        {**shared, "criterion": name, "value": value, "response_ms": timing.response_ms[name]}
        for name, value in message.values.items()
    ]


def event_rows(session: Session, study: Study, messages: Iterable[EventMessage], now: int) -> list[NewRow]:
    """One row an event."""
    return [
        {
            "study": study.digest,
            "simulated": session.simulated,
            "session_id": session.id,
            "key": message.key,
            "name": message.name,
            "at_ms": message.at_ms,
            "detail": json.dumps(message.detail, sort_keys=True),
            "received_at": now,
        }
        for message in messages
    ]
