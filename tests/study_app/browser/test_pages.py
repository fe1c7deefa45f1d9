"""The pages beside a volunteer's straight way: languages, scales, screens, withdrawal, the researcher."""

import io
import zipfile
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from study_app.design.tokens import withdrawal_code
from study_app.storage.schema import sessions, studies
from tests.study_app.browsing import (
    PASSWORD,
    Served,
    Volunteer,
    link_to_trials,
    new_context,
    served,
    stored_answers,
    stored_values,
)
from tests.study_app.volunteers import read


def test_a_killed_server_is_waited_for(page: Page, archives: Path, tmp_path: Path) -> None:
    with served(tmp_path, archives, practice=0) as server:
        person = Volunteer(page)
        page.goto(link_to_trials(server))
        page.get_by_text("Question 1 of 3").wait_for()
        server.app.kill()
        person.answer("101")
        page.get_by_text("There is no connection").wait_for()
        page.wait_for_timeout(3000)
        assert not page.get_by_text("Streamlit").first.is_visible()
        server.app.start()
        person.trial(2, server.study.trials, "010")
        page.get_by_text(f"Picture 3 of {server.study.trials}").wait_for()
        assert stored_values(server) == [1, 0, 1, 0, 1, 0]


def test_the_page_speaks_the_language_of_the_browser_or_the_one_chosen(browser: Browser, server: Served) -> None:
    context = browser.new_context(locale="fr-CH", viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(server.url)
    page.get_by_role("heading", name="Ces couleurs").wait_for()
    page.get_by_text("Deutsch").click()
    page.get_by_role("heading", name="Sehen diese Farben").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Beginnen").click()
    page.get_by_text("Bitte setzen Sie oben das Häkchen").wait_for()
    page.get_by_text("Ich habe das gelesen").click()
    page.get_by_role("button", name="Beginnen").click()
    page.get_by_role("heading", name="Ihr Rückzugscode").wait_for()
    assert page.evaluate("document.documentElement.lang") == "de"
    context.close()


def test_unknown_links_get_a_friendly_page(page: Page, server: Served) -> None:
    for token in ("nonsense", "A" * 22):
        page.goto(f"{server.url}?s={token}")
        page.get_by_text("This link is not known here").wait_for()


def test_the_researcher_sees_counts_exports_closes_and_reopens(page: Page, server: Served) -> None:
    page.goto(f"{server.url}?page=researcher")
    for typed in ("wrong", PASSWORD):
        page.get_by_label("Password").first.fill(typed)
        page.get_by_role("button", name="Open").click()
        if typed == "wrong":
            page.get_by_text("That is not the password").wait_for()
    page.get_by_text("sessions are completed").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the export").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert {"ratings.csv", "participants.csv", "codebook.csv", "log.csv", "study.json"} <= set(archive.namelist())
        assert archive.read("ratings.csv").startswith(b"study,version,simulated,")
    link_to_trials(server)
    page.get_by_label("Participants").fill("1, 999")
    page.get_by_label("Reason").fill("answers of a program")
    page.get_by_role("button", name="Set aside").click()
    page.get_by_text("Nothing was changed: there is no participant 999").wait_for()
    page.get_by_label("Participants").fill("1")
    page.get_by_role("button", name="Set aside").click()
    page.get_by_text("Set aside: 1.").wait_for()
    query = select(sessions.c.set_aside).where(sessions.c.number == 1)
    assert read(server.database, query).scalar_one() == "answers of a program"
    page.get_by_role("button", name="Close the study").click()
    page.get_by_role("button", name="Keep it open").click()
    page.get_by_role("button", name="Close the study").click()
    page.get_by_text("Close the study? From then on nobody can begin").wait_for()
    assert closed_at(server) is None
    page.get_by_role("button", name="Yes, close it").click()
    page.get_by_role("button", name="Open it again").wait_for()
    assert closed_at(server) is not None
    visitor = page.context.new_page()
    visitor.goto(server.url)
    visitor.get_by_text("The study is closed").wait_for()
    page.get_by_role("button", name="Open it again").click()
    page.get_by_role("button", name="Close the study").wait_for()
    visitor.goto(server.url)
    visitor.get_by_role("button", name="Begin").wait_for()


def closed_at(server: Served) -> int | None:
    found: int | None = read(server.database, select(studies.c.closed_at)).scalar_one()
    return found


def test_the_researcher_stays_signed_in_over_a_reload_until_signing_out(page: Page, server: Served) -> None:
    address = f"{server.url}?page=researcher"
    with page.expect_response("**/api/researcher") as kept:
        page.goto(address)
        page.get_by_label("Password").first.fill(PASSWORD)
        page.get_by_role("button", name="Open").click()
    assert kept.value.status == 200
    for _ in range(2):
        page.reload()
        page.get_by_text("sessions are completed").wait_for()
    second = page.context.new_page()
    second.goto(address)
    second.get_by_text("sessions are completed").wait_for()
    assert "huebench_researcher" not in page.evaluate("document.cookie")
    with page.expect_response("**/api/researcher"):
        page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Password").first.wait_for()
    page.get_by_text("sessions are completed").wait_for(state="detached")
    page.reload()
    page.get_by_label("Password").first.wait_for()
    page.wait_for_timeout(500)
    assert page.get_by_text("sessions are completed").count() == 0
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_role("button", name="Open").click()
    page.get_by_text("sessions are completed").wait_for()


def test_graded_answers_by_keyboard_and_mouse(browser: Browser, archives: Path, tmp_path: Path) -> None:
    keys, expected = ["7 Enter", "1 0 Enter", "ArrowRight ArrowRight Enter"], [7, 10, 6]
    with served(tmp_path, archives, scale="0-10", practice=0, password=None) as server:
        context, _ = new_context(browser, tmp_path, viewport={"width": 360, "height": 740})
        page = context.new_page()
        page.goto(link_to_trials(server))
        for number, pressed in enumerate(keys, start=1):
            page.get_by_text(f"Question {number} of 3").wait_for()
            page.wait_for_timeout(220)
            for key in pressed.split():
                page.keyboard.press(key)
        for number in range(1, 4):
            page.get_by_text(f"Question {number} of 3").wait_for()
            page.wait_for_timeout(220)
            page.locator('[data-value="3"]').click()
        page.get_by_text("Picture 3 of").wait_for()
        assert stored_values(server) == [*expected, 3, 3, 3]
        page.goto(f"{server.url}?page=researcher")
        page.get_by_role("button", name="Begin").wait_for()  # without a secret there is no such page
        context.close()


def test_the_slider_has_no_place_before_it_is_touched(page: Page, archives: Path, tmp_path: Path) -> None:
    with served(tmp_path, archives, scale="0-100", practice=0, votes_per_cell=1) as server:
        page.goto(link_to_trials(server))
        page.get_by_text("Question 1 of 3").wait_for()
        page.wait_for_timeout(220)
        assert page.get_by_role("button", name="Confirm").is_disabled()
        page.keyboard.press("Enter")
        assert page.get_by_text("Question 1 of 3").count() == 1
        for key in ("PageUp", "ArrowRight", "Enter"):
            page.keyboard.press(key)
        for _ in range(2):
            page.wait_for_timeout(250)
            slider = page.get_by_role("slider")
            box = slider.bounding_box()
            assert box is not None
            page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
            page.get_by_role("button", name="Confirm").click()
        page.get_by_text("Picture 2 of").wait_for()
        assert stored_values(server) == [51, 100, 100]  # the first key gives the middle
        for _ in range(server.study.sessions - 1):
            link_to_trials(server)
        with pytest.raises(HTTPError, match="503"):
            link_to_trials(server)
        page.goto(server.url)
        page.get_by_text("All places of the study are taken").wait_for()


def test_a_phone_is_politely_refused_where_the_study_wants_more(
    browser: Browser, archives: Path, tmp_path: Path
) -> None:
    with served(tmp_path, archives, smallest_width=900) as server:
        small = {"width": 360, "height": 740}
        phone = browser.new_context(viewport=small, screen=small, has_touch=True, is_mobile=True, locale="en-GB")
        page = phone.new_page()
        page.goto(server.url)
        page.get_by_role("heading", name="A larger screen is needed").wait_for()
        assert page.get_by_role("button", name="Begin").count() == 0
        phone.close()
        narrow = browser.new_context(viewport={"width": 640, "height": 700}, screen={"width": 1280, "height": 800})
        page = narrow.new_page()
        person = Volunteer(page)
        person.agree(server.url)
        person.read_plates(["0"] * 6)
        page.get_by_text("at least 900 pixels. Now it is 640").wait_for()
        page.set_viewport_size({"width": 1000, "height": 700})
        page.locator(".field").first.wait_for()
        narrow.close()


def test_whoever_has_the_code_removes_the_answers(page: Page, server: Served) -> None:
    person = Volunteer(page)
    link = link_to_trials(server)
    code = withdrawal_code(link.partition("?s=")[2])
    page.goto(link)
    person.trial(1, server.study.trials, "111")
    page.get_by_text(f"Picture 2 of {server.study.trials}").wait_for()
    assert len(stored_answers(server, code=code)) == 3
    page.goto(f"{server.url}?page=withdraw")
    for typed, reply in (("AAAA-BBBB-CCCC", "No answers are stored"), (code.lower(), "have been removed")):
        page.get_by_label("Withdrawal code").fill(typed)
        page.get_by_role("button", name="Remove all my answers").click()
        page.get_by_text(reply).wait_for()
    assert stored_answers(server, code=code) == []
    page.goto(link)
    page.get_by_text("as requested").wait_for()
