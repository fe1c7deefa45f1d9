"""A study of pairs, from its file to its export: what counts as fooled, and what the browser never learns."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from pipeline.records.ratings import PairRating
from pipeline.records.rows import read_rows
from study_app.design.study import Study
from study_app.export.monitor import overview
from study_app.export.tables import gather, write_export
from study_app.server.languages import load_texts, worded
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.schema import answers, trials
from study_app.storage.store import Store
from tests.study_app.pairing import PAIR_METHODS, PAIRS, fakes, pair_study
from tests.study_app.volunteers import (
    METHODS,
    PHOTOGRAPHS,
    Clock,
    Newcomer,
    Volunteer,
    answer_to,
    newcomer,
    prepared_study,
    read,
)

BEFORE: dict[str, dict[str, Any]] = {  # a row of each table, as of the first revision
    "studies": {"id": 7, "digest": "a", "version": 1, "pictures": "b", "content": "{}", "opened_at": 0},
    "sessions": {
        **dict.fromkeys(("number", "block", "row", "trials", "answered", "begun_at", "seen_at"), 1),
        **{"id": 7, "study_id": 7, "simulated": False, "lapsed": False},
        **{"token_hash": "c", "code_hash": "d", "language": "en"},
    },
    "trials": {
        **{"session_id": 7, "position": 0, "kind": "main", "photograph": "owl", "method": "zebranet", "fault": ""},
    },
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """2 methods, 6 photographs, 10 pairs, 2 votes a cell: so 4 volunteers."""
    return pair_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def stimuli(study: Study, archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Stimuli:
    return prepared_study(tmp_path_factory.mktemp("stimuli"), archives, **PAIRS)[1]


def pair_answer(trial: int, side: int, **changes: Any) -> dict[str, Any]:
    """What a browser sends when the volunteer takes `side` for the fake."""
    content = answer_to(trial, values={"fake": side})
    content["timing"]["response_ms"] = {"fake": 700.5}
    return content | changes


def take(one: Volunteer, sides: list[int]) -> None:
    """Answer every trial."""
    one.plan()
    for trial, side in enumerate(sides):
        one.clock.advance(2)
        reply = one.post("/api/answers", pair_answer(trial, side))
        assert (reply.status_code, set(reply.json())) == (200, {"acknowledged"}), reply.text


def stored(database: Database) -> list[tuple[str, int]]:
    with database.reading() as connection:
        rows = connection.execute(select(answers.c.criterion, answers.c.value).order_by(answers.c.id))
        return [(row.criterion, row.value) for row in rows]


def test_both_pictures_of_a_pair_look_alike_in_everything_but_their_pixels(stimuli: Stimuli) -> None:
    for (photograph, method, fault), look in stimuli.by_look.items():
        original = stimuli.by_look[photograph, "original", ""]
        assert (look.size, look.width, look.height) == (original.size, original.width, original.height)
        assert (look.token == original.token) == (method == "original" and not fault)


def test_the_plan_shows_both_pictures_and_does_not_tell_which_is_which(
    volunteer: Newcomer, database: Database, stimuli: Stimuli, study: Study
) -> None:
    addresses, plans = Addresses(stimuli), [volunteer() for _ in range(4)]
    lefts: Counter[str] = Counter()
    for one in plans:
        plan = one.plan()
        assert (plan["arrangement"], plan["scale"]) == ("side_by_side", {"name": "sides", "minimum": 0, "maximum": 1})
        places = fakes(database, one.token)
        for trial, place in zip(plan["trials"], places, strict=True):
            assert set(trial) == {"trial", "pictures"}
            looks = [addresses.stimulus(picture["url"].removeprefix("/s/")) for picture in trial["pictures"]]
            assert all(set(picture) == {"url", "sha256", "width", "height"} for picture in trial["pictures"])
            assert looks[0].photograph == looks[1].photograph
            fake, original = looks[place], looks[1 - place]
            assert (original.method, original.fault) == ("original", "")
            assert fake.fault == "broken" or fake.method in PAIR_METHODS
            lefts["original" if place else "fake"] += 1
        text = json.dumps(plan)
        assert not [word for word in (*METHODS, *PHOTOGRAPHS, "broken", "fake_place") if word in text]
    assert abs(lefts["original"] - lefts["fake"]) <= 2 * 4


def test_the_practice_has_a_fake_in_every_pair_and_says_where(volunteer: Newcomer, stimuli: Stimuli) -> None:
    addresses, practice = Addresses(stimuli), volunteer().plan()["practice"]
    assert sorted(one["fake"] for one in practice) == [0, 1]
    for one in practice:
        looks = [addresses.stimulus(picture["url"].removeprefix("/s/")) for picture in one["pictures"]]
        assert (looks[one["fake"]].fault, looks[1 - one["fake"]].fault) == (one["feedback"], "")
        assert one["feedback"] in ("oversaturated", "recolored", "bleeding")


def test_who_takes_the_original_for_the_fake_is_stored_as_fooled(volunteer: Newcomer, database: Database) -> None:
    one = volunteer()
    places = fakes(database, one.token)
    fooled = [0, 1, 1, 0, 0, 1, 0, 1, 1, 0]
    take(one, [place ^ is_fooled for place, is_fooled in zip(places, fooled, strict=True)])
    assert stored(database) == [("fake", is_fooled) for is_fooled in fooled]


def test_an_answer_counts_once_and_the_first_one_stays(volunteer: Newcomer, database: Database, clock: Clock) -> None:
    one = volunteer()
    one.plan()
    clock.advance(2)
    place = fakes(database, one.token)[0]
    sent = pair_answer(0, place)
    for message in (sent, sent, pair_answer(0, place)):  # twice the same, then the same from another tab
        assert one.post("/api/answers", message).status_code == 200
    other = one.post("/api/answers", pair_answer(0, 1 - place))
    assert (other.status_code, other.json()["reason"]) == (409, "conflict")
    assert stored(database) == [("fake", 0)]


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (pair_answer(0, 2), 422),
        (pair_answer(0, -1), 422),
        (pair_answer(0, 0, values={"fake": 0, "left": 1}), 422),
        (pair_answer(0, 0, values={}), 422),
        (answer_to(0), 422),
        (pair_answer(1, 0), 409),
        (pair_answer(99, 0), 404),
        (pair_answer(0, 0, decoded_sha256_ok=False), 422),
    ],
)
def test_other_answers_are_refused(
    message: dict[str, Any], status: int, volunteer: Newcomer, database: Database, clock: Clock
) -> None:
    one = volunteer()
    one.plan()
    clock.advance(2)
    assert one.post("/api/answers", message).status_code == status
    assert stored(database) == []


def test_pictures_in_turn_take_both_times_and_the_mask_between(
    database: Database, archives: Path, clock: Clock, tmp_path: Path
) -> None:
    changes = {**PAIRS, "arrangement": "in_turn", "exposure_ms": 1000, "mask_ms": 500}
    study, stimuli = prepared_study(tmp_path, archives, **changes)
    store = Store(database, study, stimuli, clock=clock)
    one = newcomer(store, clock)
    assert one.plan()["arrangement"] == "in_turn"
    clock.advance(2.4)
    early = one.post("/api/answers", pair_answer(0, 0))
    assert (early.status_code, early.json()["retry_after_ms"]) == (429, 100)
    clock.advance(0.1)
    assert one.post("/api/answers", pair_answer(0, 0)).status_code == 200


def test_a_full_study_is_exported_with_the_sides_and_explained(
    store: Store, volunteer: Newcomer, database: Database, study: Study, tmp_path: Path
) -> None:
    people = [volunteer() for _ in range(4)]
    sides = {number: fakes(database, one.token) for number, one in enumerate(people, start=1)}
    take(people[0], sides[1])  # finds every fake
    take(people[1], [0] * 10)  # presses left
    take(people[2], [1 - side for side in sides[3]])  # is always fooled
    take(people[3], sides[4])
    seen = overview(store)
    assert set(seen.cells.values()) == {(2, 0)}
    assert {method for _, method in seen.cells} == set(PAIR_METHODS) and len(seen.cells) == 6 * 2
    export = gather(database, study, False)
    assert Counter(one.kind for one in export.ratings) == {"main": 24, "broken": 8, "repeat": 8}
    for one in export.ratings:
        assert isinstance(one, PairRating)
        assert one.criterion == "fake" and one.fake_place == sides[one.participant][one.trial]
    values = {number: {one.value for one in export.ratings if one.participant == number} for number in (1, 2, 3, 4)}
    assert values == {1: {0}, 2: {0, 1}, 3: {1}, 4: {0}}
    flags = [person.flags for person in export.participants]
    assert flags[0] == flags[3] == ""
    assert "straight_lining" in flags[1] and "inconsistent" in flags[1]
    assert flags[2] == "catch"
    assert (export.participants[2].catch_shown, export.participants[2].catch_wrong) == (2, 2)
    write_export(tmp_path / "out", study, export)
    assert read_rows(tmp_path / "out" / "ratings.csv", PairRating) == export.ratings
    codebook = (tmp_path / "out" / "codebook.csv").read_text()
    header = (tmp_path / "out" / "ratings.csv").read_text().splitlines()[0].split(",")
    assert all(f"ratings.csv,{column}," in codebook for column in header)
    assert "1 = fooled" in codebook and "binary, 10, 100" not in codebook


def test_a_database_from_before_there_were_pairs_keeps_its_trials(
    database: Database, study: Study, stimuli: Stimuli
) -> None:
    database.migrate("0001")
    assert "fake_place" not in {column["name"] for column in inspect(database.engine).get_columns("trials")}
    with database.writing() as connection:
        for table, row in BEFORE.items():
            names = ", ".join(f'"{name}"' for name in row)
            places = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)
    Store(database, study, stimuli)
    kept = read(database, select(trials)).mappings().all()
    assert [dict(row) for row in kept] == [{**BEFORE["trials"], "first": None, "fake_place": None, "other": None}]


def test_pairs_have_words_of_their_own() -> None:
    _, texts = load_texts("en")
    plain, pairs = worded(texts, "naturalness"), worded(texts, "pairs")
    assert plain == texts
    assert (plain["trial"]["show"], pairs["trial"]["show"]) == ("Show the picture", "Show the pair")
    assert pairs["trial"]["confirm"] == plain["trial"]["confirm"]
