"""An export holds every answer once, no person, one kind of raters, and an explanation of every column."""

import csv
import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from pipeline.records.ratings import Rating
from pipeline.records.rows import read_rows
from reports.study.export import read_ratings
from reports.study.votes import analyse, means
from study_app.design.study import Study
from study_app.export.tables import gather, write_export
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.schema import events
from study_app.storage.set_aside import set_aside
from study_app.storage.store import Store
from tests.conftest import run_in, stage_in
from tests.study_app.volunteers import (
    Clock,
    Newcomer,
    Volunteer,
    answer_to,
    new_key,
    newcomer,
    write_study,
)


def export_of(store: Store, folder: Path, simulated: bool = False) -> dict[str, bytes]:
    """Every file of an export."""
    write_export(folder, store.study, gather(store.database, store.study, simulated))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def table(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(content.decode().splitlines()))


def tell(one: Volunteer, name: str, **detail: object) -> None:
    """Send one event."""
    event = {"key": new_key(), "name": name, "at_ms": 5.0, "detail": detail}
    assert one.post("/api/events", {"events": [event]}).status_code == 200


def test_the_same_answers_give_the_same_bytes(store: Store, volunteer: Newcomer, tmp_path: Path) -> None:
    one, two = volunteer(), volunteer()
    two.take(3)  # the second answers before the first: the order of rows is not that of arrival
    one.take()
    first = export_of(store, tmp_path / "a")
    assert first == export_of(store, tmp_path / "b")
    assert set(first) == {"ratings.csv", "participants.csv", "log.csv", "codebook.csv", "study.json"}
    rows = table(first["ratings.csv"])
    assert [row["participant"] for row in rows] == ["1"] * 30 + ["2"] * 9
    criteria = [criterion.name for criterion in store.study.criteria]
    assert [row["criterion"] for row in rows[:4]] == [*criteria, criteria[0]]


def test_a_full_study_has_the_wanted_votes_in_every_cell(
    store: Store, volunteer: Newcomer, study: Study, tmp_path: Path
) -> None:
    for _ in range(6):
        volunteer().take()
    ratings = gather(store.database, study, False).ratings
    assert len(ratings) == 6 * 10 * 3
    cells = Counter((one.photograph, one.method, one.criterion) for one in ratings if one.kind == "main")
    assert set(cells.values()) == {2}
    assert len(cells) == 6 * 3 * 3
    assert Counter(one.kind for one in ratings) == {"main": 108, "repeat": 36, "broken": 18, "original": 18}
    assert {one.method for one in ratings if one.kind == "broken"} == {"broken"}
    export_of(store, tmp_path / "out")
    assert read_rows(tmp_path / "out" / "ratings.csv", Rating) == ratings


def test_the_report_reads_what_is_exported(store: Store, volunteer: Newcomer, tmp_path: Path) -> None:
    for place in range(6):
        volunteer().take(value=int(place > 0))
    export_of(store, tmp_path / "people")
    ratings = read_ratings(tmp_path / "people" / "ratings.csv")
    assert ratings is not None
    assert (ratings.digest, ratings.simulated, ratings.maximum) == (store.study.digest, False, 1)
    assert ratings.criteria == tuple(criterion.name for criterion in store.study.criteria)
    assert set(ratings.methods) == set(store.study.methods) and ratings.rules == asdict(store.study.screening)
    assert len(ratings.votes()) == 36 and ratings.flagged == {1, 2, 3, 4, 5, 6}  # all straight-lined
    everyone = analyse(replace(ratings, participants=None), {}, seed=0).everyone
    assert set(means(everyone)["n_votes"]) == {12} and means(everyone)["mean"].to_numpy() == pytest.approx(5 / 6)


def test_every_answer_is_traced_to_the_picture_that_was_shown(store: Store, volunteer: Newcomer, study: Study) -> None:
    one = volunteer()
    plan = one.plan()
    one.take()
    for rating in gather(store.database, study, False).ratings:
        stimulus = store.addresses.stimulus(plan["trials"][rating.trial]["url"].removeprefix("/s/"))
        assert rating.photograph == stimulus.photograph
        assert rating.method == (stimulus.fault or stimulus.method)


def test_every_column_is_explained_and_none_names_a_person(store: Store, volunteer: Newcomer, tmp_path: Path) -> None:
    one = volunteer()
    tell(one, "screen", width=1200, height=700, zoom=1.5, language="en", gray_step_seen=True)
    tell(one, "vision", right=3, shown=5)
    one.take()
    files = export_of(store, tmp_path / "out")
    explained = {(row["file"], row["column"]) for row in table(files["codebook.csv"])}
    for name in ("ratings.csv", "participants.csv", "log.csv"):
        header = files[name].decode().splitlines()[0].split(",")
        assert {(name, column) for column in header} == {pair for pair in explained if pair[0] == name}
    assert all(row["meaning"] for row in table(files["codebook.csv"]))
    everything = b"".join(files.values()).decode()
    assert one.token not in everything
    assert one.code not in everything
    assert "testclient" not in everything
    person = table(files["participants.csv"])[0]
    told = ("window_width", "window_height", "zoom", "gray_step_seen", "plates_right", "plates_shown", "flags")
    assert [person[key] for key in told] == ["1200", "700", "1.500000", "1", "3", "5", "straight_lining;color_vision"]
    assert (person["begun_on"], person["completed"], person["answered"]) == ("2026-09-21", "1", "10")


def test_what_was_stored_unchecked_is_unknown_in_an_export(store: Store, volunteer: Newcomer, tmp_path: Path) -> None:
    """By an older version of this program."""
    odd = {"screen": {"width": 1e199, "height": None, "zoom": True, "gray_step_seen": "yes"}, "vision": {"right": -5}}
    volunteer()
    volunteer()
    for session_id, details in ((1, odd), (2, {"vision": {"right": 9, "shown": 6}})):
        for name, detail in details.items():
            row = {"study": "", "simulated": False, "session_id": session_id, "key": name, "name": name, "at_ms": 1.0}
            with store.database.writing() as connection:
                connection.execute(insert(events).values(**row, detail=json.dumps(detail), received_at=1))
    told = ("window_width", "window_height", "zoom", "gray_step_seen", "plates_right", "plates_shown")
    for person in table(export_of(store, tmp_path / "out")["participants.csv"]):
        assert {person[key] for key in told} == {""}


def test_a_program_that_lies_about_its_times_is_flagged_by_the_servers(
    store: Store, volunteer: Newcomer, clock: Clock, tmp_path: Path
) -> None:
    one, hasty, lying = volunteer(), volunteer(), volunteer()
    for person, seconds, response in ((one, 4.5, 800.0), (hasty, 1.01, 800.0), (lying, 4.5, 20_000.0)):
        for trial in range(len(person.plan()["trials"])):
            clock.advance(seconds)
            message = answer_to(trial, value=trial % 2)
            message["timing"]["response_ms"] = dict.fromkeys(message["values"], response)
            assert person.post("/api/answers", message).status_code == 200
    people = gather(store.database, store.study, False).participants
    assert [(person.median_pace_ms, person.odd_timings) for person in people] == [(4500, 0), (1010, 9), (4500, 9)]
    assert [{"pace", "timing"} & set(person.flags.split(";")) for person in people] == [
        set(),
        {"pace", "timing"},
        {"timing"},
    ]
    set_aside(store.database, store.study_id, [1], "why not", False, clock())
    export_of(store, tmp_path / "people")
    ratings = read_ratings(tmp_path / "people" / "ratings.csv")  # the report knows every flag that there is
    assert ratings is not None and ratings.flagged == {1, 2, 3}


def test_people_and_simulated_raters_never_share_an_export(
    store: Store, robots: Store, volunteer: Newcomer, clock: Clock, tmp_path: Path
) -> None:
    newcomer(robots, clock).take(value=0)
    volunteer().take(value=1)
    for is_simulated in (False, True):
        files = export_of(store, tmp_path / str(is_simulated), is_simulated)
        for name in ("ratings.csv", "participants.csv"):
            assert {row["simulated"] for row in table(files[name])} == {str(int(is_simulated))}
        assert {row["value"] for row in table(files["ratings.csv"])} == {str(int(not is_simulated))}


def test_a_withdrawn_person_leaves_a_line_in_the_log_and_nothing_else(
    store: Store, client: TestClient, volunteer: Newcomer, tmp_path: Path, study: Study
) -> None:
    one, two = volunteer(), volunteer()
    one.take()
    two.take(2)
    tell(one, "vision", right=3, shown=5)
    typed = one.code.lower().replace("-", " ").replace("0", "O").replace("1", "l")
    assert client.post("/api/withdraw", json={"code": typed}).json() == {"removed": 30}
    assert client.post("/api/withdraw", json={"code": one.code}).json() == {"removed": 0}
    assert one.get("/api/plan").json()["reason"] == "withdrawn"
    assert one.post("/api/answers", answer_to(0)).json()["reason"] == "withdrawn"
    files = export_of(store, tmp_path / "out")
    assert {row["participant"] for name in ("ratings.csv", "participants.csv") for row in table(files[name])} == {"2"}
    assert [(row["what"], row["detail"]) for row in table(files["log.csv"])] == [
        ("withdrawal", '{"answers": 30, "participant": 1}')
    ]
    volunteer().take()
    volunteer()
    people = gather(store.database, study, False).participants
    assert len({(person.block, person.row) for person in people}) == 3  # the place went to somebody else


def test_the_command_exports_and_says_where(
    study: Study, stimuli: Stimuli, clock: Clock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'study.sqlite3'}"
    store = Store(Database(url), study, stimuli, clock=clock)
    newcomer(store, clock).take()
    store.database.close()
    path = write_study(tmp_path)
    done = run_in(tmp_path, "study_app.export", str(path), "--db", url, "--to", "out")
    assert done.stdout == "30 answers of 1 participants in out/people\n"
    stage_in(tmp_path, "study_app.export.tables", str(path), "--db", url, "--to", "out", "--simulated")
    assert "0 answers of 0 participants in out/simulated" in capsys.readouterr().out
    path = write_study(tmp_path, seed=5)
    failed = run_in(tmp_path, "study_app.export", str(path), "--db", url, check=False)
    assert failed.returncode == 1
    assert "the database has no study of this study.yaml" in failed.stderr
    assert "Traceback" not in failed.stderr
