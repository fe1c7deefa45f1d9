"""Connections that dawdle are closed by the server itself; those that only are slow are not."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from study_app.server import connections
from study_app.server.connections import PromptProtocol
from study_app.server.running import settings
from study_app.server.websocket import MESSAGE_BYTES

SHORT = {"HEAD_SECONDS": 0.4, "BODY_SECONDS": 0.8, "READING_SECONDS": 0.8, "HEAD_BYTES": 4096}
LARGE = 30_000_000  # bytes, more than all buffers on the way


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server whose deadlines are short."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SHORT.items():
            patch.setattr(connections, name, value)

        async def echo(request: Request) -> Response:
            return Response(str(len(await request.body())))

        async def large(request: Request) -> Response:
            return Response(b"x" * LARGE)

        app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"]), Route("/large", large)])
        config = uvicorn.Config(app, port=0, http=PromptProtocol, log_level="critical", timeout_keep_alive=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield int(server.servers[0].sockets[0].getsockname()[1])
        server.should_exit = True
        thread.join()


def test_the_study_is_served_with_these_deadlines() -> None:
    served = settings(Starlette(), "127.0.0.1", 1)
    served.load()
    assert served.http_protocol_class is PromptProtocol and served.ws_max_size == MESSAGE_BYTES
    assert served.ws_ping_interval and served.ws_ping_timeout and not served.access_log


def closed_after(port: int, parts: list[bytes], pause: float = 0.1, most: float = 4) -> float:
    """Seconds until the server closes a connection on which these parts come, a pause after each, and then nothing."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(pause)
        for part in [*parts, *[b""] * int(most / pause)]:
            try:
                client.sendall(part)
                if not client.recv(65536):
                    return time.monotonic() - began
            except TimeoutError:
                continue
            except OSError:
                return time.monotonic() - began
    raise AssertionError(f"the connection is open after {most} s")


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n"


@pytest.mark.parametrize(
    ("parts", "within"),
    [
        ([], 1.0),  # says nothing
        ([b"GET / HT"], 1.0),  # stops within the head
        ([b"GET / HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 30], 1.0),  # a head that never ends
        ([b"\r\n"] * 30, 1.0),  # nor begins
        ([HEAD], 1.6),  # no body
        ([HEAD, *[b"x"] * 20], 1.8),  # a body that comes slowly
        ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], 2.2),  # no second request
        ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", *[b"\r\n"] * 30], 2.2),
        ([b"GET / HTTP/1.1\r\n" + b"X-A: " + b"b" * 3000 + b"\r\n"] + [b"X-A: " + b"b" * 3000] * 4, 0.8),
    ],
)
def test_who_dawdles_is_cut_off(port: int, parts: list[bytes], within: float) -> None:
    assert closed_after(port, parts) < within


def test_who_does_not_take_the_reply_is_cut_off(port: int) -> None:
    for version in (b"1.1", b"1.0"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /large HTTP/" + version + b"\r\nHost: a\r\n\r\n")
            time.sleep(2.5)
            taken = 0
            with pytest.raises(ConnectionError):
                while part := client.recv(1 << 20):
                    taken += len(part)
                assert taken < LARGE
                raise ConnectionError
            assert taken < LARGE


def test_who_is_only_slow_gets_everything(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        for part in (HEAD[:20], HEAD[20:], b"x" * 25, b"x" * 25):
            client.sendall(part)
            time.sleep(0.15)
        assert client.recv(65536).endswith(b"50")
        client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        taken, began = 0, time.monotonic()
        while taken < LARGE:
            part = client.recv(1 << 19)
            assert part, f"cut off after {taken} bytes"
            taken += len(part)
            time.sleep(0.02)
        assert time.monotonic() - began > SHORT["READING_SECONDS"]
