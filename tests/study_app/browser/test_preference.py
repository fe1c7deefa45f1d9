"""A real browser takes a study of preference: two methods are seen for their time, and the preferred one is stored."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from study_app.design.pairs import stored_value
from tests.study_app.browser.test_pairs import BUSY, EXPOSURE, SIDES, check_blinding
from tests.study_app.browsing import (
    Served,
    Volunteer,
    answer_together,
    digits,
    link_to_trials,
    new_context,
    served,
    stored_answers,
    take_together,
    token_of,
)
from tests.study_app.pairing import PREFERENCE, shown_trials

QUESTION = "Which of the two looks more natural?"


@pytest.fixture(scope="module")
def forced(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """One or the other."""
    with served(tmp_path_factory.mktemp("forced"), archives, **PREFERENCE) as running:
        yield running


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """Or neither; one after the other."""
    changes = {**PREFERENCE, "ties": True, "arrangement": "in_turn"}
    with served(tmp_path_factory.mktemp("tied"), archives, **changes) as running:
        yield running


def check_answers(server: Served, token: str, sides: list[int]) -> list[Any]:
    """Every answer is there once, and says whether the method of the trial was preferred."""
    rows = stored_answers(server, token)
    places = [trial.fake_place for trial in shown_trials(server.database, token)]
    assert [(row.trial, row.criterion, row.value) for row in rows] == [
        (trial, "natural", stored_value(server.study, side, places[trial])) for trial, side in enumerate(sides)
    ]
    return rows


def test_a_volunteer_takes_a_whole_study_of_preference(browser: Browser, forced: Served, tmp_path: Path) -> None:
    context, received = new_context(browser, tmp_path)
    page = context.new_page()
    person = Volunteer(page)
    page.goto(forced.url)
    page.get_by_text("say which of the two looks more natural to you. It takes about 3 minutes").wait_for()
    person.agree(forced.url)
    person.check_eyes_and_screen(digits(forced))
    token = token_of(page)
    practise(page)
    pressed = ["1", "2", "ArrowLeft", "ArrowRight", "Left", "Right", "2", "1", "Right", "ArrowLeft"]
    take_together(page, QUESTION, pressed)
    person.heading("Thank you").wait_for()
    context.close()
    assert person.errors == []
    rows = check_answers(forced, token, [SIDES[press] for press in pressed])
    assert abs(median(row.shown_ms for row in rows if row.exposures == 1) - EXPOSURE) < BUSY
    check_blinding(received)


def practise(page: Page) -> None:
    """Two pairs: the left one preferred, then the right one; the page says what was changed and what most choose."""
    page.get_by_text("say which of the two looks more natural").wait_for()
    assert page.get_by_text("0 or the down arrow").count() == 0
    page.keyboard.press("Enter")
    for number, press in ((1, "1"), (2, "2")):
        page.get_by_text(f"Practice {number} of 2").wait_for()
        answer_together(page, QUESTION, press)
        page.get_by_role("button", name="Next pair").wait_for()
        captions = page.locator("figcaption").all_inner_texts()
        assert sorted(captions) == ["Changed", "Original"]
        is_usual = captions[SIDES[press]] == "Original"
        page.get_by_text(f"Most people choose {'this one, too' if is_usual else 'the other one'}.").wait_for()
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="That was the practice").wait_for()
    page.keyboard.press("Enter")


def test_both_may_be_equal_by_key_and_by_finger_on_a_phone(browser: Browser, tied: Served, tmp_path: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    context, _ = new_context(browser, tmp_path, **phone)
    page = context.new_page()
    link = link_to_trials(tied)
    page.goto(link)
    for number, press in enumerate(["Equal", "0", "ArrowDown", "2"], start=1):
        page.get_by_text(f"Pair {number} of 10").wait_for()
        answer_together(page, QUESTION, press, touch=True)
        if number == 1:
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("heading", name="Time for a break").wait_for()
    context.close()
    rows = check_answers(tied, link.partition("?s=")[2], [1, 1, 1, 2])
    assert [row.value for row in rows[:3]] == [1, 1, 1] and rows[3].value in (0, 2)
