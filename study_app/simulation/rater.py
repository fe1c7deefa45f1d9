"""A simulated rater as a script of requests and waits. `drivers` sends the requests and lets time pass.

The script does what a browser does: it repeats a request until it is acknowledged, fetches each picture and checks its
bytes, and answers only after the exposure.
"""

import hashlib
import json
import uuid
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from pipeline.settings.errors import UserError
from study_app.simulation.answering import Answering
from study_app.simulation.population import Population
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Stimuli
from study_app.stimuli.plates import KINDS

FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.2, 5.0, 600.0  # seconds
HOPELESS = (400, 401, 404, 409, 410, 413, 415, 422)  # refusals that repeating does not change
SCREEN = {"width": 1280, "height": 720, "zoom": 1.0}
GONE = ("full", "closed", "lapsed", "withdrawn", "changed")
Ending = Literal["arriving", "answering", "completed", "left", "full", "closed", "lapsed", "withdrawn", "changed"]


@dataclass(frozen=True)
class Request:
    """What goes to the server. `token`: of the session, "" where none is needed."""

    method: Literal["GET", "POST"]
    path: str
    content: object = None
    token: str = ""


@dataclass(frozen=True)
class Wait:
    """Time passes. `exact`: the server counts it too, so that it cannot be compressed."""

    seconds: float
    exact: bool = False


@dataclass(frozen=True)
class Reply:
    """What came back; the status is 0 if nothing did."""

    status: int
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body, or nothing if it is no JSON object (a proxy's error page, say)."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


Script = Generator[Request | Wait, Reply, None]
Delivery = Generator[Request | Wait, Reply, Reply]


class GoneError(Exception):
    """The server has no place for this rater (any more); `reason` is its word for it."""

    def __init__(self, reason: Ending) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Rater:
    """`place`: in the population. `acknowledged`: key of an answer -> its trial and what should be stored of it;
    `tab`: the browser's name for itself."""

    place: int
    population: Population
    stimuli: Stimuli
    rng: np.random.Generator
    ending: Ending = "arriving"
    acknowledged: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)
    token: str = ""
    tab: str = ""
    _fetched: set[str] = field(default_factory=set)
    _answering: Answering = field(init=False)

    def __post_init__(self) -> None:
        self._answering = Answering(self.place, self.population, Addresses(self.stimuli), self.rng)

    def script(self) -> Script:
        """The whole visit, from the first request to the thank-you page or wherever else it ends."""
        try:
            yield from self._enter()
            plan = yield from self._plan()
            leaves_at, returns = self._leaving(len(plan["trials"]))
            is_begun = False
            for trial in plan["trials"][len(plan["answered"]) :]:
                if trial["trial"] == leaves_at:
                    if not returns:
                        self.ending = "left"
                        return
                    yield Wait(float(self.rng.exponential(60 * self.population.effects.leaving.away_minutes)))
                    yield from self._plan()
                    is_begun = False
                is_begun = yield from self._take(trial, plan, is_begun)
            yield from self._deliver(Request("POST", "/api/finish", token=self.token))
            self.ending = "completed"
        except GoneError as gone:
            self.ending = gone.reason

    def _enter(self) -> Script:
        """Consent, then the pages before the trials."""
        study, times = self.population.study, self.population.effects.times
        language = study.languages[int(self.rng.integers(len(study.languages)))]
        begin = {"language": language, "consent": True, "study": study.digest, "key": self._uuid()}
        begun = yield from self._deliver(Request("POST", "/api/sessions", begin))
        self.token, self.ending = begun.json()["session"], "answering"
        self.tab = self._uuid()
        yield from self._deliver(Request("POST", "/api/tab", {"tab": self.tab, "take": False}, self.token))
        seconds = self._duration(times.pages_seconds)
        yield Wait(seconds)
        screen = {**SCREEN, "gray_step_seen": True}
        told = {"vision": self._vision(), "screen": screen, "practice_done": {}}
        events = [
            {"key": self._uuid(), "name": name, "at_ms": 1000 * seconds, "detail": detail}
            for name, detail in told.items()
        ]
        yield from self._deliver(Request("POST", "/api/events", {"events": events}, self.token))

    def _vision(self) -> dict[str, int]:
        kind = self.population.kinds[self.place]
        read = self.population.effects.color_blind.plates_read if kind == "color_blind" else 0.98
        return {"right": int(self.rng.binomial(len(KINDS), read)), "shown": len(KINDS)}

    def _plan(self) -> Generator[Request | Wait, Reply, dict[str, Any]]:
        return (yield from self._deliver(Request("GET", "/api/plan", token=self.token))).json()

    def _leaving(self, trials: int) -> tuple[int | None, bool]:
        """Before which trial the rater leaves, if at all, and whether to return."""
        leaving = self.population.effects.leaving
        leaves, returns = self.rng.random(2) < (leaving.share, leaving.come_back)
        where = int(self.rng.integers(trials))
        return (where if leaves else None), bool(returns)

    def _take(
        self, trial: dict[str, Any], plan: dict[str, Any], is_begun: bool
    ) -> Generator[Request | Wait, Reply, bool]:
        """One trial: fetch, look, answer. `is_begun`: its showing is counted; returns that of the next."""
        study, pictures = self.population.study, trial.get("pictures", [trial])
        for picture in pictures:
            yield from self._fetch(picture)
        values, stored = self._answering.answers([picture["url"].removeprefix("/s/") for picture in pictures])
        response = {name: self._response_ms() for name in values}
        if not is_begun:
            showing = {"key": self._uuid(), "trial": trial["trial"]}
            yield from self._deliver(Request("POST", "/api/showings", showing, self.token))
        yield Wait(study.viewing_ms / 1000, exact=True)
        yield Wait((plan["mask_ms"] + sum(response.values())) / 1000)
        onset = float(self.rng.uniform(5, 40))
        timing = {
            "onset_ms": onset,
            "offset_ms": onset + study.viewing_ms,
            "shown_ms": study.seen_ms,
            "response_ms": response,
            "exposures": 1,
            "hidden": 0,
        }
        answer = {"key": self._uuid(), "trial": trial["trial"], "values": values, "timing": timing}
        answer |= {"seen": {"width": pictures[0]["width"], "height": pictures[0]["height"], "zoom": SCREEN["zoom"]}}
        following = trial["trial"] + 1
        goes_on = following < len(plan["trials"]) and following not in plan["breaks"]
        answer |= {"decoded_sha256_ok": True, "tab": self.tab, "next_key": self._uuid() if goes_on else None}
        request = Request("POST", "/api/answers", answer, self.token)
        reply = yield from self._deliver(request)
        self.acknowledged[reply.json()["acknowledged"]] = (trial["trial"], stored)
        if self.rng.random() < self.population.effects.lost_replies:
            yield from self._deliver(request)
        return goes_on

    def _fetch(self, picture: dict[str, Any]) -> Script:
        if picture["url"] in self._fetched:
            return
        reply = yield from self._deliver(Request("GET", picture["url"]))
        if hashlib.sha256(reply.body).hexdigest() != picture["sha256"]:
            raise UserError(f"{picture['url']} came with other bytes than the plan promised.")
        self._fetched.add(picture["url"])

    def _response_ms(self) -> float:
        effects = self.population.effects
        careless = self.population.kinds[self.place] in ("random", "same")
        return 1000 * self._duration((effects.careless if careless else effects.times).response_ms / 1000)

    def _duration(self, median: float) -> float:
        """Log-normal seconds."""
        return float(median * np.exp(self.population.effects.times.spread * self.rng.standard_normal()))

    def _uuid(self) -> str:
        return str(uuid.UUID(bytes=self.rng.bytes(16), version=4))

    def _deliver(self, request: Request) -> Delivery:
        """Send until there is a definite reply; raises `GoneError` if it is that there is no place."""
        pause, waited = FIRST_PAUSE, 0.0
        while waited < PATIENCE:
            reply = yield request
            if reply.status == 200:
                return reply
            content = reply.json()
            if content.get("reason") in GONE:
                raise GoneError(content["reason"])
            if reply.status in HOPELESS:
                raise UserError(f"{request.path} was refused: {content.get('error', reply.status)}")
            seconds = max(pause * self.rng.uniform(0.75, 1.25), content.get("retry_after_ms", 0) / 1000)
            yield Wait(seconds, exact=True)
            pause, waited = min(2 * pause, LONGEST_PAUSE), waited + seconds
        raise UserError(f"{request.path} was not acknowledged for {waited / 60:.0f} minutes; is the server there?")
