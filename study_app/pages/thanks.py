"""The last page: thanks, the withdrawal code, and the way to use it."""

import streamlit as st

from study_app.design.tokens import withdrawal_code
from study_app.pages import frame
from study_app.server.languages import Texts
from study_app.server.service import Service


def show(service: Service, texts: Texts, token: str, language: str) -> None:
    """Show the page of a session whose trials are all answered."""
    words = texts["thanks"]
    frame.heading(words["heading"])
    st.markdown(words["about"])
    st.header(words["code_heading"], anchor=False)
    st.code(withdrawal_code(token), language=None)
    st.markdown(words["code"])
    st.markdown(words["close"])
    frame.link(texts["welcome"]["withdraw"], f"?page=withdraw&lang={language}")
