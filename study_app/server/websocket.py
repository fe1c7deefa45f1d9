"""Removes details of the server from Streamlit's websocket, which sends every browser the path of the script."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


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
