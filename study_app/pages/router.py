"""Chooses a visitor's page by the address and, for volunteers, by the progress of their session."""

import logging

import streamlit as st

from study_app.design.tokens import TOKEN
from study_app.pages import acts, endings, frame, recruited, welcome, withdraw
from study_app.server.languages import best_language
from study_app.server.service import Service, current
from study_app.storage.refusals import UNAVAILABLE, RefusedError
from study_app.storage.stages import standing

logger = logging.getLogger(__name__)


def show() -> None:
    """Show one page; a refusal of the store becomes a friendly one."""
    service = current()
    page = st.query_params.get("page")
    if page == "researcher" and service.access.configured:
        from study_app.pages import researcher  # pandas and zip files are for the researcher only

        frame.open_page(service, service.store.study.languages[0], wide=True)
        researcher.show(service)
        return
    token = st.query_params.get("s")
    language = chosen_language(service)
    try:
        if page == "withdraw":
            withdraw.show(service, frame.open_page(service, language))
        elif page == "declined" and service.store.study.recruitment is not None:
            recruited.declined(service, frame.open_page(service, language))
        elif token is None:
            welcome.show(service, language)
        else:
            volunteer(service, token, language)
    except RefusedError as refusal:
        texts = frame.open_page(service, language)
        endings.refused(texts, refusal.reason)
        if refusal.reason in ("full", "closed", "lapsed"):
            recruited.way_back(service, texts, "full")
        if token is not None and refusal.reason == "lapsed":
            acts.mount(service, "rest", language, token)
    except UNAVAILABLE:
        logger.exception("the database does not answer")
        endings.refused(frame.open_page(service, language), "unavailable")


def volunteer(service: Service, token: str, language: str) -> None:
    """The current page of a session."""
    if not TOKEN.fullmatch(token):
        raise RefusedError(401, "unknown", "This link is not known here.")
    now = standing(service.store, token)
    in_rows = service.store.study.picks_best and now.stage in ("practice", "trials")
    texts = frame.open_page(service, now.language, wide=in_rows, has_form=False)
    if now.stage == "thanks":
        endings.thanks(service, texts, token, now.language)
    else:
        acts.mount(service, now.stage, now.language, token)


def chosen_language(service: Service) -> str:
    """The language that the visitor has chosen, or else the browser's."""
    languages = service.store.study.languages
    wanted = st.query_params.get("lang")
    return wanted if wanted in languages else best_language(st.context.locale, languages)
