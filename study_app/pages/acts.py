"""The pages that run in the browser. A single component runs them all; its code is fetched once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from study_app.design.tokens import withdrawal_code
from study_app.pages.frame import KEPT
from study_app.server.service import Service
from study_app.storage.stages import Stage

# Streamlit sends these three with every page; the rest comes from `assets`, cached by the browser.
LOADER = (Path(__file__).parent / "static" / "loader.js").read_text(encoding="utf-8")
STYLES = (Path(__file__).parent / "static" / "study.css").read_text(encoding="utf-8")
PLACE = '<div class="study"></div>'
# Which sections of the languages' files an act needs.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "arrival": ("page", "welcome"),
    "rest": ("page", "wait"),
    "vision": ("page", "vision", "thanks", "wait", "tab"),
    "screen": ("page", "screen", "welcome", "wait", "tab"),
    "practice": ("page", "practice", "trial", "keys", "wait", "tab"),
    "trials": ("page", "trial", "pause", "keys", "wait", "tab"),
}


def mount(service: Service, act: Stage | Literal["arrival", "rest"], language: str, token: str = "") -> None:
    """Run one act in the browser; when it is over, Streamlit runs the script again and the next page comes.

    `rest` only sends the answers that the browser still keeps.
    """
    study = service.store.study
    texts = service.texts(language)
    data: dict[str, Any] = {
        "act": act,
        "token": token,
        "study": study.digest,
        "language": language,
        "assets": service.assets.base,
        "smallest_width": study.smallest_width,
        "second_run": study.second_run,
        "kept": list(KEPT) if study.recruitment is not None else None,
        "texts": {section: texts[section] for section in SECTIONS[act]},
    }
    if act == "vision":
        data["plates"] = list(service.assets.plate_urls)
        data["code"] = withdrawal_code(token)
    _component()(data=data, key=f"act-{act}", on_done_change=lambda: None)


def _component() -> Callable[..., object]:
    """The component. Streamlit requires its registration during a run, so every run repeats it, which is cheap."""
    return st.components.v2.component("study", html=PLACE, css=STYLES, js=LOADER)
