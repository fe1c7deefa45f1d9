"""A real server and a real browser: what the tests of the pages start, drive and listen to."""

import base64
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocket
from sqlalchemy import select

from study_app.design.study import Study
from study_app.design.tokens import digest
from study_app.stimuli.plates import draw_plates
from study_app.storage.database import Database
from study_app.storage.schema import answers, events, sessions
from tests.study_app.chromium import chromium_path
from tests.study_app.servers import AppServer
from tests.study_app.volunteers import new_key, prepared_study, read

PASSWORD = "correct horse battery staple"
HIDE = "Object.defineProperty(document, 'hidden', {{configurable: true, get: () => {}}});"
HIDE += "document.dispatchEvent(new Event('visibilitychange'))"
HIDE_ONCE_SEEN = f"""(selector) => new Promise((resolve) => {{
  const below = (one) => (one.shadowRoot ? every(one.shadowRoot) : []);
  const every = (node) => [...node.querySelectorAll("*")].flatMap((one) => [one, ...below(one)]);
  (function look() {{
    const seen = every(document).some((one) => one.matches(selector) && one.style.visibility === "visible");
    if (!seen) return requestAnimationFrame(look);
    {HIDE.format("true")};
    resolve();
  }})();
}})"""
BUSY = 110  # ms that an exposure may be off while other tests have the machine, whose frames then take long
SECONDS = 30  # for anything that should come at once; another test may have the machine
QUICK = {"exposure_ms": 400, "mask_ms": 50, "smallest_width": 360, "languages": ["en", "de", "fr"]}


def missing(message: str) -> NoReturn:
    """Skip the test for want of a program, but fail in CI, which has them all."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def chromium() -> str:
    """Where Chromium is; tests are skipped without it."""
    return chromium_path() or missing("no Chromium on the path: `apt-get install chromium`")


@dataclass
class Served:
    """A study that is being served."""

    study: Study
    app: AppServer
    database: Database
    url: str  # of the first page


@contextmanager
def served(
    folder: Path, archives: Path, password: str | None = PASSWORD, options: Sequence[str] = (), **changes: object
) -> Iterator[Served]:
    """Serve the small study, quick to take, from a process of its own, started with more `options`."""
    study, _ = prepared_study(folder, archives, **{**QUICK, **changes})
    database = f"sqlite:///{folder / 'study.sqlite3'}"
    variables = {"STUDY_PASSWORD": password} if password else {"STUDY_SIMULATED": "0"}
    app = AppServer(database, folder / "study.yaml", folder / "stimuli", *options, **variables)
    try:
        yield Served(study, app, Database(database), f"{app.address}/")
    finally:
        app.close()


def damaging(damaged: list[str]) -> Callable[[Any], None]:
    """A route of pictures that spoils the first and notes its address."""

    def damage(route: Any) -> None:
        if damaged:
            route.continue_()
            return
        damaged.append(route.request.url)
        reply = route.fetch()
        body = reply.body()
        route.fulfill(response=reply, body=body[:-20] + bytes(20))

    return damage


def hide_once_seen(page: Page, selector: str) -> None:
    """Make the page believe that it is hidden in the frame in which a picture is seen, for which a test is too slow."""
    page.evaluate(HIDE_ONCE_SEEN, selector)


def show_again(page: Page) -> None:
    """Undo that."""
    page.evaluate(HIDE.format("false"))


def post(served: Served, path: str, content: object, token: str = "") -> dict[str, Any]:
    """A request without a browser."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = Request(f"{served.app.address}/{path}", json.dumps(content).encode(), headers, method="POST")
    with urlopen(request, timeout=SECONDS) as reply:
        result: dict[str, Any] = json.load(reply)
    return result


BEFORE_TRIALS = ("vision", "screen", "practice_done")


def link_to_trials(served: Served, language: str = "en", told: Sequence[str] = BEFORE_TRIALS) -> str:
    """The link of a session that has everything before the trials behind it, or what is `told` of that."""
    message = {"language": language, "consent": True, "study": served.study.digest}
    token = str(post(served, "api/sessions", message)["session"])
    happened: list[dict[str, Any]] = [{"key": new_key(), "name": name, "at_ms": 0, "detail": {}} for name in told]
    post(served, "api/events", {"events": happened}, token)
    return f"{served.url}?s={token}"


@dataclass
class Received:
    """Everything that a browser got."""

    har: Path
    frames: list[bytes] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Keep what comes over this page's websockets."""

        def keep(payload: str | bytes) -> None:
            self.frames.append(payload.encode() if isinstance(payload, str) else payload)

        def opened(websocket: WebSocket) -> None:
            websocket.on("framereceived", keep)

        page.on("websocket", opened)

    def everything(self) -> list[tuple[str, bytes]]:
        """(where, content) of every reply and frame; the context must be closed."""
        found = [("websocket", frame) for frame in self.frames]
        for entry in json.loads(self.har.read_text())["log"]["entries"]:
            reply, url = entry["response"], entry["request"]["url"]
            found.append((f"headers of {url}", json.dumps(reply["headers"]).encode()))
            content = reply["content"]
            body = content.get("text", "")
            is_binary = content.get("encoding") == "base64"
            found.append((url, base64.b64decode(body) if is_binary else body.encode()))
        return found


def new_context(browser: Browser, folder: Path, **options: object) -> tuple[BrowserContext, Received]:
    """A browser as a volunteer has it, with everything that it gets written down."""
    received = Received(folder / "received.har")
    settings: dict[str, object] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
    context = browser.new_context(
        record_har_path=received.har,
        record_har_content="embed",
        **{**settings, **options},  # type: ignore[arg-type]
    )
    context.set_default_timeout(SECONDS * 1000)
    context.on("page", received.listen)
    return context, received


@dataclass
class Volunteer:
    """One person at one page: reads what is on it and presses what it asks for."""

    page: Page
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def heading(self, words: str) -> Locator:
        """The heading with these words."""
        return self.page.get_by_role("heading", name=words)

    def agree(self, url: str) -> None:
        """From the welcome page to the first that is the volunteer's own."""
        self.page.goto(url)
        self.page.get_by_text("I have read this and want to take part.").click()
        self.page.get_by_role("button", name="Begin").click()
        self.heading("Your withdrawal code").wait_for()

    def check_eyes_and_screen(self, digits: list[str]) -> None:
        """The withdrawal code, the plates, the grey steps."""
        self.read_plates(digits)
        for level in ("24", "228"):
            self.square(level).click()
        self.heading("First, some practice").wait_for()

    def read_plates(self, digits: list[str]) -> None:
        """From the withdrawal code to the end of the plates."""
        self.page.keyboard.press("Enter")
        for number, digit in enumerate(digits, start=1):
            self.page.get_by_text(f"Plate {number} of {len(digits)}").wait_for()
            self.page.keyboard.press(digit)

    def square(self, level: str) -> Locator:
        """The field of this grey that has the faint square."""
        field = self.page.locator(f'.field[style*="rgb({level}"]:has(.square)')
        field.wait_for()
        return field

    def practise(self, pictures: int) -> None:
        """The practice, with its feedback, to the first trial."""
        self.page.keyboard.press("Enter")
        for number in range(1, pictures + 1):
            self.page.get_by_text(f"Practice {number} of {pictures}").wait_for()
            self.answer("111")
            self.page.get_by_role("button", name="Next picture").wait_for()
            self.page.keyboard.press("Enter")
        self.heading("That was the practice").wait_for()
        self.page.keyboard.press("Enter")

    def begin(self, url: str, digits: list[str], pictures: int) -> None:
        """Everything before the trials."""
        self.agree(url)
        self.check_eyes_and_screen(digits)
        self.practise(pictures)

    def answer(self, keys: str, count: int = 3) -> None:
        """Press one key for each question of the picture that is shown now; - and + click on no and yes."""
        for number, key in enumerate(keys, start=1):
            self.page.get_by_text(f"Question {number} of {count}").wait_for()
            self.page.wait_for_timeout(220)  # faster than that is taken for the second half of a double click
            if key in "-+":
                self.page.get_by_role("button", name="Yes" if key == "+" else "No", exact=False).first.click()
            else:
                self.page.keyboard.press({"<": "ArrowLeft", ">": "ArrowRight"}.get(key, key))

    def trial(self, number: int, count: int, keys: str) -> None:
        """Take trial `number` (from 1), and the break or the readiness question before it if there is one."""
        label = self.page.get_by_text(f"Picture {number} of {count}")
        label.wait_for()
        asked = self.page.get_by_text("Question 1 of 3")
        button = self.page.get_by_role("button", name="Continue").or_(
            self.page.get_by_role("button", name="Show the picture")
        )
        asked.or_(button).first.wait_for()
        if button.count():
            self.page.keyboard.press("Enter")
        self.answer(keys)


def stored_answers(server: Served, token: str = "", code: str = "") -> list[Any]:
    """The answers of a session, by its token or its withdrawal code, or all; in the order of arrival."""
    query = select(answers).join(sessions, sessions.c.id == answers.c.session_id).order_by(answers.c.id)
    if token or code:
        query = query.where(sessions.c.token_hash == digest(token) if token else sessions.c.code_hash == digest(code))
    return list(read(server.database, query))


def stored_values(server: Served) -> list[int]:
    """What was answered, by anybody."""
    return [row.value for row in stored_answers(server)]


def stored_events(server: Served, token: str) -> list[Any]:
    """The events of a session, in the order of arrival."""
    query = select(events).join(sessions, sessions.c.id == events.c.session_id)
    return list(read(server.database, query.where(sessions.c.token_hash == digest(token)).order_by(events.c.id)))


def answer_together(page: Page, question: str, pressed: str, touch: bool = False) -> None:
    """Answer the question on several pictures that comes next, by a key or on a button."""
    page.get_by_role("heading", name=question).wait_for()
    page.wait_for_timeout(220)  # faster than that is taken for the second half of a double click
    if pressed.startswith(("Left", "Right", "Equal", "Picture")):
        button = page.get_by_role("button", name=pressed)
        button.tap() if touch else button.click()
    else:
        page.keyboard.press(pressed)


def take_together(page: Page, question: str, pressed: Sequence[str], what: str = "pair") -> None:
    """Answer all pairs or sets of a session, with a reload at the third."""
    for number, press in enumerate(pressed, start=1):
        label = page.get_by_text(f"{what.capitalize()} {number} of {len(pressed)}")
        label.wait_for()
        if number == 3:
            page.reload()  # while the pictures are on their way or on the screen
            label.wait_for()
        button = page.get_by_role("button", name="Continue").or_(page.get_by_role("button", name=f"Show the {what}"))
        button.or_(page.get_by_role("heading", name=question)).first.wait_for()
        if button.count():
            page.keyboard.press("Enter")
        answer_together(page, question, press)


def digits(server: Served) -> list[str]:
    """What eyes with all cones read on the plates."""
    return [str(plate.digit) for plate in draw_plates(server.study.seed)]


def token_of(page: Page) -> str:
    """The token of the session that a page shows."""
    return page.url.partition("?s=")[2]
