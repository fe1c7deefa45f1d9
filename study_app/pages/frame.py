"""The frame of all pages: a title, neutral grey, and none of Streamlit's own controls."""

import html
from pathlib import Path

import streamlit as st

from study_app.server.languages import Texts
from study_app.server.security import network
from study_app.server.service import Service

WIDE = '[data-testid="stMainBlockContainer"] { max-width: 70rem; }'
KEPT = ("assignmentId", "turkSubmitTo")  # of the address: Mechanical Turk wants to hear them at the end
STYLE = (Path(__file__).parent / "static" / "frame.css").read_text(encoding="utf-8")


def open_page(service: Service, language: str, wide: bool = False, has_form: bool = True) -> Texts:
    """Set the page up and return its words. Without a form it has no notice of a lost connection, or has its own."""
    st.set_page_config(page_title=service.store.study.title[language], layout="wide" if wide else "centered")
    st.html(f"<style>{STYLE}{WIDE if wide else ''}</style>")
    texts = service.texts(language)
    # Seen while the connection is away; from it the document also gets its language (`pages/static/shell.js`).
    notice = html.escape(texts["wait"]["away"]) if has_form else ""
    st.html(f'<p class="away said" role="status" lang="{language}">{notice}</p>')
    return texts


def heading(words: str) -> None:
    """The page's one heading, without Streamlit's link beside it."""
    st.title(words, anchor=False)


def asked_code(form: str, label: str, button: str) -> bool:
    """A form for a withdrawal code; whether it was sent, with what was typed as `code` in the page's state."""
    with st.form(form):
        st.text_input(label, key="code", max_chars=40, autocomplete="off")
        return bool(st.form_submit_button(button))


def link(words: str, address: str) -> None:
    """A quiet link below everything else."""
    st.html(f'<p class="quiet"><a href="{address}" target="_self">{words}</a></p>')


def visitor() -> str:
    """Who asks for this page, as the limits of an address count; kept nowhere else."""
    return network(st.context.ip_address or "")
