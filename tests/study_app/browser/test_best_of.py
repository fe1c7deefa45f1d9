"""A real browser picks the best of three pictures: all are seen at once, and the place that was pressed is stored."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from study_app.design.pairs import trial_looks
from tests.study_app.browser.test_pairs import BUSY, EXPOSURE, replies
from tests.study_app.browsing import (
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
from tests.study_app.pairing import BEST, shown_trials
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS

QUESTION = "Which one looks most natural?"
# Notes at every frame how many pictures can be seen; what the volunteer sees, not what the page believes.
WATCH = """
window.seen = [];
function pictures(node) {
  const roots = [...node.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean);
  return [...node.querySelectorAll(".grid .picture"), ...roots.flatMap(pictures)];
}
(function look() {
  const all = pictures(document);
  const now = all.filter((one) => getComputedStyle(one).visibility === "visible").length;
  if (all.length && window.seen.at(-1) !== now) window.seen.push(now);
  requestAnimationFrame(look);
})();
"""
SLOW = 1500  # ms of a picture, so that a test can look at it
BOXES = "(all) => all.map((one) => one.getBoundingClientRect()).map((box) => [box.x, box.y, box.width, box.height])"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """Three methods at once."""
    with served(tmp_path_factory.mktemp("three"), archives, **BEST) as running:
        yield running


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """The same, and longer to be seen."""
    with served(tmp_path_factory.mktemp("slow"), archives, **BEST, exposure_ms=SLOW) as running:
        yield running


def check_answers(server: Served, token: str, places: list[int]) -> list[Any]:
    """Every answer is there once, with the place that was pressed."""
    rows = stored_answers(server, token)
    assert [(row.trial, row.criterion, row.value) for row in rows] == [
        (trial, "natural", place) for trial, place in enumerate(places)
    ]
    return rows


def test_a_volunteer_picks_the_best_of_three_in_a_whole_study(browser: Browser, three: Served, tmp_path: Path) -> None:
    context, received = new_context(browser, tmp_path)
    page = context.new_page()
    person = Volunteer(page)
    page.goto(three.url)
    page.get_by_text("2 sets of pictures for practice, then 10 sets").wait_for()
    person.agree(three.url)
    person.check_eyes_and_screen(digits(three))
    token = token_of(page)
    practise(page)
    places = [0, 1, 2, 2, 1, 0, 0, 1, 2, 1]
    pressed = [f"Picture {place + 1}" if number % 3 == 0 else str(place + 1) for number, place in enumerate(places, 1)]
    take_together(page, QUESTION, pressed, "set")
    person.heading("Thank you").wait_for()
    context.close()
    assert person.errors == []
    rows = check_answers(three, token, places)
    assert abs(median(row.shown_ms for row in rows if row.exposures == 1) - EXPOSURE) < BUSY
    check_blinding(received)


def practise(page: Page) -> None:
    """Two sets: the first and the last picture are picked; the page says which was the original."""
    page.get_by_text("Keys: 1 to 3, the number below the picture.").wait_for()
    page.keyboard.press("Enter")
    for number, press in ((1, "1"), (2, "3")):
        page.get_by_text(f"Practice {number} of 2").wait_for()
        answer_together(page, QUESTION, press)
        page.get_by_role("button", name="Next set").wait_for()
        captions = page.locator("figcaption").all_inner_texts()
        assert sorted(caption.partition(" · ")[2] for caption in captions) == ["Changed", "Changed", "Original"]
        is_usual = captions[int(press) - 1].endswith("Original")
        page.get_by_text(f"Most people choose {'this one, too' if is_usual else 'another one'}.").wait_for()
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="That was the practice").wait_for()
    page.keyboard.press("Enter")


def check_blinding(received: Received) -> None:
    """Nothing names a method or a photograph; nothing beside the pixels tells a picture from the others."""
    everything = received.everything()
    words = [word.encode() for word in (*METHODS, *PHOTOGRAPHS, "fake_place", "results/colorized/")]
    for where, content in everything:
        if "/static/" not in where:
            assert not [word for word in words if word in content], where
    sizes = {where.rpartition("/s/")[2]: len(content) for where, content in everything if content[:4] == b"\x89PNG"}
    plan = replies(everything, "/api/plan")[0]
    for trial in plan["trials"]:
        assert set(trial) == {"trial", "pictures"} and len(trial["pictures"]) == 3
        assert len({sizes[picture["url"].removeprefix("/s/")] for picture in trial["pictures"]}) == 1
        assert len({(picture["width"], picture["height"]) for picture in trial["pictures"]}) == 1
    addresses = [picture["url"] for trial in plan["trials"] for picture in trial["pictures"]]
    assert len(set(addresses)) == len(addresses) == 30


@pytest.mark.parametrize(("width", "height", "rows"), [(1280, 800, 1), (390, 780, 2), (780, 390, 1)])
def test_all_are_seen_at_once_in_one_size_and_whole_and_are_picked_where_they_were(
    browser: Browser, slow: Served, tmp_path: Path, width: int, height: int, rows: int
) -> None:
    phone = {"has_touch": True, "is_mobile": True} if width < 900 else {}
    context, _ = new_context(browser, tmp_path, viewport={"width": width, "height": height}, **phone)
    page = context.new_page()
    page.add_init_script(WATCH)
    link = link_to_trials(slow)
    page.goto(link)
    shown = page.locator(".grid:not([role])[style*='visible'] .picture")
    shown.first.wait_for()
    boxes = shown.evaluate_all(BOXES)
    assert len(boxes) == 3 and len({tuple(box[2:]) for box in boxes}) == 1
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes), boxes
    page.get_by_role("heading", name=QUESTION).wait_for()
    assert page.evaluate("window.seen") == [0, 3, 0] and page.locator(".picture").count() == 0
    places = page.locator(".place").evaluate_all(BOXES)
    for found in (boxes, places):
        assert len({round(y) for _, y, *_ in found}) == rows
        assert [(round(y), round(x)) for x, y, *_ in found] == sorted((round(y), round(x)) for x, y, *_ in found)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    answer_together(page, QUESTION, "Picture 3", touch=bool(phone))
    page.get_by_text("Set 2 of 10").wait_for()
    context.close()
    check_answers(slow, link.partition("?s=")[2], [2])


def test_a_key_for_a_picture_that_is_not_there_answers_nothing(page: Page, three: Served) -> None:
    link = link_to_trials(three)
    page.goto(link)
    for press in ("4", "0", "ArrowLeft", "2"):
        answer_together(page, QUESTION, press)
    page.get_by_text("Set 2 of 10").wait_for()
    token = link.partition("?s=")[2]
    check_answers(three, token, [1])
    assert all(len(trial_looks(trial)) == 3 for trial in shown_trials(three.database, token))


def test_pictures_that_were_hidden_are_shown_again_and_a_damaged_one_is_fetched_again(
    page: Page, three: Served
) -> None:
    damaged: list[str] = []
    page.route("**/s/*", damaging(damaged))
    link = link_to_trials(three)
    page.goto(link)
    hide_once_seen(page, ".grid")
    page.locator(".grid[style*='hidden']").wait_for(state="attached")
    show_again(page)
    page.get_by_role("heading", name="The page was hidden while the pictures were shown").wait_for()
    page.keyboard.press("Enter")
    answer_together(page, QUESTION, "3")
    page.get_by_text("Set 2 of 10").wait_for()
    (row,) = check_answers(three, link.partition("?s=")[2], [2])
    assert (row.exposures, row.hidden) == (2, 1) and row.shown_ms > EXPOSURE - BUSY and damaged


def test_a_second_tab_takes_over_and_each_set_is_answered_once(browser: Browser, three: Served, tmp_path: Path) -> None:
    context, _ = new_context(browser, tmp_path)
    first, second = context.new_page(), context.new_page()
    link = link_to_trials(three)
    first.goto(link)
    answer_together(first, QUESTION, "1")
    first.get_by_text("Set 2 of 10").wait_for()
    second.goto(link)
    second.get_by_role("button", name="Continue here").click()
    second.get_by_role("button", name="Show the set").wait_for()
    first.get_by_role("heading", name="The study is open somewhere else").wait_for()
    second.keyboard.press("Enter")
    answer_together(second, QUESTION, "2")
    second.get_by_text("Set 3 of 10").wait_for()
    context.close()
    check_answers(three, link.partition("?s=")[2], [0, 1])
