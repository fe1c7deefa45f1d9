"""Visitors of the Streamlit pages without a browser: they fetch what a browser fetches and speak its websocket."""

import asyncio
import ssl
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import aiohttp
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from study_app.simulation.drivers import address

BEFORE_TRIALS = ("vision", "screen", "practice_done")  # events, each the end of a page
AT_ONCE = 6  # connections of a browser to one server


@dataclass
class Visit:
    """`pages`: seconds from asking for each page to having all of it. `ending`: "trials" if all went well."""

    number: int
    pages: list[float] = field(default_factory=list)
    ending: str = "arriving"


async def visit(
    server: str, files: Sequence[str], number: int, reading: float, trusted: ssl.SSLContext | None = None
) -> Visit:
    """Arrive, agree, and go through the pages up to the first trial, with so many seconds on each."""
    visit = Visit(number)
    connections = aiohttp.TCPConnector(limit=AT_ONCE, ssl=trusted or True)
    headers = {"X-Forwarded-For": address(number), "Accept-Encoding": "gzip"}
    try:
        async with aiohttp.ClientSession(server, connector=connections, headers=headers) as session:
            began = time.perf_counter()
            await asyncio.gather(*(fetch(session, path) for path in files))
            async with session.ws_connect(
                "/_stcore/stream", protocols=["streamlit"], origin=server, max_msg_size=0
            ) as socket:
                page = await show(socket)
                visit.pages.append(time.perf_counter() - began)
                visit.ending = "welcome"
                await agree(session, socket, page, visit, reading)
    except (aiohttp.ClientError, TimeoutError, AssertionError) as error:
        visit.ending = f"{visit.ending}: {type(error).__name__} {error}"
    return visit


async def agree(
    session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, page: "Page", visit: Visit, reading: float
) -> None:
    """From the consent to the trials."""
    assert page.checkbox and page.button, "there is no consent to give on the first page"
    await asyncio.sleep(reading)
    began = time.perf_counter()
    page = await show(socket, ticked=page.checkbox, pressed=page.button)
    visit.pages.append(time.perf_counter() - began)
    assert "s" in parse_qs(page.query), "the study does not let this visitor begin"
    token = parse_qs(page.query)["s"][0]
    authorized = {"Authorization": f"Bearer {token}"}
    for event in BEFORE_TRIALS:
        visit.ending = event
        await asyncio.sleep(reading)
        content = {"events": [{"key": str(uuid.uuid4()), "name": event, "at_ms": 0, "detail": {}}]}
        async with session.post("/api/events", json=content, headers=authorized) as reply:
            assert reply.status == 200, f"{event}: {reply.status}"
        began = time.perf_counter()
        page = await show(socket, query=page.query)
        visit.pages.append(time.perf_counter() - began)
    async with session.get("/api/plan", headers=authorized) as reply:
        assert reply.status == 200, f"plan: {reply.status}"
    visit.ending = "trials"


async def fetch(session: aiohttp.ClientSession, path: str) -> None:
    """One file of the page, all of it."""
    async with session.get(path) as reply:
        assert reply.status == 200, f"{path}: {reply.status} {await reply.text()}"
        await reply.read()


@dataclass
class Page:
    """What a run of the script has sent that the next one needs: the address's query, and the consent's widgets."""

    query: str = ""
    checkbox: str = ""
    button: str = ""


async def show(
    socket: aiohttp.ClientWebSocketResponse, query: str = "", ticked: str = "", pressed: str = "", seconds: float = 60
) -> Page:
    """Ask for a page as Streamlit's frontend does, and read until the script has finished."""
    asked = BackMsg()
    asked.rerun_script.query_string = query
    asked.rerun_script.context_info.locale = "en-US"
    if ticked:
        asked.rerun_script.widget_states.widgets.add(id=ticked, bool_value=True)
    if pressed:
        asked.rerun_script.widget_states.widgets.add(id=pressed, trigger_value=True)
    await socket.send_bytes(asked.SerializeToString())
    page = Page(query)
    async with asyncio.timeout(seconds):
        async for message in socket:
            told = ForwardMsg.FromString(message.data)
            if told.WhichOneof("type") == "page_info_changed":
                page.query = told.page_info_changed.query_string
            elif told.WhichOneof("type") == "delta":
                element = told.delta.new_element
                if element.WhichOneof("type") == "checkbox":
                    page.checkbox = element.checkbox.id
                elif element.WhichOneof("type") == "button" and element.button.is_form_submitter:
                    page.button = element.button.id
            elif told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY and told.HasField("script_finished"):
                return page
    raise aiohttp.ClientConnectionError("the page's connection has ended")
