"""A real browser takes a study of pairs: both pictures are seen for their time, and the right side is stored."""

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.study_app.browsing import (
    BUSY,
    QUICK,
    Received,
    Served,
    Volunteer,
    answer_together,
    damaging,
    digits,
    hide_once_seen,
    link_to_trials,
    new_context,
    served,
    show_again,
    stored_answers,
    take_together,
    token_of,
)
from tests.study_app.pairing import PAIRS, fakes
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS

QUESTION = "Which of the two had fake colours?"
SIDES = {"1": 0, "2": 1, "ArrowLeft": 0, "ArrowRight": 1, "Left": 0, "Right": 1}
EXPOSURE = QUICK["exposure_ms"]
assert isinstance(EXPOSURE, int)
# Notes at every frame which pictures can be seen; what the volunteer sees, not what the page believes.
WATCH = """
window.seen = [];
function pictures(node) {
  const roots = [...node.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean);
  return [...node.querySelectorAll(".pair > .picture"), ...roots.flatMap(pictures)];
}
(function look() {
  const isSeen = (one) => getComputedStyle(one).visibility === "visible";
  const now = pictures(document).map((one) => (isSeen(one) ? "+" : "-")).join("");
  if (now && window.seen.at(-1) !== now) window.seen.push(now);
  requestAnimationFrame(look);
})();
"""


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """Both pictures of a pair at once."""
    with served(tmp_path_factory.mktemp("beside"), archives, **PAIRS) as running:
        yield running


@pytest.fixture(scope="module")
def in_turn(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """The left one first, then the right one."""
    changes = {**PAIRS, "arrangement": "in_turn", "exposure_ms": 800}
    with served(tmp_path_factory.mktemp("in_turn"), archives, **changes) as running:
        yield running


def check_answers(server: Served, token: str, pressed: list[str]) -> list[Any]:
    """Every answer is there once, and says whether the side that was named is not the fake's."""
    rows = stored_answers(server, token)
    places = fakes(server.database, token)
    assert [(row.trial, row.criterion, row.value) for row in rows] == [
        (trial, "fake", int(SIDES[press] != places[trial])) for trial, press in enumerate(pressed)
    ]
    assert all(150 <= row.response_ms < 30_000 and row.onset_ms >= 650 for row in rows)
    return rows


def test_a_volunteer_takes_a_whole_study_of_pairs(browser: Browser, beside: Served, tmp_path: Path) -> None:
    context, received = new_context(browser, tmp_path)
    page = context.new_page()
    person = Volunteer(page)
    page.goto(beside.url)
    page.get_by_text("2 pairs of pictures for practice, then 10 pairs").wait_for()
    person.agree(beside.url)
    person.check_eyes_and_screen(digits(beside))
    token = token_of(page)
    practise(page)
    pressed = ["1", "2", "ArrowLeft", "ArrowRight", "Left", "Right", "2", "1", "Right", "ArrowLeft"]
    take_together(page, QUESTION, pressed)
    person.heading("Thank you").wait_for()
    context.close()
    assert person.errors == []
    rows = check_answers(beside, token, pressed)
    assert abs(median(row.shown_ms for row in rows if row.exposures == 1) - EXPOSURE) < BUSY
    check_blinding(received)


def practise(page: Page) -> None:
    """Two pairs: the left one named, then the right one; each time the page says rightly what was what."""
    page.get_by_text("Keys: 1 or the left arrow").wait_for()
    page.keyboard.press("Enter")
    for number, press in ((1, "1"), (2, "2")):
        page.get_by_text(f"Practice {number} of 2").wait_for()
        answer_together(page, QUESTION, press)
        page.get_by_role("button", name="Next pair").wait_for()
        captions = page.locator("figcaption").all_inner_texts()
        assert sorted(captions) == ["Fake", "Original"]
        is_right = captions[SIDES[press]] == "Fake"
        page.get_by_text("You found the fake." if is_right else "It was the other one.").wait_for()
        assert page.locator("figure .picture").count() == 2
        assert all(picture.is_visible() for picture in page.locator("figure .picture").all())
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="That was the practice").wait_for()
    page.keyboard.press("Enter")


def check_blinding(received: Received) -> None:
    """Nothing names a method or a photograph; nothing beside the pixels differs with the side of the fake."""
    everything = received.everything()
    words = [word.encode() for word in (*METHODS, *PHOTOGRAPHS, "fake_place", "results/colorized/")]
    for where, content in everything:
        if "/static/" not in where:
            assert not [word for word in words if word in content], where
    plans = replies(everything, "/api/plan")
    sizes = {where.rpartition("/s/")[2]: len(content) for where, content in everything if content[:4] == b"\x89PNG"}
    headers = {
        where.rpartition("/s/")[2]: sorted(header["name"].lower() for header in json.loads(content))
        for where, content in everything
        if where.startswith("headers of") and "/s/" in where
    }
    for trial in plans[0]["trials"]:
        assert set(trial) == {"trial", "pictures"}
        left, right = trial["pictures"]
        names = [picture["url"].removeprefix("/s/") for picture in (left, right)]
        assert sizes[names[0]] == sizes[names[1]] and headers[names[0]] == headers[names[1]]
        assert {**left, "url": "", "sha256": ""} == {**right, "url": "", "sha256": ""}
    said = [set(reply) for reply in replies(everything, "/api/answers") if reply.get("reason") != "early"]
    assert said == [{"acknowledged"}] * len(plans[0]["trials"])


def replies(everything: list[tuple[str, bytes]], path: str) -> list[dict[str, Any]]:
    """What the server said to every request of a path."""
    found = [json.loads(content) for where, content in everything if where.endswith(path) and content[:1] == b"{"]
    assert found
    return found


def test_pictures_in_turn_come_left_then_right_and_fingers_answer_on_a_phone(
    browser: Browser, in_turn: Served, tmp_path: Path
) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    context, _ = new_context(browser, tmp_path, **phone)
    page = context.new_page()
    page.add_init_script(WATCH)
    link = link_to_trials(in_turn)
    page.goto(link)
    pressed = ["Left", "Right", "Right"]
    for number, press in enumerate(pressed, start=1):
        page.get_by_text(f"Pair {number} of 10").wait_for()
        answer_together(page, QUESTION, press, touch=True)
        if number == 1:
            assert page.evaluate("window.seen") == ["--", "+-", "--", "-+", "--"]
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_text("Pair 4 of 10").wait_for()
    context.close()
    rows = check_answers(in_turn, link.partition("?s=")[2], pressed)
    assert abs(median(row.shown_ms for row in rows) - 2 * in_turn.study.exposure_ms) < 2 * BUSY
    assert all(row.offset_ms - row.onset_ms >= row.shown_ms + in_turn.study.mask_ms - 1 for row in rows)
    assert all((row.exposures, row.hidden) == (1, 0) for row in rows)


def test_a_second_picture_that_was_hidden_is_shown_again(page: Page, in_turn: Served) -> None:
    link = link_to_trials(in_turn)
    page.goto(link)
    hide_once_seen(page, ".picture:nth-child(2)")
    page.locator(".picture:nth-child(2)[style*='hidden']").wait_for(state="attached")
    show_again(page)
    page.get_by_role("heading", name="The page was hidden while the pictures were shown").wait_for()
    page.keyboard.press("Enter")
    answer_together(page, QUESTION, "2")
    page.get_by_text("Pair 2 of 10").wait_for()
    (row,) = check_answers(in_turn, link.partition("?s=")[2], ["2"])
    assert (row.exposures, row.hidden) == (2, 1)
    assert row.shown_ms > 2 * in_turn.study.exposure_ms - 2 * BUSY


def test_both_pictures_of_a_pair_are_seen_at_once_and_gone_before_the_question(page: Page, beside: Served) -> None:
    page.add_init_script(WATCH)
    page.goto(link_to_trials(beside))
    page.get_by_role("heading", name=QUESTION).wait_for()
    assert page.evaluate("window.seen") == ["--", "++", "--"]
    assert page.locator(".picture").count() == 0


def test_a_damaged_half_of_a_pair_is_fetched_again(page: Page, beside: Served) -> None:
    damaged: list[str] = []
    page.route("**/s/*", damaging(damaged))
    link = link_to_trials(beside)
    page.goto(link)
    answer_together(page, QUESTION, "1")
    page.get_by_text("Pair 2 of 10").wait_for()
    page.unroute_all(behavior="wait")
    assert damaged
    check_answers(beside, link.partition("?s=")[2], ["1"])
