"""How often and at most how long a picture was seen, by what the server has counted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, select

from study_app.storage.schema import sessions, showings

Begun = Mapping[int, Sequence[int]]  # trial -> when each showing of its picture began, in ms by the server's clock


def begun_showings(connection: Connection, mine: Sequence[Any]) -> dict[int, Begun]:
    """The showings of every session that `mine` selects, by its id."""
    query = select(showings.c.session_id, showings.c.trial, showings.c.begun_at)
    query = query.join(sessions, sessions.c.id == showings.c.session_id).where(*mine).order_by(showings.c.id)
    found: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(query):
        found[row.session_id][row.trial].append(row.begun_at)
    return {session: dict(trials) for session, trials in found.items()}


def seen_at_most(begun: Sequence[int], exposures: int, shown_ms: float, seen_ms: float) -> float | None:
    """The longest time in ms that a picture can have been seen; None where the server has not counted.

    `exposures` and `shown_ms`: what the page that sent the answer has measured of the last showings. Each showing
    before those was cut short, and lasted no longer than `seen_ms`, a whole one, nor than until the next began.
    """
    if len(begun) < exposures:
        return None
    before = begun[: len(begun) - exposures + 1]
    return shown_ms + sum(min(seen_ms, next_one - one) for one, next_one in pairwise(before))
