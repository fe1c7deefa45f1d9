"""The plan of a session gives no trial away: not by an address, nor by a digest, that comes twice."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select
from starlette.testclient import TestClient

from study_app.server.routes import application
from study_app.stimuli.manifest import load_stimuli
from study_app.stimuli.prepare import prepare
from study_app.storage.database import Database
from study_app.storage.schema import trials
from study_app.storage.store import Store
from tests.study_app.pairing import pair_study
from tests.study_app.volunteers import Clock, Newcomer, Volunteer, read


def pictures(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """All pictures of a plan's trials; of a pair, both."""
    return [picture for trial in plan["trials"] for picture in trial.get("pictures", [trial])]


def pixels(client: TestClient, picture: dict[str, Any]) -> np.ndarray:
    with Image.open(io.BytesIO(client.get(picture["url"]).content)) as file:
        return np.asarray(file)


def test_no_address_and_no_digest_comes_twice_in_a_session_and_a_repeat_has_the_same_pixels(
    store: Store, volunteer: Newcomer, client: TestClient
) -> None:
    for _ in range(6):
        shown = pictures(volunteer().plan())
        for key in ("url", "sha256"):
            assert max(Counter(picture[key] for picture in shown).values()) == 1
        assert len({(picture["width"], picture["height"]) for picture in shown}) == 1
    repeats = read(store.database, select(trials).where(trials.c.session_id == 6, trials.c.first.isnot(None))).all()
    assert len(repeats) == 2
    for repeat in repeats:
        np.testing.assert_array_equal(pixels(client, shown[repeat.position]), pixels(client, shown[repeat.first]))


def test_the_plan_is_the_same_whenever_it_is_asked_for(volunteer: Newcomer) -> None:
    one = volunteer()
    before = pictures(one.plan())
    one.take(5)
    assert pictures(one.plan()) == before


@pytest.mark.parametrize("arrangement", ["side_by_side", "in_turn"])
def test_nor_does_a_picture_of_pairs_come_twice(archives: Path, clock: Clock, tmp_path: Path, arrangement: str) -> None:
    study = pair_study(tmp_path, arrangement=arrangement)
    prepare(study, archives, tmp_path / "stimuli")
    stimuli = load_stimuli(study.digest, tmp_path / "stimuli")
    store = Store(Database(f"sqlite:///{tmp_path / 'study.sqlite3'}"), study, stimuli, clock=clock)
    shown = pictures(Volunteer(TestClient(application(store)), study, clock).plan())
    assert len(shown) == 2 * study.trials
    for key in ("url", "sha256"):
        assert max(Counter(picture[key] for picture in shown).values()) == 1
