"""The document of every page: Streamlit's own, without what no page of the study uses, with what all soon need."""

import re
from collections.abc import Sequence
from pathlib import Path

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.file_util import get_static_dir

# Comments, the way to an interface for programs (which is off), and a font (a page uses those of its device).
UNUSED = re.compile(
    r'<!--.*?-->\s*|<link\s+rel="service-desc"[^>]*>\s*|<link\s+rel="preload"[^>]*as="font"[^>]*>\s*', re.S
)
IMPORT = re.compile(r'(?:from|import)\s*["\']\./([^"\']+\.js)["\']')
# Streamlit's scripts for what is on the first page. It asks for them only once it knows that they are needed.
PARTS = ("Html", "ButtonGroup", "BidiComponent", "Checkbox")


class Shell:
    """Answers for `/`; all else goes to `app`."""

    def __init__(self, app: ASGIApp, scripts: Sequence[str], folder: Path | None = None) -> None:
        """`scripts`: addresses of modules of our own that run on every page."""
        self.app = app
        self.document = shell(folder or Path(get_static_dir()), scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        reply = Response(self.document, media_type="text/html", headers={"Cache-Control": "no-cache"})
        if scope["method"] == "HEAD":
            reply.body = b""
        await reply(scope, receive, send)


def shell(folder: Path, scripts: Sequence[str]) -> bytes:
    """The document, from Streamlit's files in `folder`."""
    document = UNUSED.sub("", (folder / "index.html").read_text(encoding="utf-8"))
    soon = "".join(
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in parts(folder, document)
    )
    own = "".join(f'<script type="module" src="./{address}"></script>' for address in scripts)
    return document.replace("</head>", f"{soon}</head>").replace("</body>", f"{own}</body>").encode()


def parts(folder: Path, document: str) -> list[str]:
    """The scripts of `PARTS` and all that they import, without those that the document names itself."""
    scripts = folder / "static" / "js"
    waiting = [path.name for part in PARTS for path in sorted(scripts.glob(f"{part}.*.js"))]
    found: list[str] = []
    while waiting:
        name = waiting.pop(0)
        if name not in found and name not in document:
            found.append(name)
            waiting += IMPORT.findall((scripts / name).read_text(encoding="utf-8"))
    return found
