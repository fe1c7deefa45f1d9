"""The document of every page: Streamlit's own, without what no page of the study uses, with what all soon need.

On a slow network Streamlit needs some seconds before it shows anything. So the document of the first page has its text,
and its box and button too. `pages/static/shell.js` passes on what was ticked and pressed when Streamlit's own page is
there.
"""

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.file_util import get_static_dir

from study_app.design.study import Study
from study_app.server.frontend import compress
from study_app.server.languages import Texts, best_language, told
from study_app.server.service import Service

# Comments, the way to an interface for programs (which is off), and a font (a page uses those of its device).
UNUSED = re.compile(
    r'<!--.*?-->\s*|<link\s+rel="service-desc"[^>]*>\s*|<link\s+rel="preload"[^>]*as="font"[^>]*>\s*|(?<=</p>)\s*<p>.*?</p>(?=\s*</noscript>)',
    re.DOTALL,
)
IMPORT = re.compile(r'(?:from|import)\s*["\']\./([^"\']+\.js)["\']')
# Streamlit's scripts for what is on the first page. It asks for them only once it knows that they are needed.
PARTS = ("Html", "ButtonGroup", "Checkbox")
# Streamlit fetches 375 kB of icons before it shows a page. Where an icon is shown they come all the same.
NO_ICONS = """<script>
const load = document.fonts.load.bind(document.fonts);
document.fonts.load = (font, text) => (font.includes("Material") ? Promise.resolve([]) : load(font, text));
</script>"""
# Streamlit lays out an empty page in a font of its own, 170 kB, before it knows that of `study_app.serve`.
LOCAL_FONT = """<style>@font-face { font-family: "Source Sans"; font-weight: 100 900; font-style: normal;
src: local("Arial"), local("Helvetica"), local("Roboto"), local("DejaVu Sans"), local("Liberation Sans"); }</style>"""
PHONE = 600  # CSS px: the shorter side of a screen below this is a phone's
STYLE = (Path(__file__).parents[1] / "pages" / "static" / "first.css").read_text(encoding="utf-8")


class Shell:
    """Answers for `/`; all else goes to `app`."""

    def __init__(self, app: ASGIApp, service: Service, folder: Path | None = None) -> None:
        self.app = app
        self.languages = list(service.languages)
        recruitment, simulated = service.store.study.recruitment, service.store.simulated
        self.id_name = None if recruitment is None or simulated else recruitment.name
        document = shell(folder or Path(get_static_dir()), [f"{service.assets.base}shell.js"])
        self.plain = compress(document.encode(), "text/html; charset=utf-8")
        self.first = {
            language: compress(with_text(document, service, language).encode(), "text/html; charset=utf-8")
            for language in self.languages
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = QueryParams(scope["query_string"])
        document = self.first[self._language(asked, headers)] if self._is_first(asked) else self.plain
        reply = document.reply(scope, {"Cache-Control": "no-cache", "Vary": "Accept-Encoding, Accept-Language"})
        await reply(scope, receive, send)

    def _is_first(self, asked: QueryParams) -> bool:
        """Whether a page has the text of the first one: not for who comes without the id that the study asks for."""
        is_sent = self.id_name is None or self.id_name in asked
        return is_sent and not {"s", "page"} & set(asked)

    def _language(self, asked: Mapping[str, str], headers: Headers) -> str:
        """As the page itself chooses it: the one in the address, or else the browser's first."""
        wanted = asked.get("lang", "")
        first = headers.get("accept-language", "").split(",")[0].split(";")[0].strip()
        return wanted if wanted in self.languages else best_language(first, self.languages)


def shell(folder: Path, scripts: Sequence[str]) -> str:
    """The document, from Streamlit's files in `folder`. `scripts`: modules of our own that run on every page."""
    document = UNUSED.sub("", (folder / "index.html").read_text(encoding="utf-8"))
    soon = "".join(
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in parts(folder, document)
    )
    own = "".join(f'<script type="module" src="./{address}"></script>' for address in scripts)
    return document.replace("<head>", f"<head>{NO_ICONS}{own}").replace("</head>", f"{soon}{LOCAL_FONT}</head>")


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


def with_text(document: str, service: Service, language: str) -> str:
    """The document with what there is to read on the first page."""
    study, texts = service.store.study, service.texts(language)
    paragraphs = "".join(as_html(one) for text in told(study, texts, language) for one in text.strip().split("\n\n"))
    title, heading = html.escape(study.title[language]), html.escape(texts["welcome"]["heading"])
    first = f'<main id="first"><h1>{title}</h1><h2>{heading}</h2>{paragraphs}{way_in(study, texts)}</main>'
    style = STYLE + on_small_screens(study, "#way_in { display: none; }")
    document = document.replace('<html lang="en">', f'<html lang="{language}">').replace(
        "<title>Streamlit</title>", f"<title>{title}</title><style>{style}</style>"
    )
    return document.replace('<div id="root">', f'{first}<div id="root">')


def way_in(study: Study, texts: Texts) -> str:
    """The box and the button, hidden from who has begun before: Streamlit's page has something else to offer them."""
    words = {key: html.escape(text) for key, text in (*texts["welcome"].items(), ("away", texts["wait"]["away"]))}
    return (
        f'<form id="way_in" data-study="{study.digest}" hidden><label><input type="checkbox">{words["agree"]}</label>'
        f'<button>{words["begin"]}</button><p role="status" hidden>{words["away"]}</p></form>'
    )


def on_small_screens(study: Study, style: str) -> str:
    """`style` for phones alone, if the study needs a larger screen than theirs."""
    if study.smallest_width <= PHONE:
        return ""
    return "".join(
        f"@media (pointer: coarse) and (max-device-{side}: {PHONE - 1}px) {{ {style} }} "
        for side in ("width", "height")
    )


def as_html(paragraph: str) -> str:
    """A paragraph or a list of Markdown, without any other of its marks."""
    if not paragraph.startswith("- "):
        return f"<p>{html.escape(paragraph)}</p>"
    lines = (html.escape(line.removeprefix("- ")) for line in paragraph.splitlines())
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
