"""Who may see the researcher's page. Without a configured secret there is no such page."""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pipeline.settings.errors import UserError
from study_app.server.security import Attempts, Rate

PASSWORD = "STUDY_PASSWORD"
LETTERS = 12  # of a password, at least: every address has some tries, and there are many addresses


@dataclass(frozen=True)
class Access:
    """`password` opens the page; so do accounts in `oidc`, e-mail addresses that an identity provider confirms."""

    password: str | None
    oidc: tuple[str, ...]
    attempts: Attempts

    @property
    def configured(self) -> bool:
        """Whether there is a researcher's page at all."""
        return bool(self.password or self.oidc)

    def opens(self, typed: str, caller: str) -> bool:
        """Whether `typed` is the password; raises `RefusedError` 429 if the caller has failed too often."""
        self.attempts.check(caller)
        is_right = self.password is not None and hmac.compare_digest(typed.encode(), self.password.encode())
        (self.attempts.succeeded if is_right else self.attempts.failed)(caller)
        return is_right


def read_access(environment: Mapping[str, str] = os.environ, secrets: Mapping[str, Any] | None = None) -> Access:
    """From the environment's STUDY_PASSWORD or Streamlit's secrets (`[researcher]`: `password`, `emails`).

    Raises `UserError` for a password that is too short.
    """
    configured = dict((secrets or {}).get("researcher", {}))
    password = str(environment.get(PASSWORD) or configured.get("password") or "") or None
    if password is not None and len(password.strip()) < LETTERS:
        raise UserError(
            f"the researcher's password has fewer than {LETTERS} characters, and anybody may try to guess it; "
            f"`openssl rand -base64 18` makes one for {PASSWORD}."
        )
    if "auth" in (secrets or {}) and find_spec("authlib") is None:
        raise UserError("signing in with an account needs Authlib: install huebench[study], or take [auth] away.")
    emails = tuple(str(email).lower() for email in configured.get("emails", ())) if "auth" in (secrets or {}) else ()
    return Access(password, emails, Attempts(Rate(0.2, 5)))
