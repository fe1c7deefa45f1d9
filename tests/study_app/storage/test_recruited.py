"""Volunteers with an id: once each, back only by browser or code, and nothing of the id in the database."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from pipeline.settings.errors import UserError
from study_app.design.recruitment import Platform, Recruitment, invitation, is_invitation, turk_form
from study_app.design.study import Study, load_study
from study_app.export.tables import gather, write_export
from study_app.server.routes import application
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import log, metadata, sessions
from study_app.storage.set_aside import set_aside
from study_app.storage.store import Store
from study_app.storage.withdrawal import withdraw
from tests.conftest import run_in
from tests.study_app.volunteers import Clock, Volunteer, newcomer, prepared_study, read, write_study

PERSON, OTHER = "5f1c2d3e4b5a69788796a5b4", "60aa11bb22cc33dd44ee55ff"  # as Prolific's ids look
ENDS = {"completed": "https://app.prolific.com/submissions/complete?cc=C0MPLETE", "no_consent": "N0CONSENT"}


def recruiting(study: Study, platform: Platform = "prolific") -> Study:
    return replace(study, recruitment=Recruitment(platform, ends=ENDS if platform == "prolific" else {}))


@pytest.fixture
def store(database: Database, study: Study, stimuli: Stimuli, clock: Clock) -> Store:
    return Store(database, recruiting(study), stimuli, clock=clock)


def refused(store: Store, clock: Clock, recruited: str) -> str:
    """Why somebody with this id cannot begin."""
    with pytest.raises(AssertionError) as caught:
        newcomer(store, clock, recruited=recruited)
    reason: str = json.loads(str(caught.value).partition("\n")[0])["reason"]
    return reason


def test_an_id_takes_part_once_whatever_has_become_of_it(store: Store, clock: Clock) -> None:
    first = newcomer(store, clock, recruited=PERSON)
    assert refused(store, clock, PERSON) == "begun"
    first.take()
    assert refused(store, clock, PERSON) == "begun"
    withdraw(store, first.code)
    assert refused(store, clock, PERSON) == "withdrawn"
    assert newcomer(store, clock, recruited=OTHER).token != first.token
    assert len(read(store.database, select(sessions)).all()) == 2


def test_a_repeated_press_finds_the_session_until_a_browser_has_shown_itself(store: Store, clock: Clock) -> None:
    client = TestClient(application(store))
    tries = [Volunteer(client, store.study, clock, shows_itself=False, recruited=PERSON) for _ in range(3)]
    assert len({(one.token, one.code) for one in tries}) == 1
    tries[0].post("/api/tab", {"tab": tries[0].key, "take": False})
    assert refused(store, clock, PERSON) == "begun"


@pytest.mark.parametrize("text", ["", "{{%PROLIFIC_PID%}}", "two words", "é", "a" * 101, "<script>"])
def test_nobody_begins_without_an_id_that_can_be_one(store: Store, clock: Clock, text: str) -> None:
    assert refused(store, clock, text) == "uninvited"
    assert read(store.database, select(sessions)).first() is None


def test_the_code_leads_back_from_another_browser_and_nothing_else_does(store: Store, clock: Clock) -> None:
    first, other = (newcomer(store, clock, recruited=text) for text in (PERSON, OTHER))
    first.take(3)
    typed = first.code.lower().replace("-", " ")
    assert store.recruits.resume(store.database, store.study_id, PERSON, typed) == first.token
    for text, code in ((PERSON, other.code), (OTHER, first.code), (PERSON, ""), ("nobody", first.code)):
        with pytest.raises(RefusedError) as caught:
            store.recruits.resume(store.database, store.study_id, text, code)
        assert caught.value.reason == "unknown_code"
    first.take()
    withdraw(store, first.code)
    with pytest.raises(AssertionError, match="withdrawn"):
        first.plan()


def test_no_id_and_no_completion_code_is_stored_or_exported(store: Store, clock: Clock, tmp_path: Path) -> None:
    newcomer(store, clock, recruited=PERSON).take()
    write_export(tmp_path, store.study, gather(store.database, store.study, simulated=False))
    kept = [repr(row) for table in metadata.sorted_tables for row in read(store.database, select(table))]
    kept += [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    assert len(kept) > 40 and "prolific" in "".join(kept)
    assert not [row for row in kept if PERSON in row or "C0MPLETE" in row or "N0CONSENT" in row]


def test_simulated_raters_need_no_id_and_take_no_persons_place(store: Store, clock: Clock) -> None:
    robots = Store(store.database, store.study, store.stimuli, simulated=True, clock=clock)
    for store_ in (robots, store):
        newcomer(store_, clock, recruited=PERSON)
    newcomer(robots, clock)
    stored = read(store.database, select(sessions.c.simulated, sessions.c.recruited)).all()
    assert sorted(simulated for simulated, _ in stored) == [False, True, True]
    assert sum(recruited is None for _, recruited in stored) == 1


def test_recruitment_may_change_under_way_and_its_codes_are_not_logged(store: Store, stimuli: Stimuli) -> None:
    ends = {**ENDS, "completed": "S3CRET"}
    later = replace(store.study, recruitment=Recruitment("prolific", "participant", ends))
    assert Store(store.database, later, stimuli).study.digest == store.study.digest
    lines = read(store.database, select(log.c.detail)).scalars().all()
    assert lines and "participant" in lines[0] and "S3CRET" not in "".join(lines)


def test_only_our_own_invitations_are_taken(database: Database, study: Study, stimuli: Stimuli, clock: Clock) -> None:
    store = Store(database, recruiting(study, "invitations"), stimuli, clock=clock)
    code = invitation(stimuli.secret, 7)
    newcomer(store, clock, recruited=code)
    assert refused(store, clock, code) == "begun"
    for forged in (code.replace("7-", "8-", 1), "7", f"0{code}", code[:-1], invitation(b"another", 7)):
        assert refused(store, clock, forged) == "uninvited"
    assert all(is_invitation(stimuli.secret, invitation(stimuli.secret, number)) for number in range(1, 2000))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"platform": "prolific"}, "recruitment.ends.completed is missing"),
        ({"platform": "other", "ends": {"completed": "A1"}}, "recruitment.parameter is missing"),
        ({"platform": "other", "parameter": "s", "ends": {"completed": "A1"}}, "recruitment.parameter is 's'"),
        ({"platform": "prolific", "ends": {"finished": "A1"}}, "no 'finished'"),
        ({"platform": "prolific", "ends": {"completed": "http://plain.example/"}}, "begins with https:// or a code"),
        ({"platform": "prolific", "ends": {"completed": 'https://a.example/"x'}}, "begins with https:// or a code"),
        ({"platform": "mturk", "ends": {"completed": "A1"}}, "must not be given"),
        ({"platform": "clickworker"}, "clickworker"),
    ],
)
def test_a_mistake_in_study_yaml_is_named(tmp_path: Path, content: dict[str, object], words: str) -> None:
    with pytest.raises(UserError) as caught:
        load_study(write_study(tmp_path, recruitment=content))
    assert words in str(caught.value)


def test_mechanical_turk_is_sent_only_to_its_own_hosts() -> None:
    address = {"assignmentId": "3XYZ", "turkSubmitTo": "https://www.mturk.com/"}
    assert turk_form(address) == ("https://www.mturk.com/mturk/externalSubmit", "3XYZ")
    for changes in (
        {"turkSubmitTo": "https://evil.example"},
        {"turkSubmitTo": "https://www.mturk.com.evil.example"},
        {"turkSubmitTo": "http://www.mturk.com"},
        {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"},
        {"assignmentId": '"><script>'},
    ):
        assert turk_form(address | changes) is None


def test_payments_says_of_each_row_what_has_become_of_it(tmp_path: Path, archives: Path) -> None:
    recruitment = {"platform": "prolific", "ends": ENDS}
    study, stimuli = prepared_study(tmp_path, archives, votes_per_cell=20, recruitment=recruitment)
    database, clock = Database(f"sqlite:///{tmp_path / 'study.sqlite3'}"), Clock()
    store = Store(database, study, stimuli, clock=clock)
    people = {name: newcomer(store, clock, recruited=f"id{name}") for name in ("done", "half", "gone", "aside", "away")}
    people["done"].take()
    people["half"].take(4)
    people["aside"].take()
    people["gone"].take(2)
    withdraw(store, people["gone"].code)
    set_aside(database, store.study_id, [4], "a program", False, clock())
    database.close()
    asked = tmp_path / "prolific.csv"
    rows = [
        ["s1", "iddone", "01"],
        ["s2", " idhalf ", "02"],
        ["s3", "idgone", ""],
        ["s4", "idaside", "é"],
        ["s5", "x", ""],
    ]
    with asked.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([["Submission id", "Participant id", "Note"], *rows])
    (tmp_path / "stranger.csv").write_text("a,b\n1,2\n")
    options = ["--study", tmp_path / "study.yaml", "--db", database.where, "--stimuli", tmp_path / "stimuli"]
    said = run_in(tmp_path, "study_app.payments", str(asked), *map(str, options)).stdout
    assert "1 who have begun are not in the file" in said
    found = list(csv.DictReader((tmp_path / "prolific-payments.csv").open(encoding="utf-8")))
    states = [(row["huebench_state"], row["huebench_answered"], row["huebench_trials"]) for row in found]
    assert states == [
        ("flagged", "10", "10"),  # everybody in this test says yes to everything
        ("unfinished", "4", "10"),
        ("withdrawn", "0", "0"),
        ("set aside", "10", "10"),
        ("not here", "0", "0"),
    ]
    assert "straight_lining" in found[0]["huebench_rules"] and found[3]["huebench_rules"] == "a program"
    assert [row["Note"] for row in found] == ["01", "02", "", "é", ""]
    assert (tmp_path / "prolific-payments.csv").stat().st_mode & 0o777 == 0o600
    for arguments, words in (
        ([str(tmp_path / "no.csv")], "there is no file"),
        ([str(asked), "--column", "Worker"], "has no column 'Worker'"),
        ([str(asked), "--to", str(asked)], "would overwrite"),
        ([str(tmp_path / "study.yaml")], "cannot be read as CSV"),
        ([str(tmp_path / "stranger.csv")], "has no column of ids"),
    ):
        failed = run_in(tmp_path, "study_app.payments", *arguments, *map(str, options), check=False)
        assert failed.returncode and words in failed.stderr


def test_invite_writes_links_and_overwrites_none(tmp_path: Path, archives: Path) -> None:
    _, stimuli = prepared_study(tmp_path, archives, recruitment={"platform": "invitations"})
    options = ["--study", "study.yaml", "--stimuli", "stimuli"]
    link = ["--link", "https://study.lab.example/"]
    run_in(tmp_path, "study_app.invite", "3", *link, "--first", "41", *options)
    rows = list(csv.DictReader((tmp_path / "invitations.csv").open()))
    assert [row["number"] for row in rows] == ["41", "42", "43"]
    assert all(is_invitation(stimuli.secret, row["invitation"]) for row in rows)
    assert rows[0]["link"] == f"https://study.lab.example/?invitation={rows[0]['invitation']}"
    again = run_in(tmp_path, "study_app.invite", "3", *link, *options, check=False)
    assert again.returncode and "is there already" in again.stderr
    assert not list(tmp_path.glob("*.sqlite3*"))  # links need no database
