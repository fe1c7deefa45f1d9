"""The study over HTTP: small JSON routes below the pages, and the pictures.

Every error is `{"error": sentence, "reason": word}`; a stack trace stays in the server's log.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio.to_thread
from anyio import CapacityLimiter
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from study_app.design import assignment
from study_app.design.pairs import SIDES, practice_trials, trial_looks
from study_app.design.tokens import TOKEN
from study_app.server.security import Limiter, Rates, address, middleware, read_body
from study_app.stimuli.manifest import Stimulus
from study_app.storage.messages import (
    AnswerMessage,
    BeginMessage,
    EventsMessage,
    TabMessage,
    WithdrawMessage,
    parse_message,
)
from study_app.storage.refusals import RefusedError
from study_app.storage.store import Progress, Store
from study_app.storage.withdrawal import withdraw

THREADS = 16  # requests that wait for the database at once; Streamlit's own threads are left alone
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
Endpoint = Callable[[Request], Awaitable[Response]]
logger = logging.getLogger(__name__)


def application(store: Store, rates: Rates | None = None) -> Starlette:
    """The routes as an app of their own, without any page."""
    return Starlette(routes=routes(store, rates), middleware=middleware())


def routes(store: Store, rates: Rates | None = None) -> list[BaseRoute]:
    """All routes over one store."""
    rates = rates or Rates()
    begin_limit, withdraw_limit, session_limit = (
        Limiter(rates.begin),
        Limiter(rates.withdraw),
        Limiter(rates.session),
    )
    threads = CapacityLimiter(THREADS)

    async def work(function: Callable[..., Any], *arguments: Any) -> Any:
        return await anyio.to_thread.run_sync(function, *arguments, limiter=threads)

    def token_of(request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not TOKEN.fullmatch(token):
            raise RefusedError(401, "unknown", "This link is not known here.")
        session_limit.check(token)
        return token

    async def begin(request: Request) -> Response:
        begin_limit.check(address(request))
        begun = await work(store.begin, parse_message(BeginMessage, await read_body(request)))
        return JSONResponse({"session": begun.token, "code": begun.code})

    async def plan(request: Request) -> Response:
        return JSONResponse(plan_content(store, await work(store.plan, token_of(request))))

    async def answer(request: Request) -> Response:
        token = token_of(request)
        message = parse_message(AnswerMessage, await read_body(request))
        await work(store.answer, token, message)
        return JSONResponse({"acknowledged": message.key})

    async def events(request: Request) -> Response:
        token = token_of(request)
        message = parse_message(EventsMessage, await read_body(request))
        await work(store.add_events, token, message.events)
        return JSONResponse({"acknowledged": [event.key for event in message.events]})

    async def tab(request: Request) -> Response:
        token = token_of(request)
        message = parse_message(TabMessage, await read_body(request))
        return JSONResponse({"mine": await work(store.claim_tab, token, message.tab, message.take)})

    async def finish(request: Request) -> Response:
        return JSONResponse({"code": await work(store.finish, token_of(request))})

    async def withdrawal(request: Request) -> Response:
        withdraw_limit.check(address(request))
        message = parse_message(WithdrawMessage, await read_body(request))
        return JSONResponse({"removed": await work(withdraw, store, message.code)})

    async def picture(request: Request) -> Response:
        stimulus = store.stimuli.by_token.get(request.path_params["token"])
        if stimulus is None:
            raise RefusedError(404, "unknown", "There is no such picture.")
        content = await work(store.stimuli.path(stimulus).read_bytes)
        return Response(content, media_type="image/png", headers=IMMUTABLE)

    async def healthy(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> Response:
        await work(_ask_database, store)
        return JSONResponse({"status": "ready", "simulated": store.simulated})

    posts = {
        "/api/sessions": begin,
        "/api/answers": answer,
        "/api/events": events,
        "/api/tab": tab,
        "/api/finish": finish,
        "/api/withdraw": withdrawal,
    }
    gets = {"/api/plan": plan, "/s/{token}": picture, "/healthz": healthy, "/readyz": ready}
    return [
        *(Route(path, guarded(endpoint), methods=["POST"]) for path, endpoint in posts.items()),
        *(Route(path, guarded(endpoint), methods=["GET"]) for path, endpoint in gets.items()),
    ]


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint with every error made a short JSON reply."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RefusedError as refusal:
            return _error(refusal)
        except ClientDisconnect:
            return Response(status_code=400)  # for nobody: the network is gone, and the browser sends again
        except (OperationalError, PoolTimeoutError):
            logger.exception("the database does not answer")
            busy = "The server is busy; your answer is kept in the browser and sent again."
            return _error(RefusedError(503, "busy", busy, retry_after=1))
        except Exception:
            logger.exception("%s failed", request.url.path)
            return _error(RefusedError(500, "failed", "Something went wrong on the server; please try again."))

    return answered


def plan_content(store: Store, progress: Progress) -> dict[str, object]:
    """The plan as the browser gets it: nothing in it tells a method, a photograph or a trial's kind."""
    study, stimuli = store.study, store.stimuli
    practice = [
        {
            **_shown(trial.position, [stimuli.by_look[look] for look in trial_looks(trial)]),
            "feedback": trial.fault or "natural",
            **({} if trial.fake_place is None else {"fake": trial.fake_place}),
        }
        for trial in practice_trials(study, stimuli.manifest.cast)
    ]
    return {
        "study": study.digest,
        "language": progress.language,
        "exposure_ms": study.exposure_ms,
        "mask_ms": study.mask_ms,
        **({"arrangement": study.arrangement} if study.protocol == "pairs" else {}),
        "scale": {"name": SIDES if study.protocol == "pairs" else study.scale, "minimum": 0, "maximum": study.maximum},
        "criteria": [
            {
                "name": criterion.name,
                "term": criterion.term[progress.language],
                "question": criterion.question[progress.language],
            }
            for criterion in study.criteria
        ],
        "trials": [
            _shown(trial, [stimuli.by_token[token] for token in tokens])
            for trial, tokens in enumerate(progress.pictures)
        ],
        "answered": list(range(progress.answered)),
        "breaks": assignment.breaks(study),
        "practice": practice,
    }


def _shown(trial: int, stimuli: Sequence[Stimulus]) -> dict[str, object]:
    """A trial of one picture, or of several as the list `pictures`."""
    pictures = [_picture(stimulus) for stimulus in stimuli]
    return {"trial": trial, **(pictures[0] if len(pictures) == 1 else {"pictures": pictures})}


def _picture(stimulus: Stimulus) -> dict[str, object]:
    return {
        "url": f"/s/{stimulus.token}",
        "sha256": stimulus.sha256,
        "width": stimulus.width,
        "height": stimulus.height,
    }


def _ask_database(store: Store) -> None:
    with store.database.reading() as connection:
        connection.execute(text("SELECT 1"))


def _error(refusal: RefusedError) -> Response:
    content: dict[str, object] = {"error": refusal.sentence, "reason": refusal.reason}
    headers = {}
    if refusal.retry_after is not None:
        content["retry_after_ms"] = round(refusal.retry_after * 1000)
        headers["Retry-After"] = str(max(1, round(refusal.retry_after + 0.5)))
    return JSONResponse(content, status_code=refusal.status, headers=headers)
