"""Takes what a volunteer read on the colour-vision plates. The right digits never leave the server."""

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from study_app.design.tokens import UUID
from study_app.server.routes import Context, new_context, read, route
from study_app.server.security import Limits
from study_app.stimuli.plates import Plate
from study_app.storage.messages import EventMessage, wrong
from study_app.storage.store import Store


@dataclass(frozen=True)
class VisionMessage:
    """The digit read on every plate, in order; null where none was seen. `at_ms`: since the page was opened."""

    key: str
    answers: list[int | None]
    at_ms: float


def vision_event(message: VisionMessage, plates: tuple[Plate, ...]) -> EventMessage:
    """The event to store: how many plates of which kind were read rightly, but not the digits that were read."""
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


def vision_routes(store: Store, plates: tuple[Plate, ...], limits: Limits | None = None) -> list[BaseRoute]:
    """The route of the colour-vision plates."""
    return [route(new_context(store, limits), "/api/vision", "POST", partial(vision, plates))]


async def vision(plates: tuple[Plate, ...], context: Context, request: Request) -> Response:
    """Stores how many plates were read rightly; the reply does not say it."""
    token, message = context.token(request), await read(request, VisionMessage)
    await context.work(context.store.add_events, token, (vision_event(message, plates),))
    return JSONResponse({"acknowledged": message.key})


def _is_digit(answer: object) -> bool:
    return answer is None or (isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer <= 9)
