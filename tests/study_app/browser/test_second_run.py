"""Who has taken part is told so on the same device; a second run is for the study to welcome."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.study_app.browsing import Served, Volunteer, link_to_trials, new_context, served

TRIALS = 2


def take_all(page: Page, server: Served) -> None:
    """All trials, to the thanks."""
    person = Volunteer(page)
    page.goto(link_to_trials(server))
    for number in range(1, server.study.trials + 1):
        person.trial(number, server.study.trials, "111")
    person.heading("Thank you").wait_for()
    assert person.errors == []


@pytest.mark.parametrize("second_run", [False, True])
def test_who_has_taken_part_is_told_and_may_begin_again_only_where_that_is_welcome(
    second_run: bool, browser: Browser, archives: Path, tmp_path: Path
) -> None:
    few = {"photographs": TRIALS, "photographs_per_session": TRIALS, "methods": ["zebranet", "original"], "repeats": 0}
    quick = {"catch": {"broken": 0, "originals": 0}, "votes_per_cell": 20, "second_run": second_run}
    with served(tmp_path, archives, **few, **quick) as server:
        context, _ = new_context(browser, tmp_path)
        page = context.new_page()
        page.goto(server.url)
        button = page.get_by_role("button", name="Begin")
        button.wait_for()
        assert page.get_by_text("You have taken part").count() == 0
        take_all(page, server)
        for address in (server.url, f"{server.url}?page=withdraw"):  # at once, and by the way of another page
            page.goto(address)
            if "withdraw" in address:
                page.get_by_role("link", name="To the start of the study").click()
            page.get_by_text("You have taken part in this study on this device").wait_for()
            assert button.is_visible() == second_run
        page.goto(f"{server.url}?lang=de")
        page.get_by_text("Auf diesem Gerät wurde an dieser Studie schon teilgenommen").wait_for()
        other = context.new_page()
        other.goto(server.url)
        other.get_by_text("You have taken part in this study on this device").wait_for()
        if second_run:  # one that is under way can be continued, as the first could
            page.goto(link_to_trials(server))
            page.get_by_text("Question 1 of 3").wait_for()
            page.goto(server.url)
            page.get_by_role("link", name="Continue where you stopped").wait_for()
        elsewhere, _ = new_context(browser, tmp_path / "elsewhere")
        stranger = elsewhere.new_page()
        stranger.goto(server.url)
        stranger.get_by_role("button", name="Begin").wait_for()
        stranger.wait_for_timeout(500)
        assert stranger.get_by_text("You have taken part").count() == 0
        elsewhere.close()
        context.close()
