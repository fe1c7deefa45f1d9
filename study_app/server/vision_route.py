"""Takes what a volunteer read on the colour-vision plates; what is right never leaves the server."""

from dataclasses import dataclass

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from study_app.design.tokens import TOKEN, UUID
from study_app.server.routes import guarded
from study_app.server.security import Limiter, Rates, read_body
from study_app.stimuli.plates import Plate
from study_app.storage.messages import EventMessage, parse_message, wrong
from study_app.storage.refusals import RefusedError
from study_app.storage.store import Store


@dataclass(frozen=True)
class VisionMessage:
    """The digit read on every plate, in order; null where none was seen. `at_ms`: since the page was opened."""

    key: str
    answers: list[int | None]
    at_ms: float


def vision_event(message: VisionMessage, plates: tuple[Plate, ...]) -> EventMessage:
    """What is stored: how many plates were right, and of which kind; not what was read."""
    answers = message.answers
    if not UUID.fullmatch(message.key) or not 0 <= message.at_ms < 1e9:
        raise wrong("The key should be a UUID in small letters, at_ms a time on the page.")
    if len(answers) != len(plates) or not all(_is_digit(answer) for answer in answers):
        raise wrong(f"answers should hold a digit or null for each of {len(plates)} plates.")
    right = [answer == plate.digit for answer, plate in zip(answers, plates, strict=True)]
    kinds = {f"{kind}_right": 0 for kind in dict.fromkeys(plate.kind for plate in plates)}
    for plate, is_right in zip(plates, right, strict=True):
        kinds[f"{plate.kind}_right"] += is_right
    return EventMessage(message.key, "vision", message.at_ms, {"right": sum(right), "shown": len(plates), **kinds})


def vision_routes(store: Store, plates: tuple[Plate, ...], rates: Rates | None = None) -> list[BaseRoute]:
    """The one route."""
    limit = Limiter((rates or Rates()).session)

    async def vision(request: Request) -> Response:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        if not TOKEN.fullmatch(token):
            raise RefusedError(401, "unknown", "This link is not known here.")
        limit.check(token)
        message = parse_message(VisionMessage, await read_body(request))
        await anyio.to_thread.run_sync(store.add_events, token, (vision_event(message, plates),))
        return JSONResponse({"acknowledged": message.key})

    return [Route("/api/vision", guarded(vision), methods=["POST"])]


def _is_digit(answer: object) -> bool:
    return answer is None or (isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer <= 9)
