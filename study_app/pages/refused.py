"""A friendly page for everything that cannot be: full, closed, changed, unknown."""

import streamlit as st

from study_app.pages import frame
from study_app.server.languages import Texts


def show(texts: Texts, reason: str) -> None:
    """Say why there is nothing to do here."""
    words = texts["refused"]
    frame.heading(words["heading"])
    st.markdown(words.get(reason, words["busy"]))
    if reason != "closed":
        frame.link(texts["withdraw"]["home"], "?")
