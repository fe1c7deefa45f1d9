"""A real browser takes the whole study: nothing is lost, doubled or given away, whatever happens in between."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from study_app.identity import digest, withdrawal_code
from study_app.plates import draw_plates
from study_app.schema import answers, events, sessions
from tests.study_app.browsing import PASSWORD, QUICK, Served, Volunteer, chromium, link_to_trials, new_context, served
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS, ROOT

CRITERIA = ["saturability", "semantic_correctness", "edge_keeping"]
PRACTICE = 2
HIDE = "Object.defineProperty(document, 'hidden', {{configurable: true, get: () => {}}});"
HIDE += "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """One server for the tests that can share it: room for many volunteers."""
    with served(tmp_path_factory.mktemp("served"), archives, votes_per_cell=20) as running:
        yield running


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    context, _ = new_context(browser, tmp_path)
    yield context.new_page()
    context.close()


def digits(server: Served) -> list[str]:
    """What eyes with all cones read on the plates."""
    return [str(plate.digit) for plate in draw_plates(server.study.seed)]


def token_of(page: Page) -> str:
    return page.url.partition("?s=")[2]


def stored_answers(server: Served, code: str) -> list[Any]:
    query = select(answers).join(sessions, sessions.c.id == answers.c.session_id)
    with server.database.reading() as connection:
        return list(connection.execute(query.where(sessions.c.code_hash == digest(code)).order_by(answers.c.id)))


def stored_events(server: Served, token: str) -> list[Any]:
    query = select(events).join(sessions, sessions.c.id == events.c.session_id)
    with server.database.reading() as connection:
        return list(connection.execute(query.where(sessions.c.token_hash == digest(token)).order_by(events.c.id)))


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
    rows = stored_answers(server, code)
    assert [(row.trial, row.criterion, row.value) for row in rows] == [
        (trial, criterion, meaning[key])
        for trial, keys in enumerate(given)
        for criterion, key in zip(CRITERIA, keys, strict=True)
    ]
    exposure = QUICK["exposure_ms"]
    assert isinstance(exposure, int)
    shown = [row.shown_ms for row in rows if row.exposures == 1]
    assert min(shown) > exposure - 35
    assert abs(median(shown) - exposure) < 35
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
    page.get_by_role("button", name="Begin").wait_for()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "checkbox":
            break
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    person.heading("Your withdrawal code").wait_for()
    page.keyboard.press("Enter")
    for number, digit in enumerate(digits(server), start=1):
        page.get_by_text(f"Plate {number} of 6").wait_for()
        page.keyboard.press(digit)
    for level in ("24", "228"):
        field = page.locator(f'.field[style*="rgb({level}"]:has(.square)')
        field.wait_for()
        page.keyboard.press(field.get_attribute("aria-label").removeprefix("Field "))  # type: ignore[union-attr]
    person.heading("First, some practice").wait_for()
    person.practise(PRACTICE)
    person.trial(1, server.study.trials, "1n1")
    page.get_by_text(f"Picture 2 of {server.study.trials}").wait_for()
    told = {event.name: event.detail for event in stored_events(server, token_of(page))}
    assert '"right": 6' in told["vision"] and '"shown": 6' in told["vision"]
    assert '"gray_step_seen": true' in told["screen"] and '"width": 1280' in told["screen"]


def test_an_answer_survives_a_closed_page_without_a_network(browser: Browser, server: Served, tmp_path: Path) -> None:
    context, _ = new_context(browser, tmp_path)
    page = context.new_page()
    person = Volunteer(page)
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
    context.close()


def test_a_killed_server_is_waited_for(browser: Browser, archives: Path, tmp_path: Path) -> None:
    with served(tmp_path, archives, practice=0) as server:
        context, _ = new_context(browser, tmp_path)
        page = context.new_page()
        person = Volunteer(page)
        page.goto(link_to_trials(server))
        page.get_by_text("Question 1 of 3").wait_for()
        server.kill()
        person.answer("101")
        page.get_by_text("There is no connection").wait_for()
        page.wait_for_timeout(3000)
        assert not page.get_by_text("Streamlit").first.is_visible()
        server.start()
        person.trial(2, server.study.trials, "010")
        page.get_by_text(f"Picture 3 of {server.study.trials}").wait_for()
        with server.database.reading() as connection:
            stored = connection.execute(select(answers.c.value).order_by(answers.c.id)).scalars().all()
        assert stored == [1, 0, 1, 0, 1, 0]
        context.close()


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

    def damage(route: Any) -> None:
        reply = route.fetch()
        body = reply.body()
        if not damaged:
            damaged.append(route.request.url)
            body = body[:-20] + bytes(20)
        route.fulfill(response=reply, body=body)

    page.route("**/s/*", damage)
    page.goto(link_to_trials(server))
    page.locator(".picture[style*='visible']").wait_for()
    page.evaluate(HIDE.format("true"))
    page.locator(".picture[style*='hidden']").wait_for(state="attached")
    page.evaluate(HIDE.format("false"))
    person.heading("The page was hidden").wait_for()
    page.keyboard.press("Enter")
    person.answer("111")
    page.get_by_text(f"Picture 2 of {server.study.trials}").wait_for()
    page.wait_for_timeout(500)
    names = [event.name for event in stored_events(server, token_of(page))]
    assert "damaged" in names and "hidden" in names
    row = last_answer(server)
    assert (row.exposures, row.hidden) == (2, 1)
    assert row.shown_ms > 400 - 35


def last_answer(server: Served) -> Any:
    with server.database.reading() as connection:
        return connection.execute(select(answers).order_by(answers.c.id.desc())).first()


def test_whoever_has_the_code_removes_the_answers(page: Page, server: Served) -> None:
    person = Volunteer(page)
    link = link_to_trials(server)
    code = withdrawal_code(link.partition("?s=")[2])
    page.goto(link)
    person.trial(1, server.study.trials, "111")
    page.get_by_text(f"Picture 2 of {server.study.trials}").wait_for()
    assert len(stored_answers(server, code)) == 3
    page.goto(f"{server.url}?page=withdraw")
    for typed, reply in (("AAAA-BBBB-CCCC", "No answers are stored"), (code.lower(), "have been removed")):
        page.get_by_label("Withdrawal code").fill(typed)
        page.get_by_role("button", name="Remove all my answers").click()
        page.get_by_text(reply).wait_for()
    assert stored_answers(server, code) == []
    page.goto(link)
    page.get_by_text("as was wished").wait_for()


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
    page.get_by_role("button", name="Close the study").click()
    page.get_by_role("button", name="Open it again").wait_for()
    visitor = page.context.new_page()
    visitor.goto(server.url)
    visitor.get_by_text("The study is closed").wait_for()
    page.get_by_role("button", name="Open it again").click()
    page.get_by_role("button", name="Close the study").wait_for()
    visitor.goto(server.url)
    visitor.get_by_role("button", name="Begin").wait_for()


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
        with server.database.reading() as connection:
            stored = connection.execute(select(answers.c.value).order_by(answers.c.id)).scalars().all()
        assert stored == [*expected, 3, 3, 3]
        page.goto(f"{server.url}?page=researcher")
        page.get_by_role("button", name="Begin").wait_for()  # without a secret there is no such page
        context.close()


def test_the_slider_has_no_place_before_it_is_touched(browser: Browser, archives: Path, tmp_path: Path) -> None:
    with served(tmp_path, archives, scale="0-100", practice=0, votes_per_cell=1) as server:
        context, _ = new_context(browser, tmp_path)
        page = context.new_page()
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
        with server.database.reading() as connection:
            stored = connection.execute(select(answers.c.value).order_by(answers.c.id)).scalars().all()
        assert stored == [61, 100, 100]
        fill_all_places(server)
        visitor = browser.new_page()
        visitor.goto(server.url)
        visitor.get_by_text("All places of the study are taken").wait_for()
        visitor.close()
        context.close()


def fill_all_places(server: Served) -> None:
    """Begin sessions until there is no place left."""
    for _ in range(server.study.sessions - 1):
        link_to_trials(server)
    with pytest.raises(HTTPError, match="503"):
        link_to_trials(server)


def test_a_phone_is_politely_refused_where_the_study_wants_more(
    browser: Browser, archives: Path, tmp_path: Path
) -> None:
    with served(tmp_path, archives, smallest_width=900) as server:
        phone = browser.new_context(
            viewport={"width": 360, "height": 740},
            screen={"width": 360, "height": 740},
            has_touch=True,
            is_mobile=True,
            locale="en-GB",
        )
        page = phone.new_page()
        page.goto(server.url)
        page.get_by_role("heading", name="A larger screen is needed").wait_for()
        assert page.get_by_role("button", name="Begin").count() == 0
        phone.close()
        narrow = browser.new_context(viewport={"width": 640, "height": 700}, screen={"width": 1280, "height": 800})
        page = narrow.new_page()
        person = Volunteer(page)
        person.agree(server.url)
        page.keyboard.press("Enter")
        for number in range(6):
            page.get_by_text(f"Plate {number + 1} of 6").wait_for()
            page.keyboard.press("0")
        page.get_by_text("at least 900 pixels. Now it is 640").wait_for()
        page.set_viewport_size({"width": 1000, "height": 700})
        page.locator(".field").first.wait_for()
        narrow.close()
