"""A real browser takes the whole study: nothing is lost, doubled or given away, whatever happens in between."""

from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from tests.conftest import ROOT
from tests.study_app.browsing import (
    BUSY,
    QUICK,
    Served,
    Volunteer,
    damaging,
    digits,
    hide_once_seen,
    link_to_trials,
    new_context,
    show_again,
    stored_answers,
    stored_events,
    token_of,
)
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS

CRITERIA = ["saturability", "semantic_correctness", "edge_keeping"]
PRACTICE = 2


def test_a_volunteer_gets_through_reload_lost_network_and_two_tabs_and_nothing_gives_a_method_away(
    browser: Browser, server: Served, tmp_path: Path
) -> None:
    count = server.study.trials
    context, received = new_context(browser, tmp_path)
    page = context.new_page()
    person = Volunteer(page)
    person.begin(server.url, digits(server), PRACTICE)
    given = ["101", "nyn", "<><", "+-+", "000", "111", "010", "+<1", "100", "yyy"]
    assert len(given) == count

    person.trial(1, count, given[0])
    page.get_by_text(f"Picture 2 of {count}").wait_for()
    page.reload()  # while the second picture is on its way or on the screen
    person.trial(2, count, given[1])

    page.get_by_text(f"Picture 3 of {count}").wait_for()
    page.get_by_text("Question 1 of 3").wait_for()
    context.set_offline(True)
    person.answer(given[2])
    page.get_by_text("There is no connection").wait_for()
    assert page.evaluate("Object.keys(localStorage).some((key) => key.includes('answers'))")
    assert page.get_by_text(f"Picture 4 of {count}").count() == 0
    context.set_offline(False)
    person.trial(4, count, given[3])

    page.get_by_role("heading", name="Time for a break").wait_for()
    second = context.new_page()
    other = Volunteer(second)
    second.goto(page.url)
    other.heading("The study is open somewhere else").wait_for()
    second.get_by_role("button", name="Continue here").click()
    person.heading("The study is open somewhere else").wait_for()
    for number in range(5, count):
        other.trial(number, count, given[number - 1])
    second.get_by_text(f"Picture {count} of {count}").wait_for()
    second.close()
    page.get_by_role("button", name="Continue here").click()
    person.trial(count, count, given[-1])

    person.heading("Thank you").wait_for()
    code = page.locator("code").inner_text()
    context.close()
    assert person.errors == other.errors == []
    check_answers(server, code, given)
    check_blinding(received.everything())


def check_answers(server: Served, code: str, given: list[str]) -> None:
    """Every answer is there once, as it was given, with timings that can be."""
    meaning = dict.fromkeys("1y>+", 1) | dict.fromkeys("0n<-", 0)
    rows = stored_answers(server, code=code)
    assert [(row.trial, row.criterion, row.value) for row in rows] == [
        (trial, criterion, meaning[key])
        for trial, keys in enumerate(given)
        for criterion, key in zip(CRITERIA, keys, strict=True)
    ]
    exposure = QUICK["exposure_ms"]
    assert isinstance(exposure, int)
    shown = [row.shown_ms for row in rows if row.exposures == 1]
    assert min(shown) > exposure - BUSY
    assert abs(median(shown) - exposure) < BUSY
    assert all(row.onset_ms >= 650 and row.offset_ms >= row.onset_ms + row.shown_ms - 1 for row in rows)
    assert all(150 <= row.response_ms < 30_000 for row in rows)
    assert len({row.key for row in rows}) == len(given)


def check_blinding(received: list[tuple[str, bytes]]) -> None:
    """Nothing that the browser got names a method or a photograph, or shows the inside of the program."""
    assert sum(where == "websocket" for where, _ in received) > 10
    assert sum("/s/" in where and content.startswith(b"\x89PNG") for where, content in received) >= 10
    assert any("/api/plan" in where and b"sha256" in content for where, content in received)
    words = [word.encode() for word in (*METHODS, *PHOTOGRAPHS, "colorized/", "Traceback", "entry.py", str(ROOT))]
    for where, content in received:
        if "/static/" in where:  # Streamlit's own scripts: the same for everybody, and they have words of their own
            continue
        found = [word for word in words if word in content]
        assert not found, f"{where} holds {found}"


def test_the_keyboard_alone_is_enough(page: Page, server: Served) -> None:
    person = Volunteer(page)
    page.goto(server.url)
    page.get_by_role("checkbox").wait_for(state="attached")  # Streamlit fetches its code after the button's
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "checkbox":
            break
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    person.heading("Your withdrawal code").wait_for()
    person.read_plates(digits(server))
    for level in ("24", "228"):
        page.keyboard.press(str(person.square(level).get_attribute("aria-label")).removeprefix("Field "))
    person.heading("First, some practice").wait_for()
    person.practise(PRACTICE)
    person.trial(1, server.study.trials, "1n1")
    page.get_by_text(f"Picture 2 of {server.study.trials}").wait_for()
    told = {event.name: event.detail for event in stored_events(server, token_of(page))}
    assert '"right": 6' in told["vision"] and '"shown": 6' in told["vision"]
    assert '"gray_step_seen": true' in told["screen"] and '"width": 1280' in told["screen"]


def test_an_answer_survives_a_closed_page_without_a_network(page: Page, server: Served) -> None:
    context, person = page.context, Volunteer(page)
    link = link_to_trials(server)
    page.goto(link)
    page.get_by_text("Question 1 of 3").wait_for()
    context.set_offline(True)
    person.answer("110")
    page.get_by_text("There is no connection").wait_for()
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(server.url)
    page.get_by_role("link", name="Continue where you stopped").click()
    Volunteer(page).trial(2, server.study.trials, "000")
    page.get_by_text(f"Picture 3 of {server.study.trials}").wait_for()
    assert page.url == link


def test_another_device_is_told_and_may_take_over(browser: Browser, server: Served, page: Page, tmp_path: Path) -> None:
    person = Volunteer(page)
    page.goto(link_to_trials(server))
    page.get_by_text("Question 1 of 3").wait_for()
    context, _ = new_context(browser, tmp_path)
    elsewhere = context.new_page()
    elsewhere.goto(page.url)
    elsewhere.get_by_role("heading", name="The study is open somewhere else").wait_for()
    elsewhere.get_by_role("button", name="Continue here").click()
    Volunteer(elsewhere).trial(1, server.study.trials, "111")
    page.evaluate("dispatchEvent(new Event('focus'))")
    person.heading("The study is open somewhere else").wait_for()
    context.close()


def test_a_damaged_picture_is_fetched_again_and_a_hidden_one_shown_again(page: Page, server: Served) -> None:
    person = Volunteer(page)
    damaged: list[str] = []
    page.route("**/s/*", damaging(damaged))
    page.goto(link_to_trials(server))
    hide_once_seen(page, ".picture")
    page.locator(".picture[style*='hidden']").wait_for(state="attached")
    show_again(page)
    person.heading("The page was hidden").wait_for()
    page.keyboard.press("Enter")
    person.answer("111")
    page.get_by_text(f"Picture 2 of {server.study.trials}").wait_for()
    page.wait_for_timeout(500)
    names = [event.name for event in stored_events(server, token_of(page))]
    assert "damaged" in names and "hidden" in names
    row = stored_answers(server, token_of(page))[-1]
    assert (row.exposures, row.hidden) == (2, 1)
    assert row.shown_ms > 400 - BUSY
