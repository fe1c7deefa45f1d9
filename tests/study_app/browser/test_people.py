"""What people read, press and see: their language throughout, keys for every answer, and answers that stay in place."""

import re
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Locator, Page

from study_app.server.languages import FOLDER, load_texts
from tests.conftest import ROOT
from tests.study_app.browsing import Served, Volunteer, link_to_trials, served, stored_events, stored_values, token_of

LANG = "document.documentElement.lang"
COLORS = """(one) => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  let ground = one;
  while (channels(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
  return [getComputedStyle(one).color, getComputedStyle(ground).backgroundColor].map(channels);
}"""


def contrast(words: Locator) -> float:
    """The ratio of WCAG 2 between letters and what is behind them."""

    def luminance(color: list[float]) -> float:
        linear = [(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in (v / 255 for v in color[:3])]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted(map(luminance, words.evaluate(COLORS)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_chosen_language_is_everywhere_and_can_be_read(page: Page, server: Served) -> None:
    page.goto(link_to_trials(server))
    page.get_by_text("Question 1 of 3").wait_for()
    page.goto(server.url)
    for name, code, begun, withdraw in (
        ("Deutsch", "de", "Sie haben auf diesem Gerät schon begonnen", "Meine Antworten zurückziehen"),
        ("Français", "fr", "Vous avez déjà commencé", "Retirer mes réponses"),
        ("English", "en", "You have begun already", "Withdraw my answers"),
    ):
        page.get_by_text(name, exact=True).click()
        page.get_by_text(begun).wait_for()
        page.wait_for_function(f"{LANG} === '{code}'")
        for other in ("Deutsch", "Français", "English"):
            page.mouse.move(0, 0)
            page.wait_for_function("document.getAnimations().length === 0")
            assert contrast(page.get_by_text(other, exact=True)) >= (7 if other == name else 4.5)
        page.get_by_role("link", name=withdraw).click()
        page.get_by_role("textbox").wait_for()
        assert page.evaluate(LANG) == code
        page.go_back()
        page.get_by_text(begun).wait_for()


def test_pages_without_a_component_say_their_language(page: Page, server: Served) -> None:
    page.goto(f"{server.url}?s=nonsense&lang=fr")
    page.get_by_text("Ce lien n'est pas connu ici").wait_for()
    assert page.evaluate(LANG) == "fr"


@pytest.mark.parametrize("state", ["focused", "hovered", "pressed"])
def test_begin_looks_like_a_button_however_it_is_reached(page: Page, server: Served, state: str) -> None:
    page.goto(server.url)
    button = page.locator(".st-key-way_in").get_by_role("button", name="Begin")  # not the early one
    button.wait_for()
    if state == "focused":
        page.get_by_role("checkbox").focus()
        page.keyboard.press("Tab")
    else:
        button.hover()
        if state == "pressed":
            page.mouse.down()
    page.wait_for_timeout(300)  # of Streamlit's own transition
    assert button.evaluate("(one) => one.matches(':focus, :hover')")
    assert contrast(button.get_by_text("Begin")) >= 7
    ground = button.evaluate("(one) => getComputedStyle(one).backgroundColor")
    assert ground in ("rgb(242, 242, 242)", "rgb(255, 255, 255)")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["7 3 Enter", "1 0 0 Enter", "ArrowRight Enter"], [73, 100, 50]),
        (["0 Enter", "5 ArrowLeft Enter", "ArrowLeft ArrowLeft Enter"], [0, 4, 49]),
        (["1 2 3 Enter", "7 3 Backspace Enter", "PageUp PageDown 8 Enter"], [3, 7, 8]),
        (["0 0 7 Enter", "Home End Enter", "ArrowRight ArrowRight ArrowRight Enter"], [7, 100, 52]),
    ],
)
def test_a_number_can_be_typed_and_arrows_begin_in_the_middle(
    hundred: Served, page: Page, keys: list[str], expected: list[int]
) -> None:
    before = len(stored_values(hundred))
    page.goto(link_to_trials(hundred))
    for number, pressed in enumerate(keys, start=1):
        page.get_by_text(f"Question {number} of 3").wait_for()
        page.wait_for_timeout(220)
        for key in pressed.split():
            page.keyboard.press(key)
    page.get_by_text("Picture 2 of").wait_for()
    assert stored_values(hundred)[before:] == expected


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> object:
    """A study with a scale from 0 to 100."""
    with served(tmp_path_factory.mktemp("hundred"), archives, scale="0-100", practice=0, votes_per_cell=20) as running:
        yield running


@pytest.mark.parametrize(("language", "width"), [("en-GB", 1440), ("de-DE", 390), ("fr-FR", 390), ("de-DE", 700)])
def test_answers_stay_where_they_are_from_question_to_question(
    browser: Browser, server: Served, language: str, width: int
) -> None:
    context = browser.new_context(locale=language, viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(link_to_trials(server, language[:2]))
    places = []
    for number in range(1, 4):
        page.locator(".questions .small", has_text=re.compile(rf" {number} \w+ 3")).wait_for()
        page.wait_for_timeout(220)
        places.append([page.locator(f'[data-value="{value}"]').bounding_box() for value in (0, 1)])
        if number < 3:
            page.keyboard.press("1")
    assert places[0] == places[1] == places[2]
    context.close()


def test_a_scale_stays_in_its_place_too(page: Page, hundred: Served) -> None:
    page.goto(link_to_trials(hundred))
    places = []
    for number in range(1, 4):
        page.get_by_text(f"Question {number} of 3").wait_for()
        page.wait_for_timeout(220)
        places.append(page.get_by_role("slider").bounding_box())
        page.keyboard.press("5")
        page.keyboard.press("Enter")
    assert places[0] == places[1] == places[2]


def test_whoever_sees_nothing_has_a_key_for_it(page: Page, server: Served) -> None:
    person = Volunteer(page)
    person.agree(server.url)
    page.keyboard.press("Enter")
    for number in range(1, 7):
        page.get_by_text(f"Plate {number} of 6").wait_for()
        assert page.get_by_role("button", name="No digit").locator(".hint").inner_text() == "X"
        page.keyboard.press("Control+x")  # a shortcut of the browser is no answer
        page.keyboard.press("x" if number % 2 else "X")
    for level in ("24", "228"):
        person.square(level)
        page.keyboard.press("x")
    page.get_by_text("That is hard to see").wait_for()
    page.get_by_role("button", name="Continue").click()
    person.heading("First, some practice").wait_for()
    told = {event.name: event.detail for event in stored_events(server, token_of(page))}
    assert '"right": 0' in told["vision"] and '"gray_step_seen": false' in told["screen"]


CAMERA = r"camera|kamera|appareil|cámara|fotografía|photograph|foto\b"  # painted scenes never saw one
NO_ANSWER_IS_RIGHT = r"right or wrong|richtigen oder falschen|bonnes ou de|correctas ni"


@pytest.mark.parametrize("language", sorted(path.stem for path in FOLDER.glob("*.yaml")))
@pytest.mark.parametrize("claim", [CAMERA, NO_ANSWER_IS_RIGHT])
def test_the_practice_claims_nothing_that_its_feedback_denies(language: str, claim: str) -> None:
    _, texts = load_texts(language)
    told = [*texts["practice"].values(), *texts["pairs_practice"].values()]
    assert [words for words in told if re.search(claim, words, re.IGNORECASE)] == []


def test_every_text_about_keys_names_those_that_work() -> None:
    for path in FOLDER.glob("*.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        keys, hint = content["keys"], content["practice"]["binary_keys"]
        assert {keys["letter_yes"].upper(), keys["letter_no"].upper(), "0", "1"} <= set(re.findall(r"\b\w\b", hint))
        assert "x" not in (keys["letter_yes"], keys["letter_no"])  # which says that nothing is seen
    assert 'NONE_KEY = "x"' in (ROOT / "study_app" / "browser" / "view.js").read_text()
