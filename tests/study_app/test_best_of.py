"""A study that picks the best of three, from its file to tables, on both databases: what was picked, and who knows."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.records.ratings import BestRating
from pipeline.records.rows import read_rows
from reports import ratings
from study_app import backup
from study_app.design.pairs import trial_looks
from study_app.design.study import Study
from study_app.export.monitor import overview
from study_app.export.tables import gather, write_export
from study_app.pages.researcher import cell_table
from study_app.server.languages import load_texts, worded
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.pairing import BEST, best_study, shown_trials
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS, Newcomer, Volunteer, answer_to, prepared_study

LIKED = dict(zip(METHODS, (1, 2, 3), strict=True))  # more of the original than of anything else
Choose = Callable[[list[str]], int]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """3 methods in 3 ways, 6 photographs, 10 trials, 2 votes: so 6 volunteers."""
    return best_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def stimuli(study: Study, archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Stimuli:
    return prepared_study(tmp_path_factory.mktemp("stimuli"), archives, **BEST)[1]


def pick(trial: int, place: int) -> dict[str, Any]:
    """What a browser sends when the volunteer picks what was at `place`."""
    content = answer_to(trial, values={"natural": place})
    content["timing"]["response_ms"] = {"natural": 700.5}
    return content


def names(trial: Any) -> list[str]:
    """The methods, or faults, by place."""
    return [fault or method for _, method, fault in trial_looks(trial)]


def take(one: Volunteer, database: Database, choose: Choose) -> None:
    """Answer every trial with the place that `choose` makes of what stands where."""
    one.plan()
    for trial in shown_trials(database, one.token):
        one.clock.advance(2)
        reply = one.post("/api/answers", pick(trial.position, choose(names(trial))))
        assert (reply.status_code, set(reply.json())) == (200, {"acknowledged"}), reply.text


def best(shown: list[str]) -> int:
    """Where the most liked one stands."""
    return int(np.argmax([LIKED.get(name, 0) for name in shown]))


def test_the_plan_shows_three_of_a_photograph_and_tells_none(
    volunteer: Newcomer, database: Database, stimuli: Stimuli
) -> None:
    addresses, one = Addresses(stimuli), volunteer()
    plan = one.plan()
    assert plan["scale"] == {"name": "places", "minimum": 0, "maximum": 2}
    assert plan["criteria"][0]["question"] == "Which one looks most natural?"
    for trial, stored in zip(plan["trials"], shown_trials(database, one.token), strict=True):
        looks = [addresses.stimulus(picture["url"].removeprefix("/s/")) for picture in trial["pictures"]]
        assert [(look.photograph, look.method, look.fault) for look in looks] == list(trial_looks(stored))
        assert len({look.size for look in looks}) == 1
    for key in ("url", "sha256"):
        assert len({picture[key] for trial in plan["trials"] for picture in trial["pictures"]}) == 30
    text = json.dumps(plan)
    assert not [word for word in (*METHODS, *PHOTOGRAPHS, "broken", "fake", "other", "kind") if word in text]
    assert [one["real"] == one["wanted"] for one in plan["practice"]] == [True, True]


def test_a_full_study_is_exported_with_what_was_shown_and_what_was_picked(
    store: Store, volunteer: Newcomer, database: Database, study: Study, tmp_path: Path
) -> None:
    people = [volunteer() for _ in range(6)]
    with pytest.raises(AssertionError, match="full"):
        volunteer()
    for one in people[:3]:
        take(one, database, best)
    take(people[3], database, lambda shown: 0)  # always the first place
    take(people[4], database, lambda shown: int(np.argmin([LIKED.get(name, 0) for name in shown])))
    take(people[5], database, lambda shown: shown.index(min(shown)))  # takes a method for better than the original
    seen = overview(store)
    assert set(seen.cells.values()) == {(6, 0)} and len(seen.cells) == 6 * 3  # all three are in every trial
    assert set(cell_table(seen).columns) == set(METHODS)
    export = gather(database, study, False)
    assert Counter(one.kind for one in export.ratings) == {"main": 36, "broken": 12, "repeat": 12}
    for one in export.ratings:
        assert isinstance(one, BestRating) and one.maximum == 2
        shown = one.shown_methods.split(" | ")
        assert shown[one.value] == one.method
        assert set(shown) == ({"broken", "broken_2", "original"} if one.kind == "broken" else set(METHODS))
        if one.participant <= 3:
            assert one.method == "original"
    people_of = export.participants
    assert [person.flags for person in people_of[:3]] == ["", "", ""]
    assert people_of[0].repeat_agreement == people_of[5].repeat_agreement == 1
    assert "straight_lining" in people_of[3].flags and people_of[3].repeat_agreement == 0
    assert people_of[4].catch_wrong == people_of[5].catch_wrong == 2 and people_of[5].flags == "catch"
    write_export(tmp_path / "out", study, export)
    assert read_rows(tmp_path / "out" / "ratings.csv", BestRating) == export.ratings
    codebook = (tmp_path / "out" / "codebook.csv").read_text()
    header = (tmp_path / "out" / "ratings.csv").read_text().splitlines()[0].split(",")
    assert all(f"ratings.csv,{column}," in codebook for column in header) and "in reading order" in codebook


def test_the_export_of_a_study_under_way_becomes_tables_and_a_figure(
    volunteer: Newcomer,
    database: Database,
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(4):
        take(volunteer(), database, lambda shown: best(shown) if rng.random() < 0.7 else int(rng.integers(3)))
    write_export(tmp_path / "people", study, gather(database, study, False))
    command = ["ratings", str(tmp_path / "people" / "ratings.csv"), "--to", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", command)
    ratings.main()
    assert "picks of the best of 3" in capsys.readouterr().out
    methods = pd.read_csv(tmp_path / "out" / "tables" / "preference_methods.csv")
    assert methods["preferred"].mean() == pytest.approx(100 / 3) and set(methods["method"]) == set(METHODS)
    assert (tmp_path / "out" / "figures" / "preference_people.pdf").exists()


def test_a_backup_brings_back_what_was_shown(
    volunteer: Newcomer, database: Database, other: Database, study: Study, tmp_path: Path
) -> None:
    take(volunteer(), database, best)
    backup.write(database, tmp_path / "backup.zip")
    backup.restore(other, tmp_path / "backup.zip")
    before, after = (gather(place, study, False).ratings for place in (database, other))
    assert before == after and len(before) == study.trials


def test_who_withdraws_leaves_no_pick_and_a_place(
    volunteer: Newcomer, database: Database, study: Study, store: Store
) -> None:
    one = volunteer()
    take(one, database, best)
    assert one.post("/api/withdraw", {"code": one.code}).status_code == 200
    assert gather(database, study, False).ratings == []
    assert sum(done + active for done, active in overview(store).cells.values()) == 0


@pytest.mark.parametrize(("place", "status"), [(3, 422), (-1, 422), (2, 200)])
def test_only_places_are_answers_and_the_first_one_stays(place: int, status: int, volunteer: Newcomer) -> None:
    one = volunteer()
    one.plan()
    one.clock.advance(2)
    sent = pick(0, place)
    assert [one.post("/api/answers", sent).status_code for _ in range(2)] == [status, status]
    if status == 200:
        assert one.post("/api/answers", pick(0, 0)).json()["reason"] == "conflict"


def test_it_has_words_of_its_own() -> None:
    words = worded(load_texts("en")[1], "best_of")
    assert (words["trial"]["show"], words["practice"]["next"]) == ("Show the set", "Next set")
    assert words["thanks"]["heading"] == "Thank you" and words["practice"]["real"] == "Original"
