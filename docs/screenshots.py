"""Takes a picture of every page of the study, for the README.

    python -m docs.screenshots [--to docs/study]

Reads `study.yaml` and `results/colorized/scenes/` of the last `make repro`; serves the study on a
database of its own; writes
`<page>-<desktop or phone>.webp` and `overview.webp`. About three minutes.
"""

import argparse
import io
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import yaml
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.settings import paths
from study_app.stimuli.plates import draw_plates
from tests.conftest import ROOT
from tests.study_app.browsing import PASSWORD, Served, Volunteer, chromium, link_to_trials, post, served
from tests.study_app.pairing import BEST, PREFERENCE
from tests.study_app.volunteers import answer_to

STUDY = yaml.safe_load((ROOT / "study.yaml").read_text(encoding="utf-8"))
QUICK = {
    "methods": STUDY["methods"],
    "practice": 2,
    "photographs": 10,
    "photographs_per_session": 10,
    "votes_per_cell": 4,
    "break_every": 4,
    "exposure_ms": 1500,
    "longest_side": 640,
}
SEVERAL = {"preference": PREFERENCE, "best-of": {**BEST, "pictures": 5}}
OVERVIEW = ("welcome", "vision", "screen", "practice", "picture", "question", "break", "thanks")
VIEWS: dict[str, dict[str, object]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}, "screen": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 360, "height": 720},
        "screen": {"width": 360, "height": 720},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}


class Camera:
    """Takes pictures of one page at one width."""

    def __init__(self, page: Page, view: str, folder: Path) -> None:
        self.page, self.view, self.folder = page, view, folder

    def take(self, name: str) -> None:
        """Wait until nothing moves, then write `<name>-<view>.webp`."""
        self.page.wait_for_timeout(400)
        with Image.open(io.BytesIO(self.page.screenshot())) as picture:
            picture.convert("RGB").save(self.folder / f"{name}-{self.view}.webp", quality=88, method=6)


def main() -> None:
    """Serve, walk through, take pictures."""
    parser = argparse.ArgumentParser(description="Take pictures of the study's pages.")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "study")
    folder: Path = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    archives = paths.archive(STUDY["dataset"], "original").parent.resolve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with study(archives) as server:
            for view in VIEWS:
                walk(browser, server, view, folder)
            researcher(browser, server, folder)
        for scale in ("0-10", "0-100"):
            with study(archives, scale=scale) as server:
                for view in VIEWS:
                    question(browser, server, view, folder, f"question-{scale}")
        for name, changes in SEVERAL.items():
            with study(archives, **changes) as server:
                for view in VIEWS:
                    several(browser, server, view, folder, name)
        with study(archives, smallest_width=900) as server:
            camera = open_camera(browser, "phone", folder)
            camera.page.goto(server.url)
            camera.page.get_by_role("heading", name="A larger screen is needed").wait_for()
            camera.take("too-small")
        browser.close()
    overview(folder)


def overview(folder: Path) -> None:
    """One picture of the way through the study, for the README."""
    width, height, gap = 480, 300, 6
    sheet = Image.new("RGB", (4 * width + 3 * gap, 2 * height + gap), "white")
    for place, name in enumerate(OVERVIEW):
        with Image.open(folder / f"{name}-desktop.webp") as picture:
            small = picture.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (place % 4 * (width + gap), place // 4 * (height + gap)))
    sheet.save(folder / "overview.webp", quality=90, method=6)


@contextmanager
def study(archives: Path, **changes: object) -> Iterator[Served]:
    """The study of the repository, quick to take."""
    with tempfile.TemporaryDirectory() as place, served(Path(place), archives, **{**QUICK, **changes}) as server:
        yield server


def open_camera(browser: Browser, view: str, folder: Path) -> Camera:
    """A fresh browser of this width."""
    context = browser.new_context(locale="en-GB", **VIEWS[view])  # type: ignore[arg-type]
    return Camera(context.new_page(), view, folder)


def walk(browser: Browser, server: Served, view: str, folder: Path) -> None:
    """One volunteer, from the welcome to the thanks."""
    camera = open_camera(browser, view, folder)
    page, person = camera.page, Volunteer(camera.page)
    page.goto(server.url)
    page.get_by_role("button", name="Begin").wait_for()
    camera.take("welcome")
    page.goto(f"{server.url}?page=withdraw")
    page.get_by_label("Withdrawal code").wait_for()
    camera.take("withdraw")
    person.agree(server.url)
    camera.take("code")
    page.keyboard.press("Enter")
    for number, plate in enumerate(draw_plates(server.study.seed), start=1):
        page.get_by_text(f"Plate {number} of 6").wait_for()
        if number == 2:
            camera.take("vision")
        page.keyboard.press(str(plate.digit))
    for level in ("24", "228"):
        field = person.square(level)
        if level == "24":
            camera.take("screen")
        field.click()
    person.heading("First, some practice").wait_for()
    camera.take("practice")
    page.keyboard.press("Enter")
    for number in (1, 2):
        page.get_by_text(f"Practice {number} of 2").wait_for()
        person.answer("111")
        page.get_by_role("button", name="Next picture").wait_for()
        if number == 2:
            camera.take("feedback")
        page.keyboard.press("Enter")
    person.heading("That was the practice").wait_for()
    page.keyboard.press("Enter")
    trials(camera, person, server)
    camera.page.context.close()


def trials(camera: Camera, person: Volunteer, server: Served) -> None:
    """The trials, with a picture of each kind of page."""
    page, count = camera.page, server.study.trials
    for number in range(1, count + 1):
        page.get_by_text(f"Picture {number} of {count}").wait_for()
        rest = page.get_by_role("button", name="Continue")
        picture = page.locator(".picture[style*='visible']")
        rest.or_(picture).first.wait_for()
        if rest.count():
            if number == 9:
                camera.take("break")
            page.keyboard.press("Enter")
        if number == 2:
            picture.wait_for()
            camera.take("picture")
            page.get_by_text("Question 2 of 3").or_(page.get_by_text("Question 1 of 3")).first.wait_for()
            camera.take("question")
        person.answer("101")
        if number == 4:
            elsewhere(camera)
    person.heading("Thank you").wait_for()
    camera.take("thanks")


def elsewhere(camera: Camera) -> None:
    """The same link in a second tab."""
    second = Camera(camera.page.context.new_page(), camera.view, camera.folder)
    second.page.goto(camera.page.url)
    second.page.get_by_role("heading", name="The study is open somewhere else").wait_for()
    second.take("elsewhere")
    second.page.close()


def question(browser: Browser, server: Served, view: str, folder: Path, name: str) -> None:
    """The first question on a graded scale."""
    camera = open_camera(browser, view, folder)
    camera.page.goto(link_to_trials(server))
    camera.page.get_by_text("Question 1 of 3").wait_for()
    camera.page.wait_for_timeout(250)
    for _ in range(3):
        camera.page.keyboard.press("PageUp" if server.study.scale == "0-100" else "ArrowRight")
    camera.take(name)
    camera.page.context.close()


def several(browser: Browser, server: Served, view: str, folder: Path, name: str) -> None:
    """A trial of several pictures at once, its question, and the word about the first practice."""
    camera = open_camera(browser, view, folder)
    page, person = camera.page, Volunteer(camera.page)
    page.goto(link_to_trials(server, told=("vision", "screen")))
    person.heading("First, some practice").wait_for()
    page.keyboard.press("Enter")
    question = page.locator("#question")
    question.wait_for()
    page.wait_for_timeout(250)
    page.keyboard.press("1")
    page.get_by_role("button", name="Next").wait_for()
    camera.take(f"{name}-feedback")
    page.goto(link_to_trials(server))
    page.locator("[style*='visible'] .picture").first.wait_for()
    camera.take(f"{name}-pictures")
    question.wait_for()
    camera.take(f"{name}-question")
    page.context.close()


def researcher(browser: Browser, server: Served, folder: Path) -> None:
    """The researcher's page, with some sessions in the database."""
    links = [link_to_trials(server) for _ in range(9)]
    with ThreadPoolExecutor(len(links)) as pool:
        list(pool.map(lambda place: answer_trials(server, links[place], 4 if place > 6 else 99), range(len(links))))
    camera = open_camera(browser, "desktop", folder)
    page = camera.page
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto(f"{server.url}?page=researcher")
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_role("button", name="Open").click()
    page.get_by_text("Votes per cell").wait_for()
    page.wait_for_timeout(1500)
    camera.take("researcher")


def answer_trials(server: Served, link: str, most: int) -> None:
    """Answer up to `most` trials of a session over HTTP."""
    token = link.partition("?s=")[2]
    with urlopen(Request(f"{server.url}api/plan", headers={"Authorization": f"Bearer {token}"})) as reply:
        count = len(json.load(reply)["trials"])
    for trial in range(min(count, most)):
        time.sleep(server.study.exposure_ms / 1000 + 0.05)
        post(server, "api/answers", answer_to(trial, value=trial % 2), token)


if __name__ == "__main__":
    main()
