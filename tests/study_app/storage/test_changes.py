"""A study with answers may get more volunteers and other screening rules, and the log says so; nothing else changes."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from pipeline.settings.errors import UserError
from study_app.design.study import FREE, Study
from study_app.export.tables import gather
from study_app.server.routes import application
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.opening import open_study, recognised
from study_app.storage.schema import answers, log, studies
from study_app.storage.store import Store
from tests.conftest import stage_in
from tests.study_app.older import Row, older_database
from tests.study_app.volunteers import Clock, Newcomer, newcomer, read, write_study


def reopened(store: Store, **changes: Any) -> Store:
    """The same study with some keys changed, opened again on the same database and pictures."""
    return Store(store.database, replace(store.study, **changes), store.stimuli, clock=store.clock)


def logged(database: Database) -> list[tuple[bool, str, object]]:
    rows = read(database, select(log).order_by(log.c.id)).all()
    return [(row.simulated, row.what, json.loads(row.detail)) for row in rows]


def test_more_votes_open_places_and_those_who_have_begun_go_on(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    people = [volunteer() for _ in range(6)]
    people[0].take(4)
    with pytest.raises(AssertionError, match="full at the moment"):
        volunteer()
    more = reopened(store, votes_per_cell=3)
    assert (more.study_id, more.study.digest) == (store.study_id, store.study.digest)
    newcomer(more, clock).take(1)
    people[0].client = newcomer(more, clock).client
    people[0].take()
    assert len(gather(store.database, more.study, False).ratings) == 33
    assert logged(store.database) == [(kind, "changed", {"votes_per_cell": [2, 3]}) for kind in (False, True)]
    reopened(more, votes_per_cell=3)
    assert len(logged(store.database)) == 2  # nothing has changed since


def test_fewer_votes_take_nobody_new_and_send_nobody_away(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    people = [volunteer() for _ in range(4)]
    people[0].take(1)
    fewer = reopened(store, votes_per_cell=1)
    with pytest.raises(AssertionError, match="full at the moment"):
        newcomer(fewer, clock)
    people[0].client = TestClient(application(fewer))
    people[0].take()


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"abandoned_after_minutes": 45.0}, {"abandoned_after_minutes": [30, 45.0]}),
        ({"second_run": True}, {"second_run": [False, True]}),
        ({"votes_per_cell": 4, "second_run": True}, {"votes_per_cell": [2, 4], "second_run": [False, True]}),
    ],
)
def test_what_changes_no_answer_may_change_and_is_logged(
    change: dict[str, Any], detail: dict[str, object], store: Store, volunteer: Newcomer
) -> None:
    assert set(change) <= set(FREE)
    volunteer().take(2)
    reopened(store, **change)
    assert logged(store.database)[0] == (False, "changed", detail)


def test_other_thresholds_flag_others_and_the_export_says_which_rules_there_were(
    store: Store, volunteer: Newcomer
) -> None:
    volunteer().take(value=1)
    assert "fast" not in gather(store.database, store.study, False).participants[0].flags
    stricter = reopened(store, screening=replace(store.study.screening, fastest_median_ms=900))
    export = gather(store.database, stricter.study, False)
    assert "fast" in export.participants[0].flags.split(";")
    assert [(line.what, json.loads(line.detail)) for line in export.log] == [
        ("changed", {"screening.fastest_median_ms": [400, 900]})
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"exposure_ms": 2000},
        {"mask_ms": 100},
        {"seed": 9},
        {"methods": ("zebranet", "original")},
        {"scale": "0-10"},
        {"break_every": 5},
        {"smallest_width": 700},
        {"consent": {"en": "a", "de": "b", "fr": "c"}},
        {"title": {"en": "a", "de": "b", "fr": "c"}},
        {"exposure_ms": 2000, "votes_per_cell": 9},
    ],
)
def test_what_an_answer_depends_on_needs_a_new_version_and_is_named(
    change: dict[str, Any], store: Store, volunteer: Newcomer
) -> None:
    volunteer().take(1)
    with pytest.raises(UserError, match=r"study\.yaml has changed") as refused:
        reopened(store, **change)
    sentence = str(refused.value)
    assert f"has changed ({', '.join(sorted(change))}), but the database holds 3 answers" in sentence
    assert logged(store.database) == []
    assert reopened(store, **change, version=2).study_id != store.study_id


def older_digest(study: Study) -> str:
    """By which a version of this program that hashed the whole file knew it."""
    return hashlib.sha256(json.dumps(older_content(study), sort_keys=True).encode()).hexdigest()


def older_content(study: Study) -> Row:
    content = asdict(study)
    for key in ("second_run", "protocol", "arrangement"):
        del content[key]
    return content


def as_older(study: Study, pictures: str) -> Any:
    """Gives rows the digests and contents of that version."""

    def change(table: str, row: Row) -> Row:
        if table == "studies":
            return row | {
                "digest": older_digest(study),
                "content": json.dumps(older_content(study)),
                "pictures": pictures,
            }
        return row | {"study": older_digest(study)} if "study" in row else row

    return change


@pytest.mark.parametrize("votes", [2, 5])
def test_a_study_of_an_older_database_goes_on_under_its_digest(
    votes: int, store: Store, other: Database, volunteer: Newcomer, stimuli: Stimuli, clock: Clock, tmp_path: Path
) -> None:
    one = volunteer()
    one.take(2)
    older_database(store.database, other, tmp_path, as_older(store.study, stimuli.manifest.digest))
    study = recognised(other, replace(store.study, votes_per_cell=votes))
    assert study.digest == older_digest(store.study) != store.study.digest
    newer = Store(other, study, stimuli, clock=clock)
    one.client = newcomer(newer, clock).client
    one.take()
    assert read(other, select(answers.c.study).distinct()).scalars().all() == [older_digest(store.study)]
    export = gather(other, replace(store.study, votes_per_cell=votes), False)
    assert {row.study for row in (*export.ratings, *export.participants)} == {older_digest(store.study)}
    assert len(export.ratings) == 30
    assert len(read(other, select(studies)).all()) == 1
    assert [what for _, what, _ in logged(other)] == ["changed"] * (2 if votes == 5 else 0)
    with pytest.raises(UserError, match=r"has changed \(exposure_ms\)"):
        Store(other, replace(study, exposure_ms=2000), stimuli)


def test_of_several_rows_of_one_design_the_one_with_answers_is_meant(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    """An older version made a row for each votes_per_cell that was tried before the first answer."""
    volunteer().take(1)
    unused = replace(store.study, seed=7)
    spare = int(open_study(store.database, replace(unused, version=3), store.stimuli.manifest.digest, clock()).id)
    content = json.dumps(asdict(replace(store.study, votes_per_cell=9)))
    with store.database.writing() as connection:
        connection.execute(update(studies).where(studies.c.id == spare).values(content=content, version=1))
    assert Store(store.database, store.study, store.stimuli).study_id == store.study_id


def test_the_command_exports_with_the_changed_file(
    study: Study, stimuli: Stimuli, clock: Clock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'study.sqlite3'}"
    store = Store(Database(url), study, stimuli, clock=clock)
    newcomer(store, clock).take()
    store.database.close()
    path = write_study(tmp_path, votes_per_cell=7)
    stage_in(tmp_path, "study_app.export.tables", str(path), "--db", url, "--to", "out")
    assert "30 answers of 1 participants" in capsys.readouterr().out
    exported = json.loads((tmp_path / "out" / "people" / "study.json").read_text())
    assert (exported["digest"], exported["votes_per_cell"]) == (study.digest, 7)
