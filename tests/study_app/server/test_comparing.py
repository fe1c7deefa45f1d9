"""Two volunteers who compare what their browsers got have nothing in common but what is to be seen."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from study_app.server.routes import application
from study_app.stimuli.png import chunks
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.study_app.pairing import PAIRS, PREFERENCE
from tests.study_app.volunteers import Clock, Volunteer, prepared_study

PROTOCOLS: dict[str, dict[str, Any]] = {
    "naturalness": {},
    "pairs": PAIRS,
    "pairs in turn": {**PAIRS, "arrangement": "in_turn"},
    "preference": PREFERENCE,
    "preference in turn": {**PREFERENCE, "arrangement": "in_turn"},
}


def pictures(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Every picture of a plan, those of the practice included."""
    return [one for trial in (*plan["trials"], *plan["practice"]) for one in trial.get("pictures", [trial])]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sessions_share_no_address_no_digest_and_no_file(
    protocol: str, database: Database, archives: Path, clock: Clock, tmp_path: Path
) -> None:
    study, stimuli = prepared_study(tmp_path, archives, **PROTOCOLS[protocol])
    store = Store(database, study, stimuli, clock=clock)
    client = TestClient(application(store))
    people = [pictures(Volunteer(client, study, clock).plan()) for _ in range(4)]
    files = [[client.get(picture["url"]).content for picture in shown] for shown in people]
    for shown, contents in zip(people, files, strict=True):
        assert [hashlib.sha256(content).hexdigest() for content in contents] == [one["sha256"] for one in shown]
    everything = [one for shown in people for one in shown]
    for key in ("url", "sha256"):
        assert len({picture[key] for picture in everything}) == len(everything)
    assert {len(picture["url"]) for picture in everything} == {len("/s/") + 32}
    flat = [content for contents in files for content in contents]
    assert len({len(content) for content in flat}) == 1
    marks = [dict(chunks(content))[b"maRk"] for content in flat]
    assert len(set(marks)) == len(marks)
    # They did see the same: each photograph's pixels, in pairs the original's, came to all of them.
    seen = [{pixels(content) for content in contents} for contents in files]
    assert set.intersection(*seen)


def pixels(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as file:
        return np.asarray(file).tobytes()


def test_a_second_tab_and_a_reload_get_the_same_addresses_from_any_process(
    database: Database, archives: Path, clock: Clock, tmp_path: Path
) -> None:
    study, stimuli = prepared_study(tmp_path, archives, **PAIRS)
    one, other = (TestClient(application(Store(database, study, stimuli, clock=clock))) for _ in range(2))
    volunteer = Volunteer(one, study, clock)
    plan = volunteer.plan()
    again = other.get("/api/plan", headers={"Authorization": f"Bearer {volunteer.token}"}).json()
    assert pictures(again) == pictures(plan)
    url = plan["trials"][3]["pictures"][1]["url"]
    assert one.get(url).content == other.get(url).content
