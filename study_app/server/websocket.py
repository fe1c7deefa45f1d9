"""The pages' websocket: what browsers may send, and what they are not told of the server."""

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

MESSAGE_BYTES = 65_536  # of a browser; the largest that a page sends has some thousand
# Pages ask to be shown. The researcher's page also asks for the export and for the rest of a long table.
WANTED = {"rerun_script", "app_heartbeat", "backend_operation_request"}
OPERATIONS = {"deferred_file", "dataframe_chunk"}


class OnlyPages:
    """Drops messages that no page of the study sends; Streamlit would let anybody empty its caches by some."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def receive_wanted() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or is_of_a_page(message.get("bytes") or b""):
                    return message

        await self.app(scope, receive_wanted, send)


def is_of_a_page(payload: bytes) -> bool:
    """Whether a page of the study sends such a message."""
    message = BackMsg()
    try:
        message.ParseFromString(payload)
    except DecodeError:
        return False
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") in OPERATIONS
    return kind in WANTED


class HideServer:
    """Empties the script's path and the server's versions in the message that opens a run; others pass untouched."""

    def __init__(self, app: ASGIApp, script: str) -> None:
        self.app = app
        self.script = script.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def send_hidden(message: Message) -> None:
            payload = message.get("bytes")
            if payload and self.script in payload:
                message = {**message, "bytes": without_paths(payload)}
            await send(message)

        await self.app(scope, receive, send_hidden)


def without_paths(payload: bytes) -> bytes:
    """A message of Streamlit without paths and versions of the server."""
    message = ForwardMsg.FromString(payload)
    if message.HasField("new_session"):
        message.new_session.main_script_path = ""
        message.new_session.name = ""
        message.new_session.initialize.environment_info.Clear()
    return message.SerializeToString()
