"""Closes connections that dawdle. uvicorn itself waits for a request, and for whoever reads the reply, without end."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0  # for the head of a request
BODY_SECONDS = 30.0  # for its body, at most 64 kB
READING_SECONDS = 60.0  # in which a client must take READING_BYTES of a reply, however slow its network
READING_BYTES = 8192
HEAD_BYTES = 32_768


class PromptProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline for whatever the client has to do next."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadlines: dict[str, asyncio.TimerHandle] = {}
        self._head_bytes = 0
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect("request", HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        for waiting in list(self._deadlines):
            self._met(waiting)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request; uvicorn then no longer waits for the next one, so the deadline is ours."""
        if not self._in_body:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES + len(data):
                self.transport.abort()
                return
            if "request" not in self._deadlines:
                self._expect("request", HEAD_SECONDS)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head is there; the body comes."""
        self._in_body = True
        self._head_bytes = 0
        self._met("request")
        self._expect("request", BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there."""
        self._in_body = False
        self._met("request")
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """The connection becomes a websocket, which has its pings."""
        for waiting in list(self._deadlines):
            self._met(waiting)
        super().handle_websocket_upgrade()

    def on_response_complete(self) -> None:
        """If this was the last reply, the client must take it."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_reading()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came; what the client has not taken of the last reply is not kept for ever."""
        super().timeout_keep_alive_handler()
        self._expect_reading()

    def pause_writing(self) -> None:
        """The client takes the reply too slowly for more of it to be sent."""
        self._expect_reading()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has taken something."""
        self._met("reading")
        super().resume_writing()

    def _expect(self, what: str, seconds: float) -> None:
        """Cut off after so many seconds, and a few more: a busy process may not have read yet what is there."""
        self._met(what)
        self._deadlines[what] = self.loop.call_later(seconds, self._expect_last, what, seconds / 4)

    def _expect_last(self, what: str, seconds: float) -> None:
        self._deadlines[what] = self.loop.call_later(seconds, self.transport.abort)

    def _expect_reading(self) -> None:
        self._met("reading")
        left = self.transport.get_write_buffer_size()
        self._deadlines["reading"] = self.loop.call_later(READING_SECONDS, self._check_reading, left)

    def _check_reading(self, before: int) -> None:
        """Cut off who has not even taken a little; the others get as much time again."""
        if self.transport.get_write_buffer_size() > before - READING_BYTES:
            self.transport.abort()
        else:
            self._expect_reading()

    def _met(self, what: str) -> None:
        deadline = self._deadlines.pop(what, None)
        if deadline is not None:
            deadline.cancel()
