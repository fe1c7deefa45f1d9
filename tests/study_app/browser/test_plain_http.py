"""Plain http from another machine than the server: browsers then have no UUIDs, no digests and no locks."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from study_app.serve import EVERYWHERE, link, network_notice, own_address
from study_app.server.assets import BROWSER, SHELL
from tests.study_app.browsing import (
    Served,
    Volunteer,
    chromium,
    digits,
    link_to_trials,
    missing,
    new_context,
    served,
    stored_answers,
    stored_events,
    token_of,
)

NAMED = "study.lab.example"  # a name of this machine that the browser knows; http by a name is not trusted either
MISSING = "[typeof crypto.randomUUID, typeof crypto.subtle, typeof navigator.locks, isSecureContext]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that knows the lab's name of this machine."""
    known = f"--host-resolver-rules=MAP {NAMED} 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", known])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[Served]:
    """A server for other machines, as `serve --help` says."""
    folder = tmp_path_factory.mktemp("plain")
    options = ["--address", EVERYWHERE[0]]
    with served(folder, archives, options=options, votes_per_cell=20, repeats=0, photographs_per_session=3) as running:
        yield running


@pytest.fixture(params=["address", "name"])
def elsewhere(request: pytest.FixtureRequest, server: Served) -> Served:
    """The same server as another machine sees it: by this machine's address in its network, or by a name."""
    host = NAMED if request.param == "name" else own_address()
    if host == "127.0.0.1":
        missing("this machine is in no network, so its pages cannot be opened by an address of one")
    return Served(server.study, server.app, server.database, f"http://{host}:{server.app.port}/")


def opened(page: Page, url: str) -> Page:
    """The page, which must lack what browsers withhold on plain http."""
    page.goto(url)
    assert page.evaluate(MISSING) == ["undefined", "undefined", "undefined", False]
    return page


def test_a_volunteer_takes_the_whole_study_without_https(page: Page, elsewhere: Served) -> None:
    person, count = Volunteer(page), elsewhere.study.trials
    page.route("**/s/*", lambda route: route.fulfill(body=b"not the picture", content_type="image/png"), times=1)
    opened(page, elsewhere.url)
    person.begin(elsewhere.url, digits(elsewhere), pictures=2)
    token = token_of(page)
    for number in range(1, count + 1):
        if number == 3:
            page.get_by_text(f"Picture 3 of {count}").wait_for()
            page.reload()
        person.trial(number, count, "101")
    person.heading("Thank you").wait_for()
    rows = stored_answers(elsewhere, token)
    assert [row.value for row in rows] == [1, 0, 1] * count
    assert len({row.key for row in rows}) == count and len({row.tab for row in rows}) == 1
    assert "damaged" in [event.name for event in stored_events(elsewhere, token)]
    assert person.errors == []


def test_without_locks_a_second_tab_is_told_and_may_take_over(page: Page, elsewhere: Served) -> None:
    person, count = Volunteer(page), elsewhere.study.trials
    opened(page, link_to_trials(elsewhere))
    page.get_by_text("Question 1 of 3").wait_for()
    second = page.context.new_page()
    other = Volunteer(second)
    second.goto(page.url)
    other.heading("The study is open somewhere else").wait_for()
    assert page.get_by_text("Question 1 of 3").count() == 1  # who was first goes on
    second.get_by_role("button", name="Continue here").click()
    person.heading("The study is open somewhere else").wait_for()
    other.trial(1, count, "111")
    second.get_by_text(f"Picture 2 of {count}").wait_for()
    second.close()
    page.reload()  # whoever is left gets the session without a question
    person.trial(2, count, "000")
    page.get_by_text(f"Picture 3 of {count}").wait_for()
    assert person.errors == other.errors == []


def test_another_device_is_told_without_https(browser: Browser, page: Page, elsewhere: Served, tmp_path: Path) -> None:
    opened(page, link_to_trials(elsewhere))
    page.get_by_text("Question 1 of 3").wait_for()
    context, _ = new_context(browser, tmp_path)
    device = context.new_page()
    device.goto(page.url)
    device.get_by_role("heading", name="The study is open somewhere else").wait_for()
    context.close()


def test_the_researchers_page_and_withdrawal_work_without_https(page: Page, elsewhere: Served) -> None:
    opened(page, f"{elsewhere.url}?page=researcher")
    page.get_by_label("Password").first.fill("not the password")
    page.get_by_role("button", name="Open").click()
    page.get_by_text("That is not the password").wait_for()
    page.goto(f"{elsewhere.url}?page=withdraw")
    page.get_by_label("Withdrawal code").fill("AAAA-BBBB-CCCC")
    page.get_by_role("button", name="Remove all my answers").click()
    page.get_by_text("No answers are stored").wait_for()


RACE = """async ([assets, count]) => {
  const { withLock } = await import(assets + "tabs.js");
  let [most, now] = [0, 0];
  const stop = new AbortController();
  const hold = async (lost) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 900));
    now -= 1;
    return lost.signal.aborted ? "lost" : "held";
  };
  const outcomes = await Promise.all(Array.from({ length: count }, () => withLock("race", false, stop.signal, hold)));
  return [outcomes.filter((one) => one === "held").length, most];
}"""


@pytest.mark.parametrize("count", [2, 5, 20])
def test_of_pages_that_open_at_the_same_moment_exactly_one_holds_the_lock(
    page: Page, server: Served, count: int
) -> None:
    opened(page, f"http://{NAMED}:{server.app.port}/")
    page.get_by_role("button", name="Begin").wait_for()
    assert page.evaluate(RACE, [assets_of(page), count]) == [1, 1]


def test_digests_and_keys_are_those_of_the_standards(page: Page, server: Served) -> None:
    opened(page, f"http://{NAMED}:{server.app.port}/")
    lengths = [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000, 300_000]
    code = """async ([assets, lengths]) => {
      const { newKey, sha256 } = await import(assets + "digests.js");
      const content = (length) => Uint8Array.from({ length }, (_, place) => (place * 31 + 7) % 256).buffer;
      return [await Promise.all(lengths.map((length) => sha256(content(length)))), Array.from({ length: 500 }, newKey)];
    }"""
    page.get_by_role("button", name="Begin").wait_for()
    digests, keys = page.evaluate(code, [assets_of(page), lengths])
    assert digests == [
        hashlib.sha256(bytes((place * 31 + 7) % 256 for place in range(length))).hexdigest() for length in lengths
    ]
    version_4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert len(set(keys)) == 500 and all(version_4.fullmatch(key) for key in keys)


def assets_of(page: Page) -> str:
    """Where the page's modules are."""
    page.wait_for_function("performance.getEntriesByType('resource').some((one) => one.name.endsWith('main.js'))")
    found: str = page.evaluate(
        "performance.getEntriesByType('resource').map((one) => one.name).find((one) => one.endsWith('main.js'))"
    )
    return found.removesuffix("main.js")


def test_no_module_asks_for_what_plain_http_lacks() -> None:
    lacking = re.compile(
        r"randomUUID\(|crypto\.subtle|navigator\.(locks|clipboard|serviceWorker|wakeLock|storage)|caches\."
    )
    found = {path.name: lacking.findall(path.read_text()) for path in (*BROWSER.glob("*.js"), SHELL)}
    assert {name for name, words in found.items() if words} == {"digests.js", "tabs.js"}  # which do without


@pytest.mark.parametrize(
    ("address", "is_encrypted", "is_noticed"),
    [
        ("localhost", False, False),
        ("127.0.0.1", False, False),
        (EVERYWHERE[0], False, True),
        (EVERYWHERE[1], False, True),
        ("::1", False, False),
        ("2001:db8::7", False, True),
        ("10.0.0.7", False, True),
        (EVERYWHERE[0], True, False),
    ],
)
def test_who_serves_a_network_in_plain_text_is_told(address: str, is_encrypted: bool, is_noticed: bool) -> None:
    assert ("plain http" in network_notice(address, is_encrypted)) == is_noticed
    parts = urlsplit(link(address, 8501, is_encrypted))
    assert parts.hostname not in EVERYWHERE  # a volunteer could not open that
    assert parts.port == 8501 and parts.scheme == ("https" if is_encrypted else "http")
