"""Sessions that the researcher sets aside: kept, marked, logged, without a place, and nobody is told."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.settings.errors import UserError
from study_app.design.study import Study
from study_app.export.monitor import overview
from study_app.export.tables import Export, gather, write_export
from study_app.pages.aside import COLUMNS, participant_table
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.schema import trials
from study_app.storage.set_aside import bring_back, parse_numbers, set_aside
from study_app.storage.store import Store
from study_app.storage.withdrawal import withdraw
from tests.conftest import run_in
from tests.study_app.storage.test_allocation import loads
from tests.study_app.volunteers import Clock, Newcomer, newcomer, read, write_study


def export(store: Store) -> Export:
    return gather(store.database, store.study, store.simulated)


def put_aside(store: Store, *numbers: int, reason: str = "a program") -> list[int]:
    return set_aside(store.database, store.study_id, numbers, reason, store.simulated, store.clock())


def test_their_places_open_again_and_their_answers_are_kept_and_marked(
    store: Store, volunteer: Newcomer, tmp_path: Path
) -> None:
    for _ in range(6):
        volunteer().take()
    with pytest.raises(AssertionError, match="full at the moment"):
        volunteer()
    assert put_aside(store, 2, 5) == [2, 5]
    assert sum(loads(store)) == 4
    assert overview(store).states == {"active": 0, "completed": 4, "lapsed": 0, "withdrawn": 0, "set_aside": 2}
    for _ in range(2):
        volunteer().take()
    assert loads(store) == [2, 2, 2]
    found = export(store)
    assert {row.participant for row in found.ratings} == set(range(1, 9)) and len(found.ratings) == 8 * 30
    marked = {person.participant: person.set_aside for person in found.participants if "set_aside" in person.flags}
    assert marked == {2: "a program", 5: "a program"}
    assert [(line.what, json.loads(line.detail)) for line in found.log] == [
        ("set aside", {"participant": number, "reason": "a program"}) for number in (2, 5)
    ]
    write_export(tmp_path, store.study, found)
    rows = list(csv.DictReader((tmp_path / "participants.csv").read_text().splitlines()))
    assert [row["set_aside"] for row in rows] == ["", "a program", "", "", "a program", "", "", ""]
    assert list(participant_table(found.participants).columns) == list(COLUMNS)


def test_who_is_set_aside_goes_on_without_a_word_and_without_a_place(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    one.take(3)
    put_aside(store, 1)
    for _ in range(6):
        volunteer().take()
    clock.advance(7200)
    assert len(one.take()) == 7
    assert loads(store) == [2, 2, 2]
    assert len([row for row in export(store).ratings if row.participant == 1]) == 30


def test_bringing_back_is_logged_and_a_place_must_be_free(store: Store, volunteer: Newcomer) -> None:
    one, two = volunteer(), volunteer()
    one.take()
    two.take(3)
    put_aside(store, 1, 2)
    assert put_aside(store, 1, 2, reason="again") == []
    for _ in range(6):
        volunteer().take()
    assert bring_back(store.database, store.study_id, [1, 2], False, store.clock()) == [1, 2]
    assert bring_back(store.database, store.study_id, [1, 2], False, store.clock()) == []
    assert two.get("/api/plan").json()["reason"] == "lapsed"
    assert {person.set_aside for person in export(store).participants} == {""}
    assert [line.what for line in export(store).log] == ["set aside"] * 2 + ["brought back"] * 2


def test_people_programs_and_the_withdrawn_are_told_apart(
    store: Store, robots: Store, volunteer: Newcomer, clock: Clock
) -> None:
    one = volunteer()
    newcomer(robots, clock)
    put_aside(robots, 1)
    assert sum(loads(store)) == 1 and sum(loads(robots)) == 0
    put_aside(store, 1)
    withdraw(store, one.code)
    assert overview(store).states["withdrawn"] == 1
    with pytest.raises(UserError, match="no participant 1"):
        put_aside(store, 1)


@pytest.mark.parametrize(
    ("numbers", "reason", "words"),
    [
        ([1, 99], "x", "no participant 99"),
        ([1], "  ", "say why"),
        ([1], "x" * 301, "at most 300"),
        ([0], "x", "no participant 0"),
    ],
)
def test_mistakes_change_nothing(
    store: Store, volunteer: Newcomer, numbers: list[int], reason: str, words: str
) -> None:
    volunteer()
    with pytest.raises(UserError, match=words):
        put_aside(store, *numbers, reason=reason)
    assert sum(loads(store)) == 1 and export(store).log == []


def test_numbers_are_read_as_people_write_them() -> None:
    assert parse_numbers(["7", "12-14", "13"]) == [7, 12, 13, 14]
    assert parse_numbers([]) == []
    for text in ("x", "3-", "-3", "1.5", "٣-x", "1-99999999999"):
        with pytest.raises(UserError, match="participant"):
            parse_numbers([text])


def test_the_command_sets_aside_and_brings_back(study: Study, stimuli: Stimuli, clock: Clock, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.sqlite3'}"
    store = Store(Database(url), study, stimuli, clock=clock)
    for _ in range(3):
        newcomer(store, clock).take(1)
    place = ["--study", str(write_study(tmp_path)), "--db", url]
    done = run_in(tmp_path, "study_app.set_aside", "1", "3", "--reason", "a program", *place)
    assert done.stdout == "set aside: 1, 3\n"
    done = run_in(tmp_path, "study_app.set_aside", "1-2", "--back", *place)
    assert done.stdout == "brought back: 1\n"
    assert [person.set_aside for person in export(store).participants] == ["", "", "a program"]
    failed = run_in(tmp_path, "study_app.set_aside", "1", *place, check=False)
    assert failed.returncode == 1 and "give --reason" in failed.stderr and "Traceback" not in failed.stderr
    store.database.close()


def test_all_who_are_flagged_can_be_replaced_at_once(
    study: Study, stimuli: Stimuli, clock: Clock, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'study.sqlite3'}"
    store = Store(Database(url), study, stimuli, clock=clock)
    for is_careful in (False, True, False, True, True, True):
        one = newcomer(store, clock)
        planned = read(store.database, select(trials).order_by(trials.c.session_id.desc(), trials.c.position)).all()
        for trial in planned[: study.trials]:
            known = {"original": 1, "broken": 0}.get(trial.kind)
            look = trial.position if trial.first is None else trial.first
            one.take(1, value=1 if not is_careful else look % 2 if known is None else known)
    assert [bool(person.flags) for person in export(store).participants] == [True, False, True, False, False, False]
    place = ["--study", str(write_study(tmp_path)), "--db", url]
    done = run_in(tmp_path, "study_app.set_aside", "--flagged", "--reason", "flagged", *place)
    assert done.stdout == "set aside: 1, 3\n"
    assert sum(loads(store)) == 4
    newcomer(store, clock)  # in the place of one of them
    again = run_in(tmp_path, "study_app.set_aside", "--flagged", "--reason", "flagged", *place)
    assert again.stdout == "set aside: nobody, that was so already\n"
    for wrong in (["--flagged", "7"], []):
        failed = run_in(tmp_path, "study_app.set_aside", *wrong, "--reason", "flagged", *place, check=False)
        assert failed.returncode == 1 and "or give --flagged" in failed.stderr
    store.database.close()
