"""A study stops once its contrast is decided: on both databases, once, by those who count, and never by programs."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from pipeline.settings.errors import UserError
from reports.study.stopped import stopped
from study_app.design.study import Study
from study_app.export.tables import gather, write_export
from study_app.export.watch import Watch
from study_app.pages.stopping import state
from study_app.server.routes import application
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.opening import set_open
from study_app.storage.schema import log, studies
from study_app.storage.set_aside import set_aside
from study_app.storage.store import Store
from tests.study_app.pairing import shown_trials
from tests.study_app.volunteers import Clock, Newcomer, Volunteer, answer_to, prepared_study, read

STOPS = {"between": ["quokkanet", "zebranet"], "largest": 24}
LIKED = {"quokkanet": 0, "zebranet": 1, "original": 1, "broken": 0}


@pytest.fixture(scope="module")
def prepared(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Stimuli]:
    return prepared_study(tmp_path_factory.mktemp("stops"), archives, votes_per_cell=9, stops=STOPS)


@pytest.fixture
def study(prepared: tuple[Study, Stimuli]) -> Study:
    """3 methods, 6 photographs, 10 trials; places for 27 volunteers."""
    return prepared[0]


@pytest.fixture
def stimuli(prepared: tuple[Study, Stimuli]) -> Stimuli:
    return prepared[1]


def take(one: Volunteer, database: Database, value: Callable[[str], int] = LIKED.__getitem__) -> None:
    """Answer every trial with what `value` says of its method."""
    one.plan()
    for trial in shown_trials(database, one.token):
        one.clock.advance(3)
        reply = one.post("/api/answers", answer_to(trial.position, value(trial.fault or trial.method)))
        assert reply.status_code == 200, reply.text


def lines(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """What the log says."""
    return [(row.what, json.loads(row.detail)) for row in read(database, select(log).order_by(log.c.id))]


def is_closed(database: Database) -> bool:
    return read(database, select(studies.c.closed_at)).scalar_one() is not None


def test_a_decided_study_closes_once_says_why_and_keeps_those_under_way(
    volunteer: Newcomer, store: Store, client: TestClient, clock: Clock, tmp_path: Path
) -> None:
    under_way = volunteer()
    careless = volunteer()
    take(careless, store.database, lambda _: 1)  # flagged by its catch items and for pressing one button
    for _ in range(9):
        take(volunteer(), store.database)
    assert not is_closed(store.database)
    assert not lines(store.database)
    take(volunteer(), store.database)
    ((what, detail),) = lines(store.database)
    assert (what, detail["volunteers"], detail["decision"], detail["closed"]) == ("decided", 10, "above", True)
    assert detail["contrast"] == 100 and detail["low"] > 0
    message = {"language": "en", "consent": True, "study": store.study.digest}
    refused = client.post("/api/sessions", json=message)
    assert (refused.status_code, refused.json()["reason"]) == (503, "closed")
    take(under_way, store.database)
    export = gather(store.database, store.study, False)
    assert sum(one.completed for one in export.participants) == 12
    write_export(tmp_path, store.study, export)
    with (tmp_path / "stopping.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["volunteers"], row["decision"]) for row in rows] == [("10", "above"), ("11", "above")]
    assert "stopping.csv" in (tmp_path / "codebook.csv").read_text()
    assert json.loads((tmp_path / "study.json").read_text())["stops"]["between"] == ["quokkanet", "zebranet"]
    rule = stopped(tmp_path / "ratings.csv")
    assert rule is not None and (rule.between, rule.low) == (("quokkanet", "zebranet"), float(rows[1]["low"]))
    told = rule.told
    assert "decided after 10 volunteers" in told and "zebranet minus quokkanet" in told and "11 volunteers" in told
    set_open(store.database, store.study_id, True, False, clock())
    take(volunteer(), store.database)
    assert not is_closed(store.database)  # who opens it again is obeyed
    assert [what for what, _ in lines(store.database)] == ["decided", "reopened"]


def test_who_is_set_aside_or_withdraws_counts_no_more(volunteer: Newcomer, store: Store, clock: Clock) -> None:
    stops = store.study.stops
    assert stops is not None
    people = [volunteer() for _ in range(9)]
    for one in people:
        take(one, store.database)
    watch = Watch(store)
    assert (watch.standing(stops).volunteers, len(watch.standing(stops).looks)) == (9, 0)
    set_aside(store.database, store.study_id, [1], "a program", False, clock())
    assert people[1].post("/api/withdraw", {"code": people[1].code}).json() == {"removed": 30}
    assert watch.standing(stops).volunteers == 7
    assert "7 volunteers count so far; the first look is after 10" in state(store.study, watch.standing(stops))
    for _ in range(3):
        take(volunteer(), store.database)
    assert is_closed(store.database)
    assert [one.raters for one in watch.standing(stops).looks] == [10]
    assert watch.standing(stops) == Watch(store).standing(stops)  # what is kept is what another process reads


def test_who_differ_at_random_are_told_so_at_the_largest_number(volunteer: Newcomer, store: Store) -> None:
    for number in range(24):
        liked = {**LIKED, "quokkanet": number % 2, "zebranet": (number + number // 2) % 2}
        take(volunteer(), store.database, liked.__getitem__)
    ((what, detail),) = lines(store.database)
    assert (what, detail["volunteers"], detail["decision"], detail["closed"]) == ("undecided", 24, "", True)
    assert detail["low"] < 0 < detail["high"]


def test_advice_alone_closes_nothing(database: Database, archives: Path, clock: Clock, tmp_path: Path) -> None:
    study, stimuli = prepared_study(tmp_path, archives, votes_per_cell=9, stops={**STOPS, "act": "advise"})
    store = Store(database, study, stimuli, clock=clock)
    client = TestClient(application(store), raise_server_exceptions=False)
    for _ in range(11):
        take(Volunteer(client, study, clock), database)
    assert not is_closed(database)
    assert [(what, detail["closed"]) for what, detail in lines(database)] == [("decided", False)]


def test_a_rule_is_stated_before_the_first_answer(
    volunteer: Newcomer, store: Store, study: Study, stimuli: Stimuli
) -> None:
    take(volunteer(), store.database)
    assert study.stops is not None
    for changed in (replace(study, stops=None), replace(study, stops=replace(study.stops, largest=20))):
        with pytest.raises(UserError, match=r"study.yaml has changed \(stops\)"):
            Store(store.database, changed, stimuli, clock=store.clock)


def test_programs_and_previews_never_close_a_study(robots: Store, clock: Clock) -> None:
    client = TestClient(application(robots), raise_server_exceptions=False)
    for _ in range(11):
        take(Volunteer(client, robots.study, clock), robots.database)
    stops = robots.study.stops
    assert stops is not None
    assert Watch(robots).standing(stops).ended is not None
    assert not is_closed(robots.database)
    assert not lines(robots.database)


def test_an_answer_is_acknowledged_although_looking_fails(
    volunteer: Newcomer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no more")

    monkeypatch.setattr("study_app.export.watch.people_of", fail)
    for _ in range(10):
        take(volunteer(), store.database)  # every reply is 200
    assert not is_closed(store.database)
    monkeypatch.undo()
    take(volunteer(), store.database)
    assert is_closed(store.database)
