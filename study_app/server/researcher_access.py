"""Who may see the researcher's page. Without a configured secret there is no such page."""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pipeline.settings.errors import UserError
from study_app.server.security import Limiter, Rate

PASSWORD = "STUDY_PASSWORD"


@dataclass(frozen=True)
class Access:
    """`password` opens the page; so do accounts in `oidc`, e-mail addresses that an identity provider confirms."""

    password: str | None
    oidc: tuple[str, ...]
    attempts: Limiter

    @property
    def configured(self) -> bool:
        """Whether there is a researcher's page at all."""
        return bool(self.password or self.oidc)

    def opens(self, typed: str) -> bool:
        """Whether `typed` is the password; raises `RefusedError` 429 after too many attempts."""
        self.attempts.check("researcher")
        return self.password is not None and hmac.compare_digest(typed.encode(), self.password.encode())


def read_access(environment: Mapping[str, str] = os.environ, secrets: Mapping[str, Any] | None = None) -> Access:
    """From the environment's STUDY_PASSWORD or Streamlit's secrets (`[researcher]`: `password`, `emails`)."""
    configured = dict((secrets or {}).get("researcher", {}))
    password = environment.get(PASSWORD) or configured.get("password") or None
    if "auth" in (secrets or {}) and find_spec("authlib") is None:
        raise UserError("signing in with an account needs Authlib: `uv pip install Authlib`, or take [auth] away.")
    emails = tuple(str(email).lower() for email in configured.get("emails", ())) if "auth" in (secrets or {}) else ()
    return Access(password, emails, Limiter(Rate(0.2, 5)))
