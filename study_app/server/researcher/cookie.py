"""Keeps a researcher signed in when the page is loaded again: a signed pass in a cookie that no script can read.

Streamlit itself cannot set a cookie. So the page hands the pass to the browser, and the browser to the route here.
"""

import hmac
import re
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from study_app.design.tokens import derive
from study_app.server.researcher.access import Access
from study_app.server.routes import Context, new_context, read, route
from study_app.server.security import Limits
from study_app.storage.refusals import RefusedError
from study_app.storage.store import Store

COOKIE = "huebench_researcher"
PATH = "/api/researcher"
HOURS = 12  # a day's work, even if the browser stays open
PASS = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")


@dataclass(frozen=True)
class PassMessage:
    """A pass to keep, or "" to forget it."""

    text: str


def new_pass(store: Store, access: Access) -> str:
    """A pass for whoever has just given the password: until when, and a signature. Another password ends it, too."""
    until = store.clock() // 1000 + HOURS * 3600
    return f"{until}.{_signature(store, access, str(until))}"


def is_pass(store: Store, access: Access, text: str) -> bool:
    """Whether a pass was made here, under the present password, and is not over."""
    parts = PASS.fullmatch(text)
    if parts is None or access.password is None:
        return False
    is_ours = hmac.compare_digest(parts[2], _signature(store, access, parts[1]))
    return is_ours and store.clock() < int(parts[1]) * 1000


def pass_routes(store: Store, access: Access, limits: Limits | None = None) -> list[BaseRoute]:
    """The route that turns a pass into a cookie, and an empty one into none."""
    return [route(new_context(store, limits), PATH, "POST", partial(keep, access))]


async def keep(access: Access, context: Context, request: Request) -> Response:
    """Sets the cookie, or deletes it; raises `RefusedError` 401 for anything that is no pass."""
    text = (await read(request, PassMessage)).text
    if text and not is_pass(context.store, access, text):
        raise RefusedError(401, "unknown", "This pass is not known here.")
    reply = JSONResponse({"kept": bool(text)})
    age = HOURS * 3600 if text else 0
    is_https = request.url.scheme == "https"
    reply.set_cookie(COOKIE, text, max_age=age, path="/", secure=is_https, httponly=True, samesite="strict")
    return reply


def _signature(store: Store, access: Access, until: str) -> str:
    return derive(store.stimuli.secret, "researcher", access.password or "", until).hex()
