"""The study as an ASGI app: Streamlit's pages, and the routes for answers, pictures and files."""

import logging
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.starlette import App

from study_app.export.watch import Watch
from study_app.pages.router import chosen_language
from study_app.server.assets import load_assets
from study_app.server.frontend import FrontendFiles
from study_app.server.gate import Gate
from study_app.server.languages import load_languages, worded
from study_app.server.researcher.access import Access
from study_app.server.researcher.cookie import pass_routes
from study_app.server.researcher.returning import ReturnToPage
from study_app.server.routes import routes
from study_app.server.security import PAGE_POLICY, TURK_POLICY, Rates, middleware, new_limits
from study_app.server.service import Service, current, publish
from study_app.server.shell import Shell
from study_app.server.traffic import Traffic
from study_app.server.vision_route import vision_routes
from study_app.server.websocket import HideServer, OnlyPages
from study_app.stimuli.plates import draw_plates
from study_app.storage.store import Store

SCRIPT = (Path(__file__).parent / "pages" / "entry.py").resolve()
logger = logging.getLogger(__name__)


def build_service(store: Store, access: Access, rates: Rates | None = None) -> Service:
    """Everything the pages need; raises `UserError` for a language without words."""
    plates = draw_plates(store.study.seed)
    assets = load_assets(plates, store.stimuli.secret)
    languages = {
        language: (name, worded(texts, store.study.kind))
        for language, (name, texts) in load_languages(store.study.languages).items()
    }
    return Service(store, languages, plates, assets, access, new_limits(rates), Watch(store))


def create_app(service: Service) -> App:
    """The app over a service; a process has one of each."""
    publish(service)
    own = [
        *routes(service.store, service.limits, service.watch),
        *vision_routes(service.store, service.plates, service.limits),
    ]
    own += [*pass_routes(service.store, service.access, service.limits), *service.assets.routes()]
    recruitment = service.store.study.recruitment
    in_frames = recruitment is not None and recruitment.platform == "mturk"
    layers = [
        *middleware(TURK_POLICY if in_frames else PAGE_POLICY),
        Middleware(Gate, own=own, access=service.access),
        Middleware(ReturnToPage),
        Middleware(Traffic),
        Middleware(Shell, service=service),
        Middleware(FrontendFiles),
        Middleware(OnlyPages),
        Middleware(HideServer, script=str(SCRIPT)),
    ]
    return App(SCRIPT, routes=own, middleware=layers, on_script_error=_apologize)


def _apologize(error: Exception) -> bool:
    """Log an error of a page; the volunteer only reads that there was one."""
    logger.error("a page failed", exc_info=error)
    service = current()
    st.markdown(service.texts(chosen_language(service))["page"]["failed"])
    return True
