"""The last pages: thanks with the withdrawal code, and a friendly refusal of what cannot be."""

import streamlit as st

from study_app.design.tokens import withdrawal_code
from study_app.pages import frame, recruited
from study_app.server.languages import Texts
from study_app.server.service import Service


def thanks(service: Service, texts: Texts, token: str, language: str) -> None:
    """Thank a volunteer whose trials are all answered; show the withdrawal code and where to use it."""
    words = texts["thanks"]
    frame.heading(words["heading"])
    st.markdown(words["about"])
    recruited.way_back(service, texts, "completed")
    st.header(words["code_heading"], anchor=False)
    st.code(withdrawal_code(token), language=None)
    st.markdown(words["code"])
    if service.store.study.recruitment is None:
        st.markdown(words["close"])
    frame.link(texts["welcome"]["withdraw"], f"?page=withdraw&lang={language}")


def refused(texts: Texts, reason: str) -> None:
    """Say why there is nothing to do here: full, closed, changed, unknown."""
    words = texts["refused"]
    frame.heading(words["heading"])
    st.markdown(words.get(reason, words["busy"]))
    if reason != "closed":
        frame.link(texts["withdraw"]["home"], "?")
