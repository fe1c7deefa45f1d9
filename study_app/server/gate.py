"""Lets through what the pages need. Streamlit brings more routes, which no page of the study uses: they end here.

Among them is one that takes files from anybody who has opened a page, and keeps them in memory. Answers and pictures go
straight to their own routes: Streamlit's layers, which they do not need, would take as long as the rest of a reply.
"""

from collections.abc import Mapping, Sequence

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from study_app.server.researcher.access import Access
from study_app.server.security import DATA_PATHS

READ = frozenset({"GET", "HEAD"})
STREAM = "/_stcore/stream"  # the pages' websocket
# Of Streamlit's routes: the page, its scripts, and what they ask before they open the websocket.
PAGES: Mapping[str, frozenset[str]] = {"/": READ, "/_stcore/health": READ, "/_stcore/host-config": READ}
SCRIPTS = "/static/"
DOWNLOADS = "/media/"  # the researcher's export
SIGNING_IN = ("/auth/login", "/auth/logout", "/oauth2callback")  # of accounts that an identity provider confirms


class Gate:
    """Refuses every request and every websocket that is neither the study's own nor a page's."""

    def __init__(self, app: ASGIApp, own: Sequence[BaseRoute], access: Access) -> None:
        """`own`: the study's routes; `access` says whether there is a researcher, and how researchers sign in."""
        self.app = app
        self.own = own
        self.exact = {**PAGES, **(dict.fromkeys(SIGNING_IN, frozenset({"GET"})) if access.oidc else {})}
        self.below = (SCRIPTS, DOWNLOADS) if access.configured else (SCRIPTS,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or one websocket."""
        if scope["type"] == "websocket" and scope["path"] != STREAM:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: a refusal by HTTP 403
        elif scope["type"] == "http" and scope["path"].startswith(DATA_PATHS):
            await self.answer(scope, receive, send)
        elif scope["type"] == "http" and not self.is_needed(scope):
            await refuse(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the study's own route answer, if there is one."""
        for route in self.own:
            if (found := matched(route, scope)) is not None:
                scope.update(found)
                await route.handle(scope, receive, send)
                return
        await refuse(scope, receive, send)

    def is_needed(self, scope: Scope) -> bool:
        """Whether a page, or the study itself, has this path and takes this method."""
        path, method = scope["path"], scope["method"]
        if method in self.exact.get(path, ()) or (method in READ and path.startswith(self.below)):
            return True
        return any(matched(route, scope) is not None for route in self.own)


def matched(route: BaseRoute, scope: Scope) -> Scope | None:
    """What `route` adds to the scope of a request for its path by one of its methods; None for any other request.

    In full: for another method of an own route Streamlit would show its page.
    """
    match, found = route.matches(scope)
    return found if match is Match.FULL else None


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Say that there is nothing."""
    content = {"error": "There is no such page.", "reason": "unknown"}
    await JSONResponse(content, status_code=404)(scope, receive, send)
