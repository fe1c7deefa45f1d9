"""Volunteers whom a platform or an invitation has sent: each id takes part once, and goes on only where it began."""

import hmac
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from study_app.design.recruitment import is_recruited, recruited_digest
from study_app.design.study import Study
from study_app.design.tokens import digest, plain_code, session_token
from study_app.storage.database import Database
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import sessions


@dataclass(frozen=True)
class Recruits:
    """Who may take part in a study. `secret`: that of its pictures; `simulated`: raters are programs, without an id."""

    study: Study
    secret: bytes
    simulated: bool

    def admitted(self, text: str) -> str | None:
        """The digest of an id; None where none is needed. Raises `RefusedError` 403 for one that is not invited."""
        recruitment = self.study.recruitment
        if recruitment is None or (self.simulated and not text):
            return None
        if not is_recruited(recruitment, self.secret, text):
            raise RefusedError(403, "uninvited", "Please come by the link that you were given.")
        return recruited_digest(self.secret, text)

    def token(self, recruited: str) -> str:
        """The token of the session under an id's digest, whether there is one or not."""
        return session_token(self.secret, f"recruited {self.study.digest} {self.simulated} {recruited}")

    def resume(self, database: Database, study_id: int, text: str, code: str) -> str:
        """The token of the session under an id, for whoever has its withdrawal code; raises `RefusedError` 404 else."""
        recruited = self.admitted(text)
        mine = (sessions.c.study_id == study_id, sessions.c.simulated == self.simulated)
        query = select(sessions.c.code_hash).where(*mine, sessions.c.recruited == recruited)
        with database.reading() as connection:
            known = connection.execute(query).scalar()
        if recruited is None or known is None or not hmac.compare_digest(known, digest(plain_code(code))):
            raise RefusedError(404, "unknown_code", "There is no session under this id with this code.")
        return self.token(recruited)


def check_first(session: Row[Any]) -> None:
    """Raise `RefusedError` if the session under an id is somebody's already: an id in an address is no secret.

    Until a browser has shown itself, a repeated press of Begin gets the session of the first.
    """
    if session.withdrawn_at is not None:
        raise RefusedError(410, "withdrawn", "The answers under this id were withdrawn.")
    if session.tab is not None or session.answered:
        raise RefusedError(409, "begun", "Somebody has begun under this id; only that browser or the code goes on.")
