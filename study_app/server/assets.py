"""The pages' files that browsers may cache for ever: modules, styles and colour-vision plates."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from study_app.design.tokens import opaque_name
from study_app.stimuli.plates import Plate

BROWSER = Path(__file__).parents[1] / "browser"
SHELL = Path(__file__).parents[1] / "pages" / "static" / "shell.js"
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#6e6e6e"/></svg>'


@dataclass(frozen=True)
class Assets:
    """Files by name. Their addresses hold a digest of all files, so that a new version has new addresses."""

    files: dict[str, bytes]
    plates: tuple[bytes, ...]
    secret: bytes

    @cached_property
    def base(self) -> str:
        """The folder of the modules as the browser sees it, relative to the app's root."""
        content = b"\0".join(name.encode() + b"\0" + self.files[name] for name in sorted(self.files))
        return f"assets/{hashlib.sha256(content).hexdigest()[:16]}/"

    @cached_property
    def plate_urls(self) -> tuple[str, ...]:
        """Addresses of the plates, which do not reveal the digits."""
        return tuple(f"plates/{name}.png" for name in self._plate_names)

    @cached_property
    def _plate_names(self) -> tuple[str, ...]:
        return tuple(opaque_name(self.secret, "plate", hashlib.sha256(png).hexdigest()) for png in self.plates)

    def routes(self) -> list[BaseRoute]:
        """Routes that serve all of it, from memory."""
        plates = {f"{name}.png": png for name, png in zip(self._plate_names, self.plates, strict=True)}

        async def file(request: Request) -> Response:
            name = request.path_params["name"]
            kind = "text/javascript" if name.endswith(".js") else "text/css"
            return _reply(self.files.get(name), kind)

        async def plate(request: Request) -> Response:
            return _reply(plates.get(request.path_params["name"]), "image/png")

        async def icon(request: Request) -> Response:
            return _reply(ICON, "image/svg+xml")

        return [
            Route(f"/{self.base}{{name}}", file, methods=["GET"]),
            Route("/plates/{name}", plate, methods=["GET"]),
            Route("/favicon.png", icon, methods=["GET"]),
        ]


def load_assets(plates: Sequence[Plate], secret: bytes, folder: Path = BROWSER) -> Assets:
    """Read the modules and styles; `secret` makes the addresses of plates unguessable."""
    paths = [*(path for path in sorted(folder.iterdir()) if path.suffix in (".js", ".css")), SHELL]
    files = {path.name: path.read_bytes() for path in paths}
    return Assets(files, tuple(plate.png for plate in plates), secret)


def _reply(content: bytes | None, kind: str) -> Response:
    if content is None:
        return JSONResponse({"error": "There is no such file.", "reason": "unknown"}, status_code=404)
    return Response(content, media_type=kind, headers=IMMUTABLE)
