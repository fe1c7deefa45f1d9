"""The researcher's page shows the contrast that stops the study, its interval and chart, and why the study closed."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from study_app.stimuli.manifest import load_stimuli
from study_app.storage.store import Store
from tests.study_app.browsing import PASSWORD, Served, served
from tests.study_app.storage.test_stopping import LIKED, STOPS, take
from tests.study_app.volunteers import Clock, newcomer

HERE = os.environ.get("STUDY_SCREENSHOTS")  # a folder for pictures of the page


def answered(running: Served, folder: Path, volunteers: int) -> None:
    """Volunteers who mostly prefer one method, straight to the database of the server that runs."""
    stimuli = load_stimuli(running.study.digest, folder / "stimuli")
    clock = Clock()
    store = Store(running.database, running.study, stimuli, clock=clock)
    people = [newcomer(store, clock) for _ in range(volunteers)]  # all before the study closes
    for number, one in enumerate(people):
        liked = {**LIKED, "quokkanet": int(number % 5 == 0), "zebranet": int(number % 4 > 0)}
        take(one, running.database, liked.__getitem__)


@pytest.mark.parametrize(("volunteers", "said"), [(12, "Not decided yet. If effect and spread"), (24, "Decided after")])
def test_the_researcher_sees_the_interval_and_why_the_study_closed(
    page: Page, archives: Path, tmp_path: Path, volunteers: int, said: str
) -> None:
    with served(tmp_path, archives, votes_per_cell=9, stops=STOPS) as running:
        answered(running, tmp_path, volunteers)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{running.url}?page=researcher")
            page.get_by_label("Password").first.fill(PASSWORD)
            page.get_by_role("button", name="Open").click()
            page.get_by_role("heading", name="Stops when it knows").wait_for()
            words = page.get_by_text("zebranet minus quokkanet, answers:").locator("xpath=ancestor::p").inner_text()
            assert said in words and "points, 95 % interval" in words
            chart = page.get_by_role("img", name=f"After {volunteers} volunteers")
            box = chart.bounding_box()
            assert box is not None and box["width"] > 250 and box["x"] + box["width"] <= width
            assert chart.evaluate("image => image.complete && image.naturalWidth > 0")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if HERE:
                page.get_by_role("heading", name="Stops when it knows").scroll_into_view_if_needed()
                page.screenshot(path=Path(HERE) / f"stopping-{volunteers}-{width}.png")
            if volunteers == 24:
                assert "So the study was closed to new volunteers" in words
                page.get_by_text("The study is closed to new volunteers.").wait_for()
            page.context.clear_cookies()
