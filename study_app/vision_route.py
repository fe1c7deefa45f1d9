"""Takes what a volunteer read on the colour-vision plates; what is right never leaves the server."""

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dataclasses import dataclass

from study_app.messages import EventMessage, parse_message, wrong
from study_app.plates import Plate
from study_app.refusals import RefusedError
from study_app.routes import guarded
from study_app.security import read_body
from study_app.store import Store
