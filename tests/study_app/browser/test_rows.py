"""What a row says of how its picture was seen: how often, how long, how large; in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from study_app.export.tables import gather
from tests.study_app.browsing import (
    BUSY,
    QUICK,
    Served,
    Volunteer,
    link_to_trials,
    served,
    stored_answers,
    token_of,
)
from tests.study_app.volunteers import write_archives

LARGE = (480, 640)  # height and width in pixels
SHOWN = ".picture[style*='visible']"
TOO_SMALL = "This window is too small for the pictures"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A study of large pictures."""
    archives = write_archives(tmp_path_factory.mktemp("large"), size=LARGE)
    with served(tmp_path_factory.mktemp("rows"), archives, votes_per_cell=20, longest_side=640) as running:
        yield running


def rating(server: Served, page: Page, trial: int) -> dict[str, object]:
    """A row of the export of the session at `page`."""
    key = {row.trial: row.session_id for row in stored_answers(server, token_of(page))}
    export = gather(server.database, server.study, False)
    found = [vars(one) for one in export.ratings if (one.participant, one.trial) == (key[trial], trial)]
    return found[0]


def test_a_picture_that_reloads_show_again_says_so_in_its_row(page: Page, server: Served) -> None:
    person = Volunteer(page)
    page.goto(link_to_trials(server))
    page.locator(SHOWN).wait_for()
    page.reload()  # while it is shown
    page.get_by_text("Question 1 of 3").wait_for()
    page.reload()  # after it was seen in full
    page.get_by_text("Question 1 of 3").wait_for()
    second = page.context.new_page()
    other = Volunteer(second)
    second.goto(page.url)
    other.heading("The study is open somewhere else").wait_for()
    second.get_by_role("button", name="Continue here").click()
    other.answer("101")
    second.get_by_text(f"Picture 2 of {server.study.trials}").wait_for()
    person.heading("The study is open somewhere else").wait_for()
    page.get_by_role("button", name="Continue here").click()
    person.trial(2, server.study.trials, "111")
    page.get_by_text(f"Picture 3 of {server.study.trials}").wait_for()
    row = rating(server, page, 0)
    exposure = QUICK["exposure_ms"]
    assert isinstance(exposure, int)
    assert (row["showings"], row["exposures"], row["hidden"]) == (4, 1, 0)
    assert 3 * exposure < float(str(row["seen_at_most_ms"])) <= 4 * exposure + BUSY
    assert rating(server, page, 1)["showings"] in (1, 2)  # 2: the second tab had begun it


def test_nothing_is_shown_before_the_server_has_counted_it(page: Page, server: Served) -> None:
    held: list[object] = []
    page.route("**/api/showings", lambda route: held.append(route) if not held else route.continue_())
    page.goto(link_to_trials(server))
    page.get_by_text("There is no connection").wait_for()
    assert page.locator(SHOWN).count() == 0 and page.get_by_text("Question 1 of 3").count() == 0
    held[0].abort()  # type: ignore[attr-defined]
    page.get_by_text("Question 1 of 3").wait_for()
    Volunteer(page).answer("111")
    page.get_by_text(f"Picture 2 of {server.study.trials}").wait_for()
    assert rating(server, page, 0)["showings"] == 1


def test_each_row_says_how_large_its_picture_was_and_a_small_window_pauses_the_trial(
    page: Page, server: Served
) -> None:
    person, trials = Volunteer(page), server.study.trials
    page.goto(link_to_trials(server))
    person.answer("111")
    page.get_by_text(f"Picture 2 of {trials}").wait_for()
    page.set_viewport_size({"width": 1280, "height": 400})  # low: pictures would be 270 px high, not 480
    page.get_by_role("heading", name=TOO_SMALL).wait_for()
    page.wait_for_timeout(1000)
    assert page.locator(SHOWN).count() == 0 and page.get_by_text("Question 1 of 3").count() == 0
    page.set_viewport_size({"width": 340, "height": 800})  # narrower than `smallest_width`
    page.wait_for_timeout(300)
    page.get_by_role("heading", name=TOO_SMALL).wait_for()
    page.set_viewport_size({"width": 1280, "height": 560})
    person.answer("111")
    page.get_by_text(f"Picture 3 of {trials}").wait_for()
    page.locator(SHOWN).wait_for()
    page.set_viewport_size({"width": 340, "height": 700})  # in the middle of the exposure
    page.get_by_role("heading", name=TOO_SMALL).wait_for()
    page.set_viewport_size({"width": 1280, "height": 800})
    person.answer("111")
    page.get_by_text(f"Picture 4 of {trials}").wait_for()
    rows = [rating(server, page, trial) for trial in range(3)]
    sizes = [(row["picture_width"], row["picture_height"], row["zoom"]) for row in rows]
    assert sizes == [(640, 480, 1), (573.333, 430, 1), (573.333, 430, 1)]
    assert [row["exposures"] for row in rows] == [1, 1, 2]
    assert [row["showings"] for row in rows][2] == 2


def test_an_answer_that_is_sent_at_the_next_opening_begins_no_showing(page: Page, server: Served) -> None:
    context, link = page.context, link_to_trials(server)
    page.goto(link)
    page.get_by_text("Question 1 of 3").wait_for()
    context.set_offline(True)
    Volunteer(page).answer("110")
    page.get_by_text("There is no connection").wait_for()
    # Chromium ends its emulation before the page, which would send at once what it holds.
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('away')); }")
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(link)
    Volunteer(page).trial(2, server.study.trials, "000")
    page.get_by_text(f"Picture 3 of {server.study.trials}").wait_for()
    assert [rating(server, page, trial)["showings"] for trial in (0, 1)] == [1, 1]
