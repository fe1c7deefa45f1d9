"""The withdrawal page: whoever has a code can remove the answers under it."""

import html

import streamlit as st

from study_app.pages import frame
from study_app.server.languages import Texts
from study_app.server.routes import withdraw_for
from study_app.server.service import Service
from study_app.storage.refusals import RefusedError


def show(service: Service, texts: Texts) -> None:
    """Ask for the code, and remove what it stands for."""
    words = texts["withdraw"]
    frame.heading(words["heading"])
    st.markdown(words["about"])
    if frame.asked_code("withdraw", words["code"], words["confirm"]):
        st.html(f'<p class="said" role="status">{html.escape(words[_outcome(service)])}</p>')
    frame.link(words["home"], "?")


def _outcome(service: Service) -> str:
    try:
        withdraw_for(service.limits.withdraw, service.store, frame.visitor(), st.session_state["code"])
    except RefusedError as refusal:
        return "often" if refusal.reason == "rate" else "unknown"
    return "done"
