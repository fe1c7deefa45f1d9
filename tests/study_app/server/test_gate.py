"""What of Streamlit's routes is open: every route there is, each method, over HTTP and over the websocket."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx2
import pytest
from google.protobuf.json_format import ParseDict
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web import bootstrap

from study_app.app import build_service, create_app
from study_app.design.study import Study
from study_app.serve import OPTIONS
from study_app.server.gate import Gate
from study_app.server.researcher.access import Access
from study_app.server.routes import routes
from study_app.server.security import BODY_BYTES, Attempts, Rate
from study_app.server.websocket import MESSAGE_BYTES, is_of_a_page
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.browsing import Served, served
from tests.study_app.visitors import show
from tests.study_app.volunteers import Clock

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
READ = {"GET", "HEAD"}
# All routes that Streamlit and the study have, and by which methods they are open. A new version of Streamlit that
# brings a new route fails here, until somebody has looked at it.
STREAMLIT: dict[str, set[str]] = {
    "/_stcore/health": READ,
    "/_stcore/host-config": READ,
    "/_stcore/metrics": set(),
    "/_stcore/upload_file/{session_id}/{file_id}": set(),
    "/_stcore/bidi-components/{path:path}": set(),
    "/_stcore/agent/interact": set(),
    "/_stcore/agent/openapi.json": set(),
    "/_stcore/agent/mcp": set(),
    "/_stcore/stream": {"websocket"},
    "/component/{path:path}": set(),
    "/media/{file_id:path}": READ,  # the researcher's download; closed where there is no researcher
    "/auth/login": set(),
    "/auth/logout": set(),
    "/oauth2callback": set(),
    "": READ,  # the page at "/", its scripts below "/static/"; any other address would show the page again
}
OWN: dict[str, set[str]] = {
    "/api/sessions": {"POST"},
    "/api/plan": READ,
    "/api/answers": {"POST"},
    "/api/showings": {"POST"},
    "/api/events": {"POST"},
    "/api/tab": {"POST"},
    "/api/finish": {"POST"},
    "/api/withdraw": {"POST"},
    "/api/vision": {"POST"},
    "/api/researcher": {"POST"},
    "/s/{token}": READ,
    "/healthz": READ,
    "/readyz": READ,
    "/plates/{name}": READ,
    "/favicon.png": READ,
}
PLACES = {"session_id": "a", "file_id": "b.csv", "path": "study/x.js", "token": "t", "name": "n.png"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("gated"), archives, votes_per_cell=20) as running:
        yield running


def access(password: str | None, *emails: str) -> Access:
    return Access(password, emails, Attempts(Rate(1, 1)))


def example(path: str) -> str:
    """An address that a route takes."""
    path = path.replace(":path}", "}")
    return path.format(**PLACES) or "/"


def test_the_list_of_routes_is_complete(study: Study, stimuli: Stimuli, clock: Clock, tmp_path: Path) -> None:
    bootstrap.load_config_options(OPTIONS)
    database = Database(f"sqlite:///{tmp_path / 'study.sqlite3'}")
    store = Store(database, study, stimuli, clock=clock)
    service = build_service(store, access("a long password"))
    there = set()
    for route in create_app(service)._build_starlette_app().routes:
        assert isinstance(route, Route | WebSocketRoute | Mount)
        there.add(route.path)
    database.close()
    assert there == {*STREAMLIT, *OWN, f"/{service.assets.base}{{name}}"}


def test_every_route_takes_the_methods_of_the_list_and_no_other(server: Served) -> None:
    opened: dict[str, set[str]] = {}
    with httpx2.Client(base_url=server.app.address) as client:
        for path in (*STREAMLIT, *OWN):
            replies = {method: client.request(method, example(path)) for method in METHODS}
            refused = {method for method, reply in replies.items() if reply.status_code in (404, 405)}
            assert {reply.status_code for reply in replies.values()} <= {200, 400, 401, 404, 405, 415}
            opened[path] = set(METHODS) - refused
    missing = {"/media/{file_id:path}", "/s/{token}", "/plates/{name}", "/_stcore/stream"}  # nothing is at the example
    for path, methods in {**STREAMLIT, **OWN}.items():
        assert opened[path] == (set() if path in missing else methods), path
    for path in (
        "/anything",
        "/_stcore/health/",
        "//_stcore/metrics",
        "/_stcore/%6detrics",
        "/static",
        "/manifest.json",
    ):
        assert httpx2.get(server.app.address + path).status_code == 404, path


@pytest.mark.parametrize(
    ("path", "method", "who", "is_open"),
    [
        ("/media/abc.zip", "GET", access("a long password"), True),
        ("/media/abc.zip", "PUT", access("a long password"), False),
        ("/media/abc.zip", "GET", access(None), False),
        ("/auth/login", "GET", access(None, "a@b.org"), True),
        ("/auth/login", "GET", access("a long password"), False),
        ("/oauth2callback", "POST", access(None, "a@b.org"), False),
    ],
)
def test_downloads_and_accounts_are_open_only_where_somebody_may_use_them(
    path: str, method: str, who: Access, is_open: bool
) -> None:
    async def behind(*_: object) -> None:
        raise AssertionError("not called here")

    scope = {"type": "http", "path": path, "method": method, "headers": []}
    assert Gate(behind, [], who).is_needed(scope) is is_open


def test_nobody_can_leave_a_file_on_the_server(server: Served) -> None:
    """With a page open and a cookie of one's own making, as Streamlit's uploads want it."""
    cookie = "2|00000000|00000000000000000000000000000000|1700000000"

    async def try_to() -> list[int]:
        codes = []
        async with (
            aiohttp.ClientSession(server.app.address, cookies={"_streamlit_xsrf": cookie}) as session,
            session.ws_connect("/_stcore/stream", protocols=["streamlit"], max_msg_size=0) as socket,
        ):
            own = await session_id(socket)
            for place in range(40):
                form = aiohttp.FormData()
                form.add_field("file", b"x" * 1_000_000, filename="x")
                path = f"/_stcore/upload_file/{own}/{place}"
                async with session.put(path, data=form, headers={"X-Xsrftoken": cookie}) as reply:
                    codes.append(reply.status)
        return codes

    before = memory(server.app.pid)
    assert asyncio.run(try_to()) == [404] * 40
    assert memory(server.app.pid) < before + 20_000


async def session_id(socket: aiohttp.ClientWebSocketResponse) -> str:
    """What Streamlit calls the visit that begins now."""
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    await socket.send_bytes(asked.SerializeToString())
    async for message in socket:
        told = ForwardMsg.FromString(message.data)
        if told.HasField("new_session"):
            return str(told.new_session.initialize.session_id)
    raise AssertionError("no visit has begun")


def memory(pid: int) -> int:
    """What a process holds, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_other_websockets_and_messages_larger_than_a_page_sends_are_refused(server: Served) -> None:
    async def connect(path: str, size: int) -> int | None:
        async with aiohttp.ClientSession(server.app.address) as session:
            try:
                async with session.ws_connect(path, protocols=["streamlit"], max_msg_size=0) as socket:
                    await show(socket)
                    await socket.send_bytes(b"x" * size)
                    async for _ in socket:
                        pass
                    return socket.close_code
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    assert asyncio.run(connect("/_stcore/agent/mcp", 1)) == 403
    assert asyncio.run(connect("/_stcore/stream", MESSAGE_BYTES + 1)) == 1009
    assert MESSAGE_BYTES <= BODY_BYTES


@pytest.mark.parametrize(
    ("fields", "is_one"),
    [
        ({"rerun_script": {"query_string": "s=1"}}, True),
        ({"app_heartbeat": True}, True),
        ({"clear_cache": True}, False),
        ({"set_run_on_save": True}, False),
        ({"load_git_info": True}, False),
        ({"stop_script": True}, False),
        ({"file_urls_request": {"request_id": "1"}}, False),
        ({"debug_shutdown_runtime": True}, False),
        ({"backend_operation_request": {"deferred_file": {"file_id": "1"}}}, True),
        ({"backend_operation_request": {"install_skills": {}}}, False),
        ({}, False),
    ],
)
def test_messages_that_no_page_sends_are_dropped(fields: dict[str, object], is_one: bool) -> None:
    assert is_of_a_page(ParseDict(fields, BackMsg()).SerializeToString()) is is_one
    assert not is_of_a_page(json.dumps(fields).encode() + b"\xff")


def test_answers_do_not_pass_through_the_layers_of_streamlit(store: Store) -> None:
    """They would take as long as the rest of a reply."""
    gate = Gate(never, routes(store), access(None))
    with TestClient(gate) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/plan").json()["reason"] == "unknown"
        assert client.get("/api/nothing").status_code == 404


async def never(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that nobody may call, but for its start and end."""
    assert scope["type"] == "lifespan"
    for _ in ("startup", "shutdown"):
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
