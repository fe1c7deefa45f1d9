"""A server that restarts, a websocket that is lost, a full disk: no press is lost, and people read what is so."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.study_app.browsing import PASSWORD, Served, Volunteer, link_to_trials, served, stored_values
from tests.study_app.storage.test_kill import limit_files

AWAY = "There is no connection. What you press now"
CUT = """() => {
  const open = (window.sockets ??= []);
  const Real = WebSocket;
  window.WebSocket = class extends Real {
    constructor(...given) {
      super(...given);
      open.push(this);
      if (window.isCut) setTimeout(() => this.close());
    }
  };
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """A server of this file's own, since it is killed."""
    with served(tmp_path_factory.mktemp("restarted"), archives, votes_per_cell=20, practice=0) as running:
        yield running


def arrive(page: Page, server: Served) -> None:
    """The welcome page, all of it."""
    page.goto(server.url)
    page.locator("#first").wait_for(state="detached")
    page.get_by_role("checkbox").wait_for(state="attached")
    page.get_by_role("button", name="Begin").wait_for()


def press(page: Page, words: str) -> None:
    """What a finger does, which does not wait until something may be pressed."""
    wanted = page.get_by_text(words, exact=True)
    wanted.scroll_into_view_if_needed()
    box = wanted.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_begin_that_is_pressed_while_the_server_restarts_counts_once_it_is_back(page: Page, server: Served) -> None:
    person = Volunteer(page)
    arrive(page, server)
    page.get_by_text("I have read this and want to take part.").click()
    server.app.kill()
    page.get_by_text(AWAY).wait_for()
    colors = page.get_by_role("button", name="Begin").evaluate(
        "(one) => [one, one.querySelector('p')].map((part) => getComputedStyle(part))"
        ".map((style, place) => (place ? style.color : style.backgroundColor))"
    )
    assert colors == ["rgb(242, 242, 242)", "rgb(38, 38, 38)"]  # it still looks like a button
    press(page, "Begin")
    server.app.start()
    person.heading("Your withdrawal code").wait_for()
    assert page.get_by_text(AWAY).count() == 0 or not page.get_by_text(AWAY).is_visible()


def test_box_and_button_that_are_pressed_meanwhile_count_in_their_order(page: Page, server: Served) -> None:
    arrive(page, server)
    server.app.kill()
    page.get_by_text(AWAY).wait_for()
    for _ in range(3):  # ticked, unticked, ticked
        press(page, "I have read this and want to take part.")
    press(page, "Begin")
    server.app.start()
    Volunteer(page).heading("Your withdrawal code").wait_for()


def test_a_language_that_is_chosen_meanwhile_comes(page: Page, server: Served) -> None:
    arrive(page, server)
    server.app.kill()
    page.get_by_text(AWAY).wait_for()
    press(page, "Deutsch")
    server.app.start()
    page.get_by_role("heading", name="Sehen diese Farben").wait_for()


def test_a_code_that_is_sent_meanwhile_is_looked_up(page: Page, server: Served) -> None:
    page.goto(f"{server.url}?page=withdraw")
    page.get_by_label("Withdrawal code").fill("AAAA-BBBB-CCCC")
    server.app.kill()
    page.get_by_text(AWAY).wait_for()
    press(page, "Remove all my answers")
    server.app.start()
    page.get_by_text("No answers are stored under this code").wait_for()


def test_begin_by_keyboard_on_a_lost_websocket_counts(browser: Browser, server: Served) -> None:
    context = browser.new_context(locale="en-GB")
    context.add_init_script(f"({CUT})()")
    page = context.new_page()
    arrive(page, server)
    page.get_by_text("I have read this and want to take part.").click()
    page.get_by_role("button", name="Begin").focus()
    page.evaluate("window.isCut = true; window.sockets.forEach((one) => one.close())")
    page.get_by_text(AWAY).wait_for()
    page.keyboard.press("Enter")
    page.evaluate("window.isCut = false")
    Volunteer(page).heading("Your withdrawal code").wait_for()
    context.close()


def test_a_full_disk_is_told_to_volunteers_researcher_and_monitoring(
    browser: Browser, page: Page, archives: Path, tmp_path: Path
) -> None:
    with served(tmp_path, archives, practice=0) as server:
        person = Volunteer(page)
        researcher = browser.new_context(locale="en-GB").new_page()
        researcher.goto(f"{server.url}?page=researcher")
        researcher.get_by_label("Password").first.fill(PASSWORD)
        researcher.get_by_role("button", name="Open").click()
        researcher.get_by_text("sessions are completed").wait_for()
        page.goto(link_to_trials(server))
        page.get_by_text("Question 1 of 3").wait_for()
        limit_files(server.app.pid, 4096)
        assert page.request.get(f"{server.url}readyz").status == 503
        person.answer("101")
        page.get_by_text("The server cannot take answers at the moment").wait_for()
        assert page.get_by_text("There is no connection. Your").count() == 0
        researcher.get_by_text("Answers cannot be stored now").wait_for()
        visitor = page.context.new_page()
        arrive(visitor, server)
        visitor.get_by_text("I have read this and want to take part.").click()
        visitor.get_by_role("button", name="Begin").click()
        visitor.get_by_text("The server of this study has a problem").wait_for()
        limit_files(server.app.pid, resource.RLIM_INFINITY)
        page.get_by_text("Picture 2 of").wait_for()
        assert page.request.get(f"{server.url}readyz").status == 200
        assert stored_values(server) == [1, 0, 1]
        researcher.get_by_text("Answers cannot be stored now").wait_for(state="detached")
        researcher.context.close()
