"""A refusal: an HTTP status, a reason for the page's wording, and a sentence."""

from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# Away, locked for too long, or without room on its disk; read-only, which PostgreSQL calls an internal error.
UNAVAILABLE = (OperationalError, PoolTimeoutError, InternalError)


class RefusedError(Exception):
    """A request that is not fulfilled. `reason`: a word that pages translate; `retry_after`: seconds to wait."""

    def __init__(self, status: int, reason: str, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.reason = reason
        self.sentence = sentence
        self.retry_after = retry_after


def changed() -> RefusedError:
    """The refusal of a session that began on another version of the study."""
    return RefusedError(410, "changed", "This study has gone on in a newer version; thank you for your answers.")


def conflict(sentence: str) -> RefusedError:
    """The refusal of an answer that contradicts one that is stored."""
    return RefusedError(409, "conflict", sentence)


def unavailable() -> RefusedError:
    """The refusal of whatever needs the database while it cannot be read or written."""
    kept = "The server cannot take answers at the moment; yours is kept in the browser and sent again."
    return RefusedError(503, "busy", kept, retry_after=1)
