"""The first screen says what was compared, on what, how often trained, what holds, and what not to trust."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.settings.params import Params, load_params
from reports.claims.ledger import Entry
from reports.claims.verdicts import Measured, judge, untested
from reports.inputs.examples import read_examples
from reports.inputs.scores import Dataset, read_datasets
from reports.page.overview import NATURAL, Asked, cautions, grouped, overview
from reports.plan.claims import Check, Claim
from reports.plan.order import NAMES, main_methods
from tests.conftest import ROOT
from tests.reports.conftest import METHODS

CHROMIUM = Path("/usr/bin/chromium")
CHECK = Check("paired", "psnr_rgb", "semantics", "no_semantics", "above", 0)


def study(raters: int, simulated: bool, about: str = NATURAL) -> Asked:
    """A study of the fabricated dataset with so many raters."""
    return Asked("scenes", raters, simulated, about)


def entry(dataset: Dataset, name: str, measured: Measured | str, scope: str = "painted scenes") -> Entry:
    """A claim with one test: what was measured, or why it was not tested."""
    outcome = untested(CHECK, measured) if isinstance(measured, str) else judge(CHECK, measured)
    return Entry(name, Claim(name, "there", (CHECK,)), dataset, scope, "", (outcome,))


def facts(dataset: Dataset, studies: list[Asked] | None = None) -> dict[str, tuple[str, str]]:
    found = overview(dataset, read_examples(dataset, list(dataset.cards)), [], studies or [], True)
    return {fact.asks: (fact.answer, fact.detail) for fact in found.facts}


def warned(dataset: Dataset, *studies: Asked, committed: bool = True) -> dict[str, str]:
    return {one.about: one.why for one in cautions(dataset, [entry(dataset, "a", "none")], studies, committed)}


def test_facts_come_from_the_data(dataset: Dataset) -> None:
    assert facts(dataset) == {
        "Compared": ("3 methods", "by 2 neural networks"),
        "On": ("12 painted scenes", "scenes (synthetic); networks learned from 12 others"),
        "Trained": ("once each", "2 networks; 2 epochs"),
        "Rated by": ("no people", "only measured against the true colours"),
    }
    photographs = replace(dataset, title="VOC2012", val=replace(dataset.val, synthetic=False, photographs=1449))
    assert facts(photographs)["On"][0] == "1,449 photographs"


def test_trainings_are_counted_for_each_network(repeated: Params) -> None:
    (dataset,) = read_datasets(repeated)
    shown = replace(dataset, cards={method: dataset.cards[method] for method in METHODS})
    assert facts(shown)["Trained"] == ("3 times each", "2 networks; 2 epochs")
    assert "One training." not in warned(shown)
    uneven = replace(shown, runs={**shown.runs, "no_semantics": ("no_semantics",)})
    assert facts(uneven)["Trained"] == ("once to 3 times", "2 networks; 2 epochs; 3 times: semantics")
    assert warned(uneven)["One training."].startswith("no_semantics was trained once.")


def test_weights_from_elsewhere_are_not_called_trained(dataset: Dataset) -> None:
    published = replace(dataset, trainings={})
    assert facts(published)["Trained"] == ("nothing here", "all weights and pictures came from elsewhere")
    assert "One training." not in warned(published) and "networks learned" not in facts(published)["On"][1]


def test_people_are_told_from_simulated_ones(dataset: Dataset) -> None:
    assert facts(dataset, [study(24, False)])["Rated by"][0] == "24 people"
    assert facts(dataset, [study(24, True)])["Rated by"] == ("no people", "24 simulated raters: a program answered")
    assert facts(dataset, [study(24, True), study(1, False)])["Rated by"][0] == "1 person"
    asked = [study(9, False), study(1, False), study(2, False, "which of two pictures is the fake")]
    said = "on how natural the colours look and on which of two pictures is the fake"
    assert facts(dataset, asked)["Rated by"] == ("12 people", said)
    assert "No people." in warned(dataset) and "Simulated ratings." in warned(dataset, study(24, True))
    assert not {"No people.", "Simulated ratings."} & set(warned(dataset, study(24, True), study(9, False)))


def test_what_not_to_trust_is_said_only_where_it_is_so(dataset: Dataset) -> None:
    assert list(warned(dataset, committed=False)) == [
        "Painted scenes.", "Few photographs.", "Small pictures.", "One training.", "No people.", "Code in no commit."
    ]  # fmt: skip
    val = replace(dataset.val, synthetic=False, photographs=1449, size=224)
    own = replace(dataset, val=val, trainings={})
    scope = "the paper's photographs at its scale"
    assert not cautions(own, [entry(own, "a", "none", scope)], [study(24, False)], True)
    (other,) = cautions(
        own, [entry(own, "a", "none", "photographs that the paper does not use")], [study(9, False)], True
    )
    assert other.why == "Verdicts are about photographs that the paper does not use."


def test_claims_that_share_a_reason_stand_under_it(dataset: Dataset) -> None:
    entries = [
        entry(dataset, "a", "networks here are not of full width (semantics 0.25)"),
        entry(dataset, "b", "networks here are not of full width (zhang 0.25)"),
        entry(dataset, "c", Measured(1.0, 0.9, 1.1, 90)),
    ]
    found = grouped("not tested", entries)
    assert found.amount == 2 and [*found.reasons] == ["networks here are not of full width"]
    assert grouped("supported", entries).reasons == {"": [entries[2]]} and grouped("contradicted", entries).amount == 0


def test_grey_the_main_methods_and_the_original_are_shown_in_the_one_order() -> None:
    params = load_params(ROOT / "params.yaml")
    methods = [method for method in params.methods if not params.repeats(method)]
    shown = main_methods(methods, 8)
    assert (shown[0], shown[-1], len(shown)) == ("gray", "original", 8) and "mean_ab" not in shown
    assert {"semantics_jbu", "no_semantics", "zhang"} <= set(shown)
    assert "mine" in main_methods([*methods, "mine"], 8)
    assert main_methods(["original", "gray"], 8) == ["gray", "original"]
    assert set(methods) <= set(NAMES)


@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs chromium")
@pytest.mark.parametrize("script", [True, False])
def test_the_contents_stay_in_sight_and_no_page_scrolls_sideways(built: Path, script: bool) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for width, height in ((1440, 900), (390, 844)):
            view: dict[str, Any] = {"viewport": {"width": width, "height": height}, "java_script_enabled": script}
            page = chromium.new_page(**view)
            page.goto((built / "index.html").as_uri() + "#data")
            link = page.get_by_role("navigation").get_by_role("link", name="Claims", exact=True)
            if width == 390:
                assert not link.is_visible()
                page.get_by_role("button", name="Contents").press("Enter")
            link.focus()
            box = link.bounding_box()
            assert box and 0 <= box["y"] < height  # though the page is scrolled to its end
            page.keyboard.press("Enter")
            page.wait_for_url("**#claims")
            if script:
                assert page.evaluate("document.documentElement.scrollWidth") == width
                assert link.is_visible() == (width == 1440)
        chromium.close()
