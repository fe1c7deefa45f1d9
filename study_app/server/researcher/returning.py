"""Brings a researcher back to their page after an identity provider: Streamlit itself goes to the volunteers' first."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATHS = ("/oauth2callback", "/auth/logout")
PAGE = "/?page=researcher"


class ReturnToPage:
    """Replies to `PATHS` that lead to the first page lead to the researcher's instead; all else passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self.app(scope, receive, send)
            return

        async def send_to_page(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("location") == "/":
                    headers["location"] = PAGE
            await send(message)

        await self.app(scope, receive, send_to_page)
