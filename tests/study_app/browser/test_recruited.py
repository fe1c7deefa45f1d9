"""Volunteers of Prolific and Mechanical Turk in a browser: in by the platform's link, out by its code or its form."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright
from sqlalchemy import select

from study_app.design.tokens import withdrawal_code
from study_app.storage.schema import sessions
from tests.study_app.browsing import Served, Volunteer, chromium, digits, new_context, served, stored_answers, token_of
from tests.study_app.volunteers import read

SHORT = {"photographs": 3, "photographs_per_session": 3, "practice": 0, "repeats": 0, "votes_per_cell": 20}
SHORT |= {"catch": {"broken": 0, "originals": 0}, "break_every": 0}
FINISHED, NO_CONSENT, TOO_SMALL = "https://app.prolific.com/submissions/complete?cc=F1N1SHED", "N0CONSENT", "T00SMALL"
ENDS = {"completed": FINISHED, "no_consent": NO_CONSENT, "screened_out": TOO_SMALL}
# As the platforms put them into the link.
PROLIFIC = {"PROLIFIC_PID": "5f1c2d3e4b5a69788796a5b4", "STUDY_ID": "64a0", "SESSION_ID": "64b1"}
TURK = {
    "assignmentId": "3XYZ",
    "hitId": "3HIT",
    "workerId": "A1B2C3",
    "turkSubmitTo": "https://workersandbox.mturk.com",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser in which a page of the internet may hold one of this machine."""
    open_ = "--disable-features=LocalNetworkAccessChecks"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", open_])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def prolific(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    recruitment = {"platform": "prolific", "ends": ENDS}
    with served(tmp_path_factory.mktemp("prolific"), archives, recruitment=recruitment, **SHORT) as running:
        yield running


@pytest.fixture(scope="module")
def turk(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("turk"), archives, recruitment={"platform": "mturk"}, **SHORT) as running:
        yield running


def take(person: Volunteer, server: Served) -> None:
    """From the withdrawal code to the thanks."""
    person.read_plates(digits(server))
    for level in ("24", "228"):
        person.square(level).click()
    for number in range(1, server.study.trials + 1):
        person.trial(number, server.study.trials, "101")
    person.heading("Thank you").wait_for()


def test_a_volunteer_of_prolific_comes_and_goes_by_its_links(page: Page, prolific: Served) -> None:
    person, link = Volunteer(page), f"{prolific.url}?{urlencode(PROLIFIC)}"
    page.goto(link)
    page.get_by_text("a digest of the id in your link").wait_for()
    person.agree(link)
    token = token_of(page)
    assert PROLIFIC["PROLIFIC_PID"] not in page.url and "F1N1SHED" not in page.content()
    take(person, prolific)
    way_back = page.get_by_role("link", name="Back to where you came from")
    assert way_back.get_attribute("href") == FINISHED
    assert len(stored_answers(prolific, token)) == 9
    page.route(f"{FINISHED.partition('?')[0]}**", lambda route: route.fulfill(body="Prolific: thank you"))
    way_back.click()
    page.get_by_text("Prolific: thank you").wait_for()

    page.goto(link)  # the same browser, later
    page.get_by_text("You have taken part in this study on this device").wait_for()
    page.get_by_text("I have read this and want to take part.").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("Please go on in the same browser").wait_for()
    for code, words in (("AAAA-BBBB-CCCC", "This is not the code"), (withdrawal_code(token), "Thank you")):
        page.get_by_label("Withdrawal code").fill(code)
        page.get_by_role("button", name="Go on").click()
        page.get_by_text(words).first.wait_for()
    assert page.get_by_role("link", name="Back to where you came from").get_attribute("href") == FINISHED
    assert person.errors == []


def test_who_does_not_take_part_gets_that_code_and_who_was_not_sent_none(page: Page, prolific: Served) -> None:
    page.goto(prolific.url)
    page.get_by_text("This study is open by invitation").wait_for()
    assert page.locator("#way_in").count() == 0
    page.goto(f"{prolific.url}?{urlencode(PROLIFIC | {'PROLIFIC_PID': 'another'})}")
    page.get_by_role("link", name="No, thank you").click()
    page.get_by_text(NO_CONSENT).wait_for()
    page.get_by_text("Nothing has been stored").wait_for()
    assert FINISHED not in page.content()


def test_a_phone_is_told_the_code_for_screened_out(browser: Browser, archives: Path, tmp_path: Path) -> None:
    recruitment = {"platform": "other", "parameter": "who", "ends": {"completed": "D0NE", "screened_out": TOO_SMALL}}
    with served(tmp_path, archives, recruitment=recruitment, **{**SHORT, "smallest_width": 900}) as running:
        phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
        context, _ = new_context(browser, tmp_path, **phone)
        page = context.new_page()
        page.goto(f"{running.url}?who=me")
        page.get_by_text(TOO_SMALL).wait_for()
        assert not page.get_by_role("button", name="Begin").is_visible() and "D0NE" not in page.content()
        context.close()


def test_mechanical_turk_previews_shows_and_is_sent_the_assignment(page: Page, turk: Served) -> None:
    sent: list[str] = []

    def keep(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fulfill(body="Mechanical Turk: thank you")

    page.route("https://workersandbox.mturk.com/mturk/externalSubmit", keep)
    preview = TURK | {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"}
    del preview["workerId"]
    page.goto(f"{turk.url}?{urlencode(preview)}")
    page.get_by_text("Please accept the task first").wait_for()
    assert not page.get_by_role("button", name="Begin").is_visible()
    assert read(turk.database, select(sessions)).first() is None

    person = Volunteer(page)
    person.agree(f"{turk.url}?{urlencode(TURK)}")
    assert TURK["workerId"] not in page.url
    page.reload()
    person.heading("Your withdrawal code").wait_for()
    take(person, turk)
    page.get_by_role("button", name="Hand in").click()
    page.get_by_text("Mechanical Turk: thank you").wait_for()
    assert [parse_qs(one) for one in sent] == [{"assignmentId": ["3XYZ"], "finished": ["1"]}]
    assert person.errors == []


def test_only_mechanical_turk_may_show_the_pages_in_a_frame(page: Page, turk: Served, prolific: Served) -> None:
    def framed(url: str, around: str) -> str:
        body = f"<iframe width=900 height=800 src='{url}'></iframe>"
        page.route(f"{around}/task", lambda route: route.fulfill(body=body, content_type="text/html"))
        page.goto(f"{around}/task")
        page.wait_for_timeout(1500)
        return page.frames[1].content() if len(page.frames) > 1 else ""

    sandbox = "https://workersandbox.mturk.com"
    assert "Before you begin" in framed(f"{turk.url}?{urlencode(TURK | {'workerId': 'framed'})}", sandbox)
    assert "Before you begin" not in framed(f"{turk.url}?{urlencode(TURK)}", "https://elsewhere.example")
    assert "Before you begin" not in framed(f"{prolific.url}?{urlencode(PROLIFIC)}", sandbox)


def test_a_preview_keeps_nothing(browser: Browser, archives: Path, tmp_path: Path) -> None:
    with served(tmp_path, archives, options=["--preview"], **SHORT) as running:
        context, _ = new_context(browser, tmp_path)
        page = context.new_page()
        Volunteer(page).agree(running.url)
        said = (tmp_path / "server.log").read_text()
        running.app.process.terminate()
        running.app.process.wait(10)
        context.close()
    assert said.startswith("preview: what is answered here is gone")
    assert not list(tmp_path.glob("*.sqlite3*"))
