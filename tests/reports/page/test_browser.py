"""The image browser: its pictures keep to a budget, and in a real browser it does what it says."""

import json
from pathlib import Path

import pytest

from reports.inputs.per_image import values_by_photograph
from reports.inputs.scores import Dataset
from reports.page.browser import make_browser
from tests.reports.conftest import IDS, METHODS

CHROMIUM = Path("/usr/bin/chromium")


def test_pictures_keep_to_the_budget_and_values_for_the_script_are_numbers_or_null(dataset: Dataset) -> None:
    values = values_by_photograph(dataset)
    whole = make_browser(dataset, list(METHODS), values, 10_000_000)
    letters = sum(len(shown.uri) for row in whole.photographs.values() for shown in row)
    assert list(whole.photographs) == sorted(IDS) and whole.of == len(IDS)
    half = make_browser(dataset, list(METHODS), values, letters // 2)
    assert len(half.photographs) == 6
    assert sum(len(shown.uri) for row in half.photographs.values() for shown in row) < 0.6 * letters
    assert [sorted(IDS).index(id) % 2 for id in half.photographs] == [1] * 6
    browser = make_browser(dataset, list(METHODS), values_by_photograph(dataset), 10_000_000)
    shown = {one.method: json.loads(one.values) for one in browser.photographs[sorted(IDS)[0]]}
    assert shown["gray"]["bleeding_flat"] is None and shown["original"]["psnr_rgb"] is None  # infinite
    assert shown["original"]["object_accuracy"] == 100
    assert set(shown["gray"]) == set(json.loads(browser.names))


@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs chromium")
def test_the_browser_sorts_compares_and_slides(built: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = chromium.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto((built / "index.html").as_uri())
        part = lambda name: page.locator(f".browser [data-part={name}]")  # noqa: E731
        assert page.locator(".browser").is_visible()
        part("measure").select_option("psnr_rgb")
        part("of").select_option("semantics")
        part("order").select_option("falling")
        options = part("photograph").locator("option").all_inner_texts()
        values = [float(text.partition("(")[2].rstrip(")")) for text in options]
        assert values == sorted(values, reverse=True) and len(values) == len(IDS)
        first = part("photograph").input_value()
        part("after").focus()
        page.keyboard.press("Enter")
        assert part("photograph").input_value() != first
        part("left").select_option("gray")
        assert (part("under").get_attribute("alt") or "").startswith("gray: photograph ")
        part("slider").focus()
        page.keyboard.press("Home")
        assert part("stage").evaluate("stage => stage.style.getPropertyValue('--at')") == "0%"
        assert "gray on the left, original on the right" in part("said").inner_text()
        assert page.locator(".browser tbody tr").count() == len(METHODS)
        assert not wrong
        chromium.close()
