"""The first page: what the study is, consent, language, and the way in."""

import html
import uuid

import streamlit as st

from study_app.design.study import Study
from study_app.pages import acts, frame, recruited
from study_app.server.languages import Texts, told
from study_app.server.service import Service
from study_app.server.shell import on_small_screens
from study_app.storage.messages import BeginMessage
from study_app.storage.refusals import UNAVAILABLE, RefusedError
from study_app.storage.stages import check_vacancy


def show(service: Service, language: str) -> None:
    """Show the page. A volunteer who agrees gets a session, whose token goes into the address."""
    study = service.store.study
    refusal = st.session_state.pop("refusal", None)
    if refusal is not None:
        raise refusal
    if "begun" in st.session_state:
        recruited.go_on(service, frame.open_page(service, language))
        return
    recruited.check(service)
    check_vacancy(service.store)
    texts = frame.open_page(service, language)
    words = texts["welcome"]
    _turn_phones_away(study, texts)
    with st.container(key="welcome"):
        _choose_language(service, language, words["language"])
        frame.heading(study.title[language])
        st.header(words["heading"], anchor=False)
        for text in told(study, texts, language):
            st.markdown(text)
        acts.mount(service, "arrival", language)
        if recruited.is_preview(service):
            st.markdown(texts["recruited"]["accept"])
            return
        with st.container(key="way_in"), st.form("consent", enter_to_submit=False):
            st.checkbox(words["agree"], key="agreed")
            if st.session_state.get("forgotten"):
                st.html(f'<p class="said" role="alert">{html.escape(words["agree_first"])}</p>')
            pressed = st.form_submit_button(words["begin"], on_click=_press, args=(service, language))
        if pressed and not st.session_state.pop("pressed", False):
            _begin(service, language)  # the connection is new and had no page yet, so that Streamlit called nothing
            st.rerun()
        if study.recruitment is not None and "no_consent" in study.recruitment.ends:
            frame.link(words["decline"], f"?page=declined&lang={language}")
        frame.link(words["withdraw"], f"?page=withdraw&lang={language}")


def _press(service: Service, language: str) -> None:
    """Begin. Streamlit runs this before the page, which then is the session's."""
    st.session_state["pressed"] = True
    _begin(service, language)


def _begin(service: Service, language: str) -> None:
    """Begin a session and put it into the address."""
    st.session_state["forgotten"] = not st.session_state["agreed"]
    if st.session_state["forgotten"]:
        return
    # The same key in every attempt of this visitor: a second press of the button finds the session of the first.
    key = st.session_state.setdefault("begin_key", str(uuid.uuid4()))
    message = BeginMessage(language, True, service.store.study.digest, key, recruited.given_id(service))
    try:
        service.limits.begin.check(frame.visitor())
        recruited.enter(service, service.store.begin(message).token)
    except RefusedError as refusal:
        st.session_state["begun" if refusal.reason == "begun" else "refusal"] = refusal
    except UNAVAILABLE as error:
        st.session_state["refusal"] = error


def _choose_language(service: Service, language: str, label: str) -> None:
    languages = list(service.languages)
    if len(languages) < 2:
        return

    def choose() -> None:
        st.query_params["lang"] = st.session_state["language"] or language

    chosen = st.segmented_control(
        label,
        languages,
        default=language,
        format_func=lambda code: service.languages[code][0],
        key="language",
        on_change=choose,
        label_visibility="collapsed",
        required=True,
    )
    if chosen and chosen != language:  # as above: on a new connection Streamlit did not call `choose`
        choose()
        st.rerun()


def _turn_phones_away(study: Study, texts: Texts) -> None:
    """If the study needs a larger screen than a phone's, phones get a polite refusal instead of the form."""
    swap = on_small_screens(study, ".st-key-welcome { display: none; } .too-small { display: block !important; }")
    if swap:
        words, way_back = texts["welcome"], recruited.end_html(study.recruitment, texts, "screened_out")
        st.html(
            f"<style>.too-small {{ display: none; }} {swap}</style>"
            f'<div class="too-small"><h1>{html.escape(words["too_small_heading"])}</h1>'
            f"<p>{html.escape(words['too_small'].format(width=study.smallest_width))}</p>{way_back}</div>"
        )
