"""Runs the app under uvicorn, with limits that Streamlit's own runner does not set."""

import logging

import uvicorn
from starlette.types import ASGIApp
from streamlit import config

from study_app.server.connections import PromptProtocol
from study_app.server.websocket import MESSAGE_BYTES

PING_SECONDS = 30  # a websocket that does not answer a ping within this time is closed
GOODBYE_SECONDS = 5  # for requests under way when the server is stopped


def run(app: ASGIApp, address: str, port: int) -> None:
    """Serve until stopped, with the options of Streamlit that are set by then."""
    for noisy in ("uvicorn.error", "streamlit"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    uvicorn.Server(settings(app, address, port)).run()


def settings(app: ASGIApp, address: str, port: int) -> uvicorn.Config:
    """How uvicorn serves the app."""
    return uvicorn.Config(
        app,
        host=address,
        port=port,
        http=PromptProtocol,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
        ssl_certfile=config.get_option("server.sslCertFile"),
        ssl_keyfile=config.get_option("server.sslKeyFile"),
        access_log=False,
        log_level=logging.WARNING,
        use_colors=False,
    )
