"""A real Chromium that looks at the first page with an empty cache: what it fetches, and how long it takes."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

SECONDS = 300  # also on a machine that is busy with other things


def chromium_path() -> str | None:
    """Where Chromium is, if anywhere."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """A context manager; `visit` may be called from any thread, one after the other."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1)  # Playwright's objects belong to the thread that made them

    def __enter__(self) -> "Chromium":
        self.thread.submit(self._open).result()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.submit(self._close).result()
        self.thread.shutdown()

    def visit(self, address: str) -> tuple[list[str], float]:
        """The files fetched (paths, the page itself first), and the seconds until the button to begin is there."""
        return self.thread.submit(self._visit, address).result()

    def _open(self) -> None:
        path = chromium_path()
        if path is None:
            raise SystemExit("error: the rush needs Chromium: `apt-get install chromium`.")
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])

    def _close(self) -> None:
        self.browser.close()
        self.playwright.stop()

    def _visit(self, address: str) -> tuple[list[str], float]:
        context = self.browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
        page = context.new_page()
        files: list[str] = []

        def note(method: str, url: str) -> None:
            parts = urlsplit(url)
            if method == "GET" and url.startswith(address):
                files.append(parts.path + (f"?{parts.query}" if parts.query else ""))

        page.on("request", lambda request: note(request.method, request.url))
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.locator(".stFormSubmitButton button").first.wait_for(timeout=SECONDS * 1000)
        seconds = time.perf_counter() - began
        context.close()
        return list(dict.fromkeys(files)), seconds
