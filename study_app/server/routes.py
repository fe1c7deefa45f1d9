"""The study over HTTP: small JSON routes below the pages, and the pictures.

Every error is `{"error": sentence, "reason": word}`; a stack trace stays in the server's log.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from study_app.design.tokens import TOKEN
from study_app.export.watch import Watch
from study_app.server.plan import plan_content
from study_app.server.security import Attempts, Limits, Rates, address, middleware, new_limits, read_body
from study_app.storage.messages import (
    AnswerMessage,
    BeginMessage,
    EventsMessage,
    ShowingMessage,
    TabMessage,
    WithdrawMessage,
    parse_message,
)
from study_app.storage.opening import check_writing
from study_app.storage.refusals import UNAVAILABLE, RefusedError, unavailable
from study_app.storage.showings import note_showing
from study_app.storage.store import Store
from study_app.storage.withdrawal import withdraw

PERSONAL = {"Cache-Control": "private, max-age=31536000, immutable"}  # one browser's, never a proxy's
THREADS = 16  # requests that wait for the database at once; Streamlit's own threads are left alone
Message = TypeVar("Message")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Context:
    """What every route works with: the store, limits of this process, and threads that may wait for the database.

    One thread alone looks whether the study stops by itself.
    """

    store: Store
    limits: Limits
    threads: CapacityLimiter
    watch: Watch
    watching: CapacityLimiter

    def token(self, request: Request) -> str:
        """The token of the session that asks; raises `RefusedError` 401 without one, 429 if it asks too often."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not TOKEN.fullmatch(token):
            raise RefusedError(401, "unknown", "This link is not known here.")
        self.limits.session.check(token)
        return token

    async def work(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call what waits for the database or the disk."""
        return await anyio.to_thread.run_sync(function, *arguments, limiter=self.threads)

    async def look(self) -> None:
        """Stop the study if its contrast is decided. What fails is logged, and tried again after the next volunteer."""
        try:
            await anyio.to_thread.run_sync(self.watch.act, limiter=self.watching)
        except Exception:
            logger.exception("looking at the contrast failed")


Endpoint = Callable[[Context, Request], Awaitable[Response]]


def application(store: Store, rates: Rates | None = None) -> Starlette:
    """The routes as an app of their own, without any page."""
    return Starlette(routes=routes(store, new_limits(rates)), middleware=middleware())


def new_context(store: Store, limits: Limits | None = None, watch: Watch | None = None) -> Context:
    """A context over one store; with fresh limits and a watch of its own, unless it shares those of others."""
    own = (CapacityLimiter(THREADS), watch or Watch(store), CapacityLimiter(1))
    return Context(store, limits or new_limits(), *own)


def routes(store: Store, limits: Limits | None = None, watch: Watch | None = None) -> list[BaseRoute]:
    """All routes over one store."""
    context = new_context(store, limits, watch)
    return [route(context, path, *entry) for path, entry in ROUTES.items()]


def route(context: Context, path: str, method: str, endpoint: Endpoint) -> Route:
    """One route, whose errors all become short JSON replies."""
    return Route(path, partial(guarded, endpoint, context), methods=[method])


async def guarded(endpoint: Endpoint, context: Context, request: Request) -> Response:
    """The endpoint's reply, or its error as a short JSON reply."""
    try:
        return await endpoint(context, request)
    except RefusedError as refusal:
        return _error(refusal)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it: the network is gone, and the browser sends again
    except UNAVAILABLE:
        logger.exception("the database does not answer")
        return _error(unavailable())
    except Exception:
        logger.exception("%s failed", request.url.path)
        return _error(RefusedError(500, "failed", "Something went wrong on the server; please try again."))


async def read(request: Request, record: type[Message]) -> Message:
    """The request's body as a message; raises `RefusedError` if it is none."""
    return parse_message(record, await read_body(request))


async def begin(context: Context, request: Request) -> Response:
    """A new session for a volunteer who consents."""
    context.limits.begin.check(address(request))
    begun = await context.work(context.store.begin, await read(request, BeginMessage))
    return JSONResponse({"session": begun.token, "code": begun.code})


async def plan(context: Context, request: Request) -> Response:
    """What the session shows, and where it stands."""
    return JSONResponse(await context.work(_plan_of, context.store, context.token(request)))


def _plan_of(store: Store, token: str) -> dict[str, object]:
    """Reads files, too: each picture's once in the life of the process."""
    return plan_content(store, token, store.plan(token))


async def answer(context: Context, request: Request) -> Response:
    """The answers of one trial. After the last one it is looked whether the study stops, with the reply sent before."""
    token, message = context.token(request), await read(request, AnswerMessage)
    is_last = await context.work(context.store.answer, token, message)
    looking = BackgroundTask(context.look) if is_last else None
    return JSONResponse({"acknowledged": message.key}, background=looking)


async def showing(context: Context, request: Request) -> Response:
    """Counts that a picture is about to be shown."""
    token, message = context.token(request), await read(request, ShowingMessage)
    await context.work(note_showing, context.store, token, message)
    return JSONResponse({"acknowledged": message.key})


async def events(context: Context, request: Request) -> Response:
    """What happened beside the answers."""
    token, message = context.token(request), await read(request, EventsMessage)
    await context.work(context.store.add_events, token, message.events)
    return JSONResponse({"acknowledged": [event.key for event in message.events]})


async def tab(context: Context, request: Request) -> Response:
    """Whether the session belongs to the browser tab that asks."""
    token, message = context.token(request), await read(request, TabMessage)
    return JSONResponse({"mine": await context.work(context.store.claim_tab, token, message.tab, message.take)})


async def finish(context: Context, request: Request) -> Response:
    """The withdrawal code at the end."""
    return JSONResponse({"code": await context.work(context.store.finish, context.token(request))})


async def withdrawal(context: Context, request: Request) -> Response:
    """Removes the answers under a code."""
    message = await read(request, WithdrawMessage)
    withdrawing = partial(withdraw_for, context.limits.withdraw, context.store, address(request))
    return JSONResponse({"removed": await context.work(withdrawing, message.code)})


def withdraw_for(attempts: Attempts, store: Store, caller: str, code: str) -> int:
    """`withdraw` for somebody whose wrong codes are counted; raises `RefusedError` 429 after too many."""
    attempts.check(caller)
    try:
        return withdraw(store, code)
    except RefusedError:
        attempts.failed(caller)
        raise


async def picture(context: Context, request: Request) -> Response:
    """The bytes that the plan has promised."""
    try:
        content = await context.work(context.store.addresses.content, request.path_params["token"])
    except KeyError:
        raise RefusedError(404, "unknown", "There is no such picture.") from None
    return Response(content, media_type="image/png", headers=PERSONAL)


async def healthy(context: Context, request: Request) -> Response:
    """Whether the process lives."""
    return JSONResponse({"status": "alive"})


async def ready(context: Context, request: Request) -> Response:
    """Whether the database takes answers, too."""
    await context.work(check_writing, context.store.database, context.store.study_id)
    return JSONResponse({"status": "ready", "simulated": context.store.simulated})


ROUTES: dict[str, tuple[str, Endpoint]] = {
    "/api/sessions": ("POST", begin),
    "/api/plan": ("GET", plan),
    "/api/answers": ("POST", answer),
    "/api/showings": ("POST", showing),
    "/api/events": ("POST", events),
    "/api/tab": ("POST", tab),
    "/api/finish": ("POST", finish),
    "/api/withdraw": ("POST", withdrawal),
    "/s/{token}": ("GET", picture),
    "/healthz": ("GET", healthy),
    "/readyz": ("GET", ready),
}


def _error(refusal: RefusedError) -> Response:
    content: dict[str, object] = {"error": refusal.sentence, "reason": refusal.reason}
    headers = {}
    if refusal.retry_after is not None:
        content["retry_after_ms"] = round(refusal.retry_after * 1000)
        headers["Retry-After"] = str(max(1, round(refusal.retry_after + 0.5)))
    return JSONResponse(content, status_code=refusal.status, headers=headers)
