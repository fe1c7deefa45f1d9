"""A mobile network of 1.6 Mbit/s and 150 ms, and an empty cache: what the first page costs, and when it can be read."""

import time
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page

from tests.study_app.browsing import Served, Volunteer

SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 96_000}  # bytes a second
PATIENCE_MS = 8000  # of shell.js
ALL_THERE = "performance.getEntriesByType('resource').some((one) => one.name.includes('question.js'))"


@dataclass
class Fetched:
    """What a page fetches over a slow network."""

    page: Page
    addresses: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)  # with their headers, as they are sent

    def __post_init__(self) -> None:
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW)
        session.on("Network.requestWillBeSent", lambda event: self.addresses.append(event["request"]["url"]))
        session.on("Network.loadingFinished", lambda event: self.sizes.append(round(event["encodedDataLength"])))

    def forget(self) -> None:
        """Begin to count anew."""
        self.addresses.clear()
        self.sizes.clear()


@pytest.mark.parametrize(("language", "words", "width"), [("en-GB", "Begin", 1440), ("de-DE", "Beginnen", 390)])
def test_the_first_page_is_soon_read_and_small(
    browser: Browser, server: Served, language: str, words: str, width: int
) -> None:
    context = browser.new_context(locale=language, viewport={"width": width, "height": 844})
    fetched = Fetched(context.new_page())
    page = fetched.page
    began = time.perf_counter()
    page.goto(server.url, wait_until="commit")
    page.get_by_role("heading", name=server.study.title[language[:2]]).wait_for()
    assert time.perf_counter() - began < 3
    before = page.locator("#first p").first.bounding_box()
    page.get_by_role("button", name=words, exact=True).wait_for()
    page.wait_for_function(ALL_THERE)
    assert page.locator("#first").count() == 0
    after = page.get_by_text(server.study.consent[language[:2]].strip()[:40]).bounding_box()
    assert before is not None and after is not None
    assert abs(before["x"] - after["x"]) < 2 and abs(before["y"] - after["y"]) < 24  # who reads stays in the line
    assert sum(fetched.sizes) < 680_000 and len(fetched.addresses) <= 100
    assert not [address for address in fetched.addresses if "woff" in address]

    fetched.forget()
    page.reload()
    page.get_by_role("button", name=words, exact=True).wait_for()
    page.wait_for_function(ALL_THERE)
    assert sum(fetched.sizes) < 20_000
    context.close()


def test_who_ticks_and_presses_before_streamlit_is_there_begins(page: Page, server: Served) -> None:
    Fetched(page)
    began = time.perf_counter()
    page.goto(server.url, wait_until="commit")
    way_in = page.locator("#way_in")
    way_in.get_by_role("checkbox").check()
    way_in.get_by_role("button", name="Begin").click()
    assert time.perf_counter() - began < 3
    Volunteer(page).heading("Your withdrawal code").wait_for()


def test_who_presses_early_without_the_box_is_told(page: Page, server: Served) -> None:
    Fetched(page)
    page.goto(server.url, wait_until="commit")
    page.locator("#way_in button").click()
    page.get_by_text("Please tick the box above").wait_for()
    assert not page.locator(".st-key-way_in input").is_checked() and page.locator("#first").count() == 0


WHEN_IT_GOES = """new MutationObserver(() => {
  const first = document.getElementById("first");
  if (window.was && !first) window.left ??= document.activeElement.closest(".st-key-way_in input:enabled") !== null;
  window.was ||= first !== null;
}).observe(document, { subtree: true, childList: true })"""


def test_keys_have_something_to_work_on_at_every_moment(page: Page, server: Served) -> None:
    """The early box has the focus until Streamlit's own can take it, whose form may come long after its heading."""
    Fetched(page)
    page.add_init_script(WHEN_IT_GOES)
    page.goto(server.url, wait_until="commit")
    page.locator("#way_in input").wait_for()
    page.locator("#way_in input").focus()
    page.wait_for_function("window.left !== undefined")
    assert page.evaluate("window.left")
    for key in ("Space", "Tab", "Enter"):
        page.keyboard.press(key)
    Volunteer(page).heading("Your withdrawal code").wait_for()


def test_without_streamlit_a_press_is_answered_and_who_has_begun_is_not_asked_to(page: Page, server: Served) -> None:
    page.clock.install()
    page.route("**/static/js/index.*", lambda route: route.abort())
    page.goto(server.url)
    page.locator("#way_in button").click()
    notice = page.locator("#way_in [role='status']")
    assert not notice.is_visible()
    page.clock.fast_forward(PATIENCE_MS)
    notice.wait_for()
    page.evaluate("localStorage.setItem('huebench.latest', '{}')")
    page.reload()
    page.evaluate("import(document.querySelector('script[src$=\"shell.js\"]').src)")  # it has run
    assert not page.locator("#way_in").is_visible()


def test_a_session_goes_on_over_a_slow_network(page: Page, server: Served) -> None:
    Fetched(page)
    Volunteer(page).agree(server.url)
    page.reload()
    Volunteer(page).heading("Your withdrawal code").wait_for()


def test_the_researchers_page_still_shows_its_icons(page: Page, server: Served) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Begin").wait_for()
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('i'), {id: 'icon', textContent: 'close'}))"
    )
    with page.expect_response(lambda reply: "MaterialSymbols" in reply.url) as asked:
        page.evaluate("document.getElementById('icon').style.fontFamily = 'Material Symbols Rounded'")
    assert asked.value.ok
