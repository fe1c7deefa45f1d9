"""A small study with hand-made pictures, and volunteers who take part in it over HTTP."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import yaml
from sqlalchemy import Result, Select
from starlette.testclient import TestClient

from pipeline.records.archive import write_archive
from study_app.design.study import Study, load_study
from study_app.server.routes import application
from study_app.server.security import Rates
from study_app.stimuli.manifest import Stimuli, load_stimuli
from study_app.stimuli.prepare import prepare
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.conftest import ROOT

METHODS = ["quokkanet", "zebranet", "original"]  # words that nothing else has, to be looked for in what clients get
PHOTOGRAPHS = [f"owl-{number:02}" for number in range(14)]
SMALL: dict[str, Any] = {
    "methods": METHODS,
    "photographs": 6,
    "photographs_per_session": 6,
    "votes_per_cell": 2,
    "longest_side": 40,
    "exposure_ms": 1000,
    "practice": 2,
    "catch": {"broken": 1, "originals": 1},
    "repeats": 2,
    "break_every": 4,
}


def write_study(folder: Path, **changes: object) -> Path:
    """The repository's study.yaml made small; `changes` replace top-level keys, and None removes one."""
    content = yaml.safe_load((ROOT / "study.yaml").read_text(encoding="utf-8")) | SMALL | changes
    path = folder / "study.yaml"
    kept = {key: value for key, value in content.items() if value is not None}
    path.write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")
    return path


def small_study(folder: Path, **changes: object) -> Study:
    """`write_study`, read again."""
    return load_study(write_study(folder, **changes))


def write_archives(folder: Path, photographs: Sequence[str] = PHOTOGRAPHS, size: tuple[int, int] = (30, 44)) -> Path:
    """An archive for every method: smooth pictures whose PNGs differ much in size from method to method.

    `size`: height and width in pixels.
    """
    rng = np.random.default_rng(0)
    rough = {method: rng.integers(0, 40 * place + 1, (*size, 3)) for place, method in enumerate(METHODS)}
    ramp = np.linspace(40, 160, size[1])[None, :, None] * np.ones((size[0], 1, 3))
    for method in METHODS:
        pictures = (
            (name, np.clip(np.roll(ramp, number * 3, axis=1) + rough[method], 0, 255).astype(np.uint8))
            for number, name in enumerate(photographs)
        )
        write_archive(folder / f"{method}.zip", pictures)
    return folder


def prepared_study(folder: Path, archives: Path | None = None, **changes: object) -> tuple[Study, Stimuli]:
    """The small study in `folder` with its pictures in `folder`/stimuli, of `archives` or of new ones."""
    study = small_study(folder, **changes)
    prepare(study, archives or write_archives(folder / "archives"), folder / "stimuli")
    return study, load_stimuli(study.digest, folder / "stimuli")


@dataclass
class Clock:
    """A server's clock that tests turn, in ms."""

    now: int = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * 1000)


def new_key() -> str:
    """A fresh UUID, as a browser makes them."""
    return str(uuid.uuid4())


def answer_to(trial: int, value: int = 1, **changes: object) -> dict[str, Any]:
    """An honest answer to a trial; `changes` replace top-level keys."""
    criteria = ["saturability", "semantic_correctness", "edge_keeping"]
    timing = {
        "onset_ms": 16.5,
        "offset_ms": 1016.5,
        "shown_ms": 1000.0,
        "response_ms": dict.fromkeys(criteria, 800.25),
        "exposures": 1,
        "hidden": 0,
    }
    content = {
        "key": new_key(),
        "trial": trial,
        "values": dict.fromkeys(criteria, value),
        "timing": timing,
        "decoded_sha256_ok": True,
        "tab": new_key(),
        "seen": {"width": 640, "height": 480.5, "zoom": 1.25},
    }
    return content | changes


def read(database: Database, query: Select[Any]) -> Result[Any]:
    """What a query finds, in a transaction of its own."""
    with database.reading() as connection:
        return connection.execute(query).freeze()()


@dataclass
class Volunteer:
    """One person's browser: begins on construction."""

    client: TestClient
    study: Study
    clock: Clock
    key: str = field(default_factory=new_key)
    shows_itself: bool = True
    recruited: str = ""
    token: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        message = {"language": "en", "consent": True, "study": self.study.digest, "key": self.key}
        message |= {"recruited": self.recruited} if self.recruited else {}
        reply = self.client.post("/api/sessions", json=message)
        assert reply.status_code == 200, reply.text
        self.token, self.code = reply.json()["session"], reply.json()["code"]
        if self.shows_itself:  # as every browser does on the first page
            assert self.post("/api/tab", {"tab": new_key(), "take": False}).json() == {"mine": True}

    @property
    def authorized(self) -> dict[str, str]:
        """The headers that name this session."""
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str) -> httpx2.Response:
        """A request of this session."""
        return self.client.get(path, headers=self.authorized)

    def post(self, path: str, content: object = None) -> httpx2.Response:
        """A request of this session."""
        return self.client.post(path, json=content, headers=self.authorized)

    def plan(self) -> dict[str, Any]:
        """The plan, which must come."""
        reply = self.get("/api/plan")
        assert reply.status_code == 200, reply.text
        content: dict[str, Any] = reply.json()
        return content

    def show(self, trial: int) -> None:
        """Say that the picture of a trial is about to be shown, as a page does before each showing."""
        message = {"key": new_key(), "trial": trial}
        reply = self.post("/api/showings", message)
        assert (reply.status_code, reply.json()) == (200, {"acknowledged": message["key"]}), reply.text

    def take(self, trials: int | None = None, value: int = 1) -> list[dict[str, Any]]:
        """Answer the next trials (all by default), each after its exposure; returns what was sent."""
        plan = self.plan()
        start = len(plan["answered"])
        stop = len(plan["trials"]) if trials is None else start + trials
        sent = []
        for trial in range(start, stop):
            self.show(trial)
            self.clock.advance(3)
            sent.append(answer_to(trial, value))
            reply = self.post("/api/answers", sent[-1])
            assert reply.status_code == 200, reply.text
        return sent


def newcomer(store: Store, clock: Clock, rates: Rates | None = None, recruited: str = "") -> Volunteer:
    """A volunteer who begins on an app of its own over `store`; faults come out as replies, as for browsers."""
    client = TestClient(application(store, rates), raise_server_exceptions=False)
    return Volunteer(client, store.study, clock, recruited=recruited)


Newcomer = Callable[[], Volunteer]  # each call is one more volunteer who begins
