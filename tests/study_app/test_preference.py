"""A study of preference, from its file to its export, on both databases: what a volunteer prefers, and who knows."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.records.ratings import PreferenceRating
from pipeline.records.rows import read_rows
from study_app import backup
from study_app.design.pairs import trial_looks
from study_app.design.study import Study
from study_app.export.monitor import overview
from study_app.export.tables import gather, write_export
from study_app.server.languages import load_texts, worded
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.pairing import PREFERENCE, preference_study, shown_trials
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS, Newcomer, Volunteer, answer_to, prepared_study

TIED = {**PREFERENCE, "ties": True, "votes_per_cell": 1}
LIKED = dict(zip((*METHODS, "broken"), (1, 2, 3, 0), strict=True))  # more of the original than of anything else


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """3 methods, 6 photographs, 10 trials, 6 ways to show a photograph, 1 vote each: so 6 volunteers. Ties count."""
    return preference_study(tmp_path_factory.mktemp("study"), **TIED)


@pytest.fixture(scope="module")
def stimuli(study: Study, archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Stimuli:
    return prepared_study(tmp_path_factory.mktemp("stimuli"), archives, **TIED)[1]


def preference(trial: int, side: int) -> dict[str, Any]:
    """What a browser sends when the volunteer prefers `side`."""
    content = answer_to(trial, values={"natural": side})
    content["timing"]["response_ms"] = {"natural": 700.5}
    return content


def take(one: Volunteer, database: Database, choose: Any) -> list[int]:
    """Answer every trial with the side that `choose` makes of what stands left and right."""
    one.plan()
    pressed = []
    for trial in shown_trials(database, one.token):
        left, right = (fault or method for _, method, fault in trial_looks(trial))
        pressed.append(choose(left, right))
        one.clock.advance(2)
        reply = one.post("/api/answers", preference(trial.position, pressed[-1]))
        assert (reply.status_code, set(reply.json())) == (200, {"acknowledged"}), reply.text
    return pressed


def better(left: str, right: str) -> int:
    return 2 if LIKED[right] > LIKED[left] else 0


def test_the_plan_shows_two_methods_of_a_photograph_and_tells_neither(
    volunteer: Newcomer, database: Database, stimuli: Stimuli
) -> None:
    addresses, one = Addresses(stimuli), volunteer()
    plan = one.plan()
    assert plan["scale"] == {"name": "sides", "minimum": 0, "maximum": 2}
    assert plan["criteria"][0]["question"] == "Which of the two looks more natural?"
    for trial, stored in zip(plan["trials"], shown_trials(database, one.token), strict=True):
        looks = [addresses.stimulus(picture["url"].removeprefix("/s/")) for picture in trial["pictures"]]
        assert [(look.photograph, look.method, look.fault) for look in looks] == list(trial_looks(stored))
        assert looks[0].size == looks[1].size
    assert len({picture["url"] for trial in plan["trials"] for picture in trial["pictures"]}) == 20
    text = json.dumps(plan)
    assert not [word for word in (*METHODS, *PHOTOGRAPHS, "broken", "fake_place", "other") if word in text]
    assert [(one["fake"], one["wanted"]) for one in plan["practice"]] in ([(0, 2), (1, 0)], [(1, 0), (0, 2)])


def test_a_full_study_is_exported_by_method_whatever_the_side(
    store: Store, volunteer: Newcomer, database: Database, study: Study, tmp_path: Path
) -> None:
    people = [volunteer() for _ in range(6)]
    assert volunteer_is_refused(volunteer)
    for one in people[:3]:
        take(one, database, better)
    take(people[3], database, lambda left, right: 0)  # presses left
    take(people[4], database, lambda left, right: 1)  # finds all equal
    take(people[5], database, lambda left, right: 2 - better(left, right))
    seen = overview(store)
    assert set(seen.cells.values()) == {(1, 0)} and len(seen.cells) == 6 * 6
    export = gather(database, study, False)
    assert Counter(one.kind for one in export.ratings) == {"main": 36, "broken": 12, "repeat": 12}
    for one in export.ratings:
        assert isinstance(one, PreferenceRating) and one.maximum == 2
        if one.participant <= 3:
            assert one.value == (2 if LIKED[one.method] > LIKED[one.other] else 0)
        if one.participant == 4:
            assert one.value == (0 if one.method_place else 2)
    flags = [person.flags for person in export.participants]
    assert flags[:3] == ["", "", ""]
    assert "straight_lining" in flags[3] and "straight_lining" in flags[4] and "catch" in flags[4]
    assert flags[5] == "catch" and export.participants[5].repeat_agreement == 1
    write_export(tmp_path / "out", study, export)
    assert read_rows(tmp_path / "out" / "ratings.csv", PreferenceRating) == export.ratings
    codebook = (tmp_path / "out" / "codebook.csv").read_text()
    header = (tmp_path / "out" / "ratings.csv").read_text().splitlines()[0].split(",")
    assert all(f"ratings.csv,{column}," in codebook for column in header) and "1 of 2 = none" in codebook


def test_a_backup_brings_back_what_was_compared(
    volunteer: Newcomer, database: Database, other: Database, study: Study, tmp_path: Path
) -> None:
    take(volunteer(), database, better)
    backup.write(database, tmp_path / "backup.zip")
    backup.restore(other, tmp_path / "backup.zip")
    before, after = (gather(place, study, False).ratings for place in (database, other))
    assert before == after and len(before) == study.trials


def test_who_withdraws_leaves_no_preference_and_a_place(
    volunteer: Newcomer, database: Database, study: Study, store: Store
) -> None:
    one = volunteer()
    take(one, database, better)
    assert one.post("/api/withdraw", {"code": one.code}).status_code == 200
    assert gather(database, study, False).ratings == []
    assert sum(done + active for done, active in overview(store).cells.values()) == 0


def volunteer_is_refused(volunteer: Newcomer) -> bool:
    """Whether one more finds the study full."""
    try:
        volunteer()
    except AssertionError as refusal:
        return "full" in str(refusal)
    return False


@pytest.mark.parametrize(("side", "status"), [(3, 422), (-1, 422), (1, 200)])
def test_only_sides_and_ties_are_answers_and_the_first_one_stays(
    side: int, status: int, volunteer: Newcomer, database: Database
) -> None:
    one = volunteer()
    one.plan()
    one.clock.advance(2)
    sent = preference(0, side)
    assert [one.post("/api/answers", sent).status_code for _ in range(2)] == [status, status]
    if status == 200:
        assert one.post("/api/answers", preference(0, 0)).json()["reason"] == "conflict"


def test_preference_has_words_of_its_own_and_those_of_pairs() -> None:
    _, texts = load_texts("en")
    words = worded(texts, "preference")
    assert (words["trial"]["show"], words["practice"]["real"]) == ("Show the pair", "Original")
    assert (words["trial"]["same"], words["practice"]["fake"]) == ("Equal", "Changed")
